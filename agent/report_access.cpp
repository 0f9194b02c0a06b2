// Who has access to what, and why.
#include <algorithm>
#include <set>

#include "agent/change_json.h"
#include "agent/gatekeeper.h"
#include "agent/planner.h"
#include "agent/report.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr std::size_t kHistory = 20;

bool names_group(const Dn& dn, const std::string& wanted) {
  if (wanted.empty()) return true;
  if (const auto as_dn = Dn::parse(wanted); as_dn && *as_dn == dn) return true;
  const auto avas = dn.rdn_avas();
  return !avas.empty() && fold_case(avas.front().value) == fold_case(wanted);
}

json entitlement_item(const Entitlement& e) { return {{"role", e.role}, {"condition", e.condition}, {"rule", e.at.rule()}}; }

/// The last approval that let a membership of this entry through.
std::string approval_of(Store& store, const std::string& entry, const std::string& group) {
  std::string approval;
  store.each_audit(0, [&](const AuditRow& row) {
    if (row.body.find("\"approval\"") == std::string::npos || row.body.find(entry) == std::string::npos) return true;
    const json record = json::parse(row.body, nullptr, false);
    if (record.value("entry", "") == entry && record.value("group", "") == group) approval = record.value("approval", "");
    return true;
  });
  return approval;
}

/// Until when a role that no longer applies leaves its members in a group (<role grace>); none: it does not.
std::optional<Instant> kept_until(const Rules& rules, const EntryRow& entry, const Dn& group) {
  const auto note = entry.ledger.settled.find(group.normal() + ";grace;muster");
  if (note == entry.ledger.settled.end() || note->second.empty()) return std::nullopt;
  const auto stopped = parse_iso_time(note->second.front());
  if (!stopped) return std::nullopt;
  std::chrono::seconds grace{0};
  for (const RoleRule& role : rules.roles) {
    const bool gives = std::any_of(role.groups.begin(), role.groups.end(), [&](const auto& g) { return g.dn == group; });
    if (gives && role.grace) grace = std::max(grace, *role.grace);
  }
  return *stopped + grace;
}

json membership_item(Store& store, const EntryRow& entry, const MembershipRow& m, const std::vector<Entitlement>& due,
                     const Rules& rules) {
  json j = {{"group", m.dn.str()}, {"has", true}};
  for (const Entitlement& e : due) {
    if (e.group == m.dn) j["entitled"] = entitlement_item(e);
  }
  if (m.granted) {
    j.update({{"granted", true},
              {"since", iso_time(*m.since)},
              {"reason", m.because.text},
              {"rule", m.because.rule},
              {"cause", m.because.cause}});
    if (const std::string a = approval_of(store, to_string(entry.entry.id), m.dn.str()); !a.empty()) j["approval"] = a;
  } else {
    j["granted"] = false;
    j["reason"] = j.contains("entitled") ? "was a member before muster looked first; a role asks for it"
                                         : "nobody knows: not granted by muster";
  }
  if (const auto until = j.contains("entitled") ? std::nullopt : kept_until(rules, entry, m.dn)) {
    j["kept until"] = iso_time(*until);
    j["reason"] = j["reason"].get<std::string>() + "; no role asks for it any more, kept until " + iso_time(*until);
  }
  if (const ManagedRule* managed = rules.managed_group(m.dn)) {
    j["managed"] = managed->membership == ManagedRule::Membership::exclusive ? "exclusive" : "granted";
  }
  return j;
}

/// Groups that contain a group that the entry is in, each once, with the group below through which that is so.
std::vector<std::pair<Dn, Dn>> groups_above(Store& store, const std::vector<Dn>& direct) {
  std::vector<std::pair<Dn, Dn>> above;
  std::set<std::string> seen;
  for (const Dn& d : direct) seen.insert(d.normal());
  std::vector<Dn> todo = direct;
  while (!todo.empty()) {
    const Dn below = std::move(todo.back());
    todo.pop_back();
    for (const MembershipRow& m : store.memberships(0, {below.normal()})) {
      if (!seen.insert(m.dn.normal()).second) continue;
      above.emplace_back(m.dn, below);
      todo.push_back(m.dn);
    }
  }
  return above;
}

