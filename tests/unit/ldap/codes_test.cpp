// What the codes of servers mean to us.
#include <doctest/doctest.h>

#include "ldap/ad_errors.h"
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

TEST_CASE("codes: Active Directory's diagnostics become sentences") {
  struct Case {
    const char* diagnostic;
    const char* what;  ///< empty: it is left as it is
  };
  const Case cases[] = {
      {"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1", "the password is wrong"},
      {"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 533, v1db1", "the account is disabled"},
      {"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 701, v1db1", "the account has expired"},
      {"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 775, v1db1",
       "the account is locked out after wrong passwords"},
      {"80090346: LdapErr: DSID-0C0904F8, comment: AcceptSecurityContext error, data 80090346, v4563",
       "the domain controller wants channel binding, and the token is missing or wrong"},
      {"0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0",
       "the password policy of the domain refuses the password (length, complexity, history or age)"},
      {"00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0", "the account lacks the right to do this"},
      {"00002071: samldb: something", "an object of this name exists already"},
      {"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, v1db1", ""},
      {"0000FFFF: SvcErr", ""},
      {"no such object", ""},
      {"12345678", ""},
      {"", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.diagnostic);
    const auto explained = wire::explain_active_directory(c.diagnostic);
    CHECK((explained ? explained->what : "") == c.what);
  }
  const Error error = wire::error_from(LDAP_UNWILLING_TO_PERFORM, "enabling CN=Ann", "0000052D: SvcErr: x\n");
  CHECK(error.what ==
        "enabling CN=Ann: the password policy of the domain refuses the password (length, complexity, history or age): Server is "
        "unwilling to perform (53): 0000052D: SvcErr: x");
  CHECK(error.hint == "an account without a password that fits the policy cannot be enabled: set one");
}
