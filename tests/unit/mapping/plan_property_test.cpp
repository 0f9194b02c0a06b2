// What must hold for every person, entry and rule: thousands of random walks through working lives.
#include <doctest/doctest.h>

#include <random>

#include "tests/support/company_rules.h"
#include "tests/support/plan_world.h"
#include "tests/support/time_zone.h"

using namespace muster;
using namespace muster::test;

namespace {

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string pick(std::initializer_list<const char*> from) { return *(from.begin() + below(from.size())); }

 private:
  std::mt19937 engine_;
};

CompanyRules::Knobs random_rules(Dice& dice) {
  return {{"on-drift", dice.pick({"report", "revert"})},
          {"cn", dice.pick({"", "hr"})},
          {"employeeNumber", dice.pick({"", "directory"})},
          {"joiner", dice.pick({"status='active'", "status!='terminated'", "none"})},
          {"create", dice.pick({"yes", "yes", "no"})},
          {"rdn", dice.pick({"concat('CN=', first, ' ', last)", "concat('CN=', id)", "none", "first"})},
          {"days-before", dice.pick({"0", "7", "400"})},
          {"leaver", dice.pick({"status='terminated'", "status='terminated' or (end != '' and $today > end)", "none"})},
          {"leaver-disable", dice.pick({"yes", "yes", "no"})},
          {"strip", dice.pick({"none", "managed", "all"})},
          {"move", dice.pick({"yes", "no"})},
          {"delete-after", dice.pick({"never", "P30D"})},
          {"absence-disable", dice.pick({"yes", "no", "none"})},
          {"rehire", dice.pick({"yes", "no", "none"})},
          {"missing", dice.pick({"leaver", "keep"})}};
}

std::string random_field(std::size_t index, Dice& dice, const Now& now) {
  const auto date = [&] {
    return dice.one_in(3) ? std::string() : compact_date(now.today + std::chrono::days(static_cast<int>(dice.below(120)) - 60));
  };
  switch (index) {
    case 1: return dice.pick({"active", "active", "terminated", "leave", "suspended"});
    case 2: return dice.pick({"Ann", "ann", "Zoë", "", " Ann"});
    case 3: return dice.pick({"Lee", "Berg, PhD", "Lee+Berg", "", "#1"});
    case 4: return dice.pick({"Engineering", "Sales", "", "Sa\nles"});
    case 5: return dice.pick({"Engineer", "Manager", "Sales Manager", "", "\x01"});
    case 6: return dice.pick({"Employee", "Contractor"});
    case 7:
    case 8: return date();
    case 9: return dice.pick({"ann@corp.example", ""});
    default: return "1042";
  }
}

/// Something happens to the person, to the entry behind our back, or nothing does.
void event(PlanWorld& world, Dice& dice, Now& now) {
  now = now_at(now.utc + std::chrono::hours(dice.below(24 * 40)));
  for (std::size_t i = 1; world.person && i < world.person->fields.size(); ++i) {
    if (dice.one_in(3)) world.person->fields[i] = random_field(i, dice, now);
  }
  if (world.person && dice.one_in(5)) world.person->listed = !world.person->listed;
  if (!world.entry) return;
  const char* names[] = {"givenName",       "sn",   "displayName",   "departmentNumber", "title",
                         "telephoneNumber", "mail", "employeeNumber"};
  for (const char* name : names) {
    if (!dice.one_in(8)) continue;
    Values values;
    for (std::size_t n = dice.below(3); n > 0; --n) values.push_back(dice.pick({"Ann", "Lee", "x", "Manager", "Engineering"}));
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    world.entry->attributes.set(name, values);
  }
  world.memberships.clear();
  for (const char* group : {"all-staff", "engineering", "sales", "managers", "vpn", "chess", "admins"}) {
    if (dice.one_in(2)) world.memberships.push_back({dn(group_dn(group)), dice.one_in(2)});
  }
  if (dice.one_in(6)) {
    world.switched_off = !world.switched_off;
    world.ledger.disabled_at.reset();
    world.ledger.disabled_for.reset();
  }
  if (!world.switched_off && dice.one_in(6))
    world.expires = now.utc + std::chrono::hours(static_cast<int>(dice.below(2000)) - 1000);
}

PlanWorld random_world(Dice& dice, Now& now) {
  PlanWorld world;
  if (!dice.one_in(10))
    world.person = Person{PersonKey("1042"), std::vector<std::string>(CompanyRules::fields().size()), "feed hris, line 2", true};
  for (std::size_t i = 0; world.person && i < world.person->fields.size(); ++i)
    world.person->fields[i] = random_field(i, dice, now);
  if (!world.person || !dice.one_in(4)) {
    world.entry = Entry{EntryId({1}), dn("CN=Ann Lee," + (dice.one_in(4) ? kLeavers : kPeople)), "", {}};
    world.entry->attributes.set("cn", {"Ann Lee"});
  }
  world.is_protected = dice.one_in(15);
  event(world, dice, now);
  return world;
}

std::string whole(const Plan& made) {
  std::string text;
  for (const Change& c : made.changes)
    text += canonical(c) + " / " + c.because.rule + " / " + c.because.text + " / " + c.because.cause + "\n";
  for (const PlanProblem& p : made.problems) text += p.code + " / " + p.what + " / " + p.where + " / " + p.attribute + "\n";
  for (const auto& [name, values] : made.agreed) text += name + "=" + (values.empty() ? "" : values.front()) + "\n";
  return text;
}

