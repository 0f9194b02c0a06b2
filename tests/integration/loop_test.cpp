// The main job, end to end, in the customer's words.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <set>

#include "tests/support/lab.h"

using namespace muster::test;
using nlohmann::json;

namespace {

constexpr std::size_t kStatus = 1, kLast = 3, kDepartment = 5;

bool any(const std::vector<json>& events, const std::function<bool(const json&)>& fits) {
  return std::any_of(events.begin(), events.end(), fits);
}

}  // namespace

TEST_CASE("loop: the service notices HR's file, changes the directory, and tells upstream") {
  Company c({});
  auto service = c.service();
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Terminated"; });
  CHECK(wait_until([&] { return !c.slapd().can_bind(dn, "sample"); }));
  CHECK(wait_until([&] { return !c.is_member("sales", dn); }));
  CHECK(wait_until(
      [&] { return any(c.events("applied"), [&](const json& e) { return e["action"] == "disable" && e["person"] == key; }); }));
  CHECK(!c.slapd().values(dn, "pwdEndTime").empty());
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
}

TEST_CASE("loop: a leaver who comes back is enabled and has access again") {
  Company c({});
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  CHECK(c.muster({"resync"}).code == 0);
  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Terminated"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(!c.slapd().can_bind(dn, "sample"));
  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Active"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().can_bind(dn, "sample"));
  CHECK(c.is_member("sales", dn));
}

TEST_CASE("loop: a leaver whose time has passed is deleted, which is no trouble, and gets a new account on coming back") {
  Company c({.edit = [](const std::string& f) {
    replace_text(f + "/mapping.d/lifecycle.xml", "delete-after=\"never\"", "delete-after=\"1s\"");
  }});
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  CHECK(c.muster({"resync"}).code == 0);
  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Terminated"; });
  CHECK(wait_until([&] { return c.muster({"resync", "--full"}).code == 0 && c.slapd().values(dn, "uid").empty(); }));
  CHECK(c.muster({"resync", "--full"}).code == 0);
  CHECK(c.json({"problems"})["problems"].empty());
  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Active"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.is_member("sales", dn));
}

TEST_CASE("loop: a stranger who comes back at once is removed again, and a member who is taken out at once is put back") {
  Company c({});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string stranger = c.dn_of(c.employee("Engineering")), member = c.dn_of(c.employee("Sales"));
  const auto by_hand = [&](const char* how, const std::string& dn) {
    return c.slapd().modify("dn: " + c.group("sales") + "\nchangetype: modify\n" + how + ": member\nmember: " + dn + "\n");
  };
  for (int i = 0; i < 3; ++i) {
    CHECK(by_hand("add", stranger) == 0);
    CHECK(c.muster({"resync"}).code == 0);
    CHECK(!c.is_member("sales", stranger));
  }
  for (int i = 0; i < 3; ++i) {
    CHECK(by_hand("delete", member) == 0);
    CHECK(c.muster({"resync"}).code == 0);
    CHECK(c.is_member("sales", member));
  }
}

TEST_CASE("loop: a resync whose feed is refused goes on with what HR said before, and says so") {
  Company c({});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  CHECK(c.slapd().modify("dn: " + dn + "\nchangetype: modify\nreplace: title\ntitle: By Hand\n") == 0);
  write_file(c.file("feed/hr.csv"), "Employee ID,Status\n1,Active\n");
  const auto done = c.muster({"resync"});
  CHECK(done.code == 1);
  CHECK(done.out.find("feed-refused") != std::string::npos);
  CHECK(c.slapd().values(dn, "title") != std::vector<std::string>{"By Hand"});
}

TEST_CASE("loop: a plan lists exactly what the resync after it does") {
  Company c({.people = 120, .mode = "off"});
  const auto essence = [](const json& changes) {
    std::multiset<std::string> all;
    for (const json& j : changes) {
      json kept;
      for (const char* key : {"action", "person", "dn", "attribute", "group", "from", "to"}) kept[key] = j.value(key, json());
      all.insert(kept.dump());
    }
    return all;
  };
  const auto planned = essence(c.json({"plan"})["changes"]), done = essence(c.json({"resync"})["changes"]);
  CHECK(planned.size() > 20);
  CHECK(planned == done);
}

