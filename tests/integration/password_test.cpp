// First passwords, on real servers: who gets them, and what an account may do until then.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

/// A program that keeps what it is given, in files named by the person, unless a file says that it is out of order.
const char* const kVault =
    "#!/bin/sh\n"
    "[ -e \"$1/out-of-order\" ] && exit 7\n"
    "cat > \"$1/given-$MUSTER_PERSON\"\n"
    "echo \"$MUSTER_DN\" > \"$1/dn-$MUSTER_PERSON\"\n";

void use_password(const std::string& folder, const std::string& attributes, const std::string& child) {
  const std::string rules = folder + "/mapping.d/rules.xml";
  replace_text(rules, "concat('cn=', first, ' ', last)\"/>",
               "concat('cn=', first, ' ', last)\" " + attributes + ">" + child + "</joiner>");
}

Site with_vault(Site::Kind kind) {
  return Site(kind, {}, [](const std::string& folder) {
    write_file(folder + "/vault", kVault);
    std::filesystem::permissions(folder + "/vault", std::filesystem::perms::owner_all);
    use_password(folder, "password=\"hand-over\"",
                 "<password command=\"" + folder + "/vault\"><arg value=\"" + folder + "\"/></password>");
  });
}

bool is_disabled(const Site& site, const std::string& key) { return site.in_directory().at(key).disabled; }

json problem_of(const Site& site, const std::string& key) {
  const json report = site.json({"problems"});
  for (const json& p : report["problems"]) {
    if (p["person"] == key) return p;
  }
  return {};
}

void may_set_passwords(Site& site) {
  if (site.is_ad()) return;
  dynamic_cast<Slapd&>(site.server())
      .restrict_to("access to attrs=userPassword by dn.exact=\"" + site.server().value("BIND_DN") +
                   "\" write by self write by anonymous auth by * none");
}

/// The password stands nowhere but where it was handed over to.
void stays_secret(const Site& site, const std::string& password) {
  for (const auto& file : std::filesystem::directory_iterator(site.file("."))) {
    const std::string name = file.path().filename().string();
    if (!file.is_regular_file() || name.starts_with("given-")) continue;
    CHECK_MESSAGE(read_file(file.path().string()).find(password) == std::string::npos, name);
  }
}

void hand_over_to_a_program(Site::Kind kind) {
  Site site = with_vault(kind);
  may_set_passwords(site);
  write_file(site.file("out-of-order"), "");
  site.employ("1", {"Ann", "Lee"});
  site.publish();
  site.muster({"resync"});
  REQUIRE(site.in_directory().contains("1"));
  CHECK(is_disabled(site, "1"));
  const json problem = problem_of(site, "1");
  CHECK(problem.value("code", "") == "password-hand-over");
  CHECK(problem.value("what", "").find("vault ended with code 7") != std::string::npos);

  std::filesystem::remove(site.file("out-of-order"));
  const Finished done = site.muster({"resync"});
  CHECK_MESSAGE(done.code == 0, (done.out + done.err));
  CHECK_FALSE(is_disabled(site, "1"));
  CHECK(problem_of(site, "1").is_null());
  const std::string password = read_file(site.file("given-1"));
  CHECK(password.size() == 20);
  CHECK(site.server().can_bind(site.dn_of("1"), password));
  CHECK(read_file(site.file("dn-1")) == site.dn_of("1") + "\n");
  stays_secret(site, password);
  const auto audit = site.audit();
  CHECK(std::count_if(audit.begin(), audit.end(),
                      [](const json& r) { return r.value("after", json()) == json{"(handed over)"}; }) == 1);
  CHECK(site.muster({"plan"}).code == 0);
}

}  // namespace

TEST_CASE("first password: handed to a program, the account waits until that worked (OpenLDAP)") {
  hand_over_to_a_program(Site::Kind::openldap);
}
TEST_CASE("first password: handed to a program, the account waits until that worked (Active Directory)") {
  hand_over_to_a_program(Site::Kind::active_directory);
}

