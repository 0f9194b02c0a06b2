// What a plan says besides its changes: reasons, causes, decisions, values. What it does is in scenarios/.
#include "mapping/plan.h"

#include <doctest/doctest.h>

#include "tests/support/company_rules.h"
#include "tests/support/on_windows.h"
#include "tests/support/plan_world.h"
#include "tests/support/time_zone.h"

using namespace muster;
using namespace muster::test;

namespace {

Now noon(const std::string& date) {
  use_central_european_time();
  return now_at(*parse_iso_time(date + "T09:00:00Z"));
}
const std::string kToday = "2026-11-23";

PlanWorld ann() {
  PlanWorld world;
  world.person = Person{PersonKey("1042"),
                        {"1042", "active", "Ann", "Lee", "Engineering", "Engineer", "Employee", "20200101", "", "ann@corp.example"},
                        "feed hris, line 2",
                        true};
  world.entry = Entry{EntryId({7}), dn("CN=Ann Lee," + kPeople), "", {}};
  for (const auto& [name, value] : std::map<std::string, std::string>{{"cn", "Ann Lee"},
                                                                      {"givenName", "Ann"},
                                                                      {"sn", "Lee"},
                                                                      {"displayName", "Ann Lee"},
                                                                      {"departmentNumber", "Engineering"},
                                                                      {"title", "Engineer"}}) {
    world.entry->attributes.set(name, {value});
    world.ledger.settled[to_lower(name)] = {value};
  }
  for (const char* group : {"all-staff", "engineering", "vpn"}) world.memberships.push_back({dn(group_dn(group)), true});
  return world;
}

void set_field(PlanWorld& world, const std::string& field, const std::string& value) {
  const auto& fields = CompanyRules::fields();
  world.person->fields.at(static_cast<std::size_t>(std::find(fields.begin(), fields.end(), field) - fields.begin())) = value;
}

Plan planned(const PlanWorld& world, CompanyRules::Knobs knobs = {}, const std::string& date = kToday) {
  const Rules rules = CompanyRules::make(std::move(knobs));
  const Now now = noon(date);
  return plan(world.subject(now), rules, now);
}

const Change& only(const Plan& made, Action action) {
  const auto found = std::find_if(made.changes.begin(), made.changes.end(), [&](const Change& c) { return c.action == action; });
  REQUIRE(found != made.changes.end());
  return *found;
}

}  // namespace

TEST_CASE("every change says which rule, which values and which record it comes from") {
  struct Case {
    const char* name;
    std::vector<std::pair<const char*, const char*>> hr;
    Action action;
    std::string rule, text;
    Decision decision;
  };
  const Case cases[] = {
      {"a leaver", {{"status", "terminated"}}, Action::disable, "rules.xml:24", "leaver: status='terminated'", Decision::leaver},
      {"a leaver's memberships",
       {{"status", "terminated"}},
       Action::remove_member,
       "rules.xml:24",
       "leaver: status='terminated'",
       Decision::leaver},
      {"an absence", {{"status", "leave"}}, Action::disable, "rules.xml:25", "absence: status='leave'", Decision::absence},
      {"a role that ends",
       {{"department", "Sales"}},
       Action::remove_member,
       "rules.xml:10",
       "role engineering does not apply: department='Sales', status='active'",
       Decision::mover},
      {"a role that begins",
       {{"department", "Sales"}},
       Action::add_member,
       "rules.xml:18",
       "role sales: department='Sales', status='active'",
       Decision::mover},
      {"a value", {{"title", "Architect"}}, Action::set, "rules.xml:7", "HR says 'Architect' (title)", Decision::mover},
      {"a value that HR took away", {{"title", ""}}, Action::clear, "rules.xml:7", "HR says nothing (title)", Decision::mover},
      {"an end",
       {{"type", "Contractor"}, {"end", "20261231"}},
       Action::expire,
       "rules.xml:26",
       "contractor: the account ends with 2026-12-31 (end)",
       Decision::mover},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    PlanWorld world = ann();
    for (const auto& [field, value] : c.hr) set_field(world, field, value);
    const Plan made = planned(world);
    const Change& change = only(made, c.action);
    CHECK(change.because.rule == c.rule);
    CHECK(change.because.text == c.text);
    CHECK(change.because.cause == "feed hris, line 2");
    CHECK(change.decision == c.decision);
    CHECK(change.person == PersonKey("1042"));
    CHECK(change.entry == EntryId({7}));
    CHECK(change.dn == dn("CN=Ann Lee," + kPeople));
  }
}

TEST_CASE("who is missing from the snapshot leaves because of the feed") {
  PlanWorld world = ann();
  world.person->listed = false;
  const Change disable = only(planned(world), Action::disable);
  CHECK(disable.because.rule == "muster.xml:7");
  CHECK(disable.because.text == "leaver: HR's snapshot no longer lists this person");
}

