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
