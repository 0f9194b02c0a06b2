#include "mapping/grants.h"

#include <algorithm>
#include <charconv>

#include "mapping/plan.h"
#include "mapping/plan_parts.h"

namespace muster {

namespace {

constexpr std::string_view kGrant = "grant ", kOrder = "order ";

/// Names of people compare without case and without the blanks around them: "Alice " is no second person.
std::string one_name(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return fold_case(std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1)));
}

bool same_person(std::string_view a, std::string_view b) { return one_name(a) == one_name(b); }

std::string approvers_of(const ManagedRule::ForATime& rule) {
  std::string text;
  for (const std::string& n : rule.approvers) text += (text.empty() ? "" : ", ") + n;
  return text;
}

Status may_decide(const ManagedRule::ForATime& rule, const Dn& group, const std::string& by) {
  const auto& all = rule.approvers;
  if (all.empty() || std::any_of(all.begin(), all.end(), [&](const std::string& a) { return same_person(a, by); })) return ok();
  return Error{Errc::refused, by + " may not give access to " + group.str() + " (" + rule.at.rule() + ")",
               "its approvers are " + approvers_of(rule)};
}

Status judge_rule(const GrantRequest& r, const ManagedRule& managed) {
  if (!managed.for_a_time) return ok();
  const ManagedRule::ForATime& rule = *managed.for_a_time;
  if (!rule.allowed)
    return Error{Errc::refused, "nobody is given " + r.group.str() + " for a time (" + rule.at.rule() + ": allowed=\"false\")",
                 "who needs it for good needs a role"};
  if (rule.max_duration && r.duration > *rule.max_duration)
    return Error{Errc::refused,
                 human_duration(r.duration) + " is longer than the " + human_duration(*rule.max_duration) + " for which " +
                     r.group.str() + " may be given (" + rule.at.rule() + ")",
                 "ask for less; it can be given again"};
  return may_decide(rule, r.group, r.by);
}

/// Why the person gets nothing for a time; empty: nothing stands against it.
std::string stands_against(const Person& person, const Rules& rules, const Now& now) {
  using Kind = planning::State::Kind;
  const planning::Outlook outlook(person, rules, now);
  const planning::State& state = outlook.state();
  const std::string who = "person " + person.key.rep();
  if (state.kind == Kind::leaver) return who + " leaves (" + state.why.text + "; " + state.why.rule + ")";
  if (state.kind == Kind::absent) return who + " is away (" + state.why.text + "; " + state.why.rule + ")";
  if (state.kind == Kind::waiting) return who + " is not here yet";
  if (state.is_over) return who + "'s contract is over, or has no end";
  return {};
}

std::string sentence_of(const Grant& g) {
  std::string text = "granted by " + g.by;
  if (!g.approver.empty()) text += ", agreed by " + g.approver;
  return text + " until " + iso_time(g.until) + ": " + g.reason;
}

}  // namespace

Reason grant_reason_of(const Rules& rules, const Grant& grant) {
  const ManagedRule* rule = rules.managed_group(grant.group);
  const Location* at = !rule ? nullptr : rule->for_a_time ? &rule->for_a_time->at : &rule->at;
  return {at ? at->rule() : std::string(), sentence_of(grant), grant_name(grant.id)};
}

std::string grant_name(std::int64_t id) { return std::string(kGrant) + std::to_string(id); }
std::string order_name(std::int64_t id) { return std::string(kOrder) + std::to_string(id); }
std::int64_t grant_number(std::string_view cause) {
  std::int64_t id = 0;
  if (!cause.starts_with(kGrant)) return 0;
  std::from_chars(cause.data() + kGrant.size(), cause.data() + cause.size(), id);
  return id;
}

Result<bool> judge_grant(const GrantRequest& r, const Rules& rules, const Now& now) {
  if (one_name(r.by).empty()) return Error{Errc::config, "--by names nobody", "say who gives the access"};
  if (r.duration.count() <= 0) return Error{Errc::config, "access for no time is none", "give a duration such as 8h or 30d"};
  const auto& shielded = rules.protected_groups;
  if (std::any_of(shielded.begin(), shielded.end(), [&](const Dn& g) { return g == r.group; }))
    return Error{Errc::refused, r.group.str() + " is protected: its members are never written", "see <protect member-of>"};
  const ManagedRule* managed = rules.managed_group(r.group);
  if (!managed)
    return Error{Errc::refused, r.group.str() + " is not managed, so nobody can be given it",
                 "add <managed group=\"" + r.group.str() + "\" membership=\"granted\"/>"};
  if (Status allowed = judge_rule(r, *managed); !allowed) return std::move(allowed).error();
  if (std::string against = stands_against(r.person, rules, now); !against.empty())
    return Error{Errc::refused, std::move(against) + ", so no access is given", "muster why shows what HR says"};
  for (const Entitlement& e : entitlements(r.person, rules, now)) {
    if (e.group == r.group)
      return Error{Errc::refused,
                   "person " + r.person.key.rep() + " has " + r.group.str() + " anyway, by role " + e.role + " (" + e.at.rule() +
                       ": " + e.condition + ")",
                   ""};
  }
  return managed->for_a_time && managed->for_a_time->two_person;
}

Status judge_second(const Dn& group, const std::string& first, const std::string& by, const Rules& rules) {
  if (one_name(by).empty()) return Error{Errc::config, "--by names nobody", "say who agrees"};
  if (same_person(first, by))
    return Error{Errc::refused, first + " asked for it, so somebody else must agree", "two people: approve it by another name"};
  const ManagedRule* managed = rules.managed_group(group);
  if (!managed) return Error{Errc::refused, group.str() + " is no longer managed", ""};
  return managed->for_a_time ? may_decide(*managed->for_a_time, group, by) : ok();
}

}  // namespace muster