TEST_CASE("why somebody comes back is said") {
  struct Case {
    const char* name;
    Decision disabled_for;
    std::string rule, text;
    Decision decision;
  };
  const Case cases[] = {
      {"the first day", Decision::joiner, "rules.xml:23", "the first day has come: status='active'", Decision::joiner},
      {"after a leave", Decision::absence, "rules.xml:25", "no longer disabled by an absence: status='active'", Decision::absence},
      {"a rehire", Decision::leaver, "rules.xml:27", "rehire of a former leaver: status='active'", Decision::joiner},
      {"after anything else", Decision::drift, "rules.xml:23", "the reason for disabling is gone: status='active'",
       Decision::joiner},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    PlanWorld world = ann();
    world.switched_off = true;
    world.ledger.disabled_at = noon("2026-10-01").utc;
    world.ledger.disabled_for = c.disabled_for;
    const Plan made = planned(world);
    const Change& enable = only(made, Action::enable);
    CHECK(enable.because.rule == c.rule);
    CHECK(enable.because.text == c.text);
    CHECK(enable.decision == c.decision);
    CHECK(enable.from == Values{"disabled"});
    CHECK(enable.to == Values{"enabled"});
  }
}

TEST_CASE("a joiner's entry starts with what HR owns and what it will be found by, and with nothing else") {
  PlanWorld world = ann();
  world.entry.reset();
  struct Case {
    const char* name;
    CompanyRules::Knobs knobs;
    bool has_number;
  };
  const Case cases[] = {{"the join attribute belongs to nobody", {}, true},
                        {"the join attribute belongs to the directory", {{"employeeNumber", "directory"}}, false}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Plan made = planned(world, c.knobs);
    REQUIRE(made.changes.size() == 1);
    const Change& create = made.changes.front();
    CHECK(create.dn == dn("CN=Ann Lee," + kPeople));
    CHECK(create.entry == EntryId());
    CHECK(create.because.text == "joiner: status='active'");
    CHECK(create.initial.first("givenname") == "Ann");
    CHECK(create.initial.first("displayname") == "Ann Lee");
    CHECK(create.initial.first("departmentnumber") == "Engineering");
    CHECK((create.initial.find("employeenumber") != nullptr) == c.has_number);
    CHECK(create.initial.find("mail") == nullptr);
    CHECK(create.initial.find("telephonenumber") == nullptr);
    CHECK(create.initial.size() == (c.has_number ? 6 : 5));
  }
}

TEST_CASE("a joiner is given access as soon as there is an entry, and nothing is set twice") {
  PlanWorld world = ann();
  world.entry.reset();
  const Rules rules = CompanyRules::make({});
  const Now now = noon(kToday);
  const Plan made = plan(world.subject(now), rules, now);
  REQUIRE(made.changes.size() == 1);
  const Plan next = plan_once_created(made.changes.front(), *world.person, rules, now);
  REQUIRE(!next.changes.empty());
  for (const Change& c : next.changes) {
    CHECK(c.action == Action::add_member);
    CHECK(c.dn == made.changes.front().dn);
  }
}

TEST_CASE("drift: the values of both sides are told, and a revert starts from what somebody wrote") {
  PlanWorld world = ann();
  world.entry->attributes.set("departmentNumber", {"Skunkworks"});
  const Plan reported = planned(world);
  REQUIRE(reported.problems.size() == 1);
  CHECK(reported.problems[0].drift);
  CHECK(reported.problems[0].attribute == "departmentNumber");
  CHECK(reported.problems[0].where == "rules.xml:6");
  CHECK(
      reported.problems[0].what ==
      "person 1042: departmentNumber is 'Skunkworks' where HR says 'Engineering': somebody else changed it (on-drift=\"report\")");
  const Change set = only(planned(world, {{"on-drift", "revert"}}), Action::set);
  CHECK(set.from == Values{"Skunkworks"});
  CHECK(set.to == Values{"Engineering"});
  CHECK(set.decision == Decision::drift);
  CHECK(set.because.text == "drift: somebody changed departmentNumber; HR says 'Engineering' (department)");
}

TEST_CASE("values that agree are settled, values that are only kept, refused or drifted are not") {
  PlanWorld world = ann();
  world.ledger.settled.clear();
  set_field(world, "department", "");
  set_field(world, "title", "a\tb");
  std::map<std::string, Values> agreed;
  for (const auto& [name, values] : planned(world).agreed) agreed[name] = values;
  CHECK(agreed == std::map<std::string, Values>{{"givenname", {"Ann"}}, {"sn", {"Lee"}}, {"displayname", {"Ann Lee"}}});
  world.entry->attributes.set("title", {});
  set_field(world, "title", "");
  const Plan made = planned(world);
  const auto empty = std::find_if(made.agreed.begin(), made.agreed.end(), [](const auto& item) { return item.first == "title"; });
  REQUIRE(empty != made.agreed.end());
  CHECK(empty->second.empty());
}

