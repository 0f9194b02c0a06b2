// Pages on loopback: what is asked wrongly, or slowly, disturbs nobody.
#include "service/loopback_http.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "tests/support/http_get.h"

using namespace muster;
using namespace muster::test;

namespace {

std::unique_ptr<LoopbackHttp> pages() {
  auto server = LoopbackHttp::open(0, [](const std::string& path) {
    return LoopbackHttp::Page{path == "/a" ? 200U : 404U, "text/x", "at " + path};
  });
  REQUIRE(server);
  return std::move(*server);
}

}  // namespace

TEST_CASE("loopback: GET and HEAD are answered, nothing else is") {
  const auto server = pages();
  const HttpAnswer got = http_request(server->port(), "GET", "/a");
  CHECK(got.status == 200);
  CHECK(got.body == "at /a");
  CHECK(got.head.find("Content-Type: text/x") != std::string::npos);
  CHECK(http_request(server->port(), "GET", "/b").status == 404);
  const HttpAnswer head = http_request(server->port(), "HEAD", "/a");
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  for (const char* method : {"POST", "PUT", "DELETE"}) CHECK(http_request(server->port(), method, "/a").status == 405);
}

TEST_CASE("loopback: a port that is taken is said") {
  const auto server = pages();
  const auto second = LoopbackHttp::open(server->port(), [](const std::string&) { return LoopbackHttp::Page{}; });
  REQUIRE_FALSE(second);
  CHECK(second.error().what.find(std::to_string(server->port())) != std::string::npos);
}

TEST_CASE("loopback: who says too much is refused, and who says nothing is hung up on") {
  const auto server = pages();
  const RawClient large(server->port());
  large.send("GET /a HTTP/1.1\r\nHost: x\r\nX: " + std::string(65536, 'x') + "\r\n\r\n");
  CHECK(large.rest().find("200 OK") == std::string::npos);

  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 8; ++i) {
    silent.push_back(std::make_unique<RawClient>(server->port()));
    REQUIRE(silent.back()->is_open());
    silent.back()->send("GET /a HT");
  }
  CHECK(http_request(server->port(), "GET", "/a").status == 200);
  const auto begun = std::chrono::steady_clock::now();
  for (const auto& client : silent) (void)client->rest();
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(18));
}
