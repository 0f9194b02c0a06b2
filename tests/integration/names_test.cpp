// Names that nobody else has, on real servers: who gets which, what the plan says before, and who never gets it again.
#include <doctest/doctest.h>

#include <cctype>
#include <set>

#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

const char* const kMail =
    R"~(<attribute name="mail" owner="hr" value="concat(lower-case(ascii(concat(first, '.', last))), '@x.example')" unique="true"/>)~";

/// A site whose accounts have a mail address of their own and a number in their name where need be.
Site numbering(Site::Kind kind) {
  return Site(kind, {}, [](const std::string& folder) {
    const std::string rules = folder + "/mapping.d/rules.xml";
    replace_text(rules, R"(<attribute name="telephoneNumber" owner="directory"/>)", kMail);
    replace_text(rules, "concat('cn=', first, ' ', last)", "concat('cn=', first, ' ', last, $number)");
  });
}

std::string with_mail(const std::string& dn, const std::string& person_class, const std::string& rest) {
  return "dn: " + dn + "\nchangetype: add\nobjectClass: " + person_class + "\n" + rest + "\n\n";
}

std::string value_of(const Site& site, const std::string& key, const std::string& attribute) {
  const auto values = site.server().values(site.dn_of(key), attribute);
  return values.size() == 1 ? values.front() : std::to_string(values.size()) + " values";
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// What is to be done or was done, a line each, in no order of time.
std::string essence(const json& changes) {
  std::multiset<std::string> all;
  for (const json& j : changes) {
    json kept;
    for (const char* key : {"action", "person", "dn", "attribute", "group", "from", "to"}) kept[key] = j.value(key, json());
    // A directory may write a new entry's DN in other letters than the rules do.
    if (kept["dn"].is_string()) kept["dn"] = lower(kept["dn"].get<std::string>());
    all.insert(kept.dump() + "\n");
  }
  std::string text;
  for (const std::string& line : all) text += line;
  return text;
}

void resync(const Site& site) {
  const Finished done = site.muster({"resync"});
  REQUIRE_MESSAGE(done.code == 0, (done.out + done.err));
}

void names_are_nobody_elses(Site::Kind kind) {
  Site site = numbering(kind);
  const std::string person = site.is_ad() ? "user" : "inetOrgPerson", sn = site.is_ad() ? "" : "\nsn: x";
  // One stranger that is watched, and one that lies elsewhere.
  site.change(with_mail("cn=Ann Lee," + site.unit("people"), person, "cn: Ann Lee\nmail: Ann.Lee@x.example" + sn));
  site.change(with_mail("cn=robot," + site.elsewhere(), person, "cn: robot\nmail: ann.lee2@X.example" + sn));
  site.employ("1", {"Ann", "Lee"});
  site.employ("2", {"Ann", "Lee"});
  site.employ("3", {"Änn", "Lee"});
  site.publish();

  const auto planned = essence(site.json({"plan"})["changes"]);
  const auto done = essence(site.json({"resync"})["changes"]);
  CHECK(planned == done);
  CHECK(value_of(site, "1", "cn") == "Ann Lee2");
  CHECK(value_of(site, "2", "cn") == "Ann Lee3");
  CHECK(value_of(site, "1", "mail") == "ann.lee3@x.example");
  CHECK(value_of(site, "2", "mail") == "ann.lee4@x.example");
  CHECK(value_of(site, "3", "mail") == "aenn.lee@x.example");
  if (site.is_ad()) {
    CHECK(value_of(site, "1", "sAMAccountName") == "ann.lee");
    CHECK(value_of(site, "2", "sAMAccountName") == "ann.lee2");
    CHECK(value_of(site, "2", "userPrincipalName").starts_with("ann.lee2@"));
  }
  CHECK(site.muster({"plan"}).code == 0);

  // HR's new name leaves the address alone.
  site.of("2").last = "Moe";
  site.publish();
  resync(site);
  CHECK(value_of(site, "2", "sn") == "Moe");
  CHECK(value_of(site, "2", "mail") == "ann.lee4@x.example");

  // Somebody else deletes an account: what it was called is nobody's again.
  site.change("dn: " + site.dn_of("1") + "\nchangetype: delete\n\n");
  site.dismiss("1");
  site.publish();
  site.muster({"resync"});
  site.employ("4", {"Ann", "Lee"});
  site.publish();
  resync(site);
  CHECK(value_of(site, "4", "mail") == "ann.lee5@x.example");
  CHECK(value_of(site, "4", "cn") == "Ann Lee2");
  if (site.is_ad()) CHECK(value_of(site, "4", "sAMAccountName") == "ann.lee3");

  // A foreign address is drift, and told.
  site.change("dn: " + site.dn_of("4") + "\nchangetype: modify\nreplace: mail\nmail: boss@x.example\n\n");
  site.muster({"resync"});
  const json problems = site.json({"problems"})["problems"];
  REQUIRE(problems.size() >= 1);
  CHECK(std::any_of(problems.begin(), problems.end(), [](const json& p) { return p["code"] == "drift" && p["person"] == "4"; }));
  CHECK(site.muster({"audit", "verify"}).code == 0);
}

}  // namespace

TEST_CASE("names: on OpenLDAP") { names_are_nobody_elses(Site::Kind::openldap); }
TEST_CASE("names: on Active Directory") { names_are_nobody_elses(Site::Kind::active_directory); }

TEST_CASE("names: an account that lacks its address gets one when it is joined, and keeps one that it has") {
  Site site = numbering(Site::Kind::openldap);
  const auto account = [&](const std::string& key, const std::string& more) {
    return with_mail("cn=old " + key + "," + site.unit("people"), "inetOrgPerson",
                     "cn: old " + key + "\nsn: Lee\nemployeeNumber: " + key + more);
  };
  site.change(account("1", "") + account("2", "\nmail: ann.lee@x.example"));
  site.employ("1", {"Ann", "Lee"});
  site.employ("2", {"Ann", "Lee"});
  site.publish();
  resync(site);
  CHECK(value_of(site, "1", "mail") == "ann.lee2@x.example");
  CHECK(value_of(site, "2", "mail") == "ann.lee@x.example");
  CHECK(site.muster({"plan"}).code == 0);
}

TEST_CASE("names: what waits for approval is promised to nobody else") {
  Site site(Site::Kind::openldap, {}, [](const std::string& folder) {
    replace_text(folder + "/mapping.d/rules.xml", R"(<attribute name="telephoneNumber" owner="directory"/>)", kMail);
    replace_text(folder + "/mapping.d/rules.xml", "concat('cn=', first, ' ', last)", "concat('cn=', id)");
    replace_text(folder + "/muster.xml", "max-disables=\"25\"", "max-disables=\"25\" max-creates=\"1\"");
  });
  site.employ("1", {"Ann", "Lee"});
  site.employ("2", {"Ann", "Lee"});
  site.publish();
  site.muster({"resync"});
  const json holds = site.json({"holds"})["holds"];
  REQUIRE(holds.size() == 1);
  // Somebody takes a name in between. The one who was promised it gets another, which is another change.
  site.change(with_mail("cn=robot," + site.elsewhere(), "inetOrgPerson", "cn: robot\nsn: x\nmail: ann.lee3@x.example"));
  const Finished approved = site.muster({"approve", holds[0]["id"], "--by", "alice", "--reason", "they are real"});
  CHECK_MESSAGE(approved.code == 0, (approved.out + approved.err));
  site.muster({"resync"});
  CHECK(value_of(site, "1", "mail") == "ann.lee@x.example");
  CHECK(value_of(site, "2", "mail") == "ann.lee2@x.example");
}
