// Movers, leavers, absences and people who come back, in a real directory.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/lab.h"
#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

constexpr std::size_t kKey = 0, kStatus = 1, kFirst = 2, kLast = 3, kDepartment = 5, kTitle = 7;

void set_cell(Company& c, const std::string& key, std::size_t column, const std::string& value) {
  c.edit_person(key, [&](auto& cells) { cells[column] = value; });
}

std::vector<json> problems_of(const Company& c, const std::string& code) {
  std::vector<json> found;
  const json all = c.json({"problems"})["problems"];
  for (const json& p : all) {
    if (p["code"] == code) found.push_back(p);
  }
  return found;
}

/// Mapping files with another text in them.
std::function<void(const std::string&)> edited(const std::string& file, const std::string& from, const std::string& to) {
  return [=](const std::string& folder) { replace_text(folder + "/mapping.d/" + file, from, to); };
}

}  // namespace

TEST_CASE("lifecycle: what a leaver still owns is listed until somebody else owns it") {
  Company c({});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Sales", 1), dn = c.dn_of(key), group = c.group("crm-users");
  CHECK(c.slapd().modify("dn: " + group + "\nchangetype: modify\nadd: owner\nowner: " + dn + "\n") == 0);
  const auto owns = [&] {
    const auto found = problems_of(c, "hand-over");
    return std::any_of(found.begin(), found.end(), [&](const json& p) {
      return p["person"] == key && p["what"].get<std::string>().find("owner of " + group) != std::string::npos;
    });
  };
  CHECK(c.muster({"resync"}).code == 0);
  CHECK_FALSE(owns());
  set_cell(c, key, kStatus, "Terminated");
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(owns());
  const json why = c.json({"why", key});
  CHECK(std::any_of(why["hand-over"].begin(), why["hand-over"].end(),
                    [&](const json& m) { return m["attribute"] == "owner" && m["of"] == group; }));
  CHECK(c.slapd().modify("dn: " + group + "\nchangetype: modify\ndelete: owner\n") == 0);
  CHECK(c.muster({"resync", "--full"}).code == 0);
  CHECK_FALSE(owns());
}

TEST_CASE("lifecycle: the time from HR's record to the disabled account is measured") {
  Company c({});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Sales");
  set_cell(c, key, kStatus, "Terminated");
  CHECK(c.muster({"resync"}).code == 0);
  const auto of_disable = [](const std::vector<json>& records) {
    for (const json& r : records) {
      if (r.value("action", "") == "disable") return r.value("waited", -1.0);
    }
    return -2.0;
  };
  CHECK(of_disable(c.audit()) >= 0);
  CHECK(of_disable(c.audit()) < 60);
  CHECK(of_disable(c.events("applied")) == of_disable(c.audit()));
  const json shown = c.json({"status"})["seconds to disable a leaver"];
  CHECK(shown["of"] == 1);
  CHECK(shown["last"] == shown["median"]);
  CHECK(shown["last"] == shown["longest"]);
  CHECK(c.muster({"audit", "verify"}).code == 0);
}

TEST_CASE("lifecycle: a disable that is refused is an alarm, delays nothing else, and is done as soon as it can be") {
  Company c({});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  c.slapd().restrict_to("access to dn.exact=\"" + dn + "\" by users read by anonymous auth by * none");
  set_cell(c, key, kStatus, "Terminated");
  CHECK(c.muster({"resync"}).code == 1);
  CHECK_FALSE(c.is_member("sales", dn));
  REQUIRE(problems_of(c, "disable-refused").size() == 1);
  const std::string since = problems_of(c, "disable-refused")[0]["since"];
  CHECK(c.muster({"resync", "--full"}).code == 1);
  REQUIRE(problems_of(c, "disable-refused").size() == 1);
  CHECK(problems_of(c, "disable-refused")[0]["since"] == since);
  const auto alarms = c.events("alarm");
  REQUIRE(alarms.size() >= 2);
  CHECK(alarms[0]["person"] == key);
  CHECK(alarms[0]["attempts"] == 1);
  CHECK(alarms[0].value("waited", -1.0) >= 0);
  c.slapd().restrict_to("");
  CHECK(c.muster({"resync", "--full"}).code == 0);
  CHECK_FALSE(c.slapd().can_bind(dn, "sample"));
  CHECK(problems_of(c, "disable-refused").empty());
}

