// What HR's record makes of a person at a moment: leaver, absent, not here yet, here; and of which worker type.
#include <algorithm>

#include "mapping/plan_parts.h"

namespace muster::planning {

namespace {

using Kind = State::Kind;

std::optional<Day> date_field(const Person& person, int index) {
  const auto i = static_cast<std::size_t>(index);
  if (index < 0 || i >= person.fields.size() || person.fields[i].empty()) return std::nullopt;
  return parse_compact_date(person.fields[i]);
}

std::string clock(std::chrono::minutes time) {
  const auto two = [](std::chrono::minutes::rep n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return two(time.count() / 60) + ":" + two(time.count() % 60);
}

/// The hour of a leaver's last day; none: HR names no day, or the rule none.
std::optional<Instant> last_hour(const Draft& d, const LeaverRule& rule) {
  const auto day = date_field(*d.subject.person, rule.on_index);
  if (!day) return std::nullopt;
  return rule.on_hour ? d.zone.instant_of(*day, *rule.on_hour) : d.zone.end_of(*day);
}

std::string last_hour_text(const Draft& d, const LeaverRule& rule) {
  const Day day = *date_field(*d.subject.person, rule.on_index);
  std::string text = d.rules.fields[static_cast<std::size_t>(rule.on_index)] + "='" + compact_date(day) + "'";
  if (rule.on_hour) text += " " + clock(*rule.on_hour);
  return text + (d.zone.name().empty() ? "" : " " + d.zone.name());
}

void leave(Draft& d, const LeaverRule* rule, Reason why) {
  d.state.kind = Kind::leaver;
  d.state.leaver = rule;
  d.state.why = std::move(why);
}

bool take_leaver(Draft& d) {
  const Person& person = *d.subject.person;
  for (const LeaverRule& rule : d.rules.leavers) {
    if (rule.when.truth()) {
      leave(d, &rule, {rule.at.rule(), "leaver: " + named(rule.when, person, d.rules), person.source});
      return true;
    }
    const auto end = last_hour(d, rule);
    if (!end) continue;
    d.due(*end);
    if (*end > d.now.utc) continue;
    leave(d, &rule, {rule.at.rule(), "leaver: " + last_hour_text(d, rule), person.source});
    d.state.since = *end;
    return true;
  }
  if (person.listed || !d.rules.missing_is_leaver) return false;
  const LeaverRule* rule = d.rules.leavers.empty() ? nullptr : &d.rules.leavers.front();
  leave(d, rule, {d.rules.feed_at.rule(), "leaver: HR's snapshot no longer lists this person", person.source});
  return true;
}

bool take_absence(Draft& d) {
  for (const AbsenceRule& rule : d.rules.absences) {
    if (!rule.when.truth()) continue;
    State& s = d.state;
    s.kind = Kind::absent;
    s.absence = &rule;
    s.why = {rule.at.rule(), "absence: " + named(rule.when, *d.subject.person, d.rules), d.subject.person->source};
    if (!rule.suspend) return true;
    s.has_access = false;
    s.no_access_why = "access is suspended during the absence: " + named(rule.when, *d.subject.person, d.rules);
    return true;
  }
  return false;
}

/// The day on which HR's record begins to count, when that is still to come: there is no earlier one.
std::optional<Day> counts_from(const Draft& d) {
  if (d.rules.effective_index == Rules::npos || !d.subject.person->listed) return std::nullopt;
  const auto day = date_field(*d.subject.person, static_cast<int>(d.rules.effective_index));
  return day && d.zone.instant_of(*day, std::chrono::minutes(0)) > d.now.utc ? day : std::nullopt;
}

/// `not_before`: nobody is here earlier, whatever the field `start` says.
void take_start(Draft& d, std::optional<Day> not_before) {
  State& s = d.state;
  const auto& joiner = d.rules.joiner;
  const bool applies = !joiner || joiner->when.truth();
  s.may_create = joiner && joiner->create && applies;
  s.kind = applies ? Kind::active : Kind::unknown;
  auto start =
      d.rules.start_index == Rules::npos ? std::nullopt : date_field(*d.subject.person, static_cast<int>(d.rules.start_index));
  if (not_before && (!start || *start < *not_before)) start = not_before;
  if (!start) return;
  const Instant first = d.zone.instant_of(*start, joiner ? joiner->hour : std::chrono::minutes(0));
  if (first <= d.now.utc) return;
  s.kind = Kind::waiting;
  s.first_day = start;
  d.due(first);
  const Instant lead = d.zone.instant_of(*start - std::chrono::days(joiner ? joiner->days_before : 0), std::chrono::minutes(0));
  d.due(lead);
  s.may_create = s.may_create && lead <= d.now.utc;
}

/// The end that HR names, or the latest that a type allows.
void take_end(Draft& d, const WorkerRule& rule) {
  State& s = d.state;
  s.last_day = date_field(*d.subject.person, rule.expires_index);
  if (!rule.max_term) return;
  const auto start =
      d.rules.start_index == Rules::npos ? std::nullopt : date_field(*d.subject.person, static_cast<int>(d.rules.start_index));
  if (!start) return;
  const Day latest = *start + *rule.max_term;
  if (s.last_day && *s.last_day <= latest) return;
  d.problem("end-too-late",
            "a " + rule.name + " ends at the latest " + std::to_string(rule.max_term->count()) + " days after the start, " +
                iso_date(latest) + ", and HR says " + (s.last_day ? iso_date(*s.last_day) : "nothing") + " (field " +
                rule.expires_field + "); the account ends then",
            rule.at.rule());
  s.last_day = latest;
}

void take_owner(Draft& d, const WorkerRule& rule) {
  const std::string& key = d.subject.person->fields[static_cast<std::size_t>(rule.owner_index)];
  const auto found = d.subject.references.find(key);
  const Reference* owner = found == d.subject.references.end() ? nullptr : &found->second;
  if (owner && owner->known && !owner->leaving) return;
  const std::string why = key.empty()               ? "HR names no owner"
                          : !owner || !owner->known ? "the owner " + key + " is nobody HR knows"
                                                    : "the owner " + key + " has left";
  d.state.without_owner = true;
  d.problem("no-owner",
            why + " (field " + rule.owner_field + "), so the " + rule.name + " gets nothing new" +
                (rule.disable_without_owner ? " and is switched off" : ""),
            rule.at.rule());
}

void take_worker(Draft& d) {
  const auto& all = d.rules.workers;
  const auto rule = std::find_if(all.begin(), all.end(), [](const WorkerRule& r) { return r.when.truth(); });
  if (rule == all.end()) return;
  State& s = d.state;
  s.worker = &*rule;
  if (rule->owner_index >= 0) take_owner(d, *rule);
  if (rule->expires_index < 0) return;
  take_end(d, *rule);
  if (s.last_day) {
    const Instant end = d.zone.end_of(*s.last_day);
    d.due(end);
    for (const std::chrono::seconds before : rule->warn_before) d.due(end - before);
    s.is_over = end <= d.now.utc;
    return;
  }
  if (!rule->expiry_required) return;
  s.is_over = true;
  s.has_access = false;
  s.no_access_why = "a " + rule->name + " without an end date has no access";
  d.problem("no-end-date", "a " + rule->name + " without an end date (field " + rule->expires_field + ") gets no access",
            rule->at.rule());
}

}  // namespace

void find_state(Draft& d) {
  if (!d.subject.person) {
    d.state.kind = Kind::stranger;
    return;
  }
  const auto later = counts_from(d);
  if (!later && take_leaver(d)) return;
  d.state.has_access = true;
  if (later || !take_absence(d)) take_start(d, later);
  take_worker(d);
}

Home home_of(const Draft& d) {
  for (const PlaceRule& place : d.rules.places) {
    if (place.when.truth()) return {&place.base, &place.at, &place};
  }
  if (d.rules.joiner && d.rules.joiner->create) return {&*d.rules.joiner->create, &d.rules.joiner->at, nullptr};
  return {};
}

Outlook::Outlook(const Person& person, const Rules& rules, const Now& now) : here_(now), draft_{subject_, rules, here_} {
  subject_.person = &person;
  here_ = local_now(person, rules, now, draft_.zone, nullptr);
  find_state(draft_);
}

}  // namespace muster::planning
