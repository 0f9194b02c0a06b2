// Access for a time, and accounts that are off by order, in the customer's words.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>

#include "tests/support/lab.h"
#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

constexpr std::size_t kStatus = 1;

/// A group's DN as LDIF adds or deletes one member.
std::string member_ldif(Company& c, const std::string& what, const std::string& group, const std::string& dn) {
  return "dn: " + c.group(group) + "\nchangetype: modify\n" + what + ": member\nmember: " + dn + "\n";
}

std::vector<std::string> grant(const std::string& key, const std::string& group, const std::string& span,
                               const std::string& by = "carol") {
  return {"grant", key, group, "--for", span, "--by", by, "--reason", "incident 7"};
}
std::vector<std::string> decided(std::vector<std::string> words, const std::string& by = "carol") {
  words.insert(words.end(), {"--by", by, "--reason", "stolen laptop"});
  return words;
}

/// As if the machine's clock said something else; the time since it started goes on as ever.
Finished at(const std::string& offset, Company& c, const std::vector<std::string>& words) {
  std::vector<std::string> command{"faketime", "--exclude-monotonic", "-f", offset, muster_binary(), "--config", c.config()};
  command.insert(command.end(), words.begin(), words.end());
  return run(command);
}

void limit(Company& c, const std::string& limits) {
  replace_text(
      c.file("mapping.d/access.xml"), "<managed group=\"cn=crm-users,ou=groups,dc=example,dc=com\" membership=\"granted\"/>",
      "<managed group=\"cn=crm-users,ou=groups,dc=example,dc=com\" membership=\"granted\"><grant " + limits + "/></managed>");
}

}  // namespace

TEST_CASE("grant: a membership for a time comes at once, is put back when somebody takes it away, and ends by itself") {
  Company c({});
  auto service = c.service();
  const std::string key = c.employee("Engineering"), dn = c.dn_of(key);
  const auto begun = std::chrono::steady_clock::now();
  const Finished given = c.muster(grant(key, "finance", "6s"));
  CHECK_MESSAGE(given.code == 0, given.err);
  CHECK(c.is_member("finance", dn));
  CHECK(c.slapd().modify(member_ldif(c, "delete", "finance", dn)) == 0);
  CHECK(wait_until([&] { return c.is_member("finance", dn); }));
  CHECK(c.json({"status"})["grants"]["running"] == 1);
  CHECK(c.muster({"why", key}).out.find("granted by carol until") != std::string::npos);
  CHECK(c.muster({"who", "finance"}).out.find("granted by carol until") != std::string::npos);
  CHECK(wait_until([&] { return !c.is_member("finance", dn); }));
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::seconds(6));
  CHECK(wait_until([&] { return c.events("grant-ended").size() == 1; }));
  REQUIRE(c.events("granted").size() == 1);
  CHECK(c.events("granted")[0]["person"] == key);
  CHECK(c.events("granted")[0]["actor"] == "carol");
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
  CHECK(c.muster({"audit", "verify"}).code == 0);
  CHECK(c.json({"grants"})["grants"].empty());
  CHECK(c.json({"grants", "--all"})["grants"].size() == 1);
}

TEST_CASE("grant: ends on time over restarts, and whatever is done to the clock") {
  Company c({});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Engineering"), dn = c.dn_of(key);
  CHECK(c.muster(grant(key, "finance", "8h")).code == 0);
  CHECK(c.muster({"resync", "--full"}).code == 0);
  CHECK(c.is_member("finance", dn));
  CHECK(at("+9h", c, {"resync"}).code == 0);
  CHECK_FALSE(c.is_member("finance", dn));
  CHECK(c.muster({"resync", "--full"}).code == 0);
  CHECK_FALSE(c.is_member("finance", dn));  // set forward and back: it is not revived
  CHECK(c.muster(grant(key, "finance", "3s")).code == 0);
  CHECK(c.is_member("finance", dn));
  CHECK(wait_until([&] { return at("-2d", c, {"resync"}).code == 0 && !c.is_member("finance", dn); }));
}

