// How many security event tokens per second leave over TLS on loopback, signing included. The receiver answers 202 and does nothing
// else; sender and receiver share the machine, so the CPU time of the sender's thread is given beside the seconds.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/upstream/events_sink.h"
#include "agent/upstream/set/tokens.h"
#include "tests/bench/receiver.h"
#include "tests/support/lab.h"

using namespace muster;
using namespace muster::test;
using nlohmann::json;

namespace {

constexpr std::size_t kTokens = 30000, kPeople = 3000, kBatch = 500;

std::vector<OutboxRow> outbox() {
  std::vector<OutboxRow> rows;
  for (std::size_t i = 0; i < kTokens; ++i) {
    char id[37], entry[37];
    std::snprintf(id, sizeof id, "00000000-0000-4000-8000-%012zu", i);
    std::snprintf(entry, sizeof entry, "10000000-0000-4000-8000-%012zu", i % kPeople);
    const json event = {{"id", id},
                        {"seq", i + 1},
                        {"time", "2026-11-26T12:00:00.000Z"},
                        {"kind", "changed"},
                        {"person", std::to_string(100000 + i % kPeople)},
                        {"entry", entry},
                        {"dn", "uid=u" + std::to_string(i % kPeople) + ",ou=people,dc=example,dc=com"},
                        {"attribute", "mobile"},
                        {"before", {"+49 30 1"}},
                        {"after", {"+49 30 " + std::to_string(i)}},
                        {"reason", nullptr}};
    rows.push_back({static_cast<Row>(i + 1), id, event.dump()});
  }
  return rows;
}

double cpu_of_thread() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <typename Work>
void measure(const std::string& what, Work work) {
  const auto from = std::chrono::steady_clock::now();
  const double cpu = cpu_of_thread();
  work();
  const double spent = cpu_of_thread() - cpu;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - from;
  std::printf("| %-46s | %8.0f | %8.1f |\n", what.c_str(), kTokens / took.count(), spent * 1e6 / kTokens);
  std::fflush(stdout);
}

struct Bench {
  Folder folder;
  std::vector<OutboxRow> rows = outbox();
  UpstreamSettings::Events settings;
  Bench() {
    make_certificates(folder.str());
    settings.issuer = "https://muster.example/bench";
    settings.audience = "https://receiver.example";
    settings.http.tls_ca = folder / "ca.pem";
  }
  std::string key(const std::string& algorithm) {
    const std::string path = folder / (algorithm + ".pem");
    REQUIRE(make_signing_key(path, algorithm));
    return path;
  }
};

std::vector<std::string> signed_by(const SigningKey& key, const std::vector<OutboxRow>& rows,
                                   const UpstreamSettings::Events& settings) {
  std::vector<std::string> all;
  for (const OutboxRow& row : rows) {
    for (const SetToken& token : tokens_of(json::parse(row.body), settings)) all.push_back(*key.sign("secevent+jwt", token.claims));
  }
  return all;
}

}  // namespace

TEST_CASE("bench: security event tokens per second") {
  Bench b;
  std::printf("| %-46s | %8s | %8s |\n|---|---:|---:|\n", "", "tokens/s", "CPU us");
  measure("making tokens of events, unsigned", [&] {
    std::size_t made = 0;
    for (const OutboxRow& row : b.rows) made += tokens_of(json::parse(row.body), b.settings).size();
    REQUIRE(made == kTokens);
  });
  std::vector<std::string> tokens;
  for (const char* algorithm : {"RS256", "EdDSA", "ES256"}) {
    const auto key = SigningKey::read(b.key(algorithm));
    REQUIRE(key);
    measure(std::string("making and signing them, ") + algorithm, [&] { tokens = signed_by(*key, b.rows, b.settings); });
    REQUIRE(tokens.size() == kTokens);
  }
  const Receiver receiver(b.folder.str(), [](const std::string&, std::string&&) { return http_answer("202 Accepted", ""); });
  measure("posting alone", [&] {
    HttpClient client(b.settings.http, b.folder.str());
    std::size_t next = 0, good = 0;
    REQUIRE(client.send_flow({[&]() -> std::optional<HttpRequest> {
                                if (next == tokens.size()) return {};
                                return HttpRequest{.method = "POST",
                                                   .url = receiver.url() + "/events",
                                                   .body = tokens[next++],
                                                   .content_type = "application/secevent+jwt",
                                                   .accept = "application/json"};
                              },
                              [&](std::size_t, const Result<HttpResponse>& answer) { good += answer && answer->status == 202; },
                              EventsSink::kAtOnce}));
    REQUIRE(good == kTokens);
  });
  b.settings.push = receiver.url() + "/events";
  for (const char* algorithm : {"RS256", "EdDSA", "ES256"}) {
    b.settings.sign_key = b.folder / (std::string(algorithm) + ".pem");
    EventsSink sink(b.settings, b.folder.str());
    const std::size_t before = receiver.taken(), connections = receiver.connections();
    measure(std::string("from the outbox to the receiver, ") + algorithm, [&] {
      for (std::size_t i = 0; i < b.rows.size(); i += kBatch) {
        const auto verdicts = sink.deliver(std::span(b.rows).subspan(i, kBatch), {});
        REQUIRE_MESSAGE(verdicts, (verdicts ? "" : verdicts.error().text()));
        for (const Sink::Verdict& v : *verdicts) REQUIRE_MESSAGE(v.kind == Sink::Verdict::Kind::delivered, v.why);
      }
    });
    CHECK(receiver.taken() - before == kTokens);
    CHECK(receiver.connections() - connections <= EventsSink::kAtOnce);
  }
}
