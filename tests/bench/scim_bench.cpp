// The first load of a SCIM server, beside a bare libcurl loop that posts the very same bodies to the same receiver.
#include <curl/curl.h>
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/image.h"
#include "agent/upstream/scim_follower.h"
#include "ldap/server.h"
#include "tests/bench/receiver.h"

using namespace muster;
using namespace muster::test;
using nlohmann::json;

namespace {

constexpr int kPeople = 100'000;

/// Takes everything, and keeps what was posted.
struct ScimEnd {
  std::mutex mutex;
  std::vector<std::string> posted;
  std::atomic<int> next{0};
  bool keeps = true;

  std::string answer(const std::string& line, std::string&& body) {
    if (line.find("/ServiceProviderConfig") != std::string::npos)
      return http_answer("200 OK",
                         R"({"patch":{"supported":true},"filter":{"supported":true,"maxResults":1000},)"
                         R"("bulk":{"supported":true,"maxOperations":1000,"maxPayloadSize":1048576},"etag":{"supported":false}})");
    if (!line.starts_with("POST"))
      return line.find("/Users") != std::string::npos || line.find("/Groups") != std::string::npos
                 ? http_answer("200 OK", R"({"totalResults":0,"Resources":[]})")
                 : http_answer("404 Not Found", "{}");
    std::string answers;
    for (auto at = body.find("\"bulkId\":\""); at != std::string::npos; at = body.find("\"bulkId\":\"", at + 1)) {
      const auto from = at + 10;
      const std::string id = std::to_string(++next);
      answers += (answers.empty() ? "" : ",") + std::string(R"({"method":"POST","status":"201","location":"/Users/)") + id +
                 R"(","bulkId":")" + body.substr(from, body.find('"', from) - from) + R"(","response":{"id":")" + id + R"("}})";
    }
    if (keeps) {
      const std::lock_guard lock(mutex);
      posted.push_back(std::move(body));
    }
    return http_answer("200 OK",
                       R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],"Operations":[)" + answers + "]}");
  }
};

void fill(Store& store) {
  Store::Transaction transaction(store);
  std::string image;
  for (int i = 0; i < kPeople; ++i) {
    char id[37];
    std::snprintf(id, sizeof id, "10000000-0000-4000-8000-%012d", i);
    Entry e;
    REQUIRE(parse_entry_id(id, e.id));
    const std::string uid = "user" + std::to_string(i);
    e.dn = *Dn::parse("uid=" + uid + ",ou=people,dc=example,dc=com");
    e.version = "1";
    e.attributes.set("uid", {uid});
    e.attributes.set("givenname", {"Ann" + std::to_string(i)});
    e.attributes.set("sn", {"Lee"});
    e.attributes.set("telephonenumber", {"+49 30 " + std::to_string(i)});
    encode_attributes(e.attributes, image);
    store.insert_entry(0, e, image);
  }
  transaction.commit();
}

Bearings bearings() {
  AccountSettings account;
  account.method = AccountSettings::Method::move;
  account.move_to = *Dn::parse("ou=off,dc=example,dc=com");
  const auto accounts = AccountControl::choose(ServerInfo{}, account);
  REQUIRE_MESSAGE(accounts, (accounts ? "" : accounts.error().text()));
  Bearings b{{}, *accounts, false};
  for (const auto& [key, path] : std::map<std::string, std::string>{
           {"givenname", "name.givenName"}, {"sn", "name.familyName"}, {"telephonenumber", "phoneNumbers[type eq \"work\"].value"}})
    b.sent.push_back({key, *ScimPath::parse(path), false});
  return b;
}

/// What the engine's thread does for a follower.
Status keep(Store& store, const FollowerProgress& p) {
  Store::Transaction transaction(store);
  for (const auto& object : p.told) store.put_told_object(p.follower, object);
  if (p.position) store.set_follower_position(p.follower, *p.position);
  if (p.compared) store.set_follower_compared(p.follower, *p.compared);
  transaction.commit();
  return ok();
}

double bare_loop(const std::vector<std::string>& bodies, const std::string& url, const std::string& ca) {
  const auto from = std::chrono::steady_clock::now();
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/scim+json"), &curl_slist_free_all);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CAINFO, ca.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(
      curl.get(), CURLOPT_WRITEFUNCTION, +[](char*, std::size_t size, std::size_t n, void*) { return size * n; });
  for (const std::string& body : bodies) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    REQUIRE(curl_easy_perform(curl.get()) == CURLE_OK);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

long peak_kib() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

}  // namespace

TEST_CASE("bench: the first load of a SCIM server") {
  const Folder folder;
  make_certificates(folder.str());
  ScimEnd end;
  const Receiver receiver(folder.str(),
                          [&](const std::string& line, std::string&& body) { return end.answer(line, std::move(body)); });
  Store writer = Store::open(folder / "state.db");
  UpstreamSettings::Scim settings;
  settings.http.url = receiver.url();
  settings.http.tls_ca = folder / "ca.pem";
  ScimFollower follower(settings, folder.str());
  writer.declare_followers({follower.name()});
  fill(writer);
  Store reader = Store::open_read_only(folder / "state.db");
  const auto load = [&] {
    const auto from = std::chrono::steady_clock::now();
    const Status done = follower.follow(
        reader, {[&](FollowerProgress p) { return keep(writer, p); }, [&] { return Result<std::optional<Bearings>>(bearings()); }},
        {});
    REQUIRE_MESSAGE(done, (done ? "" : done.error().text()));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  };
  end.keeps = std::getenv("MUSTER_BENCH_MEMORY") == nullptr;  // what the receiver keeps is in the same process
  const long before = peak_kib();
  const double ours = load();
  const long grown = peak_kib() - before;
  CHECK(end.next == kPeople);
  end.keeps = false;
  const double bare = bare_loop(end.posted, receiver.url() + "/Bulk", settings.http.tls_ca);
  std::printf(
      "| first load of %d people | seconds | ratio |\n|---|---:|---:|\n| muster | %.2f | %.2f |\n| a bare libcurl loop, the same "
      "%zu bodies | %.2f | 1 |\n",
      kPeople, ours, bare > 0 ? ours / bare : 0.0, end.posted.size(), bare);
  std::printf("peak memory grew by %ld MiB (with MUSTER_BENCH_MEMORY=1 the receiver keeps nothing)\n", grown / 1024);
}
