#include "agent/grants.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/gatekeeper.h"
#include "agent/trusted_clock.h"

namespace muster {

using nlohmann::json;

namespace {

Grant told(const AccessGrantRow& row) {
  Grant g;
  g.id = row.id;
  g.group = row.dn;
  g.by = row.by;
  g.approver = row.approver;
  g.reason = row.reason;
  g.until = row.until.value_or(row.created);
  g.over = row.state == "running" ? "" : row.over;
  return g;
}

Order told(const OrderRow& row) {
  return {row.id, row.by, row.reason, row.since, row.lifted_by, row.lifted_reason, !row.upstream.empty()};
}

}  // namespace

void tell_grants(Store& store, Row person, const std::vector<MembershipRow>& memberships, Subject& subject) {
  if (person) {
    for (const AccessGrantRow& row : store.access_grants_of(person)) {
      if (row.state == "running") subject.grants.push_back(told(row));
    }
  }
  for (const MembershipRow& m : memberships) {
    const Row id = m.granted ? grant_number(m.because.cause) : 0;
    if (!id) continue;
    const bool runs = std::any_of(subject.grants.begin(), subject.grants.end(), [&](const Grant& g) { return g.id == id; });
    const auto row = runs ? std::nullopt : store.access_grant(id);
    if (row && row->state != "running") subject.grants.push_back(told(*row));
  }
}

void tell_order(Store& store, Row person, Row entry, Subject& subject) {
  if (const auto order = store.order_on(person, entry)) {
    subject.order = told(*order);
  } else if (subject.ledger.disabled_for == Decision::order) {
    // One that was lifted before the account was disabled is not the one that disabled it.
    const auto lifted = store.last_lifted_order(person, entry);
    if (lifted && subject.ledger.disabled_at && *lifted->lifted >= *subject.ledger.disabled_at) subject.lifted = told(*lifted);
  }
}

json grant_details(const AccessGrantRow& g) {
  json j = {{"grant", g.id},      {"person", g.key.rep()}, {"group", g.dn.str()},          {"actor", g.by},
            {"reason", g.reason}, {"state", g.state},      {"seconds", g.duration.count()}};
  if (!g.approver.empty()) j["approver"] = g.approver;
  if (g.until) j["until"] = iso_time(*g.until);
  if (!g.hold.empty()) j["hold"] = short_id(g.hold);
  return j;
}

Result<PersonRow> find_person(Store& store, const std::string& text) {
  if (auto person = store.person(PersonKey(text))) return std::move(*person);
  if (const auto dn = Dn::parse(text)) {
    const auto entry = store.entry_row_by_dn(*dn);
    auto person = entry ? store.person_of_entry(*entry) : std::nullopt;
    if (person) return std::move(*person);
    return Error{Errc::not_found, dn->str() + (entry ? " belongs to nobody whom HR knows" : " is no entry that muster watches"),
                 ""};
  }
  return Error{Errc::not_found, "HR knows no person '" + text + "'", "give the feed's key of the person, or the DN of the account"};
}

void close_grant(Context& context, AccessGrantRow grant, const GrantEnd& end, Instant at) {
  Store& store = context.store;
  if (grant.state == "waiting") {
    if (auto hold = store.hold(grant.hold); hold && hold->status == "open") {
      hold->status = "superseded";
      hold->decided = at;
      store.put_hold(*hold);
    }
  }
  grant.state = end.state;
  grant.over = end.over;
  store.put_access_grant(grant);
  store.mark_person_dirty(grant.person);
  json details = grant_details(grant);
  details["granted by"] = grant.by;
  details["reason"] = end.over;
  details["actor"] = end.actor.empty() ? json("muster") : json(end.actor);
  context.recorder.decided(end.state == "revoked" ? "revoked" : "grant-ended", std::move(details), at);
}

std::optional<Instant> end_grants_due(Context& context, Instant now) {
  Store& store = context.store;
  const Instant trusted = tick_trusted_clock(store);
  for (const AccessGrantRow& grant : store.access_grants_over(trusted))
    close_grant(context, grant, {"ended", "for " + human_duration(grant.duration) + ", which are over", ""}, now);
  const auto next = store.next_grant_end();
  if (!next) return std::nullopt;
  return now + std::max(*next - trusted, std::chrono::milliseconds(0));
}

}  // namespace muster