json access_of(Store& store, const Rules& rules, const PersonRow& person, const std::optional<EntryRow>& entry,
               const std::string& group, const Now& now) {
  const auto due = entitlements(person.person, rules, now);
  json access = json::array();
  std::vector<Dn> have;
  if (entry) {
    for (const MembershipRow& m : store.memberships(entry->id, member_values(entry->entry))) {
      have.push_back(m.dn);
      if (names_group(m.dn, group)) access.push_back(membership_item(store, *entry, m, due, rules));
    }
  }
  for (const auto& [above, below] : groups_above(store, have)) {
    if (!names_group(above, group)) continue;
    access.push_back({{"group", above.str()},
                      {"has", true},
                      {"granted", false},
                      {"via", below.str()},
                      {"reason", "a member of " + below.str() + ", which is a member of this group"}});
  }
  for (const Entitlement& e : due) {
    if (std::any_of(have.begin(), have.end(), [&](const Dn& d) { return d == e.group; }) || !names_group(e.group, group)) continue;
    access.push_back({{"group", e.group.str()}, {"has", false}, {"entitled", entitlement_item(e)}});
  }
  return access;
}

json attributes_of(const Rules& rules, const EntryRow& entry, const Person& person, const Now& now) {
  json all = json::array();
  rules.scope->load(person, now);
  for (const AttributeRule& rule : rules.attributes) {
    const Values* values = entry.entry.attributes.find(rule.key);
    json j = {{"attribute", rule.name},
              {"owner", to_string(rule.owner)},
              {"values", values ? *values : Values{}},
              {"rule", rule.at.rule()}};
    if (rule.value) j.update({{"hr says", rule.value->text()}, {"expression", rule.value->source()}});
    all.push_back(std::move(j));
  }
  return all;
}

json history_of(Store& store, const std::string& person) {
  std::vector<json> last;
  store.each_audit(0, [&](const AuditRow& row) {
    if (row.body.find(person) == std::string::npos) return true;
    json record = json::parse(row.body, nullptr, false);
    if (record.value("person", "") != person) return true;
    record["audit"] = row.seq;
    if (last.size() == kHistory) last.erase(last.begin());
    last.push_back(std::move(record));
    return true;
  });
  return last;
}

json holds_of(Store& store, Row person) {
  json all = json::array();
  for (const HoldRow& h : store.holds(true)) {
    for (const JournalRow& r : store.hold_changes(h.id)) {
      if (r.person == person) all.push_back({{"hold", short_id(h.id)}, {"why", h.sentence}, {"change", plan_item(r.change)}});
    }
  }
  return all;
}

}  // namespace

Result<json> why_report(Store& store, Config& config, const std::string& key, const std::string& group) {
  const auto person = store.person(PersonKey(key));
  if (!person) return Error{Errc::not_found, "HR knows no person '" + key + "'", "give the feed's key of the person"};
  const Now now = system_now();
  const Rules& rules = config.rules;
  json j = {{"person", key}, {"listed", person->person.listed}, {"source", person->person.source}};
  for (std::size_t i = 0; i < rules.fields.size() && i < person->person.fields.size(); ++i)
    j["record"][rules.fields[i]] = person->person.fields[i];
  std::optional<EntryRow> entry;
  if (person->entry) entry = store.entry_by_row(*person->entry);
  if (entry) {
    j.update({{"dn", entry->entry.dn.str()}, {"entry", to_string(entry->entry.id)}, {"gone", entry->gone}});
    if (entry->ledger.disabled_at) {
      j["disabled"] = {{"since", iso_time(*entry->ledger.disabled_at)},
                       {"for", entry->ledger.disabled_for ? to_string(*entry->ledger.disabled_for) : "?"}};
    }
  }
  if (person->known_at) j["known since"] = iso_time(*person->known_at);
  if (const auto successor = person->successor ? store.person_by_row(*person->successor) : std::nullopt)
    j["taken over by"] = successor->person.key.rep();
  if (entry && !entry->gone) {
    const bool has_left = entry->ledger.disabled_for == Decision::leaver || entry->ledger.settled.count("left;muster") > 0;
    for (const Mention& m : has_left ? store.mentions_of(entry->id) : std::vector<Mention>{})
      j["hand-over"].push_back({{"attribute", m.attribute}, {"of", m.dn.str()}});
  }
  if (const auto order = store.order_on(person->id, entry ? entry->id : 0))
    j["order"] = {{"by", order->by}, {"reason", order->reason}, {"since", iso_time(order->since)}};
  j["access"] = access_of(store, rules, *person, entry, group, now);
  if (group.empty() && entry) j["attributes"] = attributes_of(rules, *entry, person->person, now);
  j["problems"] = json::array();
  for (const ProblemRow& p : store.problems(person_subject(person->id)))
    j["problems"].push_back({{"code", p.code}, {"what", p.what}, {"where", p.where}});
  j["held"] = holds_of(store, person->id);
  j["history"] = history_of(store, key);
  return j;
}

