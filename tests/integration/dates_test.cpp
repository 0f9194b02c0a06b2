// What HR says about days to come, on a real server.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>

#include "schema/calendar.h"
#include "tests/support/lab.h"

using namespace muster::test;
using nlohmann::json;

namespace {

constexpr std::size_t kEnd = 12;

muster::Day today() { return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()); }
std::string in_days(int n) { return muster::iso_date(today() + std::chrono::days(n)); }

std::string employee(const Company& c, std::size_t nth = 0) {
  for (const std::string& key : c.people()) {
    const bool fits = c.cell(key, "Status") == "Active" && c.cell(key, "Worker Type") == "Employee" &&
                      c.cell(key, "Hire Date") < "2026-01-01" && c.cell(key, "Termination Date").empty();
    if (fits && nth-- == 0) return key;
  }
  FAIL("nobody of that kind");
  return {};
}

bool has(const json& changes, const std::string& key, const std::string& action) {
  return std::any_of(changes.begin(), changes.end(),
                     [&](const json& j) { return j["person"] == key && (action.empty() || j["action"] == action); });
}

json planned_on(const Company& c, const std::string& key, const std::string& day) {
  return c.json({"plan", "--person", key, "--on", day})["changes"];
}

/// A program whose clock shows this time of UTC when it begins.
Environment clock_at(const std::string& time) {
  std::string library = run({"faketime", "-m", "-f", "+0s", "printenv", "LD_PRELOAD"}).out;
  library.erase(library.find_last_not_of('\n') + 1);
  REQUIRE(!library.empty());
  return {{"TZ", "UTC"}, {"LD_PRELOAD", library}, {"FAKETIME", "@" + time}, {"DONT_FAKE_MONOTONIC", "1"}};
}

void declare_effective_days(const std::string& folder) {
  replace_text(folder + "/muster.xml", "<feed ", "<feed effective=\"from\" ");
  replace_text(folder + "/muster.xml", "</feed>",
               "<field name=\"from\" column=\"From\" type=\"date\" format=\"%Y-%m-%d\"/></feed>");
}

/// HR's file has a column with the day from which a record counts.
Company with_effective_days() {
  return Company({.edit = [](const std::string& f) {
    declare_effective_days(f);
    std::string text;
    for (const std::string& line : lines_of(read_file(f + "/feed/hr.csv"))) text += line + (text.empty() ? ",From\n" : ",\n");
    write_file(f + "/feed/hr.csv", text);
  }});
}

/// A further record of this person, with another title, which counts from `day` on; the line that was added.
std::string tell(const Company& c, const std::string& key, const std::string& title, const std::string& day) {
  std::string text, added;
  for (const std::string& line : lines_of(read_file(c.file("feed/hr.csv")))) {
    text += line + "\n";
    if (!line.starts_with(key + ",") || !added.empty()) continue;
    added = line.substr(0, line.rfind(',') + 1) + day;
    const std::string old_title = "," + c.cell(key, "Job Title") + ",";
    added.replace(added.find(old_title), old_title.size(), "," + title + ",");
  }
  REQUIRE(!added.empty());
  replace_file(c.file("feed/hr.csv"), text + added + "\n");
  return added;
}

void take_back(const Company& c, const std::string& line) {
  std::string text = read_file(c.file("feed/hr.csv"));
  text.erase(text.find(line), line.size() + 1);
  replace_file(c.file("feed/hr.csv"), text);
}

}  // namespace

TEST_CASE("dates: a plan for a day to come takes its end and changes nothing") {
  Company c({});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = employee(c);
  c.edit_person(key, [](auto& cells) { cells[kEnd] = in_days(10); });
  CHECK(c.muster({"resync"}).code == 0);
  const std::size_t done = c.audit().size();
  CHECK(planned_on(c, key, in_days(10)).empty());
  const auto text = c.muster({"plan", "--person", key, "--on", in_days(11)});
  CHECK(text.code == 3);
  CHECK(text.out.find("As of the end of " + in_days(11)) != std::string::npos);
  const json after = planned_on(c, key, in_days(11));
  CHECK(has(after, key, "disable"));
  CHECK(has(after, key, "remove-member"));
  CHECK(c.audit().size() == done);
  CHECK(planned_on(c, key, in_days(10)).empty());
}

TEST_CASE("dates: a plan is for a day that exists and is not over") {
  Company c({});
  for (const std::string day : {"2026-02-30", "20270115", "tomorrow", "2026-01-01"}) {
    CAPTURE(day);
    const auto refused = c.muster({"plan", "--on", day});
    CHECK(refused.code == 2);
    CHECK(refused.err.find("--on: ") != std::string::npos);
  }
}