TEST_CASE("lifecycle: who comes back under another key has the former account again, and today's access") {
  Company c({.edit = edited("lifecycle.xml", "match=\"id\"", "match=\"first last start\"")});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  set_cell(c, key, kStatus, "Terminated");
  CHECK(c.muster({"resync"}).code == 0);
  CHECK_FALSE(c.slapd().can_bind(dn, "sample"));
  c.edit_person(key, [](auto& cells) {
    cells[kKey] = "900001";
    cells[kStatus] = "Active";
    cells[kDepartment] = "Finance";
  });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().can_bind(dn, "sample"));
  CHECK(c.slapd().values(dn, "employeeNumber") == std::vector<std::string>{"900001"});
  CHECK(c.is_member("finance", dn));
  CHECK_FALSE(c.is_member("sales", dn));
  const auto relinked = c.events("relinked");
  REQUIRE(relinked.size() == 1);
  CHECK(relinked[0]["person"] == "900001");
  CHECK(relinked[0]["before"] == json{key});
  CHECK(c.json({"why", key})["taken over by"] == "900001");
  CHECK(c.json({"problems"})["problems"].empty());
  CHECK(c.muster({"plan"}).code == 0);
  CHECK(c.muster({"audit", "verify"}).code == 0);
}

TEST_CASE("lifecycle: a contractor who becomes an employee under another key keeps the account, without an end") {
  Company c({.edit = edited("lifecycle.xml", "match=\"id\"", "match=\"first last start\"")});
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  c.edit_person(key, [](auto& cells) { *std::find(cells.begin(), cells.end(), "Employee") = "Contractor"; });
  c.edit_person(key, [](auto& cells) { cells.back() = "2099-12-31"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(dn, "pwdEndTime").size() == 1);
  c.edit_person(key, [](auto& cells) {
    cells[kKey] = "900002";
    *std::find(cells.begin(), cells.end(), "Contractor") = "Employee";
    cells.back() = "";
  });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.muster({"plan"}).code == 0);
  CHECK(c.slapd().can_bind(dn, "sample"));
  CHECK(c.slapd().values(dn, "pwdEndTime").empty());
  CHECK(c.is_member("sales", dn));
}

namespace {

/// Two people of one name leave, and somebody of that name comes under the key 900003. The second one's DN as it was.
std::string twins_left(Company& c, const std::string& a, const std::string& b) {
  for (const std::string& key : {a, b}) {
    set_cell(c, key, kFirst, "Sam");
    set_cell(c, key, kLast, "Twin");
  }
  CHECK(c.muster({"resync"}).code == 0);
  std::string dn = c.dn_of(b);
  for (const std::string& key : {a, b}) set_cell(c, key, kStatus, "Terminated");
  CHECK(c.muster({"resync"}).code == 0);
  c.edit_person(b, [](auto& cells) {
    cells[kKey] = "900003";
    cells[kStatus] = "Active";
  });
  CHECK(c.muster({"resync"}).code == 0);
  return dn;
}

}  // namespace

