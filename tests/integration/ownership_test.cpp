// Who owns what, against a real slapd: fights, groups whose drift is reported, and what `muster owners` says.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/lab.h"

using namespace muster::test;
using nlohmann::json;

namespace {

using Texts = std::vector<std::string>;

bool has(const Texts& values, const std::string& value) { return std::find(values.begin(), values.end(), value) != values.end(); }

/// An active employee, long in the company, who is no member of `group`.
std::string somebody_outside(Company& c, const std::string& group) {
  const Texts members = c.slapd().values(c.group(group), "member");
  for (const std::string& key : c.people()) {
    if (c.cell(key, "Status") == "Active" && c.cell(key, "Worker Type") == "Employee" && c.cell(key, "Hire Date") < "2026-01-01" &&
        c.cell(key, "Termination Date").empty() && !c.cell(key, "Job Title").empty() && !has(members, c.dn_of(key)))
      return key;
  }
  FAIL("nobody of that kind");
  return {};
}

void replace(Company& c, const std::string& dn, const std::string& attribute, const std::string& value) {
  REQUIRE(c.slapd().modify("dn: " + dn + "\nchangetype: modify\nreplace: " + attribute + "\n" + attribute + ": " + value + "\n") ==
          0);
}

void member(Company& c, const std::string& how, const std::string& group, const std::string& dn) {
  REQUIRE(c.slapd().modify("dn: " + group + "\nchangetype: modify\n" + how + ": member\nmember: " + dn + "\n") == 0);
}

json problems(const Company& c, const std::string& code) {
  json found = json::array();
  const json report = c.json({"problems"});
  for (const json& p : report["problems"]) {
    if (p["code"] == code) found.push_back(p);
  }
  return found;
}

std::size_t events_about(const Company& c, const std::string& kind, const std::string& code) {
  const auto events = c.events(kind);
  return static_cast<std::size_t>(std::count_if(events.begin(), events.end(), [&](const json& e) { return e["code"] == code; }));
}

json item(const json& list, const std::string& name, const std::string& value) {
  for (const json& i : list) {
    if (i[name] == value) return i;
  }
  FAIL("no " << name << " " << value);
  return {};
}

}  // namespace

TEST_CASE(
    "ownership: a value that somebody else insists on is given up after three reverts, said once, and tried again when told") {
  Company c({});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = somebody_outside(c, "sales"), dn = c.dn_of(key), title = c.cell(key, "Job Title");
  for (int i = 0; i < 3; ++i) {
    replace(c, dn, "title", "King " + std::to_string(i));
    CHECK(c.muster({"resync"}).code == 0);
    CHECK(c.slapd().values(dn, "title") == Texts{title});
    CHECK(problems(c, "fight").empty());
  }
  for (int i = 3; i < 5; ++i) {
    replace(c, dn, "title", "King " + std::to_string(i));
    CHECK(c.muster({"resync"}).code == 0);
    CHECK(c.slapd().values(dn, "title") == Texts{"King " + std::to_string(i)});
  }
  const json fights = problems(c, "fight");
  REQUIRE(fights.size() == 1);
  CHECK(fights[0]["person"] == key);
  CHECK(fights[0]["attribute"] == "title");
  CHECK(fights[0]["what"].get<std::string>().find("cn=") != std::string::npos);  // by whom
  CHECK(events_about(c, "problem", "fight") == 1);
  CHECK(c.muster({"plan"}).code == 0);

  CHECK(c.muster({"resync", "--person", key}).code == 0);
  CHECK(c.slapd().values(dn, "title") == Texts{title});
  CHECK(problems(c, "fight").empty());
  CHECK(events_about(c, "cleared", "fight") == 1);
}

TEST_CASE("ownership: a stranger whom somebody adds again and again, and a member whom somebody removes again and again") {
  Company c({});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = somebody_outside(c, "sales"), dn = c.dn_of(key), group = c.group("sales"), staff = c.group("all-staff");
  for (int i = 0; i < 3; ++i) {
    member(c, "add", group, dn);
    member(c, "delete", staff, dn);
    CHECK(c.muster({"resync"}).code == 0);
    CHECK(!has(c.slapd().values(group, "member"), dn));
    CHECK(has(c.slapd().values(staff, "member"), dn));
  }
  member(c, "add", group, dn);
  member(c, "delete", staff, dn);
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(has(c.slapd().values(group, "member"), dn));
  CHECK(!has(c.slapd().values(staff, "member"), dn));
  CHECK(problems(c, "fight").size() == 2);
  CHECK(events_about(c, "problem", "fight") == 2);

  // Whoever leaves is switched off and loses what is managed, fight or not.
  c.edit_person(key,
                [](auto& cells) { std::replace(cells.begin(), cells.end(), std::string("Active"), std::string("Terminated")); });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(!c.slapd().can_bind(c.dn_of(key), "sample"));
  CHECK(!has(c.slapd().values(group, "member"), dn));
  CHECK(problems(c, "fight").empty());
}

