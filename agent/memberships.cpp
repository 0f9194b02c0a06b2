#include "agent/memberships.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/context.h"
#include "agent/planner.h"
#include "agent/sha256.h"
#include "mapping/grants.h"

namespace muster {

namespace {

constexpr std::string_view kApproval = "approval", kUsed = "used";

std::string approval_key(const std::string& entry, const std::string& group) { return entry + " " + group; }

/// Stands for this membership for this reason: whoever decides about it has seen exactly that.
std::string row_id(const MembershipView& v, const GroupRow& group, const std::string& member) {
  Sha256 sum;
  sum.add(to_string(group.uuid)).add(member).add(v.row.person).add(v.row.basis).add(v.row.reason).add(v.row.since);
  // A letter in front: spreadsheets take digits with an "e" among them for a number.
  return "r" + sum.hex().substr(0, 20);
}

std::string hold_text(Store& store, const std::string& id) {
  const auto hold = store.hold(id);
  return hold && !hold->by.empty() ? hold->by + " (hold " + id + ")" : "hold " + id;
}

}  // namespace

std::string managed_how(const ManagedRule* rule) {
  if (!rule) return "no";
  return rule->membership == ManagedRule::Membership::exclusive ? "exclusive" : "granted";
}

std::string name_of(const Entry& entry) {
  for (const char* attribute : {"displayname", "cn"}) {
    if (const auto value = entry.attributes.first(attribute); !value.empty()) return std::string(value);
  }
  const auto avas = entry.dn.rdn_avas();
  return avas.empty() ? "" : avas.front().value;
}

void note_approvals(Store& store, const std::function<void(const nlohmann::json&)>& other) {
  store.each_audit(0, [&](const AuditRow& row) {
    const bool is_approval = row.body.find("\"approval\"") != std::string::npos && row.body.find("\"group\"") != std::string::npos;
    if (!is_approval && !other) return true;
    const nlohmann::json record = nlohmann::json::parse(row.body, nullptr, false);
    const std::string hold = record.is_object() ? record.value("approval", "") : "";
    if (!hold.empty() && record.value("action", "") == "add-member") {
      const auto group = Dn::parse(record.value("group", ""));
      if (group) store.note(kApproval, approval_key(record.value("entry", ""), group->normal()), hold_text(store, hold));
    }
    if (other && record.is_object()) other(record);
    return true;
  });
}

std::string approver_of(Store& store, const EntryId& entry, const Dn& group) {
  return store.noted(kApproval, approval_key(to_string(entry), group.normal())).value_or("");
}

Memberships::Memberships(Store& store, const Rules& rules, const AccountControl* accounts, const Now& now)
    : store_(store), rules_(rules), accounts_(accounts), now_(now) {}

std::string Memberships::state_of(const EntryRow& entry) const {
  if (accounts_) return accounts_->is_disabled(entry.entry, now_.utc) ? "disabled" : "enabled";
  return entry.ledger.disabled_at ? "disabled" : "";
}

void Memberships::describe(ReviewRow& row, const EntryRow& entry) const {
  row.dn = entry.entry.dn.str();
  row.name = name_of(entry.entry);
  row.account = state_of(entry);
  row.last_used = store_.noted(kUsed, to_string(entry.entry.id)).value_or("");
}

/// Why somebody is there: what muster gave says so itself, else a role that asks for it, else nobody knows.
void Memberships::explain(MembershipView& v, const GroupRow& group, const std::string& key) {
  ReviewRow& row = v.row;
  row.basis = row.person.empty() ? "stranger" : "unknown";
  row.reason = row.person.empty() ? "nobody HR knows" : "nobody knows: no role asks for it, and muster did not give it";
  std::optional<Entitlement> due;
  if (v.person) {
    for (Entitlement& e : entitlements(v.person->person, rules_, now_)) {
      if (e.group == group.dn) due = std::move(e);
    }
  }
  if (due) {
    row.basis = "role";
    row.reason = "role " + due->role + ": " + due->condition;
    row.rule = due->at.rule();
    row.cause = v.person->person.source;
  }
  if (const auto given = v.entry ? store_.granted(v.entry, group.id) : std::nullopt) {
    row.is_granted = true;
    if (!due) row.basis = "granted";
    if (const auto grant = store_.access_grant(grant_number(given->because.cause))) {
      row.basis = "grant";
      row.approver = grant->by + (grant->approver.empty() ? "" : ", " + grant->approver);
    }
    row.reason = given->because.text;
    row.rule = given->because.rule;
    row.cause = given->because.cause;
    row.since = iso_time(*given->since);
  } else if (!due && row.person.empty() && !v.entry && !key.starts_with("uid:")) {
    const auto dn = Dn::parse(key);
    if (dn && store_.group_by_dn(*dn)) {
      row.basis = "group";
      row.reason = "a group: its members are members of this one";
    }
  }
}

MembershipView Memberships::member(const GroupRow& group, const std::string& key) {
  MembershipView v;
  v.group = group.id;
  v.row.group = group.dn.str();
  v.row.managed = managed_how(rules_.managed_group(group.dn));
  v.row.dn = key.starts_with("uid:") ? key.substr(4) : key;
  std::string member = key;
  std::optional<Instant> kept;
  if (const auto found = entry_of_member(store_, key)) {
    const auto entry = store_.entry_by_row(*found);
    kept = grace_until(entry->ledger, rules_, group.dn);
    v.entry = *found;
    describe(v.row, *entry);
    member = to_string(entry->entry.id);
    v.person = store_.person_of_entry(*found);
    if (v.person) v.row.person = v.person->person.key.rep();
    v.row.approver = approver_of(store_, entry->entry.id, group.dn);
  }
  explain(v, group, key);
  if (kept && v.row.basis != "role") {
    v.row.basis = "grace";
    v.row.reason =
        "kept until " + iso_time(*kept) + ", its role does not apply any more" + (v.row.is_granted ? ": " + v.row.reason : "");
  }
  v.row.id = row_id(v, group, member);
  return v;
}

void Memberships::refused(const GroupRow& group, const std::function<void(MembershipView&&)>& take,
                          const std::vector<std::string>& present) {
  for (const Store::RefusalRow& r : store_.refusals_in(group.id)) {
    MembershipView v;
    const Row subject = std::stoll(r.subject.substr(2));
    if (r.subject.starts_with("p:")) {
      v.person = store_.person_by_row(subject);
      if (!v.person) continue;
      v.row.person = v.person->person.key.rep();
      v.entry = v.person->entry.value_or(0);
    } else {
      v.entry = subject;
    }
    v.group = group.id;
    if (const auto entry = v.entry ? store_.entry_by_row(v.entry) : std::nullopt) describe(v.row, *entry);
    const bool still = std::find(present.begin(), present.end(), r.subject) != present.end();
    v.row.id = r.id;
    v.row.group = group.dn.str();
    v.row.managed = managed_how(rules_.managed_group(group.dn));
    v.row.basis = "refused";
    v.row.reason = to_text(Refusal{r.dn, r.by, r.comment, r.since}) + (still ? "; still a member" : "");
    v.row.since = iso_time(r.since);
    v.row.is_member = still;
    take(std::move(v));
  }
}

void Memberships::each(const GroupRow& group, const std::function<void(MembershipView&&)>& take) {
  std::vector<std::string> keys, present;
  store_.each_member(group.id, [&](std::string_view key) { keys.emplace_back(key); });
  std::vector<std::string> refused_subjects;
  for (const Store::RefusalRow& r : store_.refusals_in(group.id)) refused_subjects.push_back(r.subject);
  for (const std::string& key : keys) {
    MembershipView v = member(group, key);
    const auto is_refused = [&](const std::string& subject) {
      return std::find(refused_subjects.begin(), refused_subjects.end(), subject) != refused_subjects.end();
    };
    // What is refused comes once, below.
    const std::string subject = v.person && is_refused(person_subject(v.person->id)) ? person_subject(v.person->id)
                                : v.entry && is_refused(entry_subject(v.entry))      ? entry_subject(v.entry)
                                                                                     : std::string();
    if (!subject.empty())
      present.push_back(subject);
    else
      take(std::move(v));
  }
  refused(group, take, present);
}

}  // namespace muster
