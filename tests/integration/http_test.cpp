// HTTP against a real HTTPS server and a real proxy.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/upstream/http/client.h"
#include "tests/support/lab.h"

using namespace muster;
using namespace muster::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// The server, and a folder with the secrets of its client.
struct Web : LabServer {
  explicit Web(Environment wishes = {}) : LabServer("web", std::move(wishes)) {
    std::filesystem::create_directories(place / "secrets");
    keep("token", "first");
    keep("client", "pass word&");
    keep("proxy", "me");
  }
  void keep(const std::string& name, const std::string& secret) const {
    write_file(place / ("secrets/" + name), secret);
    std::filesystem::permissions(place / ("secrets/" + name), std::filesystem::perms::owner_read);
  }
  void change(const std::string& name, const std::string& secret) const {
    std::filesystem::remove(place / ("secrets/" + name));
    keep(name, secret);
  }
  HttpSettings settings() const {
    HttpSettings s;
    s.url = url();
    s.tls_ca = value("CA");
    s.secret = "token";
    return s;
  }
  HttpSettings with_oauth(const std::string& query = "") const {
    HttpSettings s = settings();
    s.secret = "client";
    s.client_id = "agent";
    s.scope = "scim write";
    s.token_url = url() + "/token" + query;
    return s;
  }
  HttpClient client() const { return client(settings()); }
  HttpClient client(HttpSettings s) const { return {std::move(s), place.str()}; }
  json count() const { return json::parse(client().send({.url = "/count"}).value().body); }

  Folder place;
};

Web& web() {
  static Web server;
  return server;
}

HttpRequest get(const std::string& url) { return {.url = url}; }

}  // namespace

TEST_CASE("HTTP: a request arrives as it was meant, with the token") {
  HttpClient client = web().client();
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    CAPTURE(method);
    const bool sends = method != "GET" && method != "DELETE";
    HttpRequest request{.method = method,
                        .url = "/echo?filter=a%20b",
                        .body = sends ? R"({"name":"Zoë"})" : "",
                        .content_type = sends ? "application/scim+json" : "",
                        .accept = "application/scim+json",
                        .headers = {{"If-Match", "W/\"1\""}}};
    const auto answer = client.send(request);
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->header("content-type") == "application/json");
    const json heard = json::parse(answer->body);
    CHECK(heard["method"] == method);
    CHECK(heard["url"] == "/echo?filter=a%20b");
    CHECK(heard["body"] == request.body);
    CHECK(heard["headers"]["authorization"] == "Bearer first");
    CHECK(heard["headers"]["if-match"] == "W/\"1\"");
    CHECK(heard["headers"]["accept"] == "application/scim+json");
    if (sends) CHECK(heard["headers"]["content-type"] == "application/scim+json");
  }
}

TEST_CASE("HTTP: every status is an answer, and redirects are not followed") {
  HttpClient client = web().client();
  for (const int status : {200, 204, 302, 400, 404, 409, 412, 429, 500, 503}) {
    const auto answer = client.send(get("/status/" + std::to_string(status)));
    REQUIRE(answer);
    CHECK(answer->status == status);
    CHECK(answer->good() == (status < 300));
    CHECK(!answer->retry_after);
  }
  const auto moved = client.send(get("/moved"));
  REQUIRE(moved);
  CHECK(moved->status == 302);
  CHECK(moved->header("location") == "https://elsewhere.invalid/");
}

TEST_CASE("HTTP: when to come again is read as seconds and as a date") {
  HttpClient client = web().client();
  CHECK(client.send(get("/status/429?retry-after=7"))->retry_after == 7s);
  CHECK(client.send(get("/status/503?retry-after=0"))->retry_after == 0s);
  const auto dated = client.send(get("/status/503?retry-after=Fri,%2031%20Dec%202060%2023:59:59%20GMT"));
  REQUIRE(dated);
  CHECK(dated->retry_after.value_or(0s) > 24h);
  CHECK(client.send(get("/status/503?retry-after=Fri,%2031%20Dec%202010%2023:59:59%20GMT"))->retry_after == 0s);
}

