// What is particular to OpenLDAP's groups and accounts, end to end.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/lab.h"

using namespace muster::test;
using nlohmann::json;

namespace {

constexpr std::size_t kStatus = 1, kDepartment = 5, kSite = 8;
const std::string kPlaceholder = "cn=nobody,ou=service,dc=example,dc=com";

using Fits = std::function<bool(const Company& c, const std::string& key)>;
std::string first_active(const Company& c, const Fits& fits) {
  for (const std::string& key : c.people()) {
    if (c.cell(key, "Status") == "Active" && c.cell(key, "Worker Type") == "Employee" && c.cell(key, "Hire Date") < "2026-01-01" &&
        c.cell(key, "Termination Date").empty() && fits(c, key))
      return key;
  }
  FAIL("nobody of that kind");
  return {};
}
Fits in(const std::string& column, const std::string& value) {
  return [=](const Company& c, const std::string& key) { return c.cell(key, column) == value; };
}

bool has(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

void everybody_but_one_leaves_legal(Company& c, const std::string& stays) {
  for (const std::string& key : c.people()) {
    if (key != stays && c.cell(key, "Department") == "Legal") c.edit_person(key, [](auto& cells) { cells[kDepartment] = "IT"; });
  }
}

}  // namespace

TEST_CASE("openldap: the last member's place is taken by the placeholder, and given back") {
  Company c({.people = 120});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = first_active(c, in("Department", "Legal")), dn = c.dn_of(key);
  everybody_but_one_leaves_legal(c, key);
  REQUIRE(c.muster({"resync"}).code == 0);
  REQUIRE(c.slapd().values(c.group("legal"), "member") == std::vector<std::string>{dn});

  c.edit_person(key, [](auto& cells) { cells[kDepartment] = "IT"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(c.group("legal"), "member") == std::vector<std::string>{kPlaceholder});
  CHECK(c.muster({"plan"}).code == 0);  // the placeholder is nobody's stranger

  c.edit_person(key, [](auto& cells) { cells[kDepartment] = "Legal"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(c.group("legal"), "member") == std::vector<std::string>{dn});
}

TEST_CASE("openldap: without a placeholder the last member stays and is reported, and everybody else goes on") {
  Company c({.people = 120,
             .edit = [](const std::string& f) { replace_text(f + "/muster.xml", "placeholder=\"" + kPlaceholder + "\"", ""); }});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = first_active(c, in("Department", "Legal")), dn = c.dn_of(key);
  const std::string other = first_active(c, in("Department", "Sales"));
  everybody_but_one_leaves_legal(c, key);
  REQUIRE(c.muster({"resync"}).code == 0);
  c.edit_person(key, [](auto& cells) { cells[kDepartment] = "IT"; });
  c.edit_person(other, [](auto& cells) { cells[kDepartment] = "IT"; });
  c.muster({"resync"});
  CHECK(c.slapd().values(c.group("legal"), "member") == std::vector<std::string>{dn});
  CHECK(has(c.slapd().values(c.group("it"), "member"), dn));
  CHECK(has(c.slapd().values(c.group("it"), "member"), c.dn_of(other)));
  const json problems = c.json({"problems"})["problems"];
  REQUIRE(problems.size() == 1);
  CHECK(problems[0]["code"] == "last-member");
  CHECK(problems[0]["person"] == key);
  CHECK(problems[0]["what"].get<std::string>().find("placeholder") != std::string::npos);
}

TEST_CASE("openldap: groupOfUniqueNames and posixGroup name their members in their own way") {
  Company c({.people = 120});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = first_active(c, in("Department", "Sales")), dn = c.dn_of(key);
  const std::string uid = dn.substr(4, dn.find(',') - 4);
  const bool munich = c.cell(key, "Site") == "Munich";
  CHECK(has(c.slapd().values(c.group("building-munich"), "uniqueMember"), dn) == munich);
  CHECK(!has(c.slapd().values(c.group("unix-developers"), "memberUid"), uid));

  c.edit_person(key, [&](auto& cells) {
    cells[kDepartment] = "Engineering";
    cells[kSite] = munich ? "Berlin" : "Munich";
  });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(has(c.slapd().values(c.group("building-munich"), "uniqueMember"), dn) == !munich);
  CHECK(has(c.slapd().values(c.group("unix-developers"), "memberUid"), uid));

  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Terminated"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(!has(c.slapd().values(c.group("building-munich"), "uniqueMember"), dn));
  CHECK(!has(c.slapd().values(c.group("unix-developers"), "memberUid"), uid));
}

TEST_CASE("openldap: a leaver is moved where leavers are, found there again, and comes back") {
  const std::string leavers = "ou=leavers,dc=example,dc=com";
  Company c({.people = 120, .edit = [&](const std::string& f) {
               replace_text(f + "/mapping.d/lifecycle.xml", "disable=\"true\" strip=\"managed\"",
                            "disable=\"true\" strip=\"managed\" move-to=\"" + leavers + "\"");
             }});
  REQUIRE(c.slapd().modify("dn: " + leavers + "\nchangetype: add\nobjectClass: organizationalUnit\nou: leavers\n") == 0);
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = first_active(c, in("Department", "Sales")), dn = c.dn_of(key);
  const std::string moved = dn.substr(0, dn.find(',')) + "," + leavers;
  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Terminated"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(moved, "employeeNumber") == std::vector<std::string>{key});
  CHECK(!c.slapd().values(moved, "pwdEndTime").empty());
  CHECK(!c.slapd().can_bind(moved, "sample"));
  CHECK(c.muster({"plan"}).code == 0);

  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Active"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(dn, "employeeNumber") == std::vector<std::string>{key});
  CHECK(c.slapd().can_bind(dn, "sample"));
  CHECK(has(c.slapd().values(c.group("sales"), "member"), dn));
  CHECK(c.muster({"plan"}).code == 0);
}

TEST_CASE("openldap: a declared attribute says who is disabled, and nothing else is touched") {
  Company c({.people = 120, .edit = [](const std::string& f) {
               replace_text(f + "/muster.xml", "<disable policy=\"cn=default,ou=policies,dc=example,dc=com\"/>",
                            "<disable attribute=\"description\" value=\"inactive\" enabled=\"active\"/>");
               // Such an attribute knows no end of a contract.
               replace_text(f + "/mapping.d/lifecycle.xml", "<contractor when=\"type='Contractor'\" expires=\"end\"/>", "");
             }});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = first_active(c, in("Department", "Sales")), dn = c.dn_of(key);
  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Terminated"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(dn, "description") == std::vector<std::string>{"inactive"});
  CHECK(c.slapd().values(dn, "pwdEndTime").empty());
  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Active"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(dn, "description") == std::vector<std::string>{"active"});
}
