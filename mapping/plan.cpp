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

void Draft::due(Instant at) {
  if (at > now.utc && (!plan.due || at < *plan.due)) plan.due = at;
}

void Draft::broken(std::string code, const std::string& what, const std::string& where, std::string attribute) {
  problem(std::move(code), what + (subject.person ? " (" + subject.person->source + ")" : ""), where, std::move(attribute));
  is_broken = true;
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
  draft.plan.names.clear();
  draft.problem("protected",
                "protected by " + draft.subject.protected_by + ", so " + std::to_string(n) +
                    (n == 1 ? " change is" : " changes are") + " left to you: " + actions,
                where);
}

/// Nobody repairs data here: who has a fault in the record is left as a whole, but what switches off is done, and what somebody
/// decided.
void leave_broken(Draft& draft) {
  if (!draft.is_broken) return;
  std::erase_if(draft.plan.changes, [](const Change& c) { return c.action != Action::disable && c.approval.empty(); });
  draft.plan.names.clear();
}

/// The zone of a person; the machine's own, and a problem where there is a draft, when its name is none.
Zone zone_of(const Rules& rules, Draft* draft) {
  if (!rules.zone) return {};
  const std::string name = rules.zone->text();
  if (is_blank(name)) return {};
  if (auto zone = Zone::named(name)) return *zone;
  if (draft) draft->problem("unknown-zone", "'" + name + "' is no time zone, so the machine's own counts", rules.zone_at.rule());
  return {};
}

bool looks_at(const Expression& e, std::string_view variable) { return e.source().find(variable) != std::string::npos; }

/// Conditions that name $today may change with the day, those that name $now with the hour.
template <class Each>
void each_expression(const Rules& rules, const Each& each) {
  for (const AttributeRule& r : rules.attributes) {
    if (r.value) each(*r.value);
  }
  for (const RoleRule& r : rules.roles) each(r.when);
  for (const PlaceRule& r : rules.places) each(r.when);
  for (const LeaverRule& r : rules.leavers) {
    each(r.when);
    for (const LeaverWrite& w : r.writes) {
      if (w.value) each(*w.value);
    }
  }
  for (const AbsenceRule& r : rules.absences) each(r.when);
  for (const WorkerRule& r : rules.workers) each(r.when);
  if (rules.joiner) each(rules.joiner->when);
}

void due_by_expressions(Draft& d) {
  bool by_day = false, by_hour = false;
  each_expression(d.rules, [&](const Expression& e) {
    if (!e.depends_on_time()) return;
    by_day = by_day || looks_at(e, "$today");
    by_hour = by_hour || looks_at(e, "$now");
  });
  if (by_day) d.due(d.zone.end_of(d.now.today));
  if (by_hour) d.due(std::chrono::floor<std::chrono::hours>(d.now.utc) + std::chrono::hours(1));
}

}  // namespace

Now local_now(const Person& person, const Rules& rules, const Now& now, Zone& zone, Draft* draft) {
  rules.scope->load(person, now);
  if (!rules.zone) return now;
  zone = zone_of(rules, draft);
  const Now here{now.utc, zone.day_at(now.utc)};
  if (here.today != now.today) rules.scope->load(person, here);
  return here;
}

}  // namespace planning

Plan plan(const Subject& subject, const Rules& rules, const Now& now) {
  Now here = now;
  planning::Draft draft{subject, rules, here};
  if (subject.person) here = planning::local_now(*subject.person, rules, now, draft.zone, &draft);
  planning::find_state(draft);
  if (subject.person) planning::due_by_expressions(draft);
  if (subject.entry) {
    planning::plan_lifecycle(draft);
    planning::plan_access(draft);
    if (subject.person) planning::plan_attributes(draft);
  } else if (subject.person) {
    planning::plan_create(draft);
  }
  std::stable_sort(draft.plan.changes.begin(), draft.plan.changes.end(),
                   [](const Change& a, const Change& b) { return a.action < b.action; });
  planning::leave_broken(draft);
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
  if (create.password_due) subject.ledger.settled.emplace(kPasswordDue, Values{"due"});
  if (create.create_disabled) {
    subject.ledger.disabled_at = now.utc;
    subject.ledger.disabled_for = Decision::joiner;
  }
  return plan(subject, rules, now);
}

std::vector<std::string> person_keys(const Person& person, const Rules& rules, const Now& now) {
  std::vector<std::string> keys;
  const auto add = [&](std::string key) {
    if (!planning::is_blank(key) && std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
  };
  Zone zone;
  const bool any = std::any_of(rules.attributes.begin(), rules.attributes.end(), [](const auto& r) { return r.refers_to_person; });
  if (any) (void)planning::local_now(person, rules, now, zone, nullptr);
  for (const AttributeRule& r : rules.attributes) {
    if (r.refers_to_person && r.value) add(r.value->text());
  }
  for (const WorkerRule& w : rules.workers) {
    if (w.owner_index >= 0) add(person.fields[static_cast<std::size_t>(w.owner_index)]);
  }
  return keys;
}

bool is_leaving(const Person& person, const Rules& rules, const Now& now) {
  return planning::Outlook(person, rules, now).state().kind == planning::State::Kind::leaver;
}

std::vector<std::string> join_values(const Person& person, const Rules& rules, const Now& now) {
  Zone zone;
  (void)planning::local_now(person, rules, now, zone, nullptr);
  std::vector<std::string> values;
  for (const JoinRule& j : rules.joins) values.push_back(j.value.text());
  return values;
}

}  // namespace muster