/// By HR's word alone, not as plan() finds it.
bool is_leaver(const PlanWorld& world, const CompanyRules::Knobs& knobs, const Now& now) {
  if (!world.person) return false;
  if (!world.person->listed && knobs.at("missing") == "leaver") return true;
  const std::string& when = knobs.at("leaver");
  if (when == "none") return false;
  const auto& f = world.person->fields;
  return f[1] == "terminated" || (when != "status='terminated'" && !f[8].empty() && f[8] < compact_date(now.today));
}

void check_change(const Change& c, const PlanWorld& world, const Rules& rules, bool leaver) {
  CHECK_FALSE(c.because.rule.empty());
  CHECK_FALSE(c.because.text.empty());
  CHECK_FALSE(c.because.cause.empty());
  if (const AttributeRule* rule = rules.attribute(c.attribute); rule && c.action != Action::expire) CHECK(rule->owner == Owner::hr);
  for (const auto& [name, values] : c.initial) {
    const AttributeRule* rule = rules.attribute(name);
    CHECK((!rule || rule->owner == Owner::hr));
    for (const std::string& v : values) CHECK(v.find_first_of("\n\x01") == std::string::npos);
  }
  for (const std::string& v : c.to) CHECK(v.find_first_of("\n\x01") == std::string::npos);
  if (!c.group.empty()) {
    CHECK_FALSE(c.group == dn(group_dn("admins")));
    const ManagedRule* managed = rules.managed_group(c.group);
    const bool stripped = leaver && c.action == Action::remove_member;
    CHECK((managed || stripped));
    if (!stripped && managed && managed->membership == ManagedRule::Membership::granted && c.action == Action::remove_member) {
      CHECK(std::any_of(world.memberships.begin(), world.memberships.end(),
                        [&](const Membership& m) { return m.group == c.group && m.granted_by_us; }));
    }
  }
  if (leaver) {
    CHECK(c.action != Action::add_member);
    CHECK(c.action != Action::enable);
    CHECK(c.action != Action::create);
  }
  if (!world.person) CHECK(c.action == Action::remove_member);
  if (c.action == Action::enable) CHECK(world.ledger.disabled_at.has_value());
}

/// Guarantee 2: what remains in exclusive groups is what the roles ask for.
void check_access(const PlanWorld& world, const Rules& rules, const Now& now) {
  const auto due = entitlements(*world.person, rules, now);
  for (const Membership& m : world.memberships) {
    const ManagedRule* managed = rules.managed_group(m.group);
    if (!managed || managed->membership != ManagedRule::Membership::exclusive || m.group == dn(group_dn("admins"))) continue;
    CHECK(std::any_of(due.begin(), due.end(), [&](const Entitlement& e) { return e.group == m.group; }));
  }
}

struct Seen {
  std::array<std::size_t, kActions.size()> actions{};
  std::size_t plans = 0, problems = 0;
};

void check_step(PlanWorld& world, const Rules& rules, const CompanyRules::Knobs& knobs, const Now& now, Seen& seen) {
  const Plan made = plan(world.subject(now), rules, now);
  CHECK(whole(made) == whole(plan(world.subject(now), rules, now)));
  const bool leaver = is_leaver(world, knobs, now);
  for (const Change& c : made.changes) {
    check_change(c, world, rules, leaver);
    ++seen.actions[static_cast<std::size_t>(c.action)];
  }
  CHECK(std::is_sorted(made.changes.begin(), made.changes.end(),
                       [](const Change& a, const Change& b) { return a.action < b.action; }));
  if (world.is_protected) CHECK(made.changes.empty());
  ++seen.plans;
  seen.problems += made.problems.size();
  const bool created = !world.entry && !made.changes.empty();
  world.apply(made, now);
  const bool adds =
      std::any_of(made.changes.begin(), made.changes.end(), [](const Change& c) { return c.action == Action::add_member; });
  if (adds) CHECK_FALSE(world.subject(now).account.disabled);
  if (created) world.apply(plan(world.subject(now), rules, now), now);
  CHECK(whole(Plan{plan(world.subject(now), rules, now).changes, {}, {}}) == "");
  const bool absent = world.person && world.person->fields[1] == "leave" && knobs.at("absence-disable") != "none";
  const bool broken =
      std::any_of(made.problems.begin(), made.problems.end(), [](const PlanProblem& p) { return p.code == "control-character"; });
  if (broken) {
    for (const Change& c : made.changes) CHECK(c.action == Action::disable);
  }
  if (world.person && world.entry && !leaver && !absent && !broken && !world.is_protected) check_access(world, rules, now);
}

void walk(std::uint32_t seed, Seen& seen) {
  INFO("seed " << seed);
  Dice dice(seed);
  Now now = now_at(*parse_iso_time("2026-11-23T09:00:00Z"));
  const CompanyRules::Knobs knobs = random_rules(dice);
  const Rules rules = CompanyRules::make(knobs);
  PlanWorld world = random_world(dice, now);
  for (int step = 0; step < 6; ++step) {
    INFO("step " << step);
    check_step(world, rules, knobs, now, seen);
    event(world, dice, now);
  }
}

}  // namespace

TEST_CASE("property: a plan that was carried out leaves nothing to plan, is the same every time, and stays inside the rules") {
  use_central_european_time();
  Seen seen;
  for (std::uint32_t seed = 1; seed <= 3000; ++seed) {
    try {
      walk(seed, seen);
    } catch (const std::exception& e) { FAIL("seed " << seed << ": " << std::string(e.what())); }
  }
  // Walks that never meet an action would prove nothing about it.
  for (const Action action : kActions) {
    INFO(std::string(to_string(action)));
    CHECK(seen.actions[static_cast<std::size_t>(action)] > 30);
  }
  CHECK(seen.problems > 1000);
}