TEST_CASE("loop: a service whose rules do not fit the server says so, waits, and changes nothing") {
  Company c({.mode = "off", .edit = [](const std::string& f) {
               replace_text(f + "/mapping.d/attributes.xml", "name=\"mobile\"", "name=\"mobil\"");
             }});
  const std::string before = c.slapd().search("dc=example,dc=com");
  Process service({muster_binary(), "--config", c.config(), "run"}, c.file("service.log"));
  const auto told = [&] { return read_file(c.file("service.log")).find("no attribute 'mobil'") != std::string::npos; };
  CHECK(wait_until(told));
  CHECK(wait_until([&] { return c.json({"problems"})["problems"].size() == 1; }));
  CHECK(service.running());
  CHECK(c.slapd().search("dc=example,dc=com") == before);
  service.signal(SIGTERM);
  CHECK(service.wait() == 0);
}

TEST_CASE("loop: an account that somebody else disabled is not ours to enable") {
  Company c({});
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  CHECK(c.slapd().modify("dn: " + dn + "\nchangetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n") ==
        0);
  CHECK(c.slapd().modify("dn: " + dn + "\nchangetype: modify\nadd: pwdEndTime\npwdEndTime: 20200101000000Z\n") == 0);
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(!c.slapd().can_bind(dn, "sample"));
  const json problems = c.json({"problems"})["problems"];
  REQUIRE(problems.size() == 1);
  CHECK(problems[0]["code"] == "not-ours-to-enable");
}

TEST_CASE("loop: somebody who marries is renamed everywhere") {
  Company c({});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  c.edit_person(key, [](auto& cells) { cells[kLast] = "O'Brian-Müller"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(dn, "sn") == std::vector<std::string>{"O'Brian-Müller"});
  CHECK(c.slapd().values(dn, "cn") == std::vector<std::string>{c.cell(key, "First Name") + " O'Brian-Müller"});
}

TEST_CASE("loop: a stranger in an exclusive group is removed, in a granted one left") {
  Company c({});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string dn = c.dn_of(c.employee("Finance"));
  for (const char* group : {"sales", "crm-users"}) {
    const std::string attribute = c.slapd().values(c.group(group), "uniqueMember").empty() ? "member" : "uniqueMember";
    CHECK(c.slapd().modify("dn: " + c.group(group) + "\nchangetype: modify\nadd: " + attribute + "\n" + attribute + ": " + dn +
                           "\n") == 0);
  }
  const json report = c.json({"resync"});
  REQUIRE(report["changes"].size() == 1);
  CHECK(report["changes"][0]["action"] == "remove-member");
  CHECK(report["changes"][0]["group"] == c.group("sales"));
}

TEST_CASE("loop: a bad record parks one person and stops nobody else") {
  Company c({});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string bad = c.employee("Sales"), good = c.employee("Sales", 1);
  c.edit_person(bad, [](auto& cells) { cells[kStatus] = "Sabbatical"; });
  c.edit_person(good, [](auto& cells) { cells[kDepartment] = "Research"; });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.is_member("research", c.dn_of(good)));
  CHECK(c.is_member("sales", c.dn_of(bad)));
  const json problems = c.json({"problems"})["problems"];
  REQUIRE(problems.size() == 1);
  CHECK(problems[0]["code"] == "bad-record");
  CHECK(problems[0]["person"] == bad);
}

TEST_CASE("loop: one entry that refuses a write does not stop the others, and is tried again") {
  Company c({});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string bad = c.employee("Sales"), good = c.employee("Sales", 1);
  c.slapd().restrict_to("access to dn.exact=\"" + c.dn_of(bad) + "\" by users read by anonymous auth by * none");
  for (const std::string& key : {bad, good}) c.edit_person(key, [](auto& cells) { cells[7] = "Astronaut"; });
  CHECK(c.muster({"resync"}).code == 1);
  CHECK(c.slapd().values(c.dn_of(good), "title") == std::vector<std::string>{"Astronaut"});
  CHECK(c.json({"problems"})["problems"][0]["code"] == "write-refused");
  c.slapd().restrict_to("");
  CHECK(c.muster({"resync", "--full"}).code == 0);
  CHECK(c.slapd().values(c.dn_of(bad), "title") == std::vector<std::string>{"Astronaut"});
  CHECK(c.json({"problems"})["problems"].empty());
}

