// Memberships: recalculated from the person's present record, never stacked.
#include <algorithm>

#include "mapping/plan_parts.h"

namespace muster {

namespace {

/// With the record loaded.
std::vector<Entitlement> entitlements_loaded(const Person& person, const Rules& rules) {
  std::vector<Entitlement> due;
  for (const RoleRule& role : rules.roles) {
    if (!role.when.truth()) continue;
    const std::string condition = planning::named(role.when, person, rules);
    for (const RoleRule::Group& g : role.groups) {
      const bool known = std::any_of(due.begin(), due.end(), [&](const Entitlement& e) { return e.group == g.dn; });
      if (!known) due.push_back({g.dn, role.name, g.at, condition});
    }
  }
  return due;
}

}  // namespace

std::vector<Entitlement> entitlements(const Person& person, const Rules& rules, const Now& now) {
  rules.scope->load(person, now);
  Plan ignored;
  const planning::State state = planning::state_of(&person, rules, now, ignored);
  if (state.kind == planning::State::Kind::leaver || (state.kind != planning::State::Kind::absent && !state.has_access)) return {};
  return entitlements_loaded(person, rules);
}

namespace planning {

namespace {

using Kind = State::Kind;

bool is_shielded(const Rules& rules, const Dn& group) {
  return std::any_of(rules.protected_groups.begin(), rules.protected_groups.end(), [&](const Dn& g) { return g == group; });
}

void remove(Draft& d, const Membership& m, Decision decision, Reason because) {
  Change& c = d.add(Action::remove_member, decision, std::move(because));
  c.group = m.group;
  c.from = {m.group.str()};
}

void strip(Draft& d) {
  const auto how = d.state.leaver ? d.state.leaver->strip : LeaverRule::Strip::none;
  if (how == LeaverRule::Strip::none) return;
  for (const Membership& m : d.subject.memberships) {
    if (is_shielded(d.rules, m.group)) continue;
    if (how == LeaverRule::Strip::all || d.rules.managed_group(m.group)) remove(d, m, Decision::leaver, d.state.why);
  }
}

/// Why a member should no longer be one: what its roles look at, and what HR says.
std::string no_longer(const Draft& d, const Dn& group) {
  for (const RoleRule& role : d.rules.roles) {
    for (const RoleRule::Group& g : role.groups) {
      if (g.dn == group) return "role " + role.name + " no longer applies: " + named(role.when, *d.subject.person, d.rules);
    }
  }
  return "no role asks for this group";
}

void remove_undue(Draft& d, const std::vector<Entitlement>& due) {
  for (const Membership& m : d.subject.memberships) {
    const ManagedRule* rule = d.rules.managed_group(m.group);
    if (!rule || is_shielded(d.rules, m.group)) continue;
    if (rule->membership == ManagedRule::Membership::granted && !m.granted_by_us) continue;
    if (std::any_of(due.begin(), due.end(), [&](const Entitlement& e) { return e.group == m.group; })) continue;
    if (!d.subject.person) {
      remove(d, m, Decision::stranger, d.reason(rule->at, "exclusive group: HR knows nobody with this account"));
    } else {
      remove(d, m, Decision::mover, d.reason(rule->at, no_longer(d, m.group)));
    }
  }
}

void add_due(Draft& d, const std::vector<Entitlement>& due) {
  if (!d.will_be_enabled) return;
  for (const Entitlement& e : due) {
    if (is_shielded(d.rules, e.group) || !d.rules.managed_group(e.group)) continue;
    if (std::any_of(d.subject.memberships.begin(), d.subject.memberships.end(), [&](const Membership& m) { return m.group == e.group; })) continue;
    Change& c = d.add(Action::add_member, Decision::mover, d.reason(e.at, "role " + e.role + ": " + e.condition));
    c.group = e.group;
    c.to = {e.group.str()};
  }
}

}  // namespace

void plan_access(Draft& d) {
  switch (d.state.kind) {
    case Kind::leaver: strip(d); return;
    case Kind::absent: return;  // access is kept
    case Kind::stranger: remove_undue(d, {}); return;
    default: break;
  }
  std::vector<Entitlement> due;
  if (d.state.has_access) due = entitlements_loaded(*d.subject.person, d.rules);
  remove_undue(d, due);
  add_due(d, due);
}

}  // namespace planning
}  // namespace muster
