// What the codes of servers mean to us.
#include <doctest/doctest.h>

#include "ldap/libldap.h"

using namespace muster;

TEST_CASE("codes: the kind of trouble that a code is") {
  struct Case {
    const char* name;
    int code;
    Errc kind;
    bool has_hint;
  };
  const Case cases[] = {
      {"the account lacks a right", LDAP_INSUFFICIENT_ACCESS, Errc::refused, true},
      {"wrong password", LDAP_INVALID_CREDENTIALS, Errc::refused, true},
      {"TLS is wanted", LDAP_CONFIDENTIALITY_REQUIRED, Errc::refused, true},
      {"the schema forbids it", LDAP_OBJECT_CLASS_VIOLATION, Errc::refused, true},
      {"a policy forbids it", LDAP_CONSTRAINT_VIOLATION, Errc::refused, true},
      {"no such entry", LDAP_NO_SUCH_OBJECT, Errc::not_found, false},
      {"somebody else removed the value", LDAP_NO_SUCH_ATTRIBUTE, Errc::conflict, false},
      {"somebody else added the value", LDAP_TYPE_OR_VALUE_EXISTS, Errc::conflict, false},
      {"somebody else made the entry", LDAP_ALREADY_EXISTS, Errc::conflict, true},
      {"somebody else changed the entry", LDAP_ASSERTION_FAILED, Errc::conflict, false},
      {"too many entries", LDAP_SIZELIMIT_EXCEEDED, Errc::untrusted, true},
      {"too long", LDAP_TIMELIMIT_EXCEEDED, Errc::untrusted, true},
      {"too much", LDAP_ADMINLIMIT_EXCEEDED, Errc::untrusted, true},
      {"another server has it", LDAP_REFERRAL, Errc::untrusted, true},
      {"the cookie is too old", LDAP_SYNC_REFRESH_REQUIRED, Errc::stale_cursor, false},
      {"the server is busy", LDAP_BUSY, Errc::unreachable, false},
      {"the connection broke", LDAP_SERVER_DOWN, Errc::unreachable, false},
      {"our filter is wrong", LDAP_FILTER_ERROR, Errc::config, true},
      {"a code from a server that nobody knows", 4711, Errc::refused, false},
      {"a code from libldap that nobody knows", -4711, Errc::io, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(wire::errc_of(c.code) == c.kind);
    CHECK(!wire::hint_of(c.code).empty() == c.has_hint);
  }
}

TEST_CASE("codes: the sentence says what was tried, the code, and what the server said") {
  CHECK(wire::error_from(50, "modify uid=ann").what == "modify uid=ann: Insufficient access (50)");
  CHECK(wire::error_from(50, "modify uid=ann", "no write access to parent").what ==
        "modify uid=ann: Insufficient access (50): no write access to parent");
  wire::Answer answer;
  answer.code = 32;
  answer.matched = "dc=example,dc=com";
  CHECK(wire::error_from(answer, "modify uid=ann").what ==
        "modify uid=ann: No such object (32): the nearest entry that exists is dc=example,dc=com");
  answer = {};
  answer.code = 10;
  answer.referrals = {"ldap://a", "ldap://b"};
  CHECK(wire::error_from(answer, "modify uid=ann").what ==
        "modify uid=ann: Referral (10): referred to ldap://a, referred to ldap://b");
}
