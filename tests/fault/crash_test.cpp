// Guarantee 4. A company is led through the same history twice: once in peace, once with a process that is killed wherever it
// hurts.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "tests/support/lab.h"

using namespace muster::test;
using nlohmann::json;

namespace {

constexpr std::size_t kStatus = 1, kDepartment = 5, kCost = 6, kTitle = 7;
constexpr int kPeople = 80, kSteps = 42;

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

/// The directory without what depends on the clock: per entry one text, its lines sorted, since slapd keeps values as they came.
std::set<std::string> people_and_groups(Company& c) {
  std::set<std::string> entries;
  std::istringstream text(c.slapd().search("dc=example,dc=com", "(!(cn=svc-muster))", {"*"}));  // its password is random
  std::multiset<std::string> lines;
  for (std::string line; std::getline(text, line) || !lines.empty();) {
    if (text && !line.empty()) {
      lines.insert(line);
      continue;
    }
    std::string entry;
    for (const std::string& l : lines) entry += l + "\n";
    entries.insert(entry);
    lines.clear();
  }
  std::istringstream disabled(c.slapd().search("ou=people,dc=example,dc=com", "(pwdEndTime=*)", {"1.1"}));
  for (std::string line; std::getline(disabled, line);) entries.insert("disabled: " + line);
  return entries;
}

/// What one has and the other has not, for the reader of a failure.
template <class Set>
std::string without(const Set& all, const Set& known) {
  std::string text;
  for (const auto& item : all) {
    if (!known.contains(item)) text += item + "\n";
  }
  return text;
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
    victim.wait(std::chrono::milliseconds(random() % 60));
    victim.signal(SIGKILL);
    kills += victim.wait() == 137;
    REQUIRE(war.muster({"resync", "--full"}).code == 0);
  }
  MESSAGE("killed " << kills << " times");
  for (const auto& [point, n] : by_point) MESSAGE("  at '" << point << "': " << n);
  CHECK(kills >= 200);
  const auto after_war = people_and_groups(war), after_peace = people_and_groups(peace);
  CHECK(without(after_war, after_peace) == "");
  CHECK(without(after_peace, after_war) == "");
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