TEST_CASE("HTTP: what is no complete answer is an error that says so") {
  struct Row {
    const char* path;
    Errc code;
    const char* says;
  };
  const Row rows[] = {{"/half", Errc::unreachable, "the answer was cut off"},
                      {"/drop", Errc::unreachable, "the answer was cut off"},
                      {"/silent", Errc::unreachable, "no answer in time"},
                      {"/large", Errc::untrusted, "larger than 64 MiB"}};
  HttpSettings s = web().settings();
  HttpClient patient = web().client(s);
  for (const Row& row : rows) {
    CAPTURE(row.path);
    HttpRequest request = get(row.path);
    if (row.code == Errc::unreachable) request.timeout = 1s;
    const auto answer = patient.send(request);
    REQUIRE(!answer);
    CHECK(answer.error().code == row.code);
    CHECK(answer.error().what.find(row.says) != std::string::npos);
    CHECK(answer.error().what.find("GET " + web().url() + row.path) == 0);
  }
  // And the next one is not the worse for it.
  CHECK(patient.send(get("/echo"))->status == 200);
}

TEST_CASE("HTTP: without trust nothing is sent") {
  SUBCASE("an authority that nobody knows") {
    HttpSettings s = web().settings();
    s.tls_ca = "";
    const auto answer = web().client(s).send(get("/echo"));
    REQUIRE(!answer);
    CHECK(answer.error().code == Errc::unreachable);
    CHECK(answer.error().what.find("certificate is not trusted") != std::string::npos);
    CHECK(answer.error().hint.find("ca=") != std::string::npos);
  }
  SUBCASE("a certificate for another name") {
    const Web other(Environment{{"CERTIFICATE_FOR", "DNS:elsewhere.example"}});
    const auto answer = other.client().send(get("/echo"));
    REQUIRE(!answer);
    CHECK(answer.error().what.find("certificate is not trusted") != std::string::npos);
  }
  SUBCASE("an authority's file that is not there") {
    HttpSettings s = web().settings();
    s.tls_ca = "/nowhere/ca.pem";
    const auto answer = web().client(s).send(get("/echo"));
    REQUIRE(!answer);
    CHECK(answer.error().code == Errc::config);
  }
}

TEST_CASE("HTTP: a client certificate opens the door") {
  const Web strict(Environment{{"CLIENT_CERTIFICATES", "1"}});
  HttpSettings s = strict.settings();
  const auto stranger = strict.client(s).send(get("/echo"));
  REQUIRE(!stranger);
  CHECK(stranger.error().code == Errc::unreachable);
  s.tls_cert = strict.value("CLIENT_CERT");
  s.tls_key = strict.value("CLIENT_KEY");
  CHECK(strict.client(s).send(get("/echo"))->status == 200);
}

TEST_CASE("HTTP: through a proxy, which hears no token") {
  HttpSettings s = web().settings();
  s.proxy = web().value("PROXY");
  s.proxy_user = "through";
  s.proxy_secret = "proxy";
  const int before = web().count()["tunnels"];
  const auto answer = web().client(s).send(get("/echo"));
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(!json::parse(answer->body)["headers"].contains("proxy-authorization"));
  CHECK(web().count()["tunnels"] == before + 1);
  s.proxy_secret = "client";
  const auto refused = web().client(s).send(get("/echo"));
  REQUIRE(!refused);
  CHECK(refused.error().what.find("407") != std::string::npos);
  CHECK(refused.error().text().find("pass word") == std::string::npos);
}

