#include "ldap/sync_cookie.h"

#include <doctest/doctest.h>

namespace muster::wire {
namespace {

const std::string kEarly0 = "20261123090013.254366Z#000000#000#000000", kLate0 = "20261124000000.000000Z#000000#000#000000";
const std::string kEarly1 = "20261123090013.466673Z#000000#001#000000", kLate1 = "20261123090013.466673Z#00000a#001#000000";
const std::string kFar2 = "20300101000000.000000Z#000000#002#000000";

TEST_CASE("the stored cookie covers every server of a replicated directory") {
  struct Case {
    std::string name;
    std::optional<std::string> known;
    std::string received, stored;
  };
  const Case cases[] = {
      {"the first cookie", std::nullopt, "rid=000,csn=" + kEarly1, "rid=000,csn=" + kEarly1},
      {"an empty one was stored", "", "rid=000,csn=" + kEarly1, "rid=000,csn=" + kEarly1},
      {"the provider's own server id is never sent back", std::nullopt, "rid=000,sid=001,csn=" + kEarly1, "rid=000,csn=" + kEarly1},
      {"a live change on one server keeps what is known of the others", "rid=000,csn=" + kEarly0 + ";" + kEarly1 + ";" + kFar2,
       "rid=000,sid=001,csn=" + kLate1, "rid=000,csn=" + kEarly0 + ";" + kLate1 + ";" + kFar2},
      {"the first change on another server", "rid=000,csn=" + kEarly0, "rid=000,csn=" + kEarly1,
       "rid=000,csn=" + kEarly0 + ";" + kEarly1},
      {"a change told late does not turn the clock back", "rid=000,csn=" + kLate0, "rid=000,csn=" + kEarly0,
       "rid=000,csn=" + kLate0},
      {"the same cookie again", "rid=000,csn=" + kEarly0, "rid=000,csn=" + kEarly0, "rid=000,csn=" + kEarly0},
      {"one server twice in a cookie", std::nullopt, "rid=000,csn=" + kLate1 + ";" + kEarly1, "rid=000,csn=" + kLate1},
      {"a cookie that names no change", "rid=000,csn=" + kEarly0, "rid=000,sid=001", "rid=000,csn=" + kEarly0},
      {"the csn of a delete is tolerated", "rid=000,csn=" + kEarly0, "rid=000,csn=" + kLate0 + ",delcsn=" + kFar2,
       "rid=000,csn=" + kLate0},
      {"a part that a later version may add", std::nullopt, "rid=000,new=x,csn=" + kEarly0, "rid=000,csn=" + kEarly0},
      {"the number that was stored stays", "rid=007,csn=" + kEarly0, "rid=000,csn=" + kEarly1,
       "rid=007,csn=" + kEarly0 + ";" + kEarly1},
      {"389 Directory Server's replaces", "ldap1:389#cn=m:ou=p:(a=*)#17", "ldap1:389#cn=m:ou=p:(a=*)#18",
       "ldap1:389#cn=m:ou=p:(a=*)#18"},
      {"a directory that became OpenLDAP", "ldap1:389#cn=m:ou=p:(a=*)#17", "rid=000,csn=" + kEarly0, "rid=000,csn=" + kEarly0},
      {"one that cannot be read is kept as it came", "rid=000,csn=" + kEarly0, "rid=000,csn=tomorrow", "rid=000,csn=tomorrow"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto known = c.known ? std::optional(Cookie(*c.known)) : std::nullopt;
    CHECK(merge_cookies(known, c.received).rep() == c.stored);
  }
}

TEST_CASE("what is not a cookie of OpenLDAP is not taken for one") {
  struct Case {
    std::string name, text;
  };
  const Case cases[] = {
      {"nothing", ""},
      {"no rid", "csn=" + kEarly0},
      {"an empty rid", "rid=,csn=" + kEarly0},
      {"a rid of four digits", "rid=0001,csn=" + kEarly0},
      {"a rid of letters", "rid=abc,csn=" + kEarly0},
      {"a csn too short", "rid=000,csn=" + kEarly0.substr(1)},
      {"a csn too long", "rid=000,csn=" + kEarly0 + "0"},
      {"a csn with a letter in its time", "rid=000,csn=2026112309001x.254366Z#000000#000#000000"},
      {"a csn with a server id that is not hexadecimal", "rid=000,csn=20261123090013.254366Z#000000#00g#000000"},
      {"the second csn broken", "rid=000,csn=" + kEarly0 + ";x"},
      {"an empty csn between two", "rid=000,csn=" + kEarly0 + ";;" + kEarly1},
      {"389 Directory Server's", "ldap1:389#cn=m:ou=p:(a=*)#17"},
      {"bytes", std::string("\0\xff\x80=,;", 6)},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK_FALSE(SyncCookie::parse(c.text));
  }
}

}  // namespace
}  // namespace muster::wire
