// Joiner, absence, leaver, contractor, rehire: what becomes of the account itself.
#include <algorithm>
#include <ctime>

#include "mapping/plan_parts.h"

namespace muster::planning {

namespace {

using Kind = State::Kind;

std::optional<Day> date_field(const Person& person, std::size_t index) {
  if (index >= person.fields.size() || person.fields[index].empty()) return std::nullopt;
  return parse_compact_date(person.fields[index]);
}

/// Local midnight after a day: the first instant at which an account that ends on it no longer works.
Instant end_of(Day day) {
  const std::chrono::year_month_day ymd(day);
  std::tm local{};
  local.tm_year = static_cast<int>(ymd.year()) - 1900;
  local.tm_mon = static_cast<int>(static_cast<unsigned>(ymd.month())) - 1;
  local.tm_mday = static_cast<int>(static_cast<unsigned>(ymd.day())) + 1;
  local.tm_isdst = -1;
  return Instant(std::chrono::seconds(std::mktime(&local)));
}

bool take_leaver(State& s, const Person& person, const Rules& rules) {
  for (const LeaverRule& rule : rules.leavers) {
    if (!rule.when.truth()) continue;
    s.kind = Kind::leaver;
    s.leaver = &rule;
    s.why = {rule.at.rule(), "leaver: " + named(rule.when, person, rules), person.source};
    return true;
  }
  if (person.listed || !rules.missing_is_leaver) return false;
  s.kind = Kind::leaver;
  s.leaver = rules.leavers.empty() ? nullptr : &rules.leavers.front();
  s.why = {rules.feed_at.rule(), "leaver: HR's snapshot no longer lists this person", person.source};
  return true;
}

bool take_absence(State& s, const Person& person, const Rules& rules) {
  for (const AbsenceRule& rule : rules.absences) {
    if (!rule.when.truth()) continue;
    s.kind = Kind::absent;
    s.absence = &rule;
    s.why = {rule.at.rule(), "absence: " + named(rule.when, person, rules), person.source};
    return true;
  }
  return false;
}

void take_contractor(State& s, const Person& person, const Rules& rules, Plan& plan) {
  for (const ContractorRule& rule : rules.contractors) {
    if (!rule.when.truth()) continue;
    s.contractor = &rule;
    if (rule.expires_index < 0 || !date_field(person, static_cast<std::size_t>(rule.expires_index))) {
      s.has_access = false;
      plan.problems.push_back({"no-end-date", "person " + person.key.rep() + ": a contractor without an end date (field " + rule.expires_field + ") gets no access", rule.at.rule(), "", false});
    }
    return;
  }
}

void take_start(State& s, const Person& person, const Rules& rules, const Now& now) {
  s.joiner_applies = !rules.joiner || rules.joiner->when.truth();
  s.may_create = rules.joiner && rules.joiner->create && s.joiner_applies;
  s.kind = s.joiner_applies ? Kind::active : Kind::unknown;
  s.has_access = true;
  const auto start = rules.start_index == Rules::npos ? std::nullopt : date_field(person, rules.start_index);
  if (!start || *start <= now.today) return;
  s.kind = Kind::waiting;
  s.has_access = false;
  const auto lead = std::chrono::days(rules.joiner ? rules.joiner->days_before : 0);
  s.may_create = s.may_create && *start - lead <= now.today;
}

void disable(Draft& d, Decision decision) {
  if (d.subject.account.disabled) return;
  Reason why = d.state.why;
  if (d.subject.ledger.disabled_at) why.text += "; somebody enabled the account again";
  Change& c = d.add(Action::disable, decision, std::move(why));
  c.from = {"enabled"};
  c.to = {"disabled"};
}

void move(Draft& d, const Dn& to, Decision decision, Reason why) {
  const Dn parent = d.subject.entry->dn.parent();
  if (parent == to) return;
  Change& c = d.add(Action::move, decision, std::move(why));
  c.from = {parent.str()};
  c.to = {to.str()};
}

void plan_leaver(Draft& d) {
  const LeaverRule* rule = d.state.leaver;
  if (!rule || rule->disable) disable(d, Decision::leaver);
  if (!rule) return;
  const bool moved = d.subject.entry->dn.parent() == rule->move_to.value_or(Dn{});
  if (rule->move_to && !moved) move(d, *rule->move_to, Decision::leaver, d.state.why);
  const auto& ledger = d.subject.ledger;
  if (!rule->delete_after || !ledger.disabled_at || ledger.disabled_for != Decision::leaver || !d.subject.account.disabled) return;
  if (d.now.utc < *ledger.disabled_at + *rule->delete_after) return;
  d.add(Action::remove, Decision::leaver, d.reason(rule->at, "leaver since " + iso_time(*ledger.disabled_at) + ", kept for " + human_duration(*rule->delete_after)));
}

/// Whoever was disabled by us for another reason comes back; others are not ours to enable.
void plan_enable(Draft& d) {
  d.will_be_enabled = !d.subject.account.disabled;
  if (!d.subject.account.disabled || d.state.kind != Kind::active) return;
  const auto& ledger = d.subject.ledger;
  const Rules& rules = d.rules;
  Location at = rules.joiner ? rules.joiner->at : rules.feed_at;
  std::string text = "the first day has come";
  if (!ledger.disabled_at) {
    d.problem("not-ours-to-enable", "HR says active, but the account " + d.subject.entry->dn.str() + " was disabled by somebody else; it stays disabled", at.rule());
    return;
  }
  if (ledger.disabled_for == Decision::leaver) {
    if (!rules.rehire || !rules.rehire->enable) {
      d.problem("rehire", "HR lists a former leaver again, and no <rehire enable=\"true\"> says that the account comes back", at.rule());
      return;
    }
    at = rules.rehire->at;
    text = "rehire: HR lists a former leaver again";
  } else if (ledger.disabled_for == Decision::absence) {
    at = rules.absences.empty() ? at : rules.absences.front().at;
    text = "the absence is over";
  }
  Change& c = d.add(Action::enable, Decision::joiner, d.reason(at, text));
  c.from = {"disabled"};
  c.to = {"enabled"};
  d.will_be_enabled = true;
}

void plan_return(Draft& d) {
  if (d.state.kind != Kind::active || !d.rules.joiner || !d.rules.joiner->create) return;
  const Dn& dn = d.subject.entry->dn;
  for (const LeaverRule& rule : d.rules.leavers) {
    if (!rule.move_to || !(dn.parent() == *rule.move_to) || rule.move_to == d.rules.joiner->create) continue;
    if (d.will_be_enabled) move(d, *d.rules.joiner->create, Decision::joiner, d.reason(d.rules.joiner->at, "back from " + rule.move_to->str()));
    return;
  }
}

constexpr const char* kExpires = "expires;muster";

void plan_expiry(Draft& d) {
  const Subject& s = d.subject;
  const auto settled = s.ledger.settled.find(kExpires);
  const auto text = [](const std::optional<Instant>& at) { return at ? Values{iso_time(*at)} : Values{}; };
  std::optional<Instant> wanted;
  if (d.state.contractor && d.state.contractor->expires_index >= 0) {
    if (const auto end = date_field(*s.person, static_cast<std::size_t>(d.state.contractor->expires_index))) wanted = end_of(*end);
  }
  const bool ours = settled != s.ledger.settled.end() && !settled->second.empty();
  if (!wanted && !(ours && text(s.account.expires) == settled->second)) return;
  if (wanted == s.account.expires) {
    d.plan.agreed.emplace_back(kExpires, text(wanted));
    return;
  }
  const Location& at = d.state.contractor ? d.state.contractor->at : d.rules.feed_at;
  Change& c = d.add(Action::expire, Decision::mover, d.reason(at, wanted ? "contractor: the account ends with " + d.state.contractor->expires_field : "no longer a contractor"));
  c.from = text(s.account.expires);
  c.to = text(wanted);
}

/// "CN=Ann Lee": the type up to the first '=', the rest is the value as it is.
std::optional<Ava> read_rdn(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) return std::nullopt;
  return Ava{text.substr(0, equals), text.substr(equals + 1)};
}

Attributes initial_attributes(Draft& d) {
  Attributes initial;
  for (const AttributeRule& rule : d.rules.attributes) {
    if (rule.owner != Owner::hr || !rule.value) continue;
    std::string text = rule.value->text();
    if (has_control_characters(text)) {
      d.problem("control-character", "the value for " + rule.name + " contains a control character and was left out", rule.at.rule(), rule.name);
    } else if (!text.empty()) {
      initial.set(rule.name, {std::move(text)});
    }
  }
  if (!d.rules.joins.empty()) {
    const JoinRule& join = d.rules.joins.front();
    if (std::string text = join.value.text(); !text.empty() && !initial.find(join.attribute)) initial.set(join.attribute, {std::move(text)});
  }
  return initial;
}

}  // namespace

