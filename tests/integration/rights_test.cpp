// muster check --rights: what it prints grants exactly what the rules need, on real servers.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

/// "result feature", sorted.
std::vector<std::string> results(const json& document) {
  std::vector<std::string> all;
  for (const json& r : document["rights"]) all.push_back(r["result"].get<std::string>() + " " + r["feature"].get<std::string>());
  std::sort(all.begin(), all.end());
  return all;
}

/// For messages.
std::string text(const json& document) {
  std::string all;
  for (const std::string& r : results(document)) all += r + "\n";
  for (const json& c : document["checks"]) {
    if (c["result"] != "ok") all += c.dump() + "\n";
  }
  return all;
}

bool any_begins(const std::vector<std::string>& all, const std::string& with) {
  return std::any_of(all.begin(), all.end(), [&](const std::string& a) { return a.starts_with(with); });
}

/// The lines of cn=config as slapd.conf has them.
std::string as_slapd_conf(const std::string& ldif) {
  std::string text;
  std::istringstream in(ldif);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("olcAccess: ")) text += "access " + line.substr(line.find('}') + 1) + "\n";
    if (line.starts_with("olcLimits: ")) text += "limits " + line.substr(11) + "\n";
  }
  return text;
}

/// Somebody of each kind, so that every right is tested and used.
void staff(Site& site) {
  site.employ("1", {"Ann", "Lee"});
  site.employ("2", {"Ben", "Ode", "Engineering"});
  site.employ("3", {"Cem", "Can"});
  site.publish();
}

void works_with_them(Site& site) {
  auto service = site.service();
  site.agrees("joiners");
  site.dismiss("1");
  site.of("2").department = "Sales";
  site.of("3").title = "Lead";
  site.publish();
  site.agrees("a leaver, a mover and a new title");
  site.of("1").status = "Active";
  site.publish();
  site.change("dn: " + site.dn_of("3") + "\nchangetype: modify\nreplace: displayName\ndisplayName: Somebody\n");
  site.agrees("a leaver who is back, and drift");
  site.dismiss("3");
  site.publish();
  site.agrees("somebody is where leavers are");
}

/// What is said of an account that may read everything and nothing else.
json report_of_reader(Site& site) {
  const Finished bare = site.muster({"check", "--rights", "--output", "json"});
  CHECK(bare.code == 1);
  json report = json::parse(bare.out);
  INFO(text(report));
  CHECK(any_begins(results(report), "MISSING creating accounts"));
  CHECK(any_begins(results(report), "MISSING members"));
  return report;
}

}  // namespace

TEST_CASE("rights on slapd: what is printed grants all of it, and nothing less does") {
  Site site(Site::Kind::openldap);
  auto& slapd = dynamic_cast<Slapd&>(site.server());
  staff(site);
  const std::string account = "by dn.exact=\"" + slapd.value("BIND_DN") + "\"";
  slapd.restrict_to("access to dn.base=\"" + slapd.value("SUFFIX") + "\" " + account + " read by * break\naccess to dn.subtree=\"" +
                    slapd.value("SUFFIX") + "\" " + account + " read by * break");
  const json before = report_of_reader(site);

  slapd.restrict_to(as_slapd_conf(before["delegation"]) + "access to dn.subtree=\"" + slapd.value("SUFFIX") + "\" " + account +
                    " none by * break");
  works_with_them(site);
  const Finished granted = site.muster({"check", "--rights", "--output", "json"});
  CHECK_MESSAGE(granted.code == 0, text(json::parse(granted.out)));
  for (const std::string& r : results(json::parse(granted.out))) CHECK_MESSAGE(r.starts_with("ok"), r);
}

TEST_CASE("rights on 389: the ACIs that are printed grant all of it, and nothing less does") {
  Site site(Site::Kind::ds389);
  staff(site);
  for (const std::string& dn :
       {site.server().value("SUFFIX"), site.unit("people"), site.unit("leavers"), site.unit("groups"), std::string("cn=changelog")})
    site.change("dn: " + dn + "\nchangetype: modify\ndelete: aci\n");
  const std::string who = "userdn=\"ldap:///" + site.server().value("BIND_DN") + "\"";
  site.change(
      "dn: " + site.server().value("SUFFIX") +
      "\nchangetype: modify\nadd: aci\naci: (targetattr=\"* || nsUniqueId\")(version 3.0; acl \"sees\"; allow (read,search) " +
      who + ";)\n");
  const json before = report_of_reader(site);
  CHECK(any_begins(results(before), "off catching up"));

  site.change("dn: " + site.server().value("SUFFIX") + "\nchangetype: modify\ndelete: aci\n");
  site.change(before["delegation"]);
  works_with_them(site);
  const Finished granted = site.muster({"check", "--rights", "--output", "json"});
  CHECK_MESSAGE(granted.code == 0, text(json::parse(granted.out)));
  for (const std::string& r : results(json::parse(granted.out))) {
    const bool fine = r.starts_with("ok") || r.starts_with("untested moving");  // 389 tells that of the move itself only
    CHECK_MESSAGE(fine, r);
  }
}

TEST_CASE("rights on Samba: a delegated account has them, and one that lacks some is told what is off") {
  {
    Site site(Site::Kind::active_directory);
    staff(site);
    works_with_them(site);
    const Finished granted = site.muster({"check", "--rights", "--output", "json"});
    CHECK_MESSAGE(granted.code == 0, text(json::parse(granted.out)));
    const json document = json::parse(granted.out);
    CHECK(any_begins(results(document), "ok writing"));
    CHECK(any_begins(results(document), "ok changes of every entry"));
    const std::string commands = document["delegation"];
    INFO(commands);
    CHECK(commands.find("dsacls \"ou=people," + site.server().value("SUFFIX") +
                        "\" /I:T /G \"svc-muster@ad.example.test:CC;user\"") != std::string::npos);
  }
  Site site(Site::Kind::active_directory, {{"REPLICATION", "0"}});
  staff(site);
  const Finished less = site.muster({"check", "--rights", "--output", "json"});
  CHECK_MESSAGE(less.code == 0, text(json::parse(less.out)));
  const json document = json::parse(less.out);
  INFO(text(document));
  CHECK(any_begins(results(document), "off changes of every entry"));
  CHECK(any_begins(results(document), "off deletes at once"));
}
