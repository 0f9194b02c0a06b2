// Attributes that HR owns: set, clear, rename, and what somebody else made of them.
#include <algorithm>

#include "mapping/plan_parts.h"

namespace muster::planning {

namespace {

const Values kNone;

std::string shown(const Values& values) {
  if (values.empty()) return "nothing";
  std::string text;
  for (const std::string& v : values) text += (text.empty() ? "'" : ", '") + v + "'";
  return text;
}

bool is_settled_at(const Draft& d, const AttributeRule& rule, const Values& wanted) {
  const auto found = d.subject.ledger.settled.find(rule.key);
  return found != d.subject.ledger.settled.end() && equal_sets(rule.equality, found->second, wanted);
}

/// The RDN with one value replaced, as it is spelled.
std::string renamed(std::vector<Ava> avas, const AttributeRule& rule, const std::string& value) {
  std::string text;
  for (Ava& a : avas) {
    if (to_lower(a.type) == rule.key) a.value = value;
    text += (text.empty() ? "" : "+") + a.type + "=" + escape_dn_value(a.value);
  }
  return text;
}

std::string because_of(const AttributeRule& rule, const Values& wanted, bool drift) {
  const std::string says = "HR says " + shown(wanted) + " (" + rule.value->source() + ")";
  return drift ? "drift: somebody changed " + rule.name + "; " + says : says;
}

void change_value(Draft& d, const AttributeRule& rule, const Values& is, const Values& wanted) {
  const bool drift = is_settled_at(d, rule, wanted);
  if (drift && rule.on_drift == AttributeRule::OnDrift::report) {
    d.problem("drift", rule.name + " is " + shown(is) + " where HR says " + shown(wanted) + ": somebody else changed it (on-drift=\"report\")", rule.at.rule(), rule.name, true);
    return;
  }
  const Decision decision = drift ? Decision::drift : Decision::mover;
  const auto avas = d.subject.entry->dn.rdn_avas();
  const std::string* in_name = rdn_value(avas, rule.name);
  if (in_name && wanted.empty()) {
    d.problem("empty-value", "HR has no value for " + rule.name + ", which is part of the entry's name", rule.at.rule(), rule.name);
    return;
  }
  if (in_name && !equal(rule.equality, *in_name, wanted.front())) {
    Change& c = d.add(Action::rename, decision, d.reason(rule.at, because_of(rule, wanted, drift)));
    c.attribute = rule.name;
    c.from = {d.subject.entry->dn.rdn()};
    c.to = {renamed(avas, rule, wanted.front())};
    return;
  }
  Change& c = d.add(wanted.empty() ? Action::clear : Action::set, decision, d.reason(rule.at, because_of(rule, wanted, drift)));
  c.attribute = rule.name;
  c.from = is;
  c.to = wanted;
}

void plan_attribute(Draft& d, const AttributeRule& rule) {
  std::string text = rule.value->text();
  if (has_control_characters(text)) {
    d.problem("control-character", "HR's value for " + rule.name + " contains a control character; it was not written", rule.at.rule(), rule.name);
    return;
  }
  if (text.empty() && rule.when_empty == AttributeRule::WhenEmpty::keep) return;
  if (text.empty() && rule.when_empty == AttributeRule::WhenEmpty::problem) {
    d.problem("empty-value", "HR has no value for " + rule.name, rule.at.rule(), rule.name);
    return;
  }
  const Values wanted = text.empty() ? Values{} : Values{std::move(text)};
  const Values* is = d.subject.entry->attributes.find(rule.key);
  if (!is) is = &kNone;
  const std::string* in_name = nullptr;
  const auto avas = d.subject.entry->dn.rdn_avas();
  if (!wanted.empty()) in_name = rdn_value(avas, rule.name);
  const bool name_agrees = !in_name || equal(rule.equality, *in_name, wanted.front());
  if (name_agrees && equal_sets(rule.equality, *is, wanted)) {
    d.plan.agreed.emplace_back(rule.key, wanted);
  } else {
    change_value(d, rule, *is, wanted);
  }
}

}  // namespace

void plan_attributes(Draft& d) {
  // A leaver's entry stays as it was on the last day.
  if (d.state.kind == State::Kind::leaver) return;
  for (const AttributeRule& rule : d.rules.attributes) {
    if (rule.owner == Owner::hr && rule.value) plan_attribute(d, rule);
  }
}

}  // namespace muster::planning
