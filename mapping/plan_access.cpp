// Memberships: recalculated from the person's present record, never stacked.
#include <algorithm>

#include "mapping/plan_parts.h"

namespace muster {

namespace {

struct Due {
  const RoleRule* role;
  const RoleRule::Group* group;
};

/// The groups that the roles ask for, each once, by the first role that names it. With the record loaded.
std::vector<Due> due_groups(const Rules& rules) {
  std::vector<Due> due;
  for (const RoleRule& role : rules.roles) {
    if (role.groups.empty() || !role.when.truth()) continue;
    for (const RoleRule::Group& g : role.groups) {
      const bool known = std::any_of(due.begin(), due.end(), [&](const Due& d) { return d.group->dn == g.dn; });
      if (!known) due.push_back({&role, &g});
    }
  }
  return due;
}

}  // namespace

std::vector<Entitlement> entitlements(const Person& person, const Rules& rules, const Now& now) {
  rules.scope->load(person, now);
  Plan ignored;
  const planning::State state = planning::state_of(&person, rules, now, ignored);
  if (!state.has_access) return {};
  std::vector<Entitlement> all;
  for (const Due& d : due_groups(rules)) {
    all.push_back({d.group->dn, d.role->name, d.group->at, planning::named(d.role->when, person, rules)});
  }
  return all;
}

namespace planning {

namespace {

using Kind = State::Kind;
using Ownership = ManagedRule::Membership;

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

/// Why somebody should not be a member (any more): what HR says of what the group's roles look at.
std::string not_due(const Draft& d, const ManagedRule& rule, const Dn& group) {
  if (!d.subject.person) {
    return rule.membership == Ownership::exclusive ? "exclusive group: HR knows nobody with this account"
                                                   : "granted by muster; HR knows nobody with this account any more";
  }
  if (!d.state.has_access) return "a contractor without an end date has no access";
  std::string text;
  for (const RoleRule& role : d.rules.roles) {
    if (std::none_of(role.groups.begin(), role.groups.end(), [&](const RoleRule::Group& g) { return g.dn == group; })) continue;
    text += (text.empty() ? "role " : "; role ") + role.name + " does not apply: " + named(role.when, *d.subject.person, d.rules);
  }
  return text.empty() ? "no role asks for this group" : text;
}

void remove_undue(Draft& d, const std::vector<Due>& due) {
  for (const Membership& m : d.subject.memberships) {
    if (std::any_of(due.begin(), due.end(), [&](const Due& x) { return x.group->dn == m.group; })) continue;
    const ManagedRule* rule = d.rules.managed_group(m.group);
    if (!rule || is_shielded(d.rules, m.group)) continue;
    if (rule->membership == Ownership::granted && !m.granted_by_us) continue;
    std::string why = not_due(d, *rule, m.group);
    if (is_left_in(d, *rule, m, why)) continue;
    remove(d, m, d.subject.person ? Decision::mover : Decision::stranger, d.reason(rule->at, std::move(why)));
  }
}

void add_due(Draft& d, const std::vector<Due>& due) {
  const auto& have = d.subject.memberships;
  for (const Due& x : due) {
    const Dn& group = x.group->dn;
    if (std::any_of(have.begin(), have.end(), [&](const Membership& m) { return m.group == group; })) continue;
    const ManagedRule* rule = d.rules.managed_group(group);
    if (is_shielded(d.rules, group) || !rule) continue;
    const std::string text = "role " + x.role->name + ": " + named(x.role->when, *d.subject.person, d.rules);
    if (is_left_out(d, *rule, group, text)) continue;
    Change& c = d.add(Action::add_member, Decision::mover, d.reason(x.group->at, text));
    c.group = group;
    c.to = {group.str()};
  }
}

}  // namespace

void plan_access(Draft& d) {
  const Kind kind = d.state.kind;
  if (kind == Kind::leaver) {
    note_members(d, {});
    return strip(d);
  }
  if (kind == Kind::absent && d.state.has_access) return;  // access is kept, whatever the roles say of somebody on leave
  std::vector<Due> due;
  if (d.state.has_access) due = due_groups(d.rules);
  std::vector<Dn> groups;
  for (const Due& x : due) groups.push_back(x.group->dn);
  note_members(d, groups);
  remove_undue(d, due);
  const bool is_present = kind == Kind::active || kind == Kind::unknown;
  if (is_present && d.will_be_enabled && !d.state.is_over) add_due(d, due);
}

}  // namespace planning
}  // namespace muster