TEST_CASE("HTTP: a token that was changed is read again when the old one is refused") {
  HttpClient client = web().client();
  CHECK(client.send(get("/guarded"))->status == 200);
  CHECK(client.send(get("/turn/second"))->status == 200);
  CHECK(client.send(get("/guarded"))->status == 401);
  web().change("token", "second");
  CHECK(client.send(get("/guarded"))->status == 200);
  CHECK(client.send(get("/turn/first"))->status == 200);
  web().change("token", "first");
}

TEST_CASE("HTTP: OAuth client credentials give a token, once, until it ends or is refused") {
  HttpClient client = web().client(web().with_oauth());
  const int before = web().count()["given"];
  CHECK(client.send(get("/guarded"))->status == 200);
  CHECK(client.send(get("/guarded"))->status == 200);
  CHECK(web().count()["given"] == before + 1);
  CHECK(client.send(get("/turn/later"))->status == 200);
  CHECK(client.send(get("/guarded"))->status == 200);
  CHECK(web().count()["given"] == before + 2);
  CHECK(client.send(get("/turn/first"))->status == 200);
}

TEST_CASE("HTTP: a token server that says no is quoted, without the secret") {
  HttpSettings s = web().with_oauth();
  s.secret = "token";
  const auto refused = web().client(s).send(get("/guarded"));
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::refused);
  CHECK(refused.error().what.find("invalid_client: who are you?") != std::string::npos);
  s.token_url = web().url() + "/status/503";
  CHECK(web().client(s).send(get("/guarded")).error().code == Errc::unreachable);
  s.token_url = web().url() + "/echo";
  CHECK(web().client(s).send(get("/guarded")).error().code == Errc::refused);
}

TEST_CASE("HTTP: secrets stand in no sentence") {
  HttpClient client = web().client();
  web().change("token", "wrong-one");
  const auto answer = client.send(get("/guarded"));
  REQUIRE(answer);
  CHECK(answer->status == 401);
  CHECK(answer->body.find("wrong-one") != std::string::npos);
  CHECK(client.quote(answer->body).find("wrong-one") == std::string::npos);
  CHECK(client.quote("a\r\nb\x01") == "a  b ");
  CHECK(client.quote(std::string(299, 'a') + "\xc3\xab").size() == 302);
  CHECK(client.describe(get("/Users?filter=userName%20eq%20%22ann%22")) == "GET " + web().url() + "/Users");
  web().change("token", "two\nlines");
  const auto broken = web().client().send(get("/guarded"));
  REQUIRE(!broken);
  CHECK(broken.error().code == Errc::config);
  CHECK(broken.error().text().find("lines'") == std::string::npos);
  web().change("token", "first");
}

TEST_CASE("HTTP: several requests at once, answered in order") {
  HttpClient client = web().client();
  std::vector<HttpRequest> all;
  for (int i = 0; i < 50; ++i) all.push_back(get("/echo?" + std::to_string(i)));
  all.push_back(get("/half"));
  const auto answers = client.send_all(all);
  REQUIRE(answers.size() == 51);
  for (std::size_t i = 0; i < 50; ++i) {
    REQUIRE(answers[i]);
    CHECK(json::parse(answers[i]->body)["url"] == "/echo?" + std::to_string(i));
  }
  CHECK(!answers[50]);
}

TEST_CASE("HTTP: whoever waits can be stopped, and a server that is away is unreachable") {
  HttpClient client = web().client();
  std::stop_source stop;
  {
    const std::jthread stopper([&] {
      // The other side has heard the request when it is counted; any moment will do.
      (void)web().count();
      stop.request_stop();
    });
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = client.send(get("/silent"), stop.get_token());
    REQUIRE(!answer);
    CHECK(answer.error().code == Errc::cancelled);
    CHECK(std::chrono::steady_clock::now() - begun < 10s);
  }
  Web away;
  HttpClient to = away.client();
  CHECK(to.send(get("/echo"))->status == 200);
  away.kill();
  CHECK(to.send(get("/echo")).error().code == Errc::unreachable);
  away.start();
  CHECK(to.send(get("/echo"))->status == 200);
}
