// The first load of a SCIM server, beside a bare libcurl loop that posts the very same bodies to the same receiver.
#include <curl/curl.h>
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
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

/// Does what every server of people has to, and no more: reads what it is sent, keeps it on the disk, names of users being unique,
/// and answers with what it has.
struct ScimEnd {
  ScimEnd(const std::string& file, int at_once) : operations(at_once) {
    sqlite3* opened = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &opened) == SQLITE_OK);
    database.reset(opened);
    run("PRAGMA journal_mode=WAL; CREATE TABLE user(id INTEGER PRIMARY KEY, name TEXT UNIQUE, resource TEXT)");
  }
  void run(const char* sql) const { REQUIRE(sqlite3_exec(database.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK); }
  void clear() const { run("DELETE FROM user"); }

  std::unique_ptr<sqlite3, decltype(&sqlite3_close)> database{nullptr, &sqlite3_close};
  std::mutex mutex;
  std::vector<std::string> posted;
  std::atomic<int> next{0};
  int operations;
  bool keeps = true;

  std::string answer(const std::string& line, std::string&& body) {
    if (line.find("/ServiceProviderConfig") != std::string::npos)
      return http_answer("200 OK", R"({"patch":{"supported":true},"filter":{"supported":true,"maxResults":1000},)"
                                   R"("bulk":{"supported":true,"maxPayloadSize":1048576,"maxOperations":)" +
                                       std::to_string(operations) + R"(},"etag":{"supported":false}})");
    if (!line.starts_with("POST"))
      return line.find("/Users") != std::string::npos || line.find("/Groups") != std::string::npos
                 ? http_answer("200 OK", R"({"totalResults":0,"Resources":[]})")
                 : http_answer("404 Not Found", "{}");
    const std::lock_guard lock(mutex);
    const std::string answer = created(json::parse(body)).dump();
    if (keeps) posted.push_back(std::move(body));
    return http_answer("200 OK", answer);
  }
  json created(json request) {
    json answers = json::array();
    sqlite3_stmt* made = nullptr;
    REQUIRE(sqlite3_prepare_v2(database.get(), "INSERT INTO user VALUES(?1, ?2, ?3)", -1, &made, nullptr) == SQLITE_OK);
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> insert(made, &sqlite3_finalize);
    run("BEGIN");
    for (json& operation : request["Operations"]) {
      json& user = operation["data"];
      const int id = ++next;
      user["id"] = std::to_string(id);
      user["meta"] = {{"resourceType", "User"}, {"location", "/Users/" + std::to_string(id)}};
      const std::string name = user["userName"], text = user.dump();
      sqlite3_bind_int(made, 1, id);
      sqlite3_bind_text(made, 2, name.c_str(), -1, SQLITE_TRANSIENT);
      sqlite3_bind_text(made, 3, text.c_str(), -1, SQLITE_TRANSIENT);
      REQUIRE(sqlite3_step(made) == SQLITE_DONE);
      sqlite3_reset(made);
      answers.push_back({{"method", "POST"},
                         {"status", "201"},
                         {"location", user["meta"]["location"]},
                         {"bulkId", operation["bulkId"]},
                         {"response", std::move(user)}});
    }
    run("COMMIT");
    return {{"schemas", {"urn:ietf:params:scim:api:messages:2.0:BulkResponse"}}, {"Operations", std::move(answers)}};
  }
};