namespace {

json member_item(Store& store, Config& config, const GroupRow& g, const Store::GrantRow& m) {
  json j = {{"person", m.person}, {"dn", m.dn}, {"granted", m.granted}};
  if (m.granted) {
    j.update({{"since", iso_time(m.since)}, {"reason", m.because.text}, {"rule", m.because.rule}, {"cause", m.because.cause}});
    return j;
  }
  j["reason"] = m.person.empty() ? "nobody HR knows" : "not granted by muster";
  if (const auto person = m.person.empty() ? std::nullopt : store.person(PersonKey(m.person))) {
    for (const Entitlement& e : entitlements(person->person, config.rules, system_now())) {
      if (e.group == g.dn) j.update({{"reason", "role " + e.role + ": " + e.condition}, {"rule", e.at.rule()}});
    }
  }
  return j;
}

/// The members of a group, and of the groups among them. `via`: the nested group; empty: the group that was asked for.
void add_members(Store& store, Config& config, const GroupRow& g, const std::string& via, json& members,
                 std::set<std::string>& seen) {
  std::vector<GroupRow> nested;
  for (const Store::GrantRow& m : store.members_with_reasons(g.id)) {
    json j = member_item(store, config, g, m);
    const auto dn = Dn::parse(m.dn);
    auto group = m.person.empty() && dn ? store.group_by_dn(*dn) : std::nullopt;
    if (group) {
      j["reason"] = "a group: its members are members of this one";
      if (seen.insert(group->dn.normal()).second) nested.push_back(std::move(*group));
    }
    if (!via.empty()) j["via"] = via;
    members.push_back(std::move(j));
  }
  for (const GroupRow& n : nested) add_members(store, config, n, n.dn.str(), members, seen);
}

}  // namespace

Result<GroupRow> find_group(Store& store, const std::string& wanted) {
  std::vector<GroupRow> found;
  for (GroupRow& g : store.groups()) {
    if (names_group(g.dn, wanted)) found.push_back(std::move(g));
  }
  if (found.empty())
    return Error{Errc::not_found, "no group '" + wanted + "' is known",
                 "give its DN, or the first value of its DN; only groups below <groups base> are known"};
  if (found.size() > 1)
    return Error{Errc::config, "'" + wanted + "' names " + std::to_string(found.size()) + " groups",
                 "give the DN: " + found.front().dn.str()};
  return std::move(found.front());
}

Result<json> who_report(Store& store, Config& config, const std::string& wanted) {
  auto found = find_group(store, wanted);
  if (!found) return std::move(found).error();
  const GroupRow& g = *found;
  const ManagedRule* managed = config.rules.managed_group(g.dn);
  json members = json::array();
  std::set<std::string> seen{g.dn.normal()};
  add_members(store, config, g, "", members, seen);
  json roles = json::array();
  for (const RoleRule& r : config.rules.roles) {
    for (const RoleRule::Group& rg : r.groups) {
      if (rg.dn == g.dn) roles.push_back({{"role", r.name}, {"when", r.when.source()}, {"rule", r.at.rule()}});
    }
  }
  return json{{"group", g.dn.str()},
              {"managed", !managed                                                    ? "no"
                          : managed->membership == ManagedRule::Membership::exclusive ? "exclusive"
                                                                                      : "granted"},
              {"placeholder", g.placeholder},
              {"roles", std::move(roles)},
              {"members", std::move(members)}};
}

}  // namespace muster
