#include "mapping/plan.h"

#include <algorithm>

#include "mapping/plan_parts.h"

namespace muster {

namespace planning {

Change& Draft::add(Action action, Decision decision, Reason because) {
  Change c;
  c.action = action;
  c.decision = decision;
  c.because = std::move(because);
  if (subject.person) c.person = subject.person->key;
  if (subject.entry) {
    c.entry = subject.entry->id;
    c.dn = subject.entry->dn;
  }
  plan.changes.push_back(std::move(c));
  return plan.changes.back();
}

void Draft::problem(std::string code, const std::string& what, const std::string& where, std::string attribute, bool drift) {
  plan.problems.push_back({std::move(code), who() + ": " + what, where, std::move(attribute), drift});
}

std::string Draft::who() const {
  if (subject.person) return "person " + subject.person->key.rep();
  return subject.entry ? subject.entry->dn.str() : "nobody";
}

Reason Draft::reason(const Location& at, std::string text) const {
  return {at.rule(), std::move(text), subject.person ? subject.person->source : "directory"};
}

const Values* Draft::settled(std::string_view key) const {
  const auto found = subject.ledger.settled.find(key);
  return found == subject.ledger.settled.end() || found->second.empty() ? nullptr : &found->second;
}

std::string named(const Expression& condition, const Person& person, const Rules& rules) {
  std::string text;
  for (const std::size_t i : condition.fields()) {
    text += (text.empty() ? "" : ", ") + rules.fields[i] + "='" + (i < person.fields.size() ? person.fields[i] : "") + "'";
  }
  return text.empty() ? condition.source() : text;
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_blank(std::string_view text) { return text.find_first_not_of(' ') == std::string_view::npos; }

Ava* rdn_part(std::vector<Ava>& avas, std::string_view lower_case_name) {
  for (Ava& a : avas) {
    if (a.type.size() == lower_case_name.size() && to_lower(a.type) == lower_case_name) return &a;
  }
  return nullptr;
}

namespace {

/// A protected subject: nothing is done, and one sentence says so.
void shield(Draft& draft) {
  if (!draft.subject.is_protected || draft.plan.changes.empty()) return;
  const std::size_t n = draft.plan.changes.size();
  std::string actions;
  Action last{};
  for (const Change& c : draft.plan.changes) {
    if (actions.empty() || c.action != last) actions += (actions.empty() ? "" : ", ") + std::string(to_string(c.action));
    last = c.action;
  }
  const std::string where = draft.plan.changes.front().because.rule;
  draft.plan.changes.clear();
  draft.problem("protected",
                "protected by " + draft.subject.protected_by + ", so " + std::to_string(n) +
                    (n == 1 ? " change is" : " changes are") + " left to you: " + actions,
                where);
}

}  // namespace

}  // namespace planning

Plan plan(const Subject& subject, const Rules& rules, const Now& now) {
  planning::Draft draft{subject, rules, now, {}, {}, false};
  if (subject.person) rules.scope->load(*subject.person, now);
  draft.state = planning::state_of(subject.person, rules, now, draft.plan);
  if (subject.entry) {
    planning::plan_lifecycle(draft);
    planning::plan_access(draft);
    if (subject.person) planning::plan_attributes(draft);
  } else if (subject.person) {
    planning::plan_create(draft);
  }
  std::stable_sort(draft.plan.changes.begin(), draft.plan.changes.end(),
                   [](const Change& a, const Change& b) { return a.action < b.action; });
  planning::shield(draft);
  return std::move(draft.plan);
}

Plan plan_once_created(const Change& create, const Person& person, const Rules& rules, const Now& now) {
  Entry entry;
  entry.dn = create.dn;
  entry.attributes = create.initial;
  Subject subject;
  subject.person = &person;
  subject.entry = &entry;
  subject.account.disabled = create.create_disabled;
  if (create.create_disabled) {
    subject.ledger.disabled_at = now.utc;
    subject.ledger.disabled_for = Decision::joiner;
  }
  return plan(subject, rules, now);
}

std::vector<std::string> join_values(const Person& person, const Rules& rules, const Now& now) {
  rules.scope->load(person, now);
  std::vector<std::string> values;
  for (const JoinRule& j : rules.joins) values.push_back(j.value.text());
  return values;
}

}  // namespace muster
