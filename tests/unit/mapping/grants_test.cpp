// Who may give what for how long.
#include "mapping/grants.h"

#include <doctest/doctest.h>

#include <regex>

#include "tests/support/company_rules.h"
#include "tests/support/time_zone.h"

using namespace muster;
using namespace muster::test;

namespace {

using std::chrono::hours;

const std::vector<std::string> kAnn{"1042", "active", "Ann", "Lee", "Engineering", "Engineer", "Employee", "20200101", "", ""};

Rules rules_with(std::optional<ManagedRule::ForATime> limits) {
  Rules rules = CompanyRules::make();
  for (ManagedRule& m : rules.managed) m.for_a_time = limits;
  return rules;
}

ManagedRule::ForATime limits(bool allowed, std::optional<std::chrono::seconds> most, std::vector<std::string> approvers,
                             bool two_person) {
  return {allowed, most, std::move(approvers), two_person, {"access.xml", 12, 5}};
}

/// "yes", "second", or the sentence, whatever the line of the company's rule is.
std::string verdict(const Result<bool>& judged) {
  if (!judged) return std::regex_replace(judged.error().what, std::regex("rules.xml:[0-9]+"), "rules.xml:N");
  return *judged ? "second" : "yes";
}

}  // namespace

TEST_CASE("who may give what for how long") {
  use_central_european_time();
  const Now now = now_at(*parse_iso_time("2026-11-23T09:00:00Z"));
  const std::string sales = group_dn("sales");
  struct Row {
    const char* name;
    std::optional<ManagedRule::ForATime> limits;
    std::string group;
    std::chrono::seconds duration;
    std::string by;
    std::string says;
  };
  const Row rows[] = {
      {"no limits", std::nullopt, sales, hours(8), "carol", "yes"},
      {"limits that are met", limits(true, hours(8), {"alice", "Bob"}, false), sales, hours(8), " ALICE ", "yes"},
      {"too long", limits(true, hours(8), {}, false), sales, hours(8) + std::chrono::minutes(5), "carol",
       "8 h 5 min is longer than the 8 h for which " + sales + " may be given (access.xml:12)"},
      {"no approver", limits(true, std::nullopt, {"alice", "bob"}, false), sales, hours(1), "carol",
       "carol may not give access to " + sales + " (access.xml:12)"},
      {"not at all", limits(false, std::nullopt, {}, false), sales, hours(1), "alice",
       "nobody is given " + sales + " for a time (access.xml:12: allowed=\"false\")"},
      {"two people", limits(true, std::nullopt, {"alice", "bob"}, true), sales, hours(1), "alice", "second"},
      {"by nobody", std::nullopt, sales, hours(1), " ", "--by names nobody"},
      {"for no time", std::nullopt, sales, hours(0), "carol", "access for no time is none"},
      {"not managed", std::nullopt, group_dn("chess"), hours(1), "carol",
       group_dn("chess") + " is not managed, so nobody can be given it"},
      {"protected", std::nullopt, group_dn("admins"), hours(1), "carol",
       group_dn("admins") + " is protected: its members are never written"},
      {"by role anyway", std::nullopt, group_dn("vpn"), hours(1), "carol",
       "person 1042 has " + group_dn("vpn") +
           " anyway, by role engineering (rules.xml:N: department='Engineering', status='active')"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Rules rules = rules_with(row.limits);
    const Person ann{PersonKey("1042"), kAnn, "feed hr, line 2", true};
    CHECK(verdict(judge_grant({ann, dn(row.group), row.duration, row.by}, rules, now)) == row.says);
  }
}

TEST_CASE("nothing is given to somebody who leaves, is away, or is not here yet") {
  use_central_european_time();
  const Now now = now_at(*parse_iso_time("2026-11-23T09:00:00Z"));
  const struct {
    std::size_t field;
    const char *value, *says;
  } rows[] = {
      {1, "terminated", "person 1042 leaves (leaver: status='terminated'; rules.xml:N), so no access is given"},
      {1, "leave", "person 1042 is away (absence: status='leave'; rules.xml:N), so no access is given"},
      {7, "20261201", "person 1042 is not here yet, so no access is given"},
      {6, "Contractor", "person 1042's contract is over, or has no end, so no access is given"},
  };
  const Rules rules = CompanyRules::make();
  for (const auto& row : rows) {
    CAPTURE(row.value);
    Person ann{PersonKey("1042"), kAnn, "feed hr, line 2", true};
    ann.fields[row.field] = row.value;
    CHECK(verdict(judge_grant({ann, dn(group_dn("sales")), hours(1), "carol"}, rules, now)) == row.says);
  }
}

TEST_CASE("the second person is another one, and an approver") {
  const Rules rules = rules_with(limits(true, std::nullopt, {"alice", "bob"}, true));
  const Dn group = dn(group_dn("sales"));
  CHECK(judge_second(group, "alice", "bob", rules));
  const auto same = judge_second(group, "alice", " Alice", rules);
  REQUIRE_FALSE(same);
  CHECK(same.error().what == "alice asked for it, so somebody else must agree");
  const auto other = judge_second(group, "alice", "mallory", rules);
  REQUIRE_FALSE(other);
  CHECK(other.error().what == "mallory may not give access to " + group.str() + " (access.xml:12)");
  CHECK(other.error().hint == "its approvers are alice, bob");
}