TEST_CASE("grant: prolonged, refused, revoked") {
  Company c({});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Engineering"), dn = c.dn_of(key);
  const Finished role = c.muster(grant(key, "vpn", "1h"));
  CHECK(role.code == 1);
  CHECK(role.err.find("anyway, by role engineering (mapping.d/access.xml:") != std::string::npos);
  CHECK(c.muster(grant(key, "directory-admins", "1h")).err.find("is protected") != std::string::npos);
  CHECK(c.muster(grant("4711", "finance", "1h")).err.find("HR knows no person '4711'") != std::string::npos);
  CHECK(c.muster(grant(key, "finances", "1h")).err.find("no group 'finances' is known") != std::string::npos);
  CHECK(c.muster(grant(key, "finance", "soon")).code == 2);
  CHECK(c.muster(grant(key, "finance", "2h")).code == 0);
  CHECK(c.muster(grant(key, "finance", "1h")).err.find("has " + c.group("finance") + " until ") != std::string::npos);
  CHECK(c.muster(grant(key, "finance", "4h", "dave")).code == 0);
  const json running = c.json({"grants"})["grants"];
  REQUIRE(running.size() == 1);
  CHECK(running[0]["by"] == "dave");
  CHECK(c.muster({"who", "finance"}).out.find("granted by dave until") != std::string::npos);
  CHECK(c.muster(decided({"revoke", key, "finance"}, "erin")).code == 0);
  CHECK_FALSE(c.is_member("finance", dn));
  CHECK(c.muster(decided({"revoke", key, "finance"}, "erin")).code == 1);
  const auto audit = c.audit();
  CHECK(std::any_of(audit.begin(), audit.end(), [](const json& a) { return a.value("kind", "") == "revoked"; }));
}

TEST_CASE("grant: the limits of a group, and two people where its rule says so") {
  Company c({});
  limit(c, R"(max-duration="8h" approvers="alice bob" two-person="true")");
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Engineering"), dn = c.dn_of(key);
  CHECK(c.muster(grant(key, "crm-users", "1h", "mallory")).err.find("mallory may not give access") != std::string::npos);
  CHECK(c.muster(grant(key, "crm-users", "9h", "alice")).err.find("is longer than the 8 h") != std::string::npos);
  const Finished asked = c.muster(grant(key, "crm-users", "1h", "alice"));
  CHECK_MESSAGE(asked.code == 4, asked.err);
  CHECK_FALSE(c.is_member("crm-users", dn));
  const json holds = c.json({"holds"})["holds"];
  REQUIRE(holds.size() == 1);
  CHECK(holds[0]["kind"] == "grant");
  CHECK(c.muster({"resync"}).code == 4);
  const std::string hold = holds[0]["id"];
  CHECK(c.muster(decided({"approve", hold}, "Alice")).err.find("somebody else must agree") != std::string::npos);
  CHECK(c.muster(decided({"approve", hold}, "mallory")).code == 1);
  CHECK(c.muster(decided({"approve", hold}, "bob")).code == 0);
  CHECK(c.is_member("crm-users", dn));
  CHECK(c.json({"grants"})["grants"][0]["agreed by"] == "bob");
  CHECK(c.muster(decided({"revoke", key, "crm-users"})).code == 0);
  CHECK(c.muster(grant(key, "crm-users", "1h", "bob")).code == 4);
  CHECK(c.muster(decided({"reject", c.json({"holds"})["holds"][0]["id"]}, "alice")).code == 0);
  CHECK(c.json({"grants"})["grants"].empty());
  CHECK_FALSE(c.is_member("crm-users", dn));
}

TEST_CASE("grant: does not survive its person's leaving") {
  Company c({});
  replace_text(c.file("mapping.d/lifecycle.xml"), "strip=\"managed\"", "strip=\"none\"");
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Engineering"), dn = c.dn_of(key);
  CHECK(c.muster(grant(key, "finance", "8h")).code == 0);
  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Terminated"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK_FALSE(c.is_member("finance", dn));
  CHECK(c.is_member("engineering", dn));
  CHECK(c.json({"grants"})["grants"].empty());
  CHECK(c.muster(grant(key, "finance", "8h")).err.find("leaves (leaver: ") != std::string::npos);
}

TEST_CASE("disable: an account is switched off at once although HR's file is broken, until enable lifts it") {
  Company c({});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Engineering"), dn = c.dn_of(key), good = read_file(c.file("feed/hr.csv"));
  CHECK(c.muster(grant(key, "finance", "8h")).code == 0);
  write_file(c.file("feed/hr.csv"), "this is no feed\n");
  const Finished done = c.muster(decided({"disable", key}));
  CHECK_MESSAGE(done.code == 0, done.err);
  CHECK_FALSE(c.slapd().can_bind(dn, "sample"));
  for (const char* group : {"engineering", "vpn", "finance"}) CHECK_FALSE(c.is_member(group, dn));
  CHECK(c.muster(decided({"disable", key})).err.find("is disabled by order of carol already") != std::string::npos);
  CHECK(c.muster(grant(key, "finance", "8h")).err.find("is disabled by order of carol") != std::string::npos);
  CHECK(c.muster({"why", key}).out.find("disabled by order of carol") != std::string::npos);
  CHECK(c.json({"status"})["disabled by order"] == 1);
  write_file(c.file("feed/hr.csv"), good);
  CHECK(c.muster({"resync", "--full"}).code == 0);
  CHECK_FALSE(c.slapd().can_bind(dn, "sample"));
  CHECK(c.muster(decided({"enable", key}, "dave")).code == 0);
  CHECK(c.slapd().can_bind(dn, "sample"));
  CHECK(c.is_member("engineering", dn));
  CHECK_FALSE(c.is_member("finance", dn));
  CHECK(c.muster(decided({"enable", key})).code == 1);
  CHECK(c.muster({"resync", "--full"}).code == 0);
  CHECK(c.slapd().can_bind(dn, "sample"));
}

