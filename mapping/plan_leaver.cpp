// What leaving leaves behind: attributes, hand-over, and how long the disable is owed.
#include <algorithm>

#include "mapping/plan_parts.h"

namespace muster::planning {

namespace {

using Kind = State::Kind;

/// Notes about <set> and <clear>, by attribute: the values that were written, and those that were there before.
std::string written_note(const std::string& key) { return key + ";left;muster"; }
std::string before_note(const std::string& key) { return key + ";before;muster"; }

/// A note has values, or it is none: the first says that the others follow.
Values note_of(Values values) {
  values.insert(values.begin(), "values");
  return values;
}
Values values_of(const Values& note) { return {note.begin() + 1, note.end()}; }

Values present(const Draft& d, const std::string& key) {
  const Values* found = d.subject.entry->attributes.find(key);
  return found ? *found : Values{};
}

bool agree(const LeaverWrite& rule, const Values& a, const Values& b) { return a == b || equal_sets(rule.equality, a, b); }

void write(Draft& d, const LeaverWrite& rule, Values to, Decision decision, Reason why) {
  Change& c = d.add(to.empty() ? Action::clear : Action::set, decision, std::move(why));
  c.attribute = rule.name;
  c.from = present(d, rule.key);
  c.to = std::move(to);
}

/// What the rule makes of the attribute; none (and a problem): nothing.
std::optional<Values> wished(Draft& d, const LeaverWrite& rule) {
  if (!rule.value) return Values{};
  std::string text = rule.value->text();
  if (has_control_characters(text)) {
    d.problem("control-character", "the value for " + rule.name + " contains a control character and is not written",
              rule.at.rule(), rule.name);
    return std::nullopt;
  }
  return is_blank(text) ? Values{} : Values{std::move(text)};
}

bool names_entry(Draft& d, const LeaverWrite& rule) {
  std::vector<Ava> avas = d.subject.entry->dn.rdn_avas();
  if (!rdn_part(avas, rule.key)) return false;
  d.problem("bad-name", rule.name + " is part of the entry's name, so it stays as it is when its owner leaves", rule.at.rule(),
            rule.name);
  return true;
}

void give(Draft& d, const LeaverWrite& rule) {
  if (names_entry(d, rule)) return;
  const Values* note = d.settled(written_note(rule.key));
  // As it was worked out on the day of leaving: a value with $today in it would be another one every day.
  auto wanted = note ? std::optional(values_of(*note)) : wished(d, rule);
  if (!wanted) return;
  const Values is = present(d, rule.key);
  if (!note) {
    d.plan.agreed.emplace_back(written_note(rule.key), note_of(*wanted));
    d.plan.agreed.emplace_back(before_note(rule.key), note_of(is));
  }
  if (agree(rule, is, *wanted)) return;
  Reason why = d.state.why;
  why.rule = rule.at.rule();
  write(d, rule, std::move(*wanted), Decision::leaver, std::move(why));
}

void give_back(Draft& d, const LeaverWrite& rule) {
  const Values* written = d.settled(written_note(rule.key));
  if (!written) return;
  // A former leaver whose account stays off is still kept as one.
  if (!d.will_be_enabled) return;
  const Values* before = d.settled(before_note(rule.key));
  // What somebody else, or HR's own rule, made of it since is theirs.
  const bool is_ours = !d.rules.attribute(rule.key) && agree(rule, present(d, rule.key), values_of(*written));
  if (is_ours && before && !agree(rule, values_of(*before), values_of(*written))) {
    return write(d, rule, values_of(*before), Decision::joiner,
                 d.reason(rule.at, "no longer a leaver: " + rule.name + " is again as it was before"));
  }
  d.plan.agreed.emplace_back(written_note(rule.key), Values{});
  d.plan.agreed.emplace_back(before_note(rule.key), Values{});
}

/// The first day, not before `from`, since which the leaver's condition has held without a break.
Day first_day(const Draft& d, const Expression& when, Day from) {
  constexpr std::chrono::days kMost{400};
  Day first = d.now.today;
  while (first > from && d.now.today - first < kMost) {
    const Day before = first - std::chrono::days(1);
    d.rules.scope->load(*d.subject.person, {d.zone.end_of(before) - std::chrono::milliseconds(1), before});
    if (!when.truth()) break;
    first = before;
  }
  d.rules.scope->load(*d.subject.person, d.now);
  return first;
}

}  // namespace

void plan_leaver_values(Draft& d) {
  if (d.state.kind == Kind::leaver) {
    if (!d.state.leaver) return;
    for (const LeaverWrite& rule : d.state.leaver->writes) give(d, rule);
    return;
  }
  std::vector<std::string> done;
  for (const LeaverRule& leaver : d.rules.leavers) {
    for (const LeaverWrite& rule : leaver.writes) {
      if (std::find(done.begin(), done.end(), rule.key) == done.end()) give_back(d, rule);
      done.push_back(rule.key);
    }
  }
}

void list_hand_over(Draft& d) {
  constexpr std::size_t kShown = 5;
  const auto& mentions = d.subject.mentions;
  if (mentions.empty()) return;
  std::string text;
  for (std::size_t i = 0; i < mentions.size() && i < kShown; ++i)
    text += (i ? ", " : "") + mentions[i].attribute + " of " + mentions[i].dn.str();
  if (mentions.size() > kShown) text += " and " + std::to_string(mentions.size() - kShown) + " more";
  d.problem("hand-over", "has left and is still " + text + "; name somebody else there",
            d.state.leaver ? d.state.leaver->at.rule() : d.rules.feed_at.rule());
}

std::optional<Instant> owed_since(const Draft& d) {
  const auto& known = d.subject.known_since;
  if (!known) return std::nullopt;
  if (d.state.since) return std::max(*known, *d.state.since);
  const bool by_date = d.state.leaver && d.state.leaver->when.depends_on_time() && d.state.leaver->when.truth();
  if (!by_date) return known;
  const Day from = d.zone.day_at(*known), first = first_day(d, d.state.leaver->when, from);
  if (first == from) return known;
  return std::max(*known, d.zone.end_of(first - std::chrono::days(1)));
}

}  // namespace muster::planning
