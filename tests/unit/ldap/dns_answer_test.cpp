// Answers of DNS, as bytes; on Windows the system reads them.
#include "ldap/posix/dns_answer.h"

#include <doctest/doctest.h>

namespace muster::wire {
namespace {

std::string bytes(std::initializer_list<int> list) {
  std::string text;
  for (const int b : list) text += static_cast<char>(b);
  return text;
}

TEST_CASE("srv: the answers of DNS") {
  // One question, one answer: 0 100 389 dc1.corp.example (RFC 1035 section 4.1).
  const std::string question = bytes({5, '_', 'l', 'd', 'a', 'p', 4, '_', 't', 'c', 'p', 4, 'c', 'o', 'r', 'p', 0, 0, 33, 0, 1});
  const std::string head = bytes({0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0});
  const std::string record =
      bytes({0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 16, 0, 0, 0, 100, 1, 0x85, 3, 'd', 'c', '1', 4, 'c', 'o', 'r', 'p', 0});
  const auto found = parse_srv(head + question + record);
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().host == "dc1.corp");
  CHECK(found->front().port == 389);
  CHECK(found->front().weight == 100);
  CHECK_FALSE(parse_srv("nonsense"));
  CHECK_FALSE(parse_srv((head + question + record).substr(0, 50)));
}

}  // namespace
}  // namespace muster::wire
