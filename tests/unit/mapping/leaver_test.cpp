// Since when a leaver's disable is owed, and what a leaver has to hand over.
#include <doctest/doctest.h>

#include "tests/support/company_rules.h"
#include "tests/support/plan_world.h"
#include "tests/support/time_zone.h"

using namespace muster;
using namespace muster::test;

namespace {

Instant at(const std::string& text) { return parse_iso_time(text).value(); }

/// Ann, whose entry is in order, with HR's record since the evening of 2026-11-20.
struct World {
  PlanWorld world;
  World() {
    use_central_european_time();
    world.person =
        Person{PersonKey("1042"),
               {"1042", "active", "Ann", "Lee", "Engineering", "Engineer", "Employee", "20200101", "", "ann@corp.example"},
               "feed hris, line 2",
               true};
    world.entry = Entry{EntryId({1}), dn("CN=Ann Lee," + kPeople), "", {}};
  }
  std::string& field(std::size_t i) { return world.person->fields[i]; }
  Subject subject(const Now& now) const {
    Subject s = world.subject(now);
    s.known_since = at("2026-11-20T17:00:00Z");
    return s;
  }
  /// "since" of the disable that is planned; empty: there is none, or nobody knows.
  std::string owed(const CompanyRules::Knobs& knobs, const std::string& now) const {
    const Rules rules = CompanyRules::make(knobs);
    const Now then = now_at(at(now));
    for (const Change& c : plan(subject(then), rules, then).changes) {
      if (c.action == Action::disable) return c.owed_since ? iso_time(*c.owed_since) : "";
    }
    return "no disable";
  }
};

}  // namespace

TEST_CASE("a leaver's disable is owed since HR's record says so, or since its date has come") {
  struct Case {
    const char* name;
    std::size_t field;
    const char* value;
    CompanyRules::Knobs knobs;
    const char* now;
    const char* since;
  };
  const CompanyRules::Knobs by_day{{"leaver", "$today > end and end != ''"}};
  const Case cases[] = {
      {"by status: since the record is known", 1, "terminated", {}, "2026-11-21T09:00:00Z", "2026-11-20T17:00:00.000Z"},
      {"by a date that had passed before the record came", 8, "20261101", by_day, "2026-11-21T09:00:00Z",
       "2026-11-20T17:00:00.000Z"},
      {"by a date that came later: since that midnight", 8, "20261124", by_day, "2026-11-25T09:00:00Z", "2026-11-24T23:00:00.000Z"},
      {"the agent was down for three days", 8, "20261124", by_day, "2026-11-28T09:00:00Z", "2026-11-24T23:00:00.000Z"},
      {"by the hour of the last day", 8, "20261124", {{"leaver-on", "18:00"}}, "2026-11-24T17:00:01Z", "2026-11-24T17:00:00.000Z"},
      {"not yet", 8, "20261124", by_day, "2026-11-24T09:00:00Z", "no disable"},
      {"on leave: not a leaver's disable", 1, "leave", {}, "2026-11-21T09:00:00Z", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    World w;
    w.field(c.field) = c.value;
    CHECK(w.owed(c.knobs, c.now) == c.since);
  }
}

TEST_CASE("a disable that somebody undid is nothing that HR waits for") {
  World w;
  w.field(1) = "terminated";
  w.world.ledger.disabled_at = at("2026-11-20T17:00:01Z");
  w.world.ledger.disabled_for = Decision::leaver;
  CHECK(w.owed({}, "2026-11-21T09:00:00Z") == "");
}

TEST_CASE("what a leaver is still named in is listed, the first of many") {
  const Rules rules = CompanyRules::make();
  const Now now = now_at(at("2026-11-21T09:00:00Z"));
  World w;
  w.field(1) = "terminated";
  Subject subject = w.subject(now);
  const auto problem = [&] {
    std::string text;
    for (const PlanProblem& p : plan(subject, rules, now).problems) text += p.code + ": " + p.what;
    return text;
  };
  CHECK(problem() == "");
  subject.mentions = {{"manager", dn("CN=Bo," + kPeople)}, {"owner", dn("CN=chess," + kGroups)}};
  CHECK(problem() ==
        "hand-over: person 1042: has left and is still manager of CN=Bo,OU=People,DC=corp,DC=example, owner of "
        "CN=chess,OU=Groups,DC=corp,DC=example; name somebody else there");
  for (int i = 0; i < 5; ++i) subject.mentions.push_back({"owner", dn("CN=g" + std::to_string(i) + "," + kGroups)});
  CHECK(problem().find(" and 2 more; name somebody else there") != std::string::npos);
  w.field(1) = "active";
  Subject active = w.subject(now);
  active.mentions = subject.mentions;
  CHECK(plan(active, rules, now).problems.empty());
}