State state_of(const Person* person, const Rules& rules, const Now& now, Plan& plan) {
  State s;
  if (!person) {
    s.kind = Kind::stranger;
    return s;
  }
  if (take_leaver(s, *person, rules) || take_absence(s, *person, rules)) return s;
  take_start(s, *person, rules, now);
  take_contractor(s, *person, rules, plan);
  return s;
}

void plan_lifecycle(Draft& d) {
  switch (d.state.kind) {
    case Kind::leaver: plan_leaver(d); return;
    case Kind::absent:
      if (d.state.absence->disable) disable(d, Decision::absence);
      return;
    case Kind::stranger: return;
    default: break;
  }
  plan_enable(d);
  plan_return(d);
  plan_expiry(d);
}

void plan_create(Draft& d) {
  const State& s = d.state;
  if (s.kind == Kind::leaver || s.kind == Kind::absent || !s.joiner_applies) return;
  if (!s.may_create) {
    if (s.kind == Kind::active) d.problem("no-account", "has no account, and no <joiner create> says where to make one", d.rules.joiner ? d.rules.joiner->at.rule() : d.rules.feed_at.rule());
    return;
  }
  const JoinerRule& rule = *d.rules.joiner;
  const std::string text = rule.rdn ? rule.rdn->text() : d.rules.joins.empty() ? "" : d.rules.joins.front().attribute + "=" + d.rules.joins.front().value.text();
  const auto rdn = read_rdn(text);
  if (!rdn || has_control_characters(rdn->value)) {
    d.problem("bad-name", "'" + text + "' is no name for a new entry", rule.at.rule());
    return;
  }
  Attributes initial = initial_attributes(d);
  Change& c = d.add(Action::create, Decision::joiner, d.reason(rule.at, "joiner: " + named(rule.when, *d.subject.person, d.rules)));
  c.dn = Dn::child(*rdn, *rule.create);
  c.initial = std::move(initial);
  c.create_disabled = s.kind == Kind::waiting;
}

}  // namespace muster::planning