TEST_CASE("first password: a crash before or after the hand-over leads to another password, and to an account that works") {
  for (const char* point : {"password set, not handed over", "handed over, not recorded"}) {
    CAPTURE(point);
    Site site = with_vault(Site::Kind::openldap);
    may_set_passwords(site);
    site.employ("1", {"Ann", "Lee"});
    site.publish();
    CHECK(site.muster({"resync"}, {{"MUSTER_CRASH_AT", point}}).code == 137);
    CHECK(is_disabled(site, "1"));
    CHECK(site.muster({"resync"}).code == 0);
    CHECK_FALSE(is_disabled(site, "1"));
    CHECK(site.server().can_bind(site.dn_of("1"), read_file(site.file("given-1"))));
    CHECK(site.muster({"audit", "verify"}).code == 0);
  }
}

TEST_CASE("first password: encrypted to a key, it goes upstream") {
  Site site(Site::Kind::openldap, {}, [](const std::string& folder) {
    REQUIRE(run({"openssl", "genrsa", "-out", folder + "/private.pem", "2048"}).code == 0);
    REQUIRE(run({"openssl", "pkey", "-in", folder + "/private.pem", "-pubout", "-out", folder + "/key.pem"}).code == 0);
    use_password(folder, "password=\"hand-over\"", "<password encrypt-to=\"../key.pem\"/>");
  });
  may_set_passwords(site);
  site.employ("1", {"Ann", "Lee"});
  site.publish();
  CHECK(site.muster({"resync"}).code == 0);
  CHECK_FALSE(is_disabled(site, "1"));
  const auto told = site.events("credential");
  REQUIRE(told.size() == 1);
  CHECK(told[0]["person"] == "1");
  const std::string jwe = told[0]["jwe"];
  CHECK(std::count(jwe.begin(), jwe.end(), '.') == 4);
  CHECK(!site.server().values(site.dn_of("1"), "userPassword").empty());
}

TEST_CASE("first password: random is stored hashed, none is none") {
  for (const bool random : {true, false}) {
    CAPTURE(random);
    Site site(Site::Kind::openldap, {},
              [&](const std::string& folder) { use_password(folder, random ? "password=\"random\"" : "password=\"none\"", ""); });
    site.employ("1", {"Ann", "Lee"});
    site.publish();
    CHECK(site.muster({"resync"}).code == 0);
    const auto stored = site.server().values(site.dn_of("1"), "userPassword");
    CHECK(stored.size() == (random ? 1 : 0));
    if (!stored.empty()) CHECK(stored.front().find("{SSHA}") == 0);
    CHECK_FALSE(is_disabled(site, "1"));
  }
}

TEST_CASE("creation: an add whose answer is lost is found again, and its group follows") {
  Site site(Site::Kind::openldap);
  site.employ("1", {"Ann", "Lee"});
  site.publish();
  CHECK(site.muster({"resync"}, {{"MUSTER_CRASH_AT", "written, not recorded:1"}}).code == 137);
  CHECK(site.in_directory().at("1").groups.empty());
  CHECK(site.muster({"resync"}).code == 0);
  CHECK(site.in_directory().at("1").groups == std::set<std::string>{"all-staff", "sales"});
  const auto audit = site.audit();
  CHECK(std::count_if(audit.begin(), audit.end(), [](const json& r) { return r.value("action", "") == "create"; }) == 1);
}

TEST_CASE("creation: a group that refuses its member is told and tried again, the account and the other groups are there") {
  Site site(Site::Kind::openldap);
  auto& server = dynamic_cast<Slapd&>(site.server());
  server.restrict_to("access to dn.exact=\"" + site.group("sales") + "\" attrs=member by * read");
  site.employ("1", {"Ann", "Lee"});
  site.publish();
  site.muster({"resync"});
  CHECK(site.in_directory().at("1").groups == std::set<std::string>{"all-staff"});
  CHECK(problem_of(site, "1").value("code", "") == "write-refused");
  server.restrict_to("");
  CHECK(site.muster({"resync"}).code == 0);
  CHECK(site.in_directory().at("1").groups == std::set<std::string>{"all-staff", "sales"});
  CHECK(problem_of(site, "1").is_null());
}