TEST_CASE("ownership: a managed group whose drift is reported keeps its strangers and stays without who was removed") {
  Company c({.edit = [](const std::string& f) {
    replace_text(f + "/mapping.d/access.xml", "membership=\"exclusive\"", "membership=\"exclusive\" on-drift=\"report\"");
  }});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = somebody_outside(c, "sales"), dn = c.dn_of(key), group = c.group("sales"), staff = c.group("all-staff");
  const std::string nobody = "uid=gone,ou=people,dc=example,dc=com";
  member(c, "add", group, dn);
  member(c, "add", group, nobody);
  member(c, "delete", staff, dn);
  CHECK(c.json({"resync", "--full"})["applied"] == 0);
  CHECK(has(c.slapd().values(group, "member"), dn));
  CHECK(has(c.slapd().values(group, "member"), nobody));
  CHECK(!has(c.slapd().values(staff, "member"), dn));
  CHECK(problems(c, "drift").size() == 3);
  const json owners = c.json({"owners"});
  CHECK(item(owners["groups"], "group", group)["drift"] == 2);
  CHECK(item(owners["groups"], "group", group)["on-drift"] == "report");
  CHECK(item(owners["groups"], "group", staff)["drift"] == 1);

  member(c, "delete", group, dn);
  member(c, "delete", group, nobody);
  member(c, "add", staff, dn);
  CHECK(c.json({"resync", "--full"})["applied"] == 0);
  CHECK(problems(c, "drift") == json::array());
}

TEST_CASE("ownership: owners says who owns what, who else writes there, and what HR sends in vain") {
  Company c({.edit = [](const std::string& f) {
    replace_text(f + "/mapping.d/attributes.xml", "<attribute name=\"mobile\"           owner=\"directory\"",
                 "<attribute name=\"mobile\"           owner=\"directory\" value=\"title\"");
    replace_text(f + "/mapping.d/attributes.xml", "<attribute name=\"l\"                owner=\"hr\" value=\"site\"/>", "");
    replace_text(f + "/mapping.d/access.xml", "site='Munich'", "department='Munich'");
  }});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = somebody_outside(c, "sales"), dn = c.dn_of(key), mobile = "+49 151 1";
  replace(c, dn, "title", "King");
  replace(c, dn, "mobile", mobile);
  replace(c, dn, "departmentNumber", "none");
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(dn, "mobile") == Texts{mobile});

  const json owners = c.json({"owners"});
  const json title = item(owners["attributes"], "attribute", "title");
  CHECK(title["owner"] == "hr");
  CHECK(title["on-drift"] == "revert");
  CHECK(title["rule"].get<std::string>().starts_with("mapping.d/attributes.xml:"));
  CHECK(title["others"]["count"] == 1);
  CHECK(title["others"]["by"].get<std::string>().starts_with("cn="));
  CHECK(title["drift"] == 0);
  CHECK(item(owners["attributes"], "attribute", "departmentNumber")["drift"] == 1);
  CHECK(item(owners["attributes"], "attribute", "givenName")["others"].is_null());
  const json vain = item(owners["attributes"], "attribute", "mobile")["in vain"];
  CHECK(vain["people"].get<std::size_t>() > 5);
  CHECK(vain["examples"].size() == 5);
  REQUIRE(owners["unused fields"].size() == 1);
  CHECK(owners["unused fields"][0]["field"] == "site");
  const Finished text = c.muster({"owners"});
  CHECK(text.code == 0);
  CHECK(text.out.find("What HR sends in vain") != std::string::npos);
  CHECK(text.out.find("No rule looks at the field site (column Site)") != std::string::npos);

  const json why = c.json({"why", key});
  CHECK(item(why["attributes"], "attribute", "mobile")["ignored"] == true);
  CHECK(item(why["attributes"], "attribute", "mobile")["hr says"] == c.cell(key, "Job Title"));
}