TEST_CASE("loop: without a password policy a disable would have no effect, and that is said instead of done") {
  Company c(
      {.edit = [](const std::string& f) { replace_text(f + "/muster.xml", "cn=default,ou=policies", "cn=missing,ou=policies"); }});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = c.employee("Sales"), dn = c.dn_of(key);
  c.edit_person(key, [](auto& cells) { cells[kStatus] = "Terminated"; });
  const Finished check = c.muster({"check"});
  CHECK(check.code != 0);
  CHECK(check.out.find("a disable would have no effect here") != std::string::npos);
  CHECK(c.muster({"resync"}).code == 1);
  CHECK(c.slapd().values(dn, "pwdEndTime").empty());
  CHECK(!c.is_member("sales", dn));  // the rest of a leaver's plan does not wait
  const json problems = c.json({"problems"})["problems"];
  REQUIRE(problems.size() == 1);
  CHECK(problems[0]["code"] == "no-effect");
  CHECK(problems[0]["person"] == key);
}

TEST_CASE("loop: the service outlives its directory, and misses nothing") {
  Company c({});
  auto service = c.service();
  const std::string dn = c.dn_of(c.employee("Sales"));
  c.slapd().kill();
  CHECK(wait_until([&] { return c.json({"status"}).contains("error"); }, std::chrono::seconds(60)));
  c.slapd().start();
  CHECK(c.slapd().modify("dn: " + dn + "\nchangetype: modify\nreplace: telephoneNumber\ntelephoneNumber: +49 4711\n") == 0);
  CHECK(wait_until([&] { return any(c.events("changed"), [](const json& e) { return e["after"] == json{"+49 4711"}; }); },
                   std::chrono::seconds(60)));
  CHECK(service->running());
}

TEST_CASE("loop: a reload while the directory is away counts, and one that names another address leads there" *
          doctest::skip(kUnderWine)) {
  Company c({});
  auto service = c.service();
  const auto url = [&] { return c.server_in_use(); };
  const std::string before = c.slapd().url(), after = "ldap://localhost" + before.substr(before.rfind(':'));
  const auto edit = [&](const std::string& from, const std::string& to) {
    replace_text(c.config(), from, to);
    service->signal(SIGHUP);
  };
  edit(before, after);
  CHECK(wait_until([&] { return url() == after; }));
  c.slapd().kill();
  CHECK(wait_until([&] { return c.json({"status"}).contains("error"); }, std::chrono::seconds(60)));
  edit(after, before);
  c.slapd().start();
  CHECK(wait_until([&] { return url() == before; }, std::chrono::seconds(60)));
  edit(before, "ldap://localhost:1");
  CHECK(wait_until([&] { return c.muster({"problems"}).out.find("localhost:1:") != std::string::npos; }, std::chrono::seconds(60)));
  edit("ldap://localhost:1", before);
  CHECK(wait_until([&] { return url() == before; }, std::chrono::seconds(60)));
}

TEST_CASE("loop: a resync is asked of the running service") {
  Company c({.mode = "off"});
  auto service = c.service();
  const json report = c.json({"resync", "--full"});
  CHECK(report.contains("applied"));
  CHECK(c.muster({"plan"}).code == 0);
  CHECK(c.json({"status"})["service"] == "running");
}

TEST_CASE("loop: why and who say which rule gave what, since when") {
  Company c({.people = 100, .mode = "off"});
  CHECK(c.muster({"resync"}).code == 0);
  json added;
  for (const json& record : c.audit()) {
    if (record.value("action", "") == "add-member" && record["group"] == c.group("all-staff")) added = record;
  }
  REQUIRE(!added.is_null());
  const json why = c.json({"why", added["person"], "all-staff"});
  REQUIRE(why["access"].size() == 1);
  CHECK(why["access"][0]["granted"] == true);
  CHECK(why["access"][0]["rule"] == added["rule"]);
  CHECK(why["access"][0]["reason"] == added["reason"]);
  const json who = c.json({"who", "all-staff"});
  CHECK(std::any_of(who["members"].begin(), who["members"].end(),
                    [&](const json& m) { return m["person"] == added["person"] && m["granted"] == true; }));
  CHECK(c.muster({"why", "no such person"}).code == 1);
  CHECK(c.muster({"who", "no such group"}).code == 1);
}

TEST_CASE("loop: two processes never work with one state file") {
  Company c({});
  CHECK(c.muster({"resync"}).code == 0);
  auto service = c.service();
  Process second({muster_binary(), "--config", c.config(), "run"}, c.file("second.log"));
  CHECK(second.wait() == 1);
  CHECK(read_file(c.file("second.log")).find("another muster works with this state file") != std::string::npos);
}