TEST_CASE("lifecycle: who may be the return of two former leavers gets no account until HR says more") {
  Company c({.edit = edited("lifecycle.xml", "match=\"id\"", "match=\"first last\"")});
  const std::string a = c.employee("Sales"), b = c.employee("Sales", 1);
  const std::string dn = twins_left(c, a, b);
  const auto found = problems_of(c, "ambiguous-rehire");
  REQUIRE(found.size() == 1);
  CHECK(found[0]["person"] == "900003");
  CHECK(c.slapd().search("dc=example,dc=com", "(employeeNumber=900003)").find("dn:") == std::string::npos);
  c.edit_person("900003", [&](auto& cells) { cells[kKey] = b; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().can_bind(dn, "sample"));
  CHECK(problems_of(c, "ambiguous-rehire").empty());
}

TEST_CASE("lifecycle: of whom somebody is the return may be decided here, by name") {
  Company c({.edit = edited("lifecycle.xml", "match=\"id\"", "match=\"first last\"")});
  const std::string a = c.employee("Sales"), b = c.employee("Sales", 1);
  const std::string dn = twins_left(c, a, b);
  REQUIRE(problems_of(c, "ambiguous-rehire").size() == 1);
  const auto decide = [&](const std::string& who, const std::string& as) {
    return c.muster({"rehire", who, as, "--by", "Eve", "--reason", "asked both"});
  };
  CHECK(decide(a, b).code == 1);
  const auto wrong = decide("900003", "100001");
  CHECK(wrong.code == 1);
  CHECK_MESSAGE(wrong.err.find("none of the former leavers in question") != std::string::npos, wrong.err);
  const auto done = decide("900003", b);
  CHECK_MESSAGE(done.code == 0, (done.out + done.err));
  CHECK(c.slapd().can_bind(dn, "sample"));
  CHECK(c.slapd().values(dn, "employeeNumber") == std::vector<std::string>{"900003"});
  CHECK(problems_of(c, "ambiguous-rehire").empty());
  CHECK(c.events("rehire-chosen").size() == 1);
  CHECK(decide("900003", "new").code == 1);  // there is nothing to decide any more
}

TEST_CASE("lifecycle: a role's grace keeps the old access for its time, then it goes by itself") {
  Company c({.edit = edited("access.xml", "<role name=\"sales\"", "<role name=\"sales\" grace=\"6s\"")});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  auto service = c.service();
  set_cell(c, key, kDepartment, "Finance");
  CHECK(wait_until([&] { return c.is_member("finance", dn); }));
  CHECK(c.is_member("sales", dn));
  const json why = c.json({"why", key, "sales"});
  REQUIRE(why["access"].size() == 1);
  CHECK(why["access"][0].contains("kept until"));
  CHECK(wait_until([&] { return !c.is_member("sales", dn); }));
  CHECK(c.is_member("finance", dn));
}

TEST_CASE("lifecycle: an absence that suspends access takes it away and gives it back") {
  Company c({.edit = edited("lifecycle.xml", "<absence when=\"status='leave'\" disable=\"true\"/>",
                            "<absence when=\"status='leave'\" access=\"suspend\"/>")});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  set_cell(c, key, kStatus, "On Leave");
  CHECK(c.muster({"resync"}).code == 0);
  CHECK_FALSE(c.slapd().can_bind(dn, "sample"));
  CHECK_FALSE(c.is_member("sales", dn));
  set_cell(c, key, kStatus, "Active");
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().can_bind(dn, "sample"));
  CHECK(c.is_member("sales", dn));
}

TEST_CASE("lifecycle: entries live where <place> says, and leavers get their attributes") {
  Company c(
      {.edit = edited("lifecycle.xml", "strip=\"managed\" delete-after=\"never\"/>",
                      "strip=\"managed\"><set attribute=\"roomNumber\" value=\"'left'\"/><clear attribute=\"street\"/></leaver>\n"
                      "    <place when=\"department='Finance'\" base=\"ou=finance,ou=people,dc=example,dc=com\"/>")});
  CHECK(c.slapd().modify(
            "dn: ou=finance,ou=people,dc=example,dc=com\nchangetype: add\nobjectClass: organizationalUnit\nou: finance\n") == 0);
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Sales");
  const std::string name = c.dn_of(key).substr(0, c.dn_of(key).find(','));
  const std::string moved = name + ",ou=finance,ou=people,dc=example,dc=com";
  CHECK(c.slapd().modify("dn: " + c.dn_of(key) + "\nchangetype: modify\nadd: street\nstreet: Main Street 1\n") == 0);
  set_cell(c, key, kDepartment, "Finance");
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(moved, "ou") == std::vector<std::string>{"Finance"});
  CHECK(c.is_member("finance", moved));
  set_cell(c, key, kStatus, "Terminated");
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(moved, "roomNumber") == std::vector<std::string>{"left"});
  CHECK(c.slapd().values(moved, "street").empty());
  set_cell(c, key, kStatus, "Active");
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(moved, "roomNumber").empty());
  CHECK(c.slapd().values(moved, "street") == std::vector<std::string>{"Main Street 1"});
  CHECK(c.muster({"plan"}).code == 0);
}