TEST_CASE("dates: a running agent disables a leaver at the declared hour of the person's zone") {
  Company c({.edit = [](const std::string& f) {
    const std::string rules = f + "/mapping.d/lifecycle.xml";
    replace_text(rules, " or ($today &gt; end and end != '')\"", "\" on=\"end\" at=\"18:00\"");
    replace_text(rules, "<joiner ", "<zone value=\"'Pacific/Kiritimati'\"/>\n    <joiner ");
  }});
  CHECK(c.muster({"resync"}).code == 0);
  const std::string key = employee(c);
  c.edit_person(key, [](auto& cells) { cells[kEnd] = in_days(1); });
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.events("applied").empty());
  // 18:00 in Kiritimati is 04:00 UTC.
  Process service({muster_binary(), "--config", c.config(), "run"}, c.file("service.log"), clock_at(in_days(1) + " 03:59:40"));
  const auto disables = [&] {
    std::vector<json> all = c.events("applied");
    std::erase_if(all, [&](const json& e) { return e["action"] != "disable" || e["person"] != key; });
    return all;
  };
  REQUIRE_MESSAGE(wait_until([&] { return !disables().empty(); }, std::chrono::seconds(60)), read_file(c.file("service.log")));
  const auto at = muster::parse_iso_time(disables().front()["time"].get<std::string>());
  const muster::Instant hour = today() + std::chrono::days(1) + std::chrono::hours(4);
  REQUIRE(at);
  CHECK(*at >= hour);
  CHECK(*at < hour + std::chrono::seconds(3));
  CHECK(disables().front()["reason"].get<std::string>().find("18:00 Pacific/Kiritimati") != std::string::npos);
  service.signal(SIGTERM);
  CHECK(service.wait() == 0);
}

TEST_CASE("dates: a record of a day to come waits, is seen, and comes into force by itself") {
  Company c = with_effective_days();
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = employee(c), dn = c.dn_of(key), before = c.cell(key, "Job Title");
  tell(c, key, "Pilot", in_days(2));
  CHECK(c.json({"resync"})["applied"] == 0);
  CHECK(c.slapd().values(dn, "title") == std::vector<std::string>{before});
  const json waiting = c.json({"why", key})["waiting"];
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0]["effective"] == in_days(2));
  CHECK(waiting[0]["changes"] == json{{"title", "Pilot"}});
  CHECK(c.muster({"why", key}).out.find("from " + in_days(2)) != std::string::npos);
  CHECK(planned_on(c, key, in_days(1)).empty());
  CHECK(has(planned_on(c, key, in_days(2)), key, "set"));
  CHECK(c.slapd().values(dn, "title") == std::vector<std::string>{before});

  // Nobody writes the file anew; the service runs over the beginning of that day.
  Process service({muster_binary(), "--config", c.config(), "run"}, c.file("service.log"), clock_at(in_days(1) + " 23:59:50"));
  REQUIRE_MESSAGE(
      wait_until([&] { return c.slapd().values(dn, "title") == std::vector<std::string>{"Pilot"}; }, std::chrono::seconds(60)),
      read_file(c.file("service.log")));
  service.signal(SIGTERM);
  CHECK(service.wait() == 0);
  const auto set = c.events("applied");
  REQUIRE(!set.empty());
  CHECK(set.back()["cause"].get<std::string>().find("effective " + in_days(2)) != std::string::npos);
  REQUIRE(c.events("effective").size() == 1);
  CHECK(c.events("effective")[0]["person"] == key);
  CHECK_FALSE(c.json({"why", key}).contains("waiting"));
}

TEST_CASE("dates: a record of a day to come that HR takes back, or that was due while nobody looked") {
  Company c = with_effective_days();
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = employee(c), other = employee(c, 1), title = c.cell(other, "Job Title");
  const std::string line = tell(c, key, "Pilot", in_days(2));
  tell(c, other, "Pilot", in_days(2));
  CHECK(c.muster({"resync"}).code == 0);
  take_back(c, line);
  CHECK(c.muster({"resync"}).code == 0);
  CHECK_FALSE(c.json({"why", key}).contains("waiting"));
  const auto later = c.muster({"resync"}, clock_at(in_days(5) + " 12:00:00"));
  CHECK_MESSAGE(later.code == 0, (later.out + later.err));
  CHECK(c.slapd().values(c.dn_of(key), "title") == std::vector<std::string>{c.cell(key, "Job Title")});
  CHECK(c.slapd().values(c.dn_of(other), "title") == std::vector<std::string>{"Pilot"});
  CHECK(title != "Pilot");
}

TEST_CASE("dates: what HR tells late counts at once and is flagged") {
  Company c = with_effective_days();
  REQUIRE(c.muster({"resync"}).code == 0);
  CHECK(c.events("retroactive").empty());
  const std::string key = employee(c);
  tell(c, key, "Pilot", in_days(-20));
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(c.dn_of(key), "title") == std::vector<std::string>{"Pilot"});
  REQUIRE(c.events("retroactive").size() == 1);
  CHECK(c.events("retroactive")[0]["person"] == key);
  const std::string flagged = "effective " + in_days(-20) + ", known since " + in_days(0);
  CHECK(c.json({"why", key})["source"].get<std::string>().find(flagged) != std::string::npos);
  const auto audit = c.audit();
  CHECK(audit.back().dump().find(flagged) != std::string::npos);
  // What was told before stays told: nothing is new.
  CHECK(c.muster({"resync", "--full"}).code == 0);
  CHECK(c.events("retroactive").size() == 1);
  CHECK(c.json({"why", key})["source"].get<std::string>().find(flagged) != std::string::npos);

  tell(c, key, "Astronaut", in_days(-20));
  const auto twice = c.muster({"resync"});
  CHECK(twice.code == 1);
  CHECK(twice.err.find("one person, one record for each day") != std::string::npos);
}

