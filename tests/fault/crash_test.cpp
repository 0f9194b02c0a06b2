// Guarantee 4. A company is led through the same history twice: once in peace, once with a process that is killed wherever it
// hurts.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/support/lab.h"

using namespace muster::test;
using nlohmann::json;

namespace {

constexpr std::size_t kStatus = 1, kDepartment = 5, kCost = 6, kTitle = 7;
constexpr int kPeople = 80, kSteps = 36;

/// HR's history: every step moves, promotes and terminates or brings back somebody. The same for both.
void advance(const Company& c, int step) {
  const auto people = c.people();
  const auto nth = [&](int n) { return people[static_cast<std::size_t>(n) % people.size()]; };
  c.edit_person(nth(step * 7 + 3), [&](auto& cells) {
    const bool sales = cells[kDepartment] == "Sales";
    cells[kDepartment] = sales ? "Engineering" : "Sales";
    cells[kCost] = sales ? "4103" : "5100";
  });
  c.edit_person(nth(step * 5 + 1), [&](auto& cells) { cells[kTitle] = "Title " + std::to_string(step); });
  c.edit_person(nth(step / 2 * 3 + 2), [&](auto& cells) {
    if (cells[kStatus] != "On Leave") cells[kStatus] = cells[kStatus] == "Active" ? "Terminated" : "Active";
  });
}

/// The directory without what depends on the clock.
std::string people_and_groups(Company& c) {
  std::string text = c.slapd().search("dc=example,dc=com", "(objectClass=*)", {"*"});
  const std::string disabled = c.slapd().search("ou=people,dc=example,dc=com", "(pwdEndTime=*)", {"1.1"});
  // slapd keeps values in the order in which they came: sort the lines of each entry.
  std::vector<std::string> entries;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find("\n\n", at), text.size());
    std::vector<std::string> lines;
    std::string entry = text.substr(at, end - at);
    for (std::size_t l = 0; l <= entry.size();) {
      const auto stop = std::min(entry.find('\n', l), entry.size());
      lines.push_back(entry.substr(l, stop - l));
      l = stop + 1;
    }
    std::sort(lines.begin(), lines.end());
    entry.clear();
    for (const std::string& line : lines) entry += line + "\n";
    entries.push_back(std::move(entry));
    at = end + 2;
  }
  std::sort(entries.begin(), entries.end());
  text.clear();
  for (const std::string& e : entries) text += e;
  return text + disabled;
}

std::string essence(const json& record) {
  json j;
  for (const char* key : {"action", "person", "dn", "attribute", "group", "before", "after"}) j[key] = record.value(key, json());
  return j.dump();
}

std::multiset<std::string> applied(const std::vector<json>& records) {
  std::multiset<std::string> all;
  for (const json& r : records) {
    if (r["kind"] == "applied") all.insert(essence(r));
  }
  return all;
}

}  // namespace

TEST_CASE(
    "guarantee 4: killed at any point, the agent converges to the same directory, with one audit record and one event for each "
    "change") {
  Company peace({.people = kPeople}), war({.people = kPeople});
  REQUIRE(peace.muster({"resync"}).code == 0);
  REQUIRE(war.muster({"resync"}).code == 0);
  const std::vector<std::string> points{"intent durable:1", "written, not recorded:1", "recorded:1",
                                        "intent durable:2", "written, not recorded:2", "read, not committed:1",
                                        "recorded:2",       "intent durable:1",        "written, not recorded:1"};
  int kills = 0;
  std::map<std::string, int> by_point;
  std::mt19937 random(4);
  for (int step = 0; step < kSteps; ++step) {
    CAPTURE(step);
    advance(peace, step);
    const Finished calm = peace.muster({"resync"});
    REQUIRE_MESSAGE(calm.code == 0, (calm.out + calm.err));
    advance(war, step);
    for (const std::string& point : points) {
      const Finished done = war.muster({"resync"}, {{"MUSTER_CRASH_AT", point}});
      const bool killed = done.code == 137;
      REQUIRE_MESSAGE((killed || done.code == 0), done.err);
      kills += killed;
      by_point[point.substr(0, point.find(':'))] += killed;
    }
    // And once wherever it happens to be.
    Process victim({MUSTER_BINARY, "--config", war.config(), "resync", "--full"}, war.file("killed.log"));
    victim.wait(std::chrono::milliseconds(random() % 120));
    victim.signal(SIGKILL);
    kills += victim.wait() == 137;
    REQUIRE(war.muster({"resync", "--full"}).code == 0);
  }
  MESSAGE("killed " << kills << " times");
  for (const auto& [point, n] : by_point) MESSAGE("  at '" << point << "': " << n);
  CHECK(kills >= 200);
  CHECK(people_and_groups(war) == people_and_groups(peace));
  CHECK(war.muster({"plan"}).code == 0);
  CHECK(war.muster({"audit", "verify"}).code == 0);

  const auto audit = war.audit();
  CHECK(applied(audit) == applied(peace.audit()));
  std::map<std::string, std::string> by_id;
  for (const json& e : war.events()) {
    const std::string text = e.dump();
    const auto [at, fresh] = by_id.emplace(e["id"], text);
    CHECK(at->second == text);  // the same event, when it comes twice
  }
  std::multiset<std::string> told;
  for (const auto& [id, text] : by_id) {
    const json e = json::parse(text);
    if (e["kind"] == "applied") told.insert(essence(e));
  }
  CHECK(told == applied(audit));
}
