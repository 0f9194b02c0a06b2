// Joiner, absence, leaver, contractor, rehire: what becomes of the account itself.
#include <algorithm>

#include "mapping/plan_parts.h"

namespace muster::planning {

namespace {

using Kind = State::Kind;

/// Notes that plan() leaves for itself among the settled values; no attribute has such an option (RFC 4512 section 2.5).
constexpr const char* kExpires = "expires;muster";  ///< the end that HR's date gave the account
constexpr const char* kWarned = "warned;muster";    ///< the end, and how many thresholds before it were told
constexpr const char* kWaits = "waiting;muster";    ///< why the account was off when a first day was still to come

void disable(Draft& d, Decision decision) {
  if (d.subject.account.disabled) return;
  Reason why = d.state.why;
  if (d.subject.ledger.disabled_at) why.text += "; somebody enabled the account again";
  Change& c = d.add(Action::disable, decision, std::move(why));
  if (d.state.kind == Kind::leaver && !d.subject.ledger.disabled_at) c.owed_since = owed_since(d);
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

/// Since when the account is a leaver's. A leave that ended with leaving, and an account that somebody else had disabled before,
/// have no disable of a leaver in the ledger: for these a note is kept.
std::optional<Instant> left_at(const Draft& d) {
  const Ledger& ledger = d.subject.ledger;
  if (ledger.disabled_for == Decision::leaver && ledger.disabled_at) return ledger.disabled_at;
  const Values* note = d.settled(kLeft);
  return note ? parse_iso_time(note->front()) : std::nullopt;
}

void plan_leaver(Draft& d) {
  const LeaverRule* rule = d.state.leaver;
  const bool disables = !rule || rule->disable;
  if (disables && !d.subject.order) disable(d, Decision::leaver);
  list_hand_over(d);
  const bool is_off = d.subject.account.disabled || !disables;
  const auto since = left_at(d);
  if (is_off && d.subject.ledger.disabled_for != Decision::leaver) {
    d.plan.agreed.emplace_back(kLeft, Values{iso_time(since.value_or(d.now.utc))});
  }
  if (!rule) return;
  if (since && rule->delete_after) d.due(*since + *rule->delete_after);
  if (is_off && since && rule->delete_after && d.now.utc >= *since + *rule->delete_after) {
    const std::string text = "leaver since " + iso_time(*since) + ", kept for " + human_duration(*rule->delete_after);
    d.add(Action::remove, Decision::leaver, d.reason(rule->at, text));
    return;
  }
  plan_leaver_values(d);
  if (rule->move_to) move(d, *rule->move_to, Decision::leaver, d.state.why);
}

/// Where <joiner> stands, for what comes of a person being there.
const Location& joiner_at(const Rules& rules) { return rules.joiner ? rules.joiner->at : rules.feed_at; }

std::string joiner_fields(const Draft& d) {
  return d.rules.joiner ? named(d.rules.joiner->when, *d.subject.person, d.rules) : std::string("HR lists this person");
}

/// Why an account that muster disabled may be enabled; none (and a problem): it may not.
std::optional<Reason> way_back(Draft& d) {
  const Rules& rules = d.rules;
  const auto for_what = d.subject.ledger.disabled_for;
  if (for_what == Decision::leaver || d.settled(kLeft)) {
    if (rules.rehire && rules.rehire->enable) return d.reason(rules.rehire->at, "rehire of a former leaver: " + joiner_fields(d));
    d.problem("not-ours-to-enable",
              "HR lists a former leaver again, and no <rehire enable=\"true\"> says that the account comes back",
              rules.rehire ? rules.rehire->at.rule() : joiner_at(rules).rule());
    return std::nullopt;
  }
  if (for_what == Decision::absence && !rules.absences.empty()) {
    const AbsenceRule& rule = d.state.absence ? *d.state.absence : rules.absences.front();
    return d.reason(rule.at, "no longer disabled by an absence: " + named(rule.when, *d.subject.person, rules));
  }
  if (for_what == Decision::order) return lifted_reason(d);  // none: what is not known to be lifted stands
  if (for_what == Decision::joiner && d.rules.hands_over() && d.rules.joiner)
    return d.reason(joiner_at(rules), "the first day has come, and the password is handed over: " + joiner_fields(d));
  if (for_what == Decision::joiner) return d.reason(joiner_at(rules), "the first day has come: " + joiner_fields(d));
  return d.reason(joiner_at(rules), "the reason for disabling is gone: " + joiner_fields(d));
}

bool is_expired(const Draft& d) {
  const auto& end = d.subject.account.expires;
  return end && *end <= d.now.utc;
}

void enable(Draft& d, Reason why) {
  const bool from_absence = d.subject.ledger.disabled_for == Decision::absence;
  Change& c = d.add(Action::enable, from_absence ? Decision::absence : Decision::joiner, std::move(why));
  c.from = {"disabled"};
  c.to = {"enabled"};
  d.will_be_enabled = true;
}

/// What muster disabled, it enables again; what others disabled is theirs. True: the account is on, or a later end may switch it
/// on.
bool plan_enable(Draft& d) {
  const Subject& s = d.subject;
  if (d.password_is_due) return false;
  d.will_be_enabled = !s.account.disabled;
  if (d.will_be_enabled && d.settled(kLeft)) d.plan.agreed.emplace_back(kLeft, Values{});
  if (d.will_be_enabled) return true;
  const bool due = d.state.kind == Kind::active || d.state.kind == Kind::absent;
  if (!due || d.state.is_over || d.state.without_owner) return false;
  if (!s.ledger.disabled_at && is_expired(d)) return !d.settled(kLeft) || way_back(d);
  if (!s.ledger.disabled_at) {
    d.problem("not-ours-to-enable",
              "HR does not ask for it, but the account " + s.entry->dn.str() + " was disabled by somebody else; it stays disabled",
              joiner_at(d.rules).rule());
    return false;
  }
  auto why = way_back(d);
  if (why) enable(d, std::move(*why));
  return d.will_be_enabled;
}

/// Before the first day an account that muster switched off stays off, whoever enables it. One that was in use before HR named a
/// later first day goes on: a hire date that HR corrects, or sets anew with a transfer, must lock nobody out. True: it goes off.
bool goes_off_again(Draft& d) {
  const Values* note = d.settled(kWaits);
  if (d.state.kind != Kind::waiting) {
    if (note) d.plan.agreed.emplace_back(kWaits, Values{});
    return false;
  }
  if (d.password_is_due) return false;
  if (d.subject.account.disabled) {
    if (const auto for_what = d.subject.ledger.disabled_for)
      d.plan.agreed.emplace_back(kWaits, Values{std::string(to_string(*for_what))});
    return false;
  }
  const std::string first = d.state.first_day ? iso_date(*d.state.first_day) : "";
  Decision decision = Decision::joiner;
  if (note && parse_decision(note->front(), decision)) {
    d.state.why = d.reason(joiner_at(d.rules), "the first day is " + first + "; somebody enabled the account before");
    disable(d, decision);
    d.will_be_enabled = false;
    return true;
  }
  d.problem("first-day-moved",
            "HR says that the first day is " + first +
                ", but the account was in use before; it stays enabled. If nobody works "
                "there until then, muster disable switches it off",
            joiner_at(d.rules).rule(), "start");
  return false;
}

Values end_text(const std::optional<Instant>& at) { return at ? Values{iso_time(*at)} : Values{}; }

/// Some methods know whole days only (shadowExpire counts days of UTC) and let an account live until the next one.
bool is_end(const std::optional<Instant>& is, Instant wanted) {
  return is && (*is == wanted || *is == Instant(std::chrono::ceil<std::chrono::days>(wanted)));
}

void expire(Draft& d, const std::optional<Instant>& wanted, const Location& at, std::string text) {
  Change& c = d.add(Action::expire, Decision::mover, d.reason(at, std::move(text)));
  c.from = end_text(d.subject.account.expires);
  c.to = end_text(wanted);
  d.will_be_enabled = !wanted || *wanted > d.now.utc;
}

/// The end that a contractor's account once got is taken away again; one that somebody else gave it stays.
void plan_no_expiry(Draft& d) {
  const auto& is = d.subject.account.expires;
  const Values* note = d.settled(kExpires);
  if (note && is && end_text(is) == *note) return expire(d, std::nullopt, joiner_at(d.rules), "no end is wanted any more");
  if (note) d.plan.agreed.emplace_back(kExpires, Values{});
  if (d.state.kind != Kind::active || !is_expired(d) || !d.subject.account.disabled) return;
  d.problem(
      "not-ours-to-enable",
      "HR says active, but somebody else gave the account " + d.subject.entry->dn.str() + " an end, which was " + iso_time(*is),
      joiner_at(d.rules).rule());
}

/// Each threshold of the type is told once for one end.
void plan_warnings(Draft& d, Instant end) {
  const WorkerRule& rule = *d.state.worker;
  if (end <= d.now.utc || rule.warn_before.empty()) return;
  std::size_t passed = 0;
  for (const std::chrono::seconds before : rule.warn_before) passed += end - before <= d.now.utc;
  const Values told{iso_date(*d.state.last_day), std::to_string(passed)};
  const Values* note = d.settled(kWarned);
  const bool news = passed > 0 && (!note || *note != told);
  if (!note || *note != told) d.plan.agreed.emplace_back(kWarned, told);
  if (!news) return;
  d.plan.notices.push_back({"expiry-warning",
                            d.who() + ": the account of this " + rule.name + " ends with " + iso_date(*d.state.last_day) + " (" +
                                rule.expires_field + "), in " +
                                human_duration(std::chrono::duration_cast<std::chrono::milliseconds>(end - d.now.utc)),
                            rule.at.rule()});
}

void plan_expiry(Draft& d) {
  const State& s = d.state;
  if (!s.worker || s.worker->expires_index < 0 || (!s.last_day && !s.worker->expiry_required)) return plan_no_expiry(d);
  if (!s.last_day) return;
  const Instant wanted = d.zone.end_of(*s.last_day);
  const auto& is = d.subject.account.expires;
  plan_warnings(d, wanted);
  if (is_end(is, wanted)) {
    d.plan.agreed.emplace_back(kExpires, end_text(is));
  } else {
    const std::string text =
        s.worker->name + ": the account ends with " + iso_date(*s.last_day) + " (" + s.worker->expires_field + ")";
    expire(d, wanted, s.worker->at, text);
  }
}

bool is_left_by_leavers(const Draft& d, const Dn& parent) {
  return std::any_of(d.rules.leavers.begin(), d.rules.leavers.end(),
                     [&](const LeaverRule& rule) { return rule.move_to && *rule.move_to == parent; });
}

/// To where the rules want the entry: back from where leavers are, and after a place that changed.
void plan_home(Draft& d) {
  const Kind kind = d.state.kind;
  if (kind != Kind::active && kind != Kind::waiting && kind != Kind::absent) return;
  const Home home = home_of(d);
  const Dn parent = d.subject.entry->dn.parent();
  if (!home.base || parent == *home.base) return;
  const bool returns = is_left_by_leavers(d, parent);
  if (returns) {
    if (kind != Kind::active || !d.will_be_enabled) return;
    return move(d, *home.base, Decision::joiner, d.reason(*home.at, "back from " + parent.str() + ": " + joiner_fields(d)));
  }
  if (!home.place || d.state.is_over) return;
  const std::string why = named(home.place->when, *d.subject.person, d.rules);
  move(d, *home.base, Decision::mover, d.reason(*home.at, "place: " + why));
}

/// What HR owns, and what the new entry will be joined by, unless the directory or upstream own that.
Attributes initial_attributes(Draft& d) {
  Attributes initial;
  for (const AttributeRule& rule : d.rules.attributes) {
    if (rule.owner != Owner::hr || !rule.value) continue;
    if (auto values = rule.unique ? unique_values(d, rule) : wanted_values(d, rule)) initial.set(rule.name, std::move(*values));
  }
  if (d.rules.joins.empty() || d.rules.attribute(d.rules.joins.front().attribute)) return initial;
  const JoinRule& join = d.rules.joins.front();
  std::string text = join.value.text();
  if (!is_blank(text) && !has_control_characters(text)) initial.set(join.attribute, {std::move(text)});
  return initial;
}

}  // namespace

void plan_lifecycle(Draft& d) {
  if (d.subject.order) disable_by_order(d);
  if (d.state.kind == Kind::stranger) return d.subject.order ? void() : enable_after_order(d);
  if (d.state.kind == Kind::leaver) return plan_leaver(d);
  if (d.subject.order) return;
  if (d.state.kind == Kind::absent && d.state.absence->disable) {
    disable(d, Decision::absence);
    return plan_home(d);
  }
  if (d.state.without_owner && d.state.worker->disable_without_owner) {
    d.state.why = d.reason(d.state.worker->at, "nobody answers for this " + d.state.worker->name);
    return disable(d, Decision::absence);
  }
  plan_password(d);
  // No server gives an end to an account that is switched off.
  if (!goes_off_again(d) && plan_enable(d)) plan_expiry(d);
  plan_home(d);
  plan_leaver_values(d);
}

void plan_create(Draft& d) {
  const State& s = d.state;
  if (d.subject.order) {
    if (s.may_create)
      d.problem("ordered-off", "no account is made: " + d.subject.order->by + " had it disabled (" + d.subject.order->reason + ")",
                "muster disable");
    return;
  }
  if (s.is_over || s.without_owner) return;
  if (!s.may_create) {
    if (s.kind != Kind::active) return;
    d.problem("no-account", "has no account, and no <joiner create> says where to make one", joiner_at(d.rules).rule());
    return;
  }
  const JoinerRule& rule = *d.rules.joiner;
  auto rdn = wished_rdn(d);
  if (!rdn) return;
  Attributes initial = initial_attributes(d);
  if (!settle_rdn(d, initial, *rdn) || !give_logon_names(d, initial, *rdn)) {
    d.plan.names.clear();
    return;
  }
  Change& c = d.add(Action::create, Decision::joiner, d.reason(rule.at, "joiner: " + joiner_fields(d)));
  const Home home = home_of(d);
  c.dn = Dn::child(*rdn, *home.base);
  c.initial = std::move(initial);
  c.password_due = d.rules.hands_over();
  c.create_disabled = s.kind == Kind::waiting || c.password_due;
}

}  // namespace muster::planning