TEST_CASE("lifecycle: who moves leaves no old name behind in a group, for whoever is called so next") {
  Company c({.edit = edited("lifecycle.xml", "strip=\"managed\" delete-after=\"never\"/>",
                            "strip=\"managed\" delete-after=\"never\"/>\n"
                            "    <place when=\"title='Nomad'\" base=\"ou=nomads,ou=people,dc=example,dc=com\"/>")});
  CHECK(c.slapd().modify(
            "dn: ou=nomads,ou=people,dc=example,dc=com\nchangetype: add\nobjectClass: organizationalUnit\nou: nomads\n") == 0);
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Finance"), dn = c.dn_of(key);
  set_cell(c, key, kDepartment, "Engineering");
  CHECK(c.muster({"resync"}).code == 0);
  REQUIRE(c.is_member("vpn", dn));
  set_cell(c, key, kTitle, "Nomad");
  CHECK(c.muster({"resync"}).code == 0);
  const std::string moved = dn.substr(0, dn.find(',')) + ",ou=nomads,ou=people,dc=example,dc=com";
  CHECK(c.is_member("vpn", moved));
  CHECK_FALSE(c.is_member("vpn", dn));
  CHECK_FALSE(c.is_member("engineering", dn));
  CHECK(c.muster({"plan"}).code == 0);
}

TEST_CASE("lifecycle: what an absence keeps goes with the entry to another place") {
  Company c({.edit = edited("lifecycle.xml", "<joiner ",
                            "<place when=\"title='Nomad'\" base=\"ou=nomads,ou=people,dc=example,dc=com\"/>\n    <joiner ")});
  CHECK(c.slapd().modify(
            "dn: ou=nomads,ou=people,dc=example,dc=com\nchangetype: add\nobjectClass: organizationalUnit\nou: nomads\n") == 0);
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  set_cell(c, key, kDepartment, "Finance");
  REQUIRE(c.muster({"resync"}).code == 0);
  REQUIRE(c.is_member("finance", dn));
  set_cell(c, key, kStatus, "On Leave");
  set_cell(c, key, kTitle, "Nomad");
  CHECK(c.muster({"resync"}).code == 0);
  const std::string moved = dn.substr(0, dn.find(',')) + ",ou=nomads,ou=people,dc=example,dc=com";
  CHECK_FALSE(c.slapd().can_bind(moved, "sample"));
  CHECK(c.is_member("finance", moved));
  CHECK_FALSE(c.is_member("finance", dn));
  CHECK(c.muster({"plan"}).code == 0);
}

TEST_CASE("lifecycle: on Active Directory a leaver's groups and people are listed by managedBy and manager") {
  Site site(Site::Kind::active_directory);
  site.employ("1001", {.first = "Ann", .last = "Lee"});
  site.employ("1002", {.first = "Bo", .last = "Ray"});
  site.publish();
  CHECK(site.muster({"resync"}).code == 0);
  const std::string dn = site.dn_of("1001");
  site.change("dn: " + site.group("sales") + "\nchangetype: modify\nadd: managedBy\nmanagedBy: " + dn + "\n");
  site.change("dn: " + site.dn_of("1002") + "\nchangetype: modify\nadd: manager\nmanager: " + dn + "\n");
  site.dismiss("1001");
  site.publish();
  CHECK(site.muster({"resync"}).code == 0);
  std::string told;
  const json problems = site.json({"problems"})["problems"];
  for (const json& p : problems) told += p["code"].get<std::string>() + ": " + p["what"].get<std::string>() + "\n";
  CAPTURE(told);
  CHECK(told.find("hand-over: person 1001") != std::string::npos);
  CHECK(told.find("managedby of ") != std::string::npos);
  CHECK(told.find("manager of ") != std::string::npos);
}
