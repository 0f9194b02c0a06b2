// What Active Directory means by its attributes, and its accounts switched off and on.
#include "ldap/active_directory.h"

#include <doctest/doctest.h>

#include "ldap/account.h"

namespace muster {
namespace {

namespace ad = active_directory;
using Method = AccountSettings::Method;

Entry entry(const std::vector<std::pair<std::string, Values>>& attributes) {
  Entry e;
  e.dn = *Dn::parse("CN=Ann Lee,OU=People,DC=corp,DC=example");
  for (const auto& [name, values] : attributes) e.attributes.set(name, values);
  return e;
}

/// S-1-5-21-1-2-3-RID (MS-DTYP section 2.4.2.2).
std::string sid(std::uint32_t rid) {
  std::string bytes("\x01\x05\0\0\0\0\0\x05\x15\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0", 24);
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(rid >> shift & 0xff);
  return bytes;
}

std::string text(const std::vector<Mod>& mods) {
  std::string s;
  for (const Mod& m : mods) {
    s += (s.empty() ? "" : ", ");
    s += (m.op == Mod::Op::add ? "add " : m.op == Mod::Op::remove ? "remove " : "replace ") + m.attribute;
    for (const std::string& v : m.values) s += " " + v;
  }
  return s;
}

AccountControl control(Family family = Family::active_directory) {
  ServerInfo server;
  server.family = family;
  server.types = AttributeTypes::active_directory();
  if (family == Family::ds389)
    server.types =
        AttributeTypes::parse({"( 2.16.840.1.113730.3.1.610 NAME 'nsAccountLock' EQUALITY caseIgnoreMatch SYNTAX "
                               "1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE USAGE directoryOperation )"});
  auto chosen = AccountControl::choose(server, {});
  REQUIRE_MESSAGE(chosen, (chosen ? "" : chosen.error().text()));
  return *chosen;
}

const Instant kNow = *parse_generalized_time("20261123120000Z");

TEST_CASE("active directory: a SID's last part") {
  CHECK(ad::rid_of(sid(1104)) == 1104);
  CHECK(ad::rid_of(sid(502)) == 502);
  CHECK_FALSE(ad::rid_of(""));
  CHECK_FALSE(ad::rid_of(sid(502).substr(1)));
  CHECK_FALSE(ad::rid_of(sid(502) + "x"));
  CHECK_FALSE(ad::rid_of("S-1-5-21-1-2-3-500"));
}

TEST_CASE("active directory: who is not to be written") {
  struct Case {
    const char* name;
    std::vector<std::pair<std::string, Values>> attributes;
    std::string why;
  };
  const Case cases[] = {
      {"a person", {{"objectSid", {sid(1104)}}, {"userAccountControl", {"512"}}, {"adminCount", {"0"}}}, ""},
      {"nothing known", {}, ""},
      {"an administrator", {{"objectSid", {sid(1104)}}, {"adminCount", {"1"}}}, "being protected by AdminSDHolder (adminCount=1)"},
      {"krbtgt", {{"objectSid", {sid(502)}}}, "being built in (RID 502)"},
      {"Domain Users", {{"isCriticalSystemObject", {"TRUE"}}}, "being a part of the system (isCriticalSystemObject)"},
      {"a computer", {{"objectClass", {"top", "user", "computer"}}}, "being the account of a computer or a trust"},
      {"a trust", {{"userAccountControl", {"2080"}}}, "being the account of a computer or a trust"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(ad::protection_of(entry(c.attributes)) == c.why);
  }
}

TEST_CASE("active directory: the agent's own account by each name that a bind takes") {
  const Entry own = entry({{"sAMAccountName", {"svc-muster"}}, {"userPrincipalName", {"muster@corp.example"}}});
  for (const char* name :
       {"cn=ann lee,ou=people,dc=corp,dc=example", "CORP\\svc-muster", "muster@corp.example", "SVC-muster@CORP.EXAMPLE"})
    CHECK_MESSAGE(ad::is_account(own, name), name);
  for (const char* name : {"", "CORP\\svc", "CN=Other,DC=corp,DC=example", "other@corp.example"})
    CHECK_FALSE_MESSAGE(ad::is_account(own, name), name);
}

TEST_CASE("active directory: a password's form, a domain's name, foreign principals") {
  CHECK(ad::unicode_password("aB") == std::string("\"\0a\0B\0\"\0", 8));
  CHECK(ad::domain_of(*Dn::parse("DC=corp,dc=example")) == "corp.example");
  CHECK(ad::domain_of(*Dn::parse("OU=x,DC=corp")) == "");
  CHECK(ad::is_foreign(entry({{"objectClass", {"top", "foreignSecurityPrincipal"}}})));
  CHECK_FALSE(ad::is_foreign(entry({{"objectClass", {"top", "user"}}})));
}

TEST_CASE("active directory: one bit disables, and the others stay") {
  const AccountControl accounts = control();
  CHECK(accounts.name() == "userAccountControl");
  struct Case {
    const char *bits, *disable, *enable;
    bool disabled;
  };
  const Case cases[] = {
      {"512", "remove userAccountControl 512, add userAccountControl 514", "", false},
      {"514", "", "remove userAccountControl 514, add userAccountControl 512", true},
      {"66048", "remove userAccountControl 66048, add userAccountControl 66050", "", false},
      {"-2147483136", "remove userAccountControl -2147483136, add userAccountControl -2147483134", "", false},
      {"", "", "", false},
      {"many", "", "", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.bits);
    const Entry e = entry({{"userAccountControl", {c.bits}}});
    CHECK(accounts.is_disabled(e, kNow) == c.disabled);
    CHECK(text(accounts.disable(e, kNow)) == c.disable);
    CHECK(text(accounts.enable(e)) == c.enable);
  }
  CHECK(accounts.initially(true).first("userAccountControl") == "514");
  CHECK(accounts.initially(false).first("userAccountControl") == "512");
}

TEST_CASE("active directory: accountExpires counts 100 ns since 1601, and knows two words for never") {
  const AccountControl accounts = control();
  const Instant end = *parse_generalized_time("20270401000000Z");
  struct Case {
    const char* is;
    std::optional<Instant> expires;
  };
  const Case cases[] = {{"134510112000000000", end}, {"0", {}}, {"9223372036854775807", {}}, {"soon", {}}, {"-5", {}}};
  for (const Case& c : cases) {
    CAPTURE(c.is);
    CHECK(accounts.expires(entry({{"accountExpires", {c.is}}})) == c.expires);
  }
  const Entry never = entry({{"accountExpires", {"9223372036854775807"}}}),
              ends = entry({{"accountExpires", {"134510112000000000"}}});
  CHECK(text(*accounts.expire(never, end)) == "remove accountExpires 9223372036854775807, add accountExpires 134510112000000000");
  CHECK(text(*accounts.expire(ends, std::nullopt)) ==
        "remove accountExpires 134510112000000000, add accountExpires 9223372036854775807");
  CHECK(text(*accounts.expire(ends, end)) == "");
  CHECK(text(*accounts.expire(never, std::nullopt)) == "");
  CHECK_FALSE(accounts.is_disabled(ends, end + std::chrono::hours(1)));  // its end is not its bit: a leaver gets both
}

TEST_CASE("389: nsAccountLock") {
  const AccountControl accounts = control(Family::ds389);
  CHECK(accounts.name() == "nsAccountLock");
  const Entry open = entry({}), locked = entry({{"nsAccountLock", {"TRUE"}}});
  CHECK_FALSE(accounts.is_disabled(open, kNow));
  CHECK(accounts.is_disabled(locked, kNow));
  CHECK(text(accounts.disable(open, kNow)) == "replace nsAccountLock true");
  CHECK(text(accounts.disable(locked, kNow)) == "");
  CHECK(text(accounts.enable(locked)) == "remove nsAccountLock TRUE");
  CHECK(accounts.initially(true).first("nsAccountLock") == "true");
  CHECK_FALSE(accounts.expire(open, kNow));
}

TEST_CASE("versions of different servers say nothing about each other") {
  CHECK(is_older("a:00001", "a:00002"));
  CHECK_FALSE(is_older("a:00002", "a:00002"));
  CHECK_FALSE(is_older("a:00001", "b:00002"));
  CHECK_FALSE(is_older("", "a:00002"));
  CHECK(is_older("20260101000000.000000Z#000000#001#000000", "20260101000001.000000Z#000000#001#000000"));
}

}  // namespace
}  // namespace muster
