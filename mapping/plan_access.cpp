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
  const planning::Outlook outlook(person, rules, now);
  if (!outlook.state().has_access) return {};
  std::vector<Entitlement> all;
  for (const Due& d : due_groups(rules)) {
    all.push_back({d.group->dn, d.role->name, d.group->at, planning::named(d.role->when, person, rules)});
  }
  return all;
}

std::vector<std::string> applied_roles(const Person& person, const Rules& rules, const Now& now) {
  const planning::Outlook outlook(person, rules, now);
  std::vector<std::string> names;
  if (!outlook.state().has_access) return names;
  for (const RoleRule& role : rules.roles) {
    if (role.when.truth()) names.push_back(role.name);
  }
  return names;
}

std::string to_text(const Refusal& r) {
  const std::string day = iso_date(std::chrono::floor<std::chrono::days>(r.at));
  return "refused in a review by " + r.by + " on " + day + (r.comment.empty() ? "" : ": " + r.comment);
}

namespace planning {

namespace {

using Kind = State::Kind;
using Ownership = ManagedRule::Membership;

constexpr const char* kAway = "which counts only while the person is at work";

bool is_shielded(const Rules& rules, const Dn& group) {
  return std::any_of(rules.protected_groups.begin(), rules.protected_groups.end(), [&](const Dn& g) { return g == group; });
}

const Refusal* refusal_of(const Draft& d, const Dn& group) {
  const auto& all = d.subject.refusals;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Refusal& r) { return r.group == group; });
  return found == all.end() ? nullptr : &*found;
}

void remove(Draft& d, const Membership& m, Decision decision, Reason because) {
  Change& c = d.add(Action::remove_member, decision, std::move(because));
  c.group = m.group;
  c.from = {m.group.str()};
}

/// Whatever HR's record says. Reviewers decide about groups that a rule manages, and about no others.
void remove_refused(Draft& d) {
  for (const Membership& m : d.subject.memberships) {
    const Refusal* refusal = refusal_of(d, m.group);
    const ManagedRule* rule = refusal ? d.rules.managed_group(m.group) : nullptr;
    if (!rule || is_shielded(d.rules, m.group)) continue;
    const Decision decision = d.subject.person ? Decision::mover : Decision::stranger;
    remove(d, m, decision, {rule->at.rule(), to_text(*refusal), "review by " + refusal->by});
  }
}

/// Taken away by remove_refused(), if at all.
bool is_refused(const Draft& d, const Dn& group) { return refusal_of(d, group) && d.rules.managed_group(group); }

void strip(Draft& d) {
  end_grants(d);
  const auto how = d.state.leaver ? d.state.leaver->strip : LeaverRule::Strip::none;
  if (how == LeaverRule::Strip::none) return remove_all_granted(d, Decision::leaver, "and the person leaves");
  for (const Membership& m : d.subject.memberships) {
    if (is_shielded(d.rules, m.group) || is_refused(d, m.group)) continue;
    if (how == LeaverRule::Strip::all || d.rules.managed_group(m.group)) remove(d, m, Decision::leaver, d.state.why);
  }
}

/// Why somebody should not be a member (any more): what HR says of what the group's roles look at.
std::string not_due(const Draft& d, const ManagedRule& rule, const Dn& group) {
  if (!d.subject.person) {
    return rule.membership == Ownership::exclusive ? "exclusive group: HR knows nobody with this account"
                                                   : "granted by muster; HR knows nobody with this account any more";
  }
  if (!d.state.has_access) return d.state.no_access_why;
  std::string text;
  for (const RoleRule& role : d.rules.roles) {
    if (std::none_of(role.groups.begin(), role.groups.end(), [&](const RoleRule::Group& g) { return g.dn == group; })) continue;
    text += (text.empty() ? "role " : "; role ") + role.name + " does not apply: " + named(role.when, *d.subject.person, d.rules);
  }
  return text.empty() ? "no role asks for this group" : text;
}

/// What a group's membership of a role with grace is noted by: "held" while the role applies, then the instant at which it stopped,
/// and the entry's name.
constexpr std::string_view kGraceNote = ";grace;muster";
std::string grace_note(const Dn& group) { return group.normal() + std::string(kGraceNote); }
const Values kHeld{"held"};

