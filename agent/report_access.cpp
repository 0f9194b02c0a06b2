// Who has access to what, and why.
#include <algorithm>
#include <set>

#include "agent/change_json.h"
#include "agent/gatekeeper.h"
#include "agent/memberships.h"
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

/// What reviewers refused to a person or to an entry, whether it is gone or still there.
std::optional<Store::RefusalRow> refusal_of(Store& store, Row person, Row entry, Row group) {
  for (const std::string& subject : {person_subject(person), entry_subject(entry)}) {
    for (Store::RefusalRow& r : store.refusals_of(subject)) {
      if (r.group == group) return std::move(r);
    }
  }
  return std::nullopt;
}
std::string text_of(const Store::RefusalRow& r) { return to_text(Refusal{r.dn, r.by, r.comment, r.since}); }

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

json membership_item(Store& store, Row person, const EntryRow& entry, const MembershipRow& m, const std::vector<Entitlement>& due,
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
    if (const std::string a = approver_of(store, entry.entry.id, m.dn); !a.empty()) j["approval"] = a;
  } else {
    j["granted"] = false;
    j["reason"] = j.contains("entitled") ? "was a member before muster looked first; a role asks for it"
                                         : "nobody knows: not granted by muster";
  }
  if (const auto refusal = refusal_of(store, person, entry.id, m.group)) j["refused"] = text_of(*refusal);
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

