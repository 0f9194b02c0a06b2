// Controls as bytes.
#include "ldap/controls.h"

#include <doctest/doctest.h>

using namespace muster;

namespace {

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes)
    text.append({kDigits[static_cast<unsigned char>(c) >> 4], kDigits[static_cast<unsigned char>(c) & 15]});
  return text;
}

wire::Control paged(std::string value) { return {std::string(wire::kPagedResults), std::move(value), false, true}; }

}  // namespace

TEST_CASE("controls: what is sent has the bytes that the RFCs name") {
  CHECK(hex(wire::paged_request(1000, "").value) == "3006020203e80400");
  CHECK(hex(wire::paged_request(5, "ab").value) == "300702010504026162");
  CHECK(hex(wire::paged_request(std::size_t{1} << 40, "").value) == "300802047fffffff0400");
  CHECK(wire::paged_request(5, "").critical);

  const wire::Control read = wire::post_read_request({"cn", "sn"});
  CHECK(hex(read.value) == "30080402636e0402736e");
  CHECK(read.oid == "1.3.6.1.1.13.2");
  CHECK_FALSE(read.critical);

  const auto assertion = wire::assertion_request("(cn=a)");
  REQUIRE(assertion);
  CHECK(hex(assertion->value) == "a3070402636e040161");
  CHECK(assertion->oid == "1.3.6.1.1.12");
  CHECK(assertion->critical);
}

TEST_CASE("controls: an assertion that is not a filter is a configuration error") {
  for (const char* text : {"(cn=a", "cn=a)", "", "(&"}) {
    CAPTURE(text);
    const auto assertion = wire::assertion_request(text);
    REQUIRE_FALSE(assertion);
    CHECK(assertion.error().code == Errc::config);
  }
}

TEST_CASE("controls: the answer to a page") {
  struct Case {
    const char* name;
    std::string value;
    bool readable;
    std::int64_t estimate;
    std::string cookie;
  };
  const Case cases[] = {
      {"more follows", std::string("\x30\x07\x02\x01\x2a\x04\x02xy", 9), true, 42, "xy"},
      {"the last page", std::string("\x30\x05\x02\x01\x00\x04\x00", 7), true, 0, ""},
      {"a cookie with a zero byte", std::string("\x30\x08\x02\x01\x00\x04\x03x\x00y", 10), true, 0, std::string("x\0y", 3)},
      {"nothing", "", false, 0, ""},
      {"no cookie", std::string("\x30\x03\x02\x01\x00", 5), false, 0, ""},
      {"a cookie cut off", std::string("\x30\x07\x02\x01\x00\x04\x09x", 8), false, 0, ""},
      {"text", "hello, this is no BER", false, 0, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto answer = wire::parse_paged(paged(c.value));
    REQUIRE(static_cast<bool>(answer) == c.readable);
    if (!answer) {
      CHECK(answer.error().code == Errc::untrusted);
      continue;
    }
    CHECK(answer->estimate == c.estimate);
    CHECK(answer->cookie == c.cookie);
  }
}

TEST_CASE("controls: one is found by its number") {
  const std::vector<wire::Control> controls{{"1.2", "a", false, true}, paged("b")};
  REQUIRE(wire::find_control(controls, wire::kPagedResults));
  CHECK(wire::find_control(controls, wire::kPagedResults)->value == "b");
  CHECK(wire::find_control(controls, "1.2.3") == nullptr);
}
