// Engine: what an operator decides about one person.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/engine.h"
#include "agent/grants.h"
#include "agent/guarded.h"
#include "agent/planner.h"
#include "agent/report.h"
#include "agent/sha256.h"
#include "agent/trusted_clock.h"

namespace muster {

using nlohmann::json;

namespace {

json entry_details(Store& store, Row entry) {
  const auto row = entry ? store.entry_by_row(entry) : std::nullopt;
  if (!row) return json::object();
  return {{"entry", to_string(row->entry.id)}, {"dn", row->entry.dn.str()}};
}

/// The grant's membership as the directory has it; none: the person is no member.
std::optional<MembershipRow> membership_of(Store& store, const EntryRow& entry, Row group) {
  for (MembershipRow& m : store.memberships(entry.id, member_values(entry.entry))) {
    if (m.group == group) return std::move(m);
  }
  return std::nullopt;
}

/// What is there goes on under a new grant, unless the directory itself would end it at the old one's end.
bool is_taken_over(const std::optional<MembershipRow>& m, const ServerTraits& server) {
  return m && m->granted && !(server.link_ttl && grant_number(m->because.cause));
}

JournalRow as_change(const AccessGrantRow& g, const EntryRow& entry, const Rules& rules) {
  JournalRow row;
  row.person = g.person;
  row.entry = entry.id;
  row.group = g.group;
  Change& c = row.change;
  c.action = Action::add_member;
  c.decision = Decision::grant;
  c.person = g.key;
  c.entry = entry.entry.id;
  c.dn = entry.entry.dn;
  c.group = g.dn;
  c.to = {g.dn.str()};
  Grant told;
  told.id = g.id;
  told.group = g.dn;
  c.because = grant_reason_of(rules, told);
  c.because.text = g.by + " asks for it for " + human_duration(g.duration) + ": " + g.reason;
  row.hash = sha256_hex(canonical(c));
  return row;
}

}  // namespace

/// Its time begins: memberships that are there already from an earlier grant go on under this one.
void Engine::begin_grant(AccessGrantRow grant, Instant now) {
  Context& c = *context_;
  json replaced;
  for (AccessGrantRow& old : c.store.access_grants_of(grant.person)) {
    if (old.group != grant.group || old.state != "running") continue;
    replaced = old.id;
    old.state = "replaced";
    old.over = "prolonged by " + grant.by;
    c.store.put_access_grant(old);
  }
  grant.state = "running";
  grant.until = trusted_now(c.store) + grant.duration;
  grant.id = c.store.put_access_grant(grant);
  (void)tick_trusted_clock(c.store);
  const auto person = c.store.person_by_row(grant.person);
  const auto entry = person && person->entry ? c.store.entry_by_row(*person->entry) : std::nullopt;
  if (const auto m = entry ? membership_of(c.store, *entry, grant.group) : std::nullopt; is_taken_over(m, c.server)) {
    const Grant given{grant.id, grant.dn, grant.by, grant.approver, grant.reason, *grant.until, ""};
    c.store.set_granted(entry->id, grant.group, now, grant_reason_of(c.rules(), given));
  }
  json details = grant_details(grant);
  details.update(entry_details(c.store, entry ? entry->id : 0));
  if (!replaced.is_null()) details["prolongs"] = replaced;
  c.recorder.decided("granted", std::move(details), now);
  c.store.mark_person_dirty(grant.person);
}

void Engine::hold_grant(AccessGrantRow grant, const EntryRow& entry, Instant now) {
  Context& c = *context_;
  grant.state = "waiting";
  grant.id = c.store.put_access_grant(grant);
  HoldRow h;
  Sha256 sum;
  sum.add(grant_name(grant.id)).add(grant.key.rep()).add(grant.dn.normal()).add(random_uuid());
  h.id = sum.hex();
  h.kind = "grant";
  h.status = "open";
  h.sentence = grant.by + " gives person " + grant.key.rep() + " " + grant.dn.str() + " for " + human_duration(grant.duration) +
               " (" + grant.reason + "); somebody else must agree";
  h.count = 1;
  h.people = 1;
  h.created = now;
  grant.hold = h.id;
  c.store.put_access_grant(grant);
  c.store.put_hold(h);
  c.store.set_hold_changes(h.id, {as_change(grant, entry, c.rules())});
  json details = grant_details(grant);
  details.update(entry_details(c.store, entry.id));
  details.update({{"held", h.kind}, {"count", 1}, {"people", 1}, {"reason", h.sentence}});
  c.recorder.decided("hold", std::move(details), now);
}

/// What the rules do not know: accounts, protection, memberships that are there.
Status Engine::check_grant(const AccessGrantRow& wish, const PersonRow& person, const EntryRow& entry, const GroupRow& group) {
  Store& store = context_->store;
  const std::string who = "person " + person.person.key.rep();
  if (group.is_guarded)
    return Error{Errc::refused, group.dn.str() + " is part of Active Directory itself or protected by it, so nobody is given it",
                 ""};
  if (const auto order = store.order_on(person.id, entry.id))
    return Error{Errc::refused, who + " is disabled by order of " + order->by + ": " + order->reason, "muster enable lifts that"};
  auto shield = Planner(*context_, *connection_).protection(&person, &entry, system_now());
  if (!shield) return std::move(shield).error();
  if (!shield->empty()) return Error{Errc::refused, who + " is protected by " + *shield + ", so nothing is written", ""};
  const auto managed = context_->rules().managed_group(group.dn);
  const auto m = membership_of(store, entry, group.id);
  if (m && !m->granted && managed && managed->membership == ManagedRule::Membership::granted)
    return Error{Errc::refused, who + " is a member of " + group.dn.str() + " already, and not by muster, so it would not end",
                 "take the membership away first"};
  for (const AccessGrantRow& old : store.access_grants_of(person.id)) {
    if (old.group != group.id) continue;
    if (old.state == "waiting")
      return Error{Errc::refused, old.by + " has asked for that already; it waits for somebody else's agreement",
                   "muster approve " + old.hold.substr(0, 12) + ", or muster reject"};
    if (*old.until >= trusted_now(store) + wish.duration)
      return Error{Errc::refused, who + " has " + group.dn.str() + " until " + iso_time(*old.until) + " already, by " + old.by,
                   "muster revoke ends it sooner"};
  }
  return ok();
}

Result<Row> Engine::grant(const Wish& wish) {
  return guarded([&]() -> Result<Row> {
    Store& store = context_->store;
    const Now now = system_now();
    auto person = find_person(store, wish.person);
    if (!person) return std::move(person).error();
    auto group = find_group(store, wish.group);
    if (!group) return std::move(group).error();
    const auto entry = person->entry ? store.entry_by_row(*person->entry) : std::nullopt;
    if (!entry || entry->gone)
      return Error{Errc::refused, "person " + person->person.key.rep() + " has no account", "muster plan says what becomes of it"};
    AccessGrantRow row;
    row.person = person->id;
    row.key = person->person.key;
    row.group = group->id;
    row.dn = group->dn;
    row.by = wish.by;
    row.reason = wish.reason;
    row.duration = wish.duration;
    row.created = now.utc;
    const auto needs_second = judge_grant({person->person, group->dn, wish.duration, wish.by}, context_->rules(), now);
    if (!needs_second) return needs_second.error();
    MUSTER_TRY(check_grant(row, *person, *entry, *group));
    Store::Transaction transaction(store);
    if (*needs_second) {
      hold_grant(std::move(row), *entry, now.utc);
    } else {
      begin_grant(std::move(row), now.utc);
    }
    transaction.commit();
    return person->id;
  });
}

Result<Row> Engine::revoke(const Wish& wish) {
  return guarded([&]() -> Result<Row> {
    Store& store = context_->store;
    auto person = find_person(store, wish.person);
    if (!person) return std::move(person).error();
    auto group = find_group(store, wish.group);
    if (!group) return std::move(group).error();
    Store::Transaction transaction(store);
    bool any = false;
    for (const AccessGrantRow& g : store.access_grants_of(person->id)) {
      if (g.group != group->id) continue;
      close_grant(*context_, g, {"revoked", "revoked by " + wish.by + ": " + wish.reason, wish.by}, system_now().utc);
      any = true;
    }
    if (!any)
      return Error{Errc::not_found, "person " + person->person.key.rep() + " was not given " + group->dn.str() + " for a time",
                   "muster grants lists what was; muster why tells where a membership comes from"};
    transaction.commit();
    return person->id;
  });
}

Result<bool> Engine::decide_grant(const std::string& id, const Verdicts& verdict, bool approved) {
  Store& store = context_->store;
  auto hold = find_open_hold(store, id);
  if (!hold) return std::move(hold).error();
  if (hold->kind != "grant") return false;
  auto grant = store.access_grant_of_hold(hold->id);
  const auto person = grant ? store.person_by_row(grant->person) : std::nullopt;
  if (!person) return Error{Errc::corrupt, "hold " + short_id(hold->id) + " has lost its grant", "reject it, and grant again"};
  const Now now = system_now();
  if (approved) {
    const GrantRequest request{person->person, grant->dn, grant->duration, grant->by};
    if (const auto judged = judge_grant(request, context_->rules(), now); !judged) return judged.error();
    MUSTER_TRY(judge_second(grant->dn, grant->by, verdict.by, context_->rules()));
  }
  Store::Transaction transaction(store);
  json details = grant_details(*grant);
  details.update({{"granted by", grant->by}, {"count", 1}});
  close_hold(*context_, *hold, verdict, approved, std::move(details), now.utc);
  if (approved) {
    grant->approver = verdict.by;
    begin_grant(std::move(*grant), now.utc);
  } else {
    close_grant(*context_, std::move(*grant), {"rejected", "rejected by " + verdict.by + ": " + verdict.reason, verdict.by},
                now.utc);
  }
  transaction.commit();
  return true;
}

Result<Engine::Target> Engine::target_of(const std::string& text) {
  Store& store = context_->store;
  Target t;
  if (auto person = store.person(PersonKey(text))) {
    t.person = std::move(*person);
    if (t.person->entry) t.entry = store.entry_by_row(*t.person->entry);
    return t;
  }
  const auto dn = Dn::parse(text);
  if (!dn)
    return Error{Errc::not_found, "HR knows no person '" + text + "'",
                 "give the feed's key of the person, or the DN of the account"};
  const auto entry = store.entry_row_by_dn(*dn);
  if (!entry)
    return Error{Errc::not_found, dn->str() + " is no entry that muster watches", "only entries below <people base> are written"};
  t.entry = store.entry_by_row(*entry);
  t.person = store.person_of_entry(*entry);
  return t;
}

Result<std::string> Engine::protection_of(const std::string& text) {
  return guarded([&]() -> Result<std::string> {
    auto target = target_of(text);
    if (!target) return std::move(target).error();
    return Planner(*context_, *connection_)
        .protection(target->person ? &*target->person : nullptr, target->entry ? &*target->entry : nullptr, system_now());
  });
}

Status Engine::order_disable(const Wish& wish) {
  return guarded([&]() -> Status {
    Store& store = context_->store;
    auto target = target_of(wish.person);
    if (!target) return std::move(target).error();
    const auto standing = store.order_on(target->person_row(), target->entry_row());
    if (standing && standing->upstream.empty())
      return Error{Errc::refused, target->name() + " is disabled by order of " + standing->by + " already: " + standing->reason,
                   "muster enable lifts that"};
    const Instant now = system_now().utc;
    Store::Transaction transaction(store);
    // What upstream ordered may wait for an approval, and upstream may lift it; what is ordered here does neither.
    if (standing) store.lift_order(standing->id, wish.by, "in favour of an order given here: " + wish.reason, now);
    OrderRow order;
    order.person = target->person_row();
    order.entry = target->entry_row();
    order.by = wish.by;
    order.reason = wish.reason;
    order.since = now;
    order.id = store.add_order(order);
    if (order.person) {
      for (const AccessGrantRow& g : store.access_grants_of(order.person))
        close_grant(*context_, g, {"ended", "the person was disabled by order of " + wish.by, wish.by}, now);
    }
    record_order("disable-ordered", *target, wish, order.id);
    transaction.commit();
    return ok();
  });
}

Status Engine::lift_order(const Wish& wish) {
  return guarded([&]() -> Status {
    Store& store = context_->store;
    auto target = target_of(wish.person);
    if (!target) return std::move(target).error();
    const auto order = store.order_on(target->person_row(), target->entry_row());
    if (!order)
      return Error{Errc::not_found, "no order to disable " + target->name() + " stands",
                   "muster why tells why an account is off; what HR or somebody else switched off, this command leaves alone"};
    const Instant now = system_now().utc;
    Store::Transaction transaction(store);
    store.lift_order(order->id, wish.by, wish.reason, now);
    record_order("disable-lifted", *target, wish, order->id);
    transaction.commit();
    return ok();
  });
}

Status Engine::choose_former(const Wish& wish) {
  return guarded([&]() -> Status {
    Store& store = context_->store;
    const auto row = store.person(PersonKey(wish.person));
    if (!row) return Error{Errc::not_found, "HR knows no person '" + wish.person + "'", "give the feed's key of the person"};
    const Now now = system_now();
    Store::Transaction transaction(store);
    const auto keys = Planner(*context_, *connection_).returns_as(*row, now);
    if (!keys) return keys.error();
    if (wish.group != kNobody && std::find(keys->begin(), keys->end(), wish.group) == keys->end()) {
      std::string all;
      for (const std::string& key : *keys) all += key + ", ";
      return Error{Errc::refused, "'" + wish.group + "' is none of the former leavers in question",
                   "they are " + all + "or say " + kNobody};
    }
    store.set_meta(rehire_choice(row->person.key), wish.group);
    context_->recorder.decided("rehire-chosen",
                               {{"person", wish.person},
                                {"before", wish.group == kNobody ? json::array() : json{wish.group}},
                                {"after", {wish.person}},
                                {"actor", wish.by},
                                {"reason", wish.reason}},
                               now.utc);
    store.mark_person_dirty(row->id);
    transaction.commit();
    return ok();
  });
}

void Engine::record_order(const std::string& kind, const Target& target, const Wish& wish, Row order) {
  Store& store = context_->store;
  json details = entry_details(store, target.entry_row());
  details.update({{"order", order}, {"actor", wish.by}, {"reason", wish.reason}});
  if (target.person) details["person"] = target.person->person.key.rep();
  context_->recorder.decided(kind, std::move(details), system_now().utc);
  if (target.person) {
    store.set_attempts(target.person->id, 0, std::nullopt);
    store.mark_person_dirty(target.person->id);
  }
  if (target.entry) store.mark_owner_dirty(target.entry->id);
}

}  // namespace muster