TEST_CASE("dates: somebody of whom there is only a record of a day to come is made ahead of time, and is no leaver before") {
  Company c = with_effective_days();
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string like = employee(c);
  const auto hire = [&](const std::string& key, const std::string& day) {
    std::string line;
    for (const std::string& l : lines_of(read_file(c.file("feed/hr.csv")))) {
      if (l.starts_with(like + ",")) line = l;
    }
    const std::string mail = c.cell(like, "Work Email");
    line.replace(line.find(mail), mail.size(), "new" + key + mail.substr(mail.find('@')));
    replace_file(c.file("feed/hr.csv"), read_file(c.file("feed/hr.csv")) + key + line.substr(line.find(',')) + day + "\n");
  };
  hire("90001", in_days(3));
  hire("90002", in_days(30));
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values("uid=new90001,ou=people,dc=example,dc=com", "employeeNumber") == std::vector<std::string>{"90001"});
  CHECK(c.slapd().values("uid=new90002,ou=people,dc=example,dc=com", "employeeNumber").empty());
  CHECK_FALSE(c.is_member("all-staff", "uid=new90001,ou=people,dc=example,dc=com"));
  CHECK(has(planned_on(c, "90001", in_days(3)), "90001", "enable"));
  CHECK(c.muster({"plan"}).code == 0);
}

TEST_CASE("dates: who has only a record of a day to come keeps until then what HR said before") {
  Company c = with_effective_days();
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = employee(c), dn = c.dn_of(key), before = c.cell(key, "Job Title");
  tell(c, key, "Pilot", in_days(5));
  REQUIRE(c.muster({"resync"}).code == 0);
  std::string text;
  for (const std::string& line : lines_of(read_file(c.file("feed/hr.csv")))) {
    if (!line.starts_with(key + ",") || line.ends_with(in_days(5))) text += line + "\n";
  }
  replace_file(c.file("feed/hr.csv"), text);
  for (int twice = 0; twice < 2; ++twice) {
    const auto looked = c.json({"resync", "--full"});
    CHECK_MESSAGE(looked["changes"].empty(), looked.dump());
  }
  CHECK(c.slapd().values(dn, "title") == std::vector<std::string>{before});
  CHECK(c.is_member("all-staff", dn));
  CHECK(c.muster({"resync"}, clock_at(in_days(6) + " 12:00:00")).code == 0);
  CHECK(c.slapd().values(dn, "title") == std::vector<std::string>{"Pilot"});
}

TEST_CASE("dates: a clock that was ahead brings nothing into force for good") {
  Company c = with_effective_days();
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string key = employee(c), dn = c.dn_of(key), before = c.cell(key, "Job Title");
  tell(c, key, "Pilot", in_days(5));
  REQUIRE(c.muster({"resync"}).code == 0);
  REQUIRE(c.muster({"resync"}, clock_at(in_days(6) + " 12:00:00")).code == 0);
  REQUIRE(c.slapd().values(dn, "title") == std::vector<std::string>{"Pilot"});
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(dn, "title") == std::vector<std::string>{before});
  REQUIRE(c.json({"why", key})["waiting"].size() == 1);
  CHECK(c.muster({"resync"}, clock_at(in_days(6) + " 12:00:00")).code == 0);
  CHECK(c.slapd().values(dn, "title") == std::vector<std::string>{"Pilot"});
}

TEST_CASE("dates: days that HR begins to tell later make nobody late") {
  Company c({});
  REQUIRE(c.muster({"resync"}).code == 0);
  std::string text;
  for (const std::string& line : lines_of(read_file(c.file("feed/hr.csv"))))
    text += line + (text.empty() ? ",From\n" : "," + in_days(-30) + "\n");
  replace_file(c.file("feed/hr.csv"), text);
  declare_effective_days(c.file(""));
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.events("retroactive").empty());
  tell(c, employee(c), "Pilot", in_days(-20));
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.events("retroactive").size() == 1);
}

TEST_CASE("dates: a snapshot that lost people is no larger for the many records of one of them") {
  Company c = with_effective_days();
  REQUIRE(c.muster({"resync"}).code == 0);
  const auto people = c.people();
  const std::size_t lost = people.size() / 5;
  for (std::size_t i = 0; i < lost; ++i) c.remove_person(people[i]);
  for (std::size_t i = 0; i < lost; ++i) tell(c, people.back(), "Pilot", "on day " + std::to_string(i));
  const auto refused = c.muster({"resync"});
  CHECK(refused.code == 1);
  const std::string sentence =
      "the snapshot has " + std::to_string(people.size() - lost) + " people where " + std::to_string(people.size()) + " are known";
  CHECK_MESSAGE(refused.err.find(sentence) != std::string::npos, refused.err);
}