/// The longest grace of the roles that give a group; none: a membership ends with its role.
std::optional<std::chrono::seconds> grace_of(const Rules& rules, const Dn& group) {
  std::optional<std::chrono::seconds> longest;
  for (const RoleRule& role : rules.roles) {
    const bool gives = std::any_of(role.groups.begin(), role.groups.end(), [&](const auto& g) { return g.dn == group; });
    if (gives && role.grace && (!longest || *role.grace > *longest)) longest = role.grace;
  }
  return longest;
}

/// When what the note says is over; long ago, where no role has a grace (any more).
Instant end_of_grace(const Rules& rules, const Dn& group, const Values& note) {
  const auto stopped = parse_iso_time(note.front());
  const auto grace = grace_of(rules, group);
  return stopped && grace ? Instant(*stopped + *grace) : Instant{};
}

/// Members by a role are remembered as such, so that strangers get no grace.
void note_held(Draft& d, const std::vector<Due>& due) {
  for (const Membership& m : d.subject.memberships) {
    if (std::none_of(due.begin(), due.end(), [&](const Due& x) { return x.group->dn == m.group; })) continue;
    if (grace_of(d.rules, m.group)) d.plan.agreed.emplace_back(grace_note(m.group), kHeld);
  }
}

bool is_grace_note(const std::pair<const std::string, Values>& note) {
  return note.first.ends_with(kGraceNote) && !note.second.empty();
}

bool is_member_by(const Draft& d, const std::string& note) {
  const auto& have = d.subject.memberships;
  return std::any_of(have.begin(), have.end(), [&](const Membership& m) { return grace_note(m.group) == note; });
}

/// The entry has another name than when the grace began: where the server lets no references follow (RFC 4511 section 4.9 asks for
/// none), the group has the old one.
bool has_moved_since(const Draft& d, const Values& note) {
  return note.size() > 1 && d.subject.entry && note[1] != d.subject.entry->dn.normal();
}

/// A membership that ended, and leaving, end what was noted: the next one begins anew.
void forget_grace(Draft& d) {
  for (const auto& note : d.subject.ledger.settled) {
    if (!is_grace_note(note)) continue;
    const bool goes_on = is_member_by(d, note.first) || has_moved_since(d, note.second);
    if (!goes_on || d.state.kind == Kind::leaver) d.plan.agreed.emplace_back(note.first, Values{});
  }
}

/// True while a role that stopped to apply still leaves its members in the group.
bool has_grace(Draft& d, const Dn& group) {
  const auto grace = d.state.has_access ? grace_of(d.rules, group) : std::nullopt;
  const Values* note = grace ? d.settled(grace_note(group)) : nullptr;
  if (!note) return false;
  const bool begins = *note == kHeld;
  const auto stopped = begins ? std::optional(d.now.utc) : parse_iso_time(note->front());
  if (stopped && (begins || has_moved_since(d, *note)))
    d.plan.agreed.emplace_back(grace_note(group), Values{iso_time(*stopped), d.subject.entry->dn.normal()});
  if (!stopped || d.now.utc >= *stopped + *grace) {
    d.plan.agreed.emplace_back(grace_note(group), Values{});
    return false;
  }
  d.due(*stopped + *grace);
  return true;
}

void remove_undue(Draft& d, const std::vector<Due>& due, bool may_be_granted) {
  for (const Membership& m : d.subject.memberships) {
    if (std::any_of(due.begin(), due.end(), [&](const Due& x) { return x.group->dn == m.group; })) continue;
    const ManagedRule* rule = d.rules.managed_group(m.group);
    if (!rule || is_shielded(d.rules, m.group) || is_refused(d, m.group)) continue;
    if (rule->membership == Ownership::granted && !m.granted_by_us) continue;
    if (may_be_granted && is_granted(d, m)) continue;
    if (has_grace(d, m.group)) continue;
    if (m.grant) {
      remove_granted(d, m, Decision::mover, kAway);
      continue;
    }
    std::string why = not_due(d, *rule, m.group);
    if (is_left_in(d, *rule, m, why)) continue;
    remove(d, m, d.subject.person ? Decision::mover : Decision::stranger, d.reason(rule->at, std::move(why)));
  }
}