TEST_CASE("disable: in the service, by the DN of an account that HR does not know") {
  Company c({});
  const std::string dn = "uid=svc-print,ou=people,dc=example,dc=com";
  CHECK(c.slapd().modify("dn: " + dn +
                         "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: svc-print\ncn: Print\nsn: Print\n"
                         "userPassword: sample\n") == 0);
  CHECK(c.slapd().modify(member_ldif(c, "add", "vpn", dn)) == 0);
  auto service = c.service();
  const Finished done = c.muster(decided({"disable", dn}));
  CHECK_MESSAGE(done.code == 0, done.err);
  CHECK_FALSE(c.slapd().can_bind(dn, "sample"));
  CHECK_FALSE(c.is_member("vpn", dn));
  CHECK(wait_until([&] { return c.events("disable-ordered").size() == 1; }));
  CHECK(c.events("disable-ordered")[0]["dn"] == dn);
  CHECK(c.muster(decided({"enable", dn})).code == 0);
  CHECK(c.slapd().can_bind(dn, "sample"));
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
}

TEST_CASE("disable: no limit holds it, protected accounts stay, and a directory that is away gets it later") {
  Company c({.edit = [](const std::string& f) { replace_text(f + "/muster.xml", "max-disables=\"25\"", "max-disables=\"0\""); }});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Engineering"), other = c.employee("Sales"), boss = c.employee("Finance");
  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Terminated"; });
  CHECK(c.muster({"resync"}).code == 4);
  CHECK(c.slapd().can_bind(c.dn_of(key), "sample"));
  CHECK(c.muster(decided({"disable", key})).code == 0);
  CHECK_FALSE(c.slapd().can_bind(c.dn_of(key), "sample"));

  CHECK(c.slapd().modify(member_ldif(c, "add", "directory-admins", c.dn_of(boss))) == 0);
  const Finished refused = c.muster(decided({"disable", boss}));
  CHECK(refused.code == 1);
  CHECK(refused.err.find("is protected by <protect member-of>") != std::string::npos);
  CHECK(c.slapd().can_bind(c.dn_of(boss), "sample"));

  const std::string dn = c.dn_of(other);
  c.slapd().stop();
  const Finished noted = c.muster(decided({"disable", other}));
  CHECK(noted.code == 5);
  CHECK(noted.err.find("the order is noted and stands") != std::string::npos);
  c.slapd().start();
  CHECK(c.muster({"resync"}).code <= 4);
  CHECK_FALSE(c.slapd().can_bind(dn, "sample"));
}

TEST_CASE("grant and disable: the same on a domain controller and on 389 Directory Server") {
  for (const Site::Kind kind : {Site::Kind::active_directory, Site::Kind::ds389}) {
    Site site(kind);
    CAPTURE(site.is_ad());
    site.employ("1", {"Ann", "Lee", "Sales"});
    site.employ("2", {"Bob", "Ray", "Engineering"});
    site.publish();
    REQUIRE(site.muster({"resync"}).code == 0);
    const auto groups = [&] { return site.in_directory().at("1").groups; };
    const Finished given = site.muster(grant("1", "engineering", "3s"));
    CHECK_MESSAGE(given.code == 0, given.err);
    CHECK(groups() == std::set<std::string>{"all-staff", "engineering", "sales"});
    CHECK(wait_until([&] { return site.muster({"resync"}).code == 0 && !groups().count("engineering"); }));
    CHECK(site.muster(decided({"disable", "1"})).code == 0);
    CHECK(site.in_directory().at("1").disabled);
    CHECK(groups().empty());
    CHECK(site.muster({"resync", "--full"}).code == 0);
    CHECK(site.in_directory().at("1").disabled);
    CHECK(site.muster(decided({"enable", "1"})).code == 0);
    CHECK_FALSE(site.in_directory().at("1").disabled);
    CHECK(groups() == std::set<std::string>{"all-staff", "sales"});
    if (!site.is_ad()) continue;
    const Finished refused = site.muster(decided({"disable", "cn=administrator,cn=users," + site.server().value("SUFFIX")}));
    CHECK(refused.code == 1);
  }
}
