// muster init: a first configuration that passes muster check and changes nobody.
#include <doctest/doctest.h>

#include <filesystem>

#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

/// Somebody lives here already.
void staff(Site& site) {
  site.employ("1001", {"Ann", "Lee"});
  site.employ("1002", {"Bjørn", "Ångström", "Engineering"});
  site.employ("1003", {"Cem", "\"Q\" O'Neil, Jr."});
  site.publish();
  REQUIRE(site.muster({"resync"}).code == 0);
}

std::string password_of(Site& site) {
  return site.kind() == Site::Kind::openldap ? "secret" : site.server().value("BIND_PASSWORD");
}

void begins(Site::Kind kind, const std::string& family, const std::string& join) {
  Site site(kind);
  staff(site);
  const std::string config = site.file("first/muster.xml"), url = site.server().value("LDAPS_URL");
  const std::vector<std::string> init{
      "init", url, "--bind", site.server().value("BIND_DN"), "--ca", site.server().value("CA"), "--password-file", "-"};

  const Finished refused = Installed::muster_with(config, init, "wrong\n");
  CHECK(refused.code == 1);
  CHECK(refused.err.find("Invalid credentials") != std::string::npos);

  const Finished made = Installed::muster_with(config, init, password_of(site) + "\n");
  CHECK_MESSAGE(made.code == 0, made.err);
  CHECK(made.out.find("3 people below") != std::string::npos);
  CHECK(made.out.find("known by " + join) != std::string::npos);
  CHECK(read_file(config).find("family=\"" + family + "\"") != std::string::npos);
  CHECK(read_file(config).find("\"" + password_of(site) + "\"") == std::string::npos);

  const Finished check = Installed::muster_with(config, {"check"});
  CHECK_MESSAGE(check.code == 0, (check.out + check.err));
  const Finished plan = Installed::muster_with(config, {"plan"});
  CHECK_MESSAGE(plan.code == 0, (plan.out + plan.err));

  const std::string before = read_file(config);
  const Finished again = Installed::muster_with(config, init, password_of(site) + "\n");
  CHECK(again.code == 2);
  CHECK(again.err.find("is there already, and nothing was written") != std::string::npos);
  CHECK(read_file(config) == before);
}

}  // namespace

TEST_CASE("init on slapd writes a configuration that passes check and changes nobody") {
  begins(Site::Kind::openldap, "openldap", "employeeNumber");
}
TEST_CASE("init on 389 writes a configuration that passes check and changes nobody") {
  begins(Site::Kind::ds389, "389ds", "employeeNumber");
}
TEST_CASE("init on Samba writes a configuration that passes check and changes nobody") {
  begins(Site::Kind::active_directory, "ad", "employeeNumber");
}

TEST_CASE("init over the local socket, where the system says who asks") {
  Site site(Site::Kind::openldap);
  staff(site);
  // Two hyphens end what XML takes for a comment.
  site.change("dn: " + site.unit("groups") + "\nchangetype: moddn\nnewrdn: ou=groups -- here\ndeleteoldrdn: 1\n");
  const std::string config = site.file("first/muster.xml");
  const Finished made = Installed::muster_with(config, {"init", site.server().value("LDAPI_URL")});
  CHECK_MESSAGE(made.code == 0, made.err);
  CHECK(read_file(config).find("<bind method=\"external\"") != std::string::npos);
  CHECK(!std::filesystem::exists(site.file("first/secrets")));
  const Finished check = Installed::muster_with(config, {"check"});
  CHECK_MESSAGE(check.code == 0, (check.out + check.err));
  CHECK(Installed::muster_with(config, {"plan"}).code == 0);
}

TEST_CASE("init by a keytab") {
  Site site(Site::Kind::active_directory, {{"KERBEROS", "1"}});
  staff(site);
  const std::string config = site.file("first/muster.xml");
  const Environment kerberos{{"KRB5_CONFIG", site.server().value("KRB5_CONFIG")}};
  const Finished made =
      Installed::muster_with(config, {"init", site.server().url(), "--keytab", site.server().value("KEYTAB")}, "", kerberos);
  CHECK_MESSAGE(made.code == 0, made.err);
  CHECK(read_file(config).find("<bind method=\"gssapi\"") != std::string::npos);
  const Finished check = Installed::muster_with(config, {"check"}, "", kerberos);
  CHECK_MESSAGE(check.code == 0, (check.out + check.err));
  CHECK(Installed::muster_with(config, {"plan"}, "", kerberos).code == 0);
}