/// What a grace leaves to the person, under the entry's present name.
void follow_with_grace(Draft& d, const std::vector<Due>& due) {
  for (const auto& note : d.subject.ledger.settled) {
    if (!is_grace_note(note) || is_member_by(d, note.first) || !has_moved_since(d, note.second)) continue;
    const auto group = Dn::parse(note.first.substr(0, note.first.size() - kGraceNote.size()));
    const ManagedRule* rule = group ? d.rules.managed_group(*group) : nullptr;
    const bool is_due = std::any_of(due.begin(), due.end(), [&](const Due& x) { return group && x.group->dn == *group; });
    const Instant end = rule && !is_due ? end_of_grace(d.rules, *group, note.second) : Instant{};
    if (d.now.utc >= end) {
      d.plan.agreed.emplace_back(note.first, Values{});
      continue;
    }
    if (is_shielded(d.rules, *group) || is_refused(d, *group)) continue;
    d.plan.agreed.emplace_back(note.first, Values{note.second.front(), d.subject.entry->dn.normal()});
    d.due(end);
    Change& c = d.add(Action::add_member, Decision::mover,
                      d.reason(rule->at, "kept until " + iso_time(end) + ", and the entry has another name now"));
    c.group = *group;
    c.to = {group->str()};
  }
}

void suspend_granted(Draft& d) {
  const std::vector<Due> due = due_groups(d.rules);
  for (const Membership& m : d.subject.memberships) {
    const bool by_role = std::any_of(due.begin(), due.end(), [&](const Due& x) { return x.group->dn == m.group; });
    if (is_refused(d, m.group)) continue;
    if (m.grant && !by_role && d.rules.managed_group(m.group)) remove_granted(d, m, Decision::absence, kAway);
  }
}

/// Where the server lets no references follow, what was kept during an absence stays with the entry's former name.
void follow_absent(Draft& d) {
  for (const Dn& group : d.subject.left_behind) {
    const ManagedRule* rule = d.rules.managed_group(group);
    if (!rule || is_shielded(d.rules, group) || is_refused(d, group)) continue;
    Change& c = d.add(Action::add_member, Decision::absence,
                      d.reason(rule->at, "kept during the absence, and the entry has another name now"));
    c.group = group;
    c.to = {group.str()};
  }
}

void add_due(Draft& d, const std::vector<Due>& due) {
  const auto& have = d.subject.memberships;
  for (const Due& x : due) {
    const Dn& group = x.group->dn;
    if (std::any_of(have.begin(), have.end(), [&](const Membership& m) { return m.group == group; })) continue;
    const ManagedRule* rule = d.rules.managed_group(group);
    if (is_shielded(d.rules, group) || !rule || is_refused(d, group)) continue;
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
  forget_grace(d);
  if (d.subject.order) {
    if (kind == Kind::leaver) end_grants(d);
    return strip_by_order(d);
  }
  remove_refused(d);
  if (kind == Kind::leaver) {
    note_members(d, {});
    return strip(d);
  }
  // Access is kept, whatever the roles say of somebody on leave; what was given for a time is not.
  if (kind == Kind::absent && d.state.has_access) {
    suspend_granted(d);
    return follow_absent(d);
  }
  std::vector<Due> due;
  if (d.state.has_access) due = due_groups(d.rules);
  std::vector<Dn> groups;
  for (const Due& x : due) groups.push_back(x.group->dn);
  note_members(d, groups);
  note_held(d, due);
  const bool is_present = (kind == Kind::active || kind == Kind::unknown) && !d.state.is_over && !d.state.without_owner;
  remove_undue(d, due, is_present);
  if (!is_present || !d.will_be_enabled) return;
  add_due(d, due);
  follow_with_grace(d, due);
  add_granted(d);
}

}  // namespace planning

std::optional<Instant> grace_until(const Ledger& ledger, const Rules& rules, const Dn& group) {
  const auto grace = planning::grace_of(rules, group);
  const auto note = ledger.settled.find(planning::grace_note(group));
  if (!grace || note == ledger.settled.end() || note->second.empty() || note->second == planning::kHeld) return std::nullopt;
  const auto stopped = parse_iso_time(note->second.front());
  return stopped ? std::optional(Instant(*stopped + *grace)) : std::nullopt;
}

}  // namespace muster
