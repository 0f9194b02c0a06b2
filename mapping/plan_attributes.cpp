// Attributes that HR owns: set, clear, rename, and what somebody else made of them.
#include <algorithm>

#include "mapping/plan_parts.h"

namespace muster::planning {

namespace {

using OnDrift = AttributeRule::OnDrift;
using WhenEmpty = AttributeRule::WhenEmpty;

const Values kNone;

std::string shown(const Values& values) {
  if (values.empty()) return "nothing";
  std::string text;
  for (const std::string& v : values) text += (text.empty() ? "'" : ", '") + v + "'";
  return text;
}

/// The common case, one value spelled alike, without normalising anything.
bool agrees(const AttributeRule& rule, const Values& a, const Values& b) { return a == b || equal_sets(rule.equality, a, b); }

std::string rdn_text(const std::vector<Ava>& avas) {
  std::string text;
  for (const Ava& a : avas) text += (text.empty() ? "" : "+") + a.type + "=" + escape_dn_value(a.value);
  return text;
}

/// What is about to be done to one attribute.
struct Write {
  const AttributeRule& rule;
  Values is;
  Values wanted;
  bool drift;  ///< somebody else changed what was settled

  Decision decision() const { return drift ? Decision::drift : Decision::mover; }
  std::string text() const {
    const std::string says = "HR says " + shown(wanted) + " (" + rule.value->source() + ")";
    return drift ? "drift: somebody changed " + rule.name + "; " + says : says;
  }
};

/// `part` is of `avas`, which then hold the new name. Leaves in `write` the values that the server has after it.
void rename(Draft& d, Write& write, std::vector<Ava>& avas, Ava& part) {
  Change& c = d.add(Action::rename, write.decision(), d.reason(write.rule.at, write.text()));
  c.attribute = write.rule.name;
  c.from = {rdn_text(avas)};
  std::erase_if(write.is, [&](const std::string& v) { return equal(write.rule.equality, v, part.value); });
  part.value = write.wanted.front();
  write.is.push_back(part.value);
  c.to = {rdn_text(avas)};
}

void change_value(Draft& d, Write write, std::vector<Ava>& avas, Ava* part) {
  const AttributeRule& rule = write.rule;
  if (write.drift && rule.on_drift == OnDrift::report) {
    d.problem("drift",
              rule.name + " is " + shown(write.is) + " where HR says " + shown(write.wanted) +
                  ": somebody else changed it (on-drift=\"report\")",
              rule.at.rule(), rule.name, true);
    return;
  }
  if (write.drift && is_given_up(d, rule.key, rule.name, rule.at.rule())) return;
  if (part && write.wanted.empty()) {
    d.problem("empty-value", "HR has no value for " + rule.name + ", which is part of the entry's name", rule.at.rule(), rule.name);
    return;
  }
  if (part && !equal(rule.equality, part->value, write.wanted.front())) {
    rename(d, write, avas, *part);
    if (agrees(rule, write.is, write.wanted)) return;
  }
  Change& c = d.add(write.wanted.empty() ? Action::clear : Action::set, write.decision(), d.reason(rule.at, write.text()));
  c.attribute = rule.name;
  c.from = std::move(write.is);
  c.to = std::move(write.wanted);
}

void plan_attribute(Draft& d, const AttributeRule& rule, std::vector<Ava>& avas) {
  auto wanted = rule.unique ? unique_values(d, rule) : wanted_values(d, rule);
  if (!wanted) return;
  const Values* found = d.subject.entry->attributes.find(rule.key);
  const Values& is = found ? *found : kNone;
  Ava* part = rdn_part(avas, rule.key);
  if (part && !rule.unique) wanted = numbered_name(d, rule, *part, std::move(*wanted));
  const bool name_agrees =
      !part || (!wanted->empty() && (part->value == wanted->front() || equal(rule.equality, part->value, wanted->front())));
  if (name_agrees && agrees(rule, is, *wanted)) {
    d.plan.agreed.emplace_back(rule.key, std::move(*wanted));
    return;
  }
  const auto settled = d.subject.ledger.settled.find(rule.key);
  const bool drift = settled != d.subject.ledger.settled.end() && agrees(rule, settled->second, *wanted);
  change_value(d, {rule, is, std::move(*wanted), drift}, avas, part);
}

}  // namespace

namespace {

/// The entry of the person whom HR names by key. Who has none yet is waited for.
std::optional<Values> referred(Draft& d, const AttributeRule& rule, const std::string& key) {
  const auto found = d.subject.references.find(key);
  const Reference* r = found == d.subject.references.end() ? nullptr : &found->second;
  const std::string says = "HR says " + rule.name + " is '" + key + "' (" + rule.value->source() + "), ";
  if (!r || !r->known) {
    d.broken("missing-person", says + "and lists nobody of that key", rule.at.rule(), rule.name);
    return std::nullopt;
  }
  if (r->circular) {
    d.broken("circular", says + "and by that everybody of a circle is above everybody else", rule.at.rule(), rule.name);
    return std::nullopt;
  }
  if (r->dn.empty()) return std::nullopt;
  return Values{r->dn.str()};
}

}  // namespace

std::optional<Values> wanted_values(Draft& d, const AttributeRule& rule) {
  std::string text = rule.value->text();
  if (has_control_characters(text)) {
    d.broken("control-character", "HR's value for " + rule.name + " contains a control character", rule.at.rule(), rule.name);
    return std::nullopt;
  }
  if (!is_blank(text)) return rule.refers_to_person ? referred(d, rule, text) : Values{std::move(text)};
  if (rule.when_empty == WhenEmpty::clear) return Values{};
  if (rule.when_empty == WhenEmpty::problem)
    d.problem("empty-value", "HR has no value for " + rule.name, rule.at.rule(), rule.name);
  return std::nullopt;
}

void plan_attributes(Draft& d) {
  // A leaver's entry stays as it was on the last day.
  if (d.state.kind == State::Kind::leaver) return;
  std::vector<Ava> avas = d.subject.entry->dn.rdn_avas();
  d.plan.agreed.reserve(d.plan.agreed.size() + d.rules.attributes.size());
  for (const AttributeRule& rule : d.rules.attributes) {
    if (rule.owner == Owner::hr && rule.value) plan_attribute(d, rule, avas);
  }
}

}  // namespace muster::planning
