// What somebody decided about one person: access for a time, and accounts that are off by order.
#include <algorithm>

#include "mapping/plan_parts.h"

namespace muster::planning {

namespace {

const Grant* grant_of(const Draft& d, std::int64_t id) {
  const auto& all = d.subject.grants;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Grant& g) { return g.id == id; });
  return found == all.end() ? nullptr : &*found;
}

/// A reviewer took it away, and no review gave it back.
bool was_refused(const Draft& d, const Dn& group) {
  const auto& all = d.subject.refusals;
  return std::any_of(all.begin(), all.end(), [&](const Refusal& r) { return r.group == group; });
}

Reason order_reason(const Order& order, const std::string& text) {
  return {order.is_upstream ? "prov:deactivate" : "muster disable", text, order_name(order.id)};
}

std::string ordered(const Order& order) { return "disabled by order of " + order.by + ": " + order.reason; }

}  // namespace

bool is_granted(const Draft& d, const Membership& m) {
  const auto& all = d.subject.grants;
  // What an earlier grant gave with a time to live of its own (Active Directory) is given anew.
  return std::any_of(all.begin(), all.end(),
                     [&](const Grant& g) { return g.over.empty() && g.group == m.group && (!m.grant || m.grant == g.id); });
}

void remove_granted(Draft& d, const Membership& m, Decision decision, const std::string& why) {
  const Grant* grant = grant_of(d, m.grant);
  const bool runs = grant && grant->over.empty();
  std::string text = grant ? "granted by " + grant->by : std::string("granted for a time");
  text += ", " + (grant && !runs ? grant->over : why);
  const ManagedRule* rule = d.rules.managed_group(m.group);
  Reason because = d.reason(rule ? rule->at : d.rules.feed_at, std::move(text));
  if (grant) because.cause = grant_name(grant->id);
  Change& c = d.add(Action::remove_member, runs ? decision : Decision::grant, std::move(because));
  c.group = m.group;
  c.from = {m.group.str()};
  // Its end was decided together with it. What HR says of a person who still has time left is HR's word, which the gate judges.
  if (grant && !runs) c.approval = grant_name(grant->id);
}

void remove_all_granted(Draft& d, Decision decision, const std::string& why) {
  for (const Membership& m : d.subject.memberships) {
    if (m.grant && d.rules.managed_group(m.group) && !was_refused(d, m.group)) remove_granted(d, m, decision, why);
  }
}

void add_granted(Draft& d) {
  for (const Grant& g : d.subject.grants) {
    const auto& have = d.subject.memberships;
    const bool is_member = std::any_of(have.begin(), have.end(), [&](const Membership& m) { return m.group == g.group; });
    const auto& added = d.plan.changes;
    const bool is_coming = std::any_of(added.begin(), added.end(),
                                       [&](const Change& c) { return c.action == Action::add_member && c.group == g.group; });
    if (!g.over.empty() || is_member || is_coming || was_refused(d, g.group) || !d.rules.managed_group(g.group)) continue;
    Change& c = d.add(Action::add_member, Decision::grant, grant_reason_of(d.rules, g));
    c.group = g.group;
    c.to = {g.group.str()};
    c.approval = grant_name(g.id);
  }
}

void end_grants(Draft& d) {
  // Not before the disable went through: it may be held, and HR mistaken.
  const bool disables = !d.state.leaver || d.state.leaver->disable;
  if (disables && !d.subject.account.disabled) return;
  for (const Grant& g : d.subject.grants) {
    if (g.over.empty()) d.plan.ended.emplace_back(g.id, "the person leaves (" + d.state.why.text + ")");
  }
}

void disable_by_order(Draft& d) {
  if (d.subject.account.disabled) return;
  const Order& order = *d.subject.order;
  std::string text = ordered(order);
  if (d.subject.ledger.disabled_at) text += "; somebody enabled the account again";
  Change& c = d.add(Action::disable, Decision::order, order_reason(order, text));
  c.from = {"enabled"};
  c.to = {"disabled"};
  if (!order.is_upstream) c.approval = order_name(order.id);
}

void strip_by_order(Draft& d) {
  const Order& order = *d.subject.order;
  const auto& shielded = d.rules.protected_groups;
  for (const Membership& m : d.subject.memberships) {
    const bool is_shielded = std::any_of(shielded.begin(), shielded.end(), [&](const Dn& g) { return g == m.group; });
    if (is_shielded || !d.rules.managed_group(m.group)) continue;
    Change& c = d.add(Action::remove_member, Decision::order, order_reason(order, ordered(order)));
    c.group = m.group;
    c.from = {m.group.str()};
    if (!order.is_upstream) c.approval = order_name(order.id);
  }
}

std::optional<Reason> lifted_reason(Draft& d) {
  if (const auto& lifted = d.subject.lifted)
    return Reason{lifted->is_upstream && lifted->lifted_by == lifted->by ? "prov:activate" : "muster enable",
                  "enabled by " + lifted->lifted_by + ": " + lifted->lifted_reason, order_name(lifted->id)};
  d.problem("order-unknown",
            "the account is disabled by an order that the state file does not know (is it from a backup?), so it stays so; muster "
            "disable, then muster enable, gives it back",
            "muster enable");
  return std::nullopt;
}

void enable_after_order(Draft& d) {
  if (!d.subject.account.disabled || !d.subject.ledger.disabled_at || d.subject.ledger.disabled_for != Decision::order) return;
  auto why = lifted_reason(d);
  if (!why) return;
  Change& c = d.add(Action::enable, Decision::order, std::move(*why));
  c.from = {"disabled"};
  c.to = {"enabled"};
  d.will_be_enabled = true;
}

}  // namespace muster::planning
