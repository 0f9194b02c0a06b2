// What others do to memberships that are the agent's: reported where the rule says so, and given up where they insist.
#include <algorithm>

#include "mapping/plan_parts.h"

namespace muster::planning {

namespace {

using OnDrift = AttributeRule::OnDrift;

constexpr std::string_view kMemberNote = ";member;muster";
const Values kMember{"as the roles ask"};

std::string member_note(const Dn& group) { return group.normal() + std::string(kMemberNote); }

bool reports(const ManagedRule& rule) { return rule.on_drift == OnDrift::report; }

}  // namespace

bool is_given_up(Draft& d, std::string_view name, const std::string& shown, const std::string& rule) {
  const auto& fights = d.subject.fights;
  const auto fight = std::find_if(fights.begin(), fights.end(), [&](const Fight& f) { return f.name == name; });
  if (fight == fights.end()) return false;
  d.problem("fight",
            "muster put " + shown + " back three times within an hour, and each time somebody changed it again" +
                (fight->by.empty() ? "" : " (" + fight->by + ")") + "; since " + iso_time(fight->since) +
                " it is left alone until nobody has changed it for an hour; find out who else writes it, or try again at once "
                "with muster resync --person",
            rule, shown);
  return true;
}

void note_members(Draft& d, const std::vector<Dn>& due) {
  const auto is_due = [&](const auto& same) { return std::any_of(due.begin(), due.end(), same); };
  for (const Membership& m : d.subject.memberships) {
    const ManagedRule* rule = d.rules.managed_group(m.group);
    if (rule && reports(*rule) && is_due([&](const Dn& g) { return g == m.group; }))
      d.plan.agreed.emplace_back(member_note(m.group), kMember);
  }
  for (const auto& note : d.subject.ledger.settled) {
    const std::string& name = note.first;
    if (note.second.empty() || !std::string_view(name).ends_with(kMemberNote)) continue;
    const auto& have = d.subject.memberships;
    // Who is still a member is so by the role that has ended, until the removal is done.
    const bool is_member = std::any_of(have.begin(), have.end(), [&](const Membership& m) { return member_note(m.group) == name; });
    if (!is_member && !is_due([&](const Dn& g) { return member_note(g) == name; })) d.plan.agreed.emplace_back(name, Values{});
  }
}

bool is_left_in(Draft& d, const ManagedRule& rule, const Membership& m, const std::string& why) {
  if (m.granted_by_us || d.settled(member_note(m.group))) return false;
  if (!reports(rule)) return is_given_up(d, m.group.normal(), m.group.str(), rule.at.rule());
  d.problem("drift", "is a member of " + m.group.str() + " (on-drift=\"report\"): " + why, rule.at.rule(), m.group.str(), true);
  return true;
}

bool is_left_out(Draft& d, const ManagedRule& rule, const Dn& group, const std::string& why) {
  if (!reports(rule)) return is_given_up(d, group.normal(), group.str(), rule.at.rule());
  if (!d.settled(member_note(group))) return false;
  d.problem("drift", "somebody else took the membership of " + group.str() + " away (on-drift=\"report\"); " + why, rule.at.rule(),
            group.str(), true);
  return true;
}

}  // namespace muster::planning