json access_of(Store& store, const Rules& rules, const std::optional<PersonRow>& person, const std::optional<EntryRow>& entry,
               const std::string& group) {
  const Row person_row = person ? person->id : 0;
  std::vector<Entitlement> due;
  if (person) due = entitlements(person->person, rules, system_now());
  json access = json::array();
  std::vector<Dn> have;
  if (entry) {
    for (const MembershipRow& m : store.memberships(entry->id, member_values(entry->entry))) {
      have.push_back(m.dn);
      if (names_group(m.dn, group)) access.push_back(membership_item(store, person_row, *entry, m, due, rules));
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
    json j = {{"group", e.group.str()}, {"has", false}, {"entitled", entitlement_item(e)}};
    const auto known = store.group_by_dn(e.group);
    const auto refusal = known ? refusal_of(store, person_row, entry ? entry->id : 0, known->id) : std::nullopt;
    if (refusal) j["refused"] = text_of(*refusal);
    access.push_back(std::move(j));
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
    if (rule.value && rule.owner != Owner::hr) j["ignored"] = true;
    all.push_back(std::move(j));
  }
  return all;
}

/// `field`: "person" or "entry".
json history_of(Store& store, const char* field, const std::string& value) {
  std::vector<json> last;
  store.each_audit(0, [&](const AuditRow& row) {
    if (row.body.find(value) == std::string::npos) return true;
    json record = json::parse(row.body, nullptr, false);
    if (record.value(field, "") != value) return true;
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

namespace {

/// An account of nobody HR knows, by its DN.
Result<json> why_stranger(Store& store, const Rules& rules, const Dn& dn, const std::string& group) {
  const auto row = store.entry_row_by_dn(dn);
  if (!row)
    return Error{Errc::not_found, "no account " + dn.str() + " is known", "only accounts below the declared bases are known"};
  const auto entry = store.entry_by_row(*row);
  json j = {{"person", ""}, {"listed", false}, {"source", "an account of nobody HR knows"}};
  j.update({{"dn", entry->entry.dn.str()}, {"entry", to_string(entry->entry.id)}, {"gone", false}});
  j["access"] = access_of(store, rules, std::nullopt, entry, group);
  j["problems"] = json::array();
  for (const ProblemRow& p : store.problems(entry_subject(*row)))
    j["problems"].push_back({{"code", p.code}, {"what", p.what}, {"where", p.where}});
  j["held"] = json::array();
  j["history"] = history_of(store, "entry", to_string(entry->entry.id));
  return j;
}

/// Whom `wanted` means: HR's key, or the DN of a linked account.
std::optional<PersonRow> person_named(Store& store, const std::string& wanted, const std::optional<Dn>& dn) {
  if (auto person = store.person(PersonKey(wanted))) return person;
  const auto row = dn ? store.entry_row_by_dn(*dn) : std::nullopt;
  return row ? store.person_of_entry(*row) : std::nullopt;
}

/// What HR says of days to come, with what it changes.
json records_to_come(Store& store, const Rules& rules, const Person& now) {
  const Instant at = std::chrono::floor<std::chrono::milliseconds>(system_now().utc);
  json all = json::array();
  for (const RecordRow& r : store.records(now.key, false)) {
    const auto day = parse_compact_date(r.day);
    if (!r.at || *r.at <= at || !day || r.record.fields == now.fields) continue;
    json changes = json::object();
    for (std::size_t i = 0; i < rules.fields.size() && i < r.record.fields.size() && i < now.fields.size(); ++i) {
      if (i != rules.effective_index && r.record.fields[i] != now.fields[i]) changes[rules.fields[i]] = r.record.fields[i];
    }
    all.push_back({{"effective", iso_date(*day)}, {"from", iso_time(*r.at)}, {"source", r.record.source}, {"changes", changes}});
  }
  return all;
}

}  // namespace

Result<json> why_report(Store& store, Config& config, const std::string& wanted, const std::string& group) {
  const Store::Snapshot snapshot(store);
  note_approvals(store);
  auto parsed = Dn::parse(wanted);
  const auto dn = parsed && wanted.find('=') != std::string::npos ? std::optional(std::move(*parsed)) : std::nullopt;
  const auto person = person_named(store, wanted, dn);
  if (!person && dn) return why_stranger(store, config.rules, *dn, group);
  const std::string key = person ? person->person.key.rep() : wanted;
  if (!person)
    return Error{Errc::not_found, "HR knows no person '" + key + "'", "give the feed's key of the person, or the DN of an account"};
  const Now now = system_now();
  const Rules& rules = config.rules;
  json j = {{"person", key}, {"listed", person->person.listed}, {"source", person->person.source}};
  for (std::size_t i = 0; i < rules.fields.size() && i < person->person.fields.size(); ++i)
    j["record"][rules.fields[i]] = person->person.fields[i];
  if (json waiting = records_to_come(store, rules, person->person); !waiting.empty()) j["waiting"] = std::move(waiting);
  std::optional<EntryRow> entry;
  if (person->entry) entry = store.entry_by_row(*person->entry);
  if (entry) {
    j.update({{"dn", entry->entry.dn.str()}, {"entry", to_string(entry->entry.id)}, {"gone", entry->gone}});
    if (entry->ledger.disabled_at) {
      j["disabled"] = {{"since", iso_time(*entry->ledger.disabled_at)},
                       {"for", entry->ledger.disabled_for ? to_string(*entry->ledger.disabled_for) : "?"}};
    }
  }
  if (const auto order = store.order_on(person->id, entry ? entry->id : 0))
    j["order"] = {{"by", order->by}, {"reason", order->reason}, {"since", iso_time(order->since)}};
  if (person->known_at) j["known since"] = iso_time(*person->known_at);
  if (const auto successor = person->successor ? store.person_by_row(*person->successor) : std::nullopt)
    j["taken over by"] = successor->person.key.rep();
  if (entry && !entry->gone) {
    const bool has_left = entry->ledger.disabled_for == Decision::leaver || entry->ledger.settled.count("left;muster") > 0;
    for (const Mention& m : has_left ? store.mentions_of(entry->id) : std::vector<Mention>{})
      j["hand-over"].push_back({{"attribute", m.attribute}, {"of", m.dn.str()}});
  }
  j["access"] = access_of(store, rules, person, entry, group);
  if (group.empty() && entry) j["attributes"] = attributes_of(rules, *entry, person->person, now);
  j["problems"] = json::array();
  for (const ProblemRow& p : store.problems(person_subject(person->id)))
    j["problems"].push_back({{"code", p.code}, {"what", p.what}, {"where", p.where}});
  j["held"] = holds_of(store, person->id);
  j["history"] = history_of(store, "person", key);
  return j;
}

namespace {

json member_item(const ReviewRow& r) {
  json j = {{"person", r.person}, {"dn", r.dn}, {"granted", r.is_granted}, {"reason", r.reason}};
  if (!r.rule.empty()) j.update({{"rule", r.rule}, {"cause", r.cause}});
  if (!r.since.empty()) j["since"] = r.since;
  if (!r.approver.empty()) j["approval"] = r.approver;
  return j;
}

/// The members of a group, and of the groups among them. `via`: the nested group; empty: the group that was asked for.
void add_members(Store& store, const Rules& rules, const GroupRow& g, const std::string& via, json& members,
                 std::set<std::string>& seen) {
  std::vector<GroupRow> nested;
  const Now now = system_now();
  Memberships(store, rules, nullptr, now).each(g, [&](MembershipView&& v) {
    if (!v.row.is_member) return;
    const auto dn = v.row.basis == "group" ? Dn::parse(v.row.dn) : Result<Dn>(Dn{});
    auto group = dn && !dn->empty() ? store.group_by_dn(*dn) : std::nullopt;
    if (group && seen.insert(group->dn.normal()).second) nested.push_back(std::move(*group));
    json j = member_item(v.row);
    if (!via.empty()) j["via"] = via;
    members.push_back(std::move(j));
  });
  for (const GroupRow& n : nested) add_members(store, rules, n, n.dn.str(), members, seen);
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
  const Store::Snapshot snapshot(store);
  note_approvals(store);
  auto found = find_group(store, wanted);
  if (!found) return std::move(found).error();
  const GroupRow& g = *found;
  const ManagedRule* managed = config.rules.managed_group(g.dn);
  json members = json::array();
  std::set<std::string> seen{g.dn.normal()};
  add_members(store, config.rules, g, "", members, seen);
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
