// Controls, cookies and answers of Active Directory, 389 and DNS, as bytes.
#include <doctest/doctest.h>

#include "ldap/dirsync.h"
#include "ldap/position.h"
#include "ldap/psearch.h"
#include "ldap/raw_search.h"
#include "ldap/srv.h"

namespace muster::wire {
namespace {

std::string bytes(std::initializer_list<int> list) {
  std::string text;
  for (const int b : list) text += static_cast<char>(b);
  return text;
}

TEST_CASE("dirsync: the request's flags are a signed number of four bytes") {
  CHECK(dirsync_request(kIncrementalValues, "").value ==
        bytes({0x30, 0x0d, 0x02, 0x04, 0x80, 0, 0, 0, 0x02, 0x03, 0x10, 0, 0, 0x04, 0}));
  CHECK(dirsync_request(kObjectSecurity, "ab").value ==
        bytes({0x30, 0x0c, 0x02, 0x01, 0x01, 0x02, 0x03, 0x10, 0, 0, 0x04, 2, 'a', 'b'}));
  CHECK(dirsync_request(0, "").critical);
}

TEST_CASE("dirsync: the answer says whether there is more, and where to go on") {
  const auto parse = [](const std::string& value) { return parse_dirsync({std::string(kDirSync), value, false, true}); };
  const auto more = parse(bytes({0x30, 0x0a, 0x02, 0x01, 0x01, 0x02, 0x01, 0, 0x04, 2, 'x', 'y'}));
  REQUIRE(more);
  CHECK(more->more);
  CHECK(more->cookie == "xy");
  const auto last = parse(bytes({0x30, 0x08, 0x02, 0x01, 0, 0x02, 0x01, 0, 0x04, 0}));
  REQUIRE(last);
  CHECK_FALSE(last->more);
  for (const std::string& bad : {std::string(), bytes({0x30, 0}), bytes({0x30, 3, 2, 1, 0}), std::string("nonsense")})
    CHECK_FALSE(parse(bad));
}

TEST_CASE("a position survives being a cookie, and knows its own history") {
  ServerInfo server;
  server.host = "dc1.corp.example";
  server.incarnation = "a b";
  const Position p = Position::of("dirsync", server, 4711, std::string("\0\xff z", 4));
  const auto again = Position::parse(p.cookie(), "dirsync");
  REQUIRE(again);
  CHECK(again->host == p.host);
  CHECK(again->count == 4711);
  CHECK(again->rest == std::string("\0\xff z", 4));
  CHECK(Position::of("dirsync", server, 4712).continues(*again));
  CHECK(Position::of("dirsync", server, 4711).continues(*again));
  CHECK_FALSE(Position::of("dirsync", server, 4710).continues(*again));  // restored from a snapshot: USN rollback
  server.incarnation = "c";
  CHECK_FALSE(Position::of("dirsync", server, 9999).continues(*again));  // restored in the proper way
  server.incarnation = "a b";
  server.host = "dc2.corp.example";
  CHECK_FALSE(Position::of("dirsync", server, 9999).continues(*again));
  for (const char* bad : {"", "usn h i 1 -", "dirsync h i x -", "dirsync h i 1", "dirsync h i 1 abc", "dirsync h i 1 zz"})
    CHECK_FALSE_MESSAGE(Position::parse(Cookie(bad), "dirsync"), bad);
  CHECK(Position::parse(Position::of("usn", {}, 1).cookie(), "usn"));
}

TEST_CASE("psearch: what happened to an entry") {
  const auto parse = [](const std::string& value) { return parse_entry_change({std::string(kEntryChange), value, false, true}); };
  CHECK(persistent_search_request().value == bytes({0x30, 9, 2, 1, 15, 1, 1, 0xff, 1, 1, 0xff}));
  CHECK(parse(bytes({0x30, 3, 0x0a, 1, 1}))->type == EntryChange::Type::add);
  CHECK(parse(bytes({0x30, 3, 0x0a, 1, 2}))->type == EntryChange::Type::remove);
  const auto renamed = parse(bytes({0x30, 11, 0x0a, 1, 8, 4, 3, 'c', 'n', '=', 2, 1, 7}));
  REQUIRE(renamed);
  CHECK(renamed->type == EntryChange::Type::rename);
  CHECK(renamed->previous_name == "cn=");
  for (const std::string& bad :
       {std::string(), bytes({0x30, 0}), bytes({0x30, 3, 0x0a, 1, 3}), bytes({0x30, 3, 2, 1, 1}), std::string("x")})
    CHECK_FALSE(parse(bad));
}

TEST_CASE("ranges of values") {
  struct Case {
    const char *name, *attribute;
    std::size_t next;
  };
  const Case cases[] = {
      {"member;range=0-1499", "member", 1500}, {"Member;Range=1500-*", "member", 0}, {"member;range=0-0", "member", 1}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto range = parse_range(c.name);
    REQUIRE(range);
    CHECK(range->name == c.attribute);
    CHECK(range->next == c.next);
  }
  for (const char* none : {"member", "cn;lang-de", "member;range=x", ""}) CHECK_FALSE(parse_range(none));
}

TEST_CASE("srv: the order in which servers are tried") {
  const std::vector<SrvRecord> records{
      {10, 0, 389, "spare"}, {0, 60, 389, "big"}, {0, 40, 389, "small"}, {0, 0, 389, "last-resort"}};
  const auto order = [&](const std::function<std::uint32_t(std::uint32_t)>& random) {
    std::string names;
    for (const SrvRecord& r : in_order(records, random)) names += (names.empty() ? "" : " ") + r.host;
    return names;
  };
  CHECK(order([](std::uint32_t) { return 0U; }) == "last-resort big small spare");
  CHECK(order([](std::uint32_t most) { return most; }) == "small big last-resort spare");
  CHECK(order([](std::uint32_t most) { return std::min(most, 30U); }) == "big small last-resort spare");
  CHECK(in_order({}, [](std::uint32_t) { return 0U; }).empty());
  CHECK(srv_names("corp.example", "Berlin") == std::vector<std::string>{"_ldap._tcp.Berlin._sites.dc._msdcs.corp.example",
                                                                        "_ldap._tcp.dc._msdcs.corp.example",
                                                                        "_ldap._tcp.corp.example"});
  CHECK(srv_names("corp.example", "").size() == 2);
}

}  // namespace
}  // namespace muster::wire