void fill(Store& store, int people) {
  Store::Transaction transaction(store);
  std::string image;
  for (int i = 0; i < people; ++i) {
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

double bare_loop(const std::vector<std::string>& bodies, const std::string& url, const std::string& ca, const std::string& token) {
  const auto from = std::chrono::steady_clock::now();
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/scim+json"), &curl_slist_free_all);
  if (!token.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(curl.get(), CURLOPT_XOAUTH2_BEARER, token.c_str());
  }
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CAINFO, ca.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(
      curl.get(), CURLOPT_WRITEFUNCTION, +[](char*, std::size_t size, std::size_t n, void*) { return size * n; });
  for (const std::string& body : bodies) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    REQUIRE(curl_easy_perform(curl.get()) == CURLE_OK);
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    REQUIRE(status == 200);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

long peak_kib() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

/// A state of its own, and a follower of one server.
class Load {
 public:
  Load(int people, const std::string& url, const std::string& ca, const std::string& token)
      : writer_(Store::open(folder_ / "state.db")) {
    UpstreamSettings::Scim settings;
    settings.http.url = url;
    settings.http.tls_ca = ca;
    if (!token.empty()) {
      std::filesystem::create_directory(folder_ / "secrets");
      write_file(folder_ / "secrets/token", token);
      std::filesystem::permissions(folder_ / "secrets/token", std::filesystem::perms::owner_read);
      settings.http.secret = "token";
    }
    follower_.emplace(settings, folder_.str());
    writer_.declare_followers({follower_->name()});
    fill(writer_, people);
  }
  double seconds() {
    Store reader = Store::open_read_only(folder_ / "state.db");
    const auto from = std::chrono::steady_clock::now();
    const Status done = follower_->follow(
        reader, {[&](FollowerProgress p) { return keep(writer_, p); }, [&] { return Result<std::optional<Bearings>>(bearings()); }},
        {});
    REQUIRE_MESSAGE(done, (done ? "" : done.error().text()));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  }

 private:
  Folder folder_;
  Store writer_;
  std::optional<ScimFollower> follower_;
};

void print(const std::string& what, double ours, double bare, std::size_t bodies) {
  std::printf(
      "| first load: %s | seconds | ratio |\n|---|---:|---:|\n| muster | %.2f | %.2f |\n| a bare libcurl loop, the same %zu bodies "
      "| %.2f | 1 |\n",
      what.c_str(), ours, bare > 0 ? ours / bare : 0.0, bodies, bare);
}

}  // namespace

TEST_CASE("bench: the first load of a SCIM server that was written for speed") {
  const Folder folder;
  make_certificates(folder.str());
  const std::string ca = folder / "ca.pem";
  ScimEnd end(folder / "server.db", 1000);
  const Receiver receiver(folder.str(),
                          [&](const std::string& line, std::string&& body) { return end.answer(line, std::move(body)); });
  Load load(kPeople, receiver.url(), ca, "");
  end.keeps = std::getenv("MUSTER_BENCH_MEMORY") == nullptr;  // what the receiver keeps is in the same process
  const long before = peak_kib();
  const double ours = load.seconds();
  const long grown = peak_kib() - before;
  CHECK(end.next == kPeople);
  end.keeps = false;
  end.clear();
  const double bare = bare_loop(end.posted, receiver.url() + "/Bulk", ca, "");
  print(std::to_string(kPeople) + " people, C++ and SQLite in one transaction a request", ours, bare, end.posted.size());
  std::printf("peak memory grew by %ld MiB (with MUSTER_BENCH_MEMORY=1 the receiver keeps nothing)\n", grown / 1024);
}

TEST_CASE("bench: the first load of a SCIM server that others wrote") {
  constexpr int kFew = 4'000;
  const Folder folder;
  make_certificates(folder.str());
  ScimEnd end(folder / "server.db", 100);
  {
    const Receiver receiver(folder.str(),
                            [&](const std::string& line, std::string&& body) { return end.answer(line, std::move(body)); });
    Load(kFew, receiver.url(), folder / "ca.pem", "").seconds();
  }
  const double ours = [&] {
    const LabServer server("scim", {});
    return Load(kFew, server.url(), server.value("CA"), server.value("TOKEN")).seconds();
  }();
  const LabServer server("scim", {});
  const double bare = bare_loop(end.posted, server.url() + "/Bulk", server.value("CA"), server.value("TOKEN"));
  print(std::to_string(kFew) + " people, scimmy", ours, bare, end.posted.size());
}