TEST_CASE("strangers: named by their DN, removed for the reason that fits the group") {
  PlanWorld world = ann();
  world.person.reset();
  world.memberships = {{dn(group_dn("sales")), false}, {dn(group_dn("vpn")), true}};
  const Plan made = planned(world);
  REQUIRE(made.changes.size() == 2);
  for (const Change& c : made.changes) {
    CHECK(c.decision == Decision::stranger);
    CHECK(c.person == PersonKey());
    CHECK(c.because.cause == "directory");
  }
  CHECK(made.changes[0].because.text == "exclusive group: HR knows nobody with this account");
  CHECK(made.changes[1].because.text == "granted by muster; HR knows nobody with this account any more");
}

TEST_CASE("protected: one sentence says what is left to do, and who protects") {
  PlanWorld world = ann();
  world.is_protected = true;
  set_field(world, "status", "terminated");
  const Plan made = planned(world);
  CHECK(made.changes.empty());
  REQUIRE(made.problems.size() == 1);
  CHECK(made.problems[0].code == "protected");
  CHECK(
      made.problems[0].what ==
      "person 1042: protected by <protect person> at muster.xml:30:5, so 5 changes are left to you: disable, remove-member, move");
}

TEST_CASE("who should be in which group, and by which role") {
  const Now now = noon(kToday);
  const Rules rules = CompanyRules::make();
  struct Case {
    const char* name;
    std::vector<std::pair<const char*, const char*>> hr;
    std::string expected;
  };
  const Case cases[] = {
      {"an engineer", {}, "all-staff/all-staff engineering/engineering vpn/engineering"},
      {"a manager in engineering: each group once, by the first role",
       {{"title", "Manager"}},
       "all-staff/all-staff engineering/engineering vpn/engineering managers/managers admins/managers"},
      {"a leaver", {{"status", "terminated"}, {"title", "Manager"}}, ""},
      {"a contractor without an end date", {{"type", "Contractor"}}, ""},
      {"a contractor with an end date", {{"type", "Contractor"}, {"end", "20261231"}, {"department", ""}}, "all-staff/all-staff"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    PlanWorld world = ann();
    for (const auto& [field, value] : c.hr) set_field(world, field, value);
    std::string found;
    for (const Entitlement& e : entitlements(*world.person, rules, now)) {
      found += (found.empty() ? "" : " ") + e.group.rdn_avas().front().value + "/" + e.role;
      CHECK_FALSE(e.condition.empty());
      CHECK(e.at.line > 0);
    }
    CHECK(found == c.expected);
  }
}

TEST_CASE("the values to join by, in the order of the rules, empty where HR has none") {
  const Rules rules = CompanyRules::make();
  PlanWorld world = ann();
  set_field(world, "email", "");
  CHECK(join_values(*world.person, rules, noon(kToday)) == std::vector<std::string>{"1042", ""});
}

TEST_CASE("a record with fewer fields than the feed declares reads as empty fields") {
  PlanWorld world = ann();
  world.person->fields.resize(2);
  world.memberships.clear();
  const Plan made = planned(world);
  CHECK(only(made, Action::add_member).group == dn(group_dn("all-staff")));
  CHECK(only(made, Action::clear).attribute == "givenName");
}

TEST_CASE("an end is the first instant after the last local day, also where clocks change at midnight" *
          doctest::skip(test::kOnWindows)) {
  struct Case {
    const char* name;
    const char* zone;
    const char* end;
    const char* expected;
  };
  const Case cases[] = {
      {"UTC", "UTC0", "20261231", "2027-01-01T00:00:00.000Z"},
      {"east of Greenwich", "IST-5:30", "20261231", "2026-12-31T18:30:00.000Z"},
      {"west of Greenwich", "EST5EDT,M3.2.0,M11.1.0", "20261231", "2027-01-01T05:00:00.000Z"},
      {"no midnight: clocks go from 24:00 to 01:00", "XST3XDT,M10.3.0/0,M2.3.0/0", "20261017", "2026-10-18T03:00:00.000Z"},
      {"two midnights: clocks go from 01:00 back to 00:00", "XST5XDT,M3.2.0/0,M11.1.0/1", "20261031", "2026-11-01T04:00:00.000Z"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    PlanWorld world = ann();
    set_field(world, "type", "Contractor");
    set_field(world, "end", c.end);
    const Rules rules = CompanyRules::make();
    use_time_zone(c.zone);
    const Now now = now_at(*parse_iso_time("2026-09-01T09:00:00Z"));
    const Plan made = plan(world.subject(now), rules, now);
    use_central_european_time();
    CHECK(only(made, Action::expire).to == Values{c.expected});
  }
}

TEST_CASE("a contractor whose end has passed gets no additions, also where the family tells an ended account from a disabled one") {
  PlanWorld world = ann();
  set_field(world, "type", "Contractor");
  set_field(world, "end", "20261031");
  world.memberships.clear();
  const Rules rules = CompanyRules::make();
  const Now now = noon(kToday);
  Subject subject = world.subject(now);
  subject.account.disabled = false;
  subject.account.expires = parse_iso_time("2026-10-31T23:00:00Z");
  CHECK(plan(subject, rules, now).changes.empty());
  set_field(world, "end", "20261123");
  subject.account.expires = parse_iso_time("2026-11-23T23:00:00Z");
  CHECK(plan(subject, rules, now).changes.size() == 3);
}
