// What the mirror does not cover: members of managed groups that are no entry of the watched bases, and protected groups outside
// them.
#include <algorithm>

#include "agent/planner.h"
#include "ldap/active_directory.h"

namespace muster {

namespace {

/// What was said of members that are none any more, and of groups that are gone.
void clear_members(Context& context, const GroupRow& group, const std::vector<std::string>& but, Instant at) {
  const std::string prefix = group_subject(group.id) + ":";
  for (const std::string& subject : context.store.problem_subjects(prefix)) {
    if (std::find(but.begin(), but.end(), subject.substr(prefix.size())) == but.end()) set_problems(context, subject, {}, at);
  }
  if (but.empty()) set_problems(context, group_subject(group.id), {}, at);
}
ProblemRow nested_group(const Dn& dn, const GroupRow& group, const ManagedRule& rule) {
  return {"",
          dn.str(),
          "nested-group",
          "the group " + dn.str() + " is a member of " + group.dn.str() +
              ", whose members are people's accounts only; it is left alone",
          rule.at.rule(),
          "",
          false,
          {}};
}
ProblemRow vanished_member(const std::string& key, const GroupRow& group, const ManagedRule& rule) {
  return {"",
          key,
          "drift",
          key + " is a member of " + group.dn.str() + " (on-drift=\"report\") and does not exist any more",
          rule.at.rule(),
          group.dn.str(),
          true,
          {}};
}
void clear_gone(Context& context, Instant at) {
  for (const GroupRow& group : context.store.gone_groups_with_problems()) clear_members(context, group, {}, at);
}

}  // namespace

Status Planner::read_outside_protected() {
  if (outside_read_) return ok();
  const Stream* groups = context_.groups();
  for (const auto& g : context_.safety().protect_groups) {
    if (context_.server.family == Family::active_directory) MUSTER_TRY(read_nested_members(g.group));
    if (groups && g.group.is_under(groups->base)) {
      if (context_.store.group_by_dn(g.group)) continue;
      return Error{Errc::untrusted,
                   "the protected group " + g.group.str() + " (" + g.at.str() +
                       ") is not visible, so nobody can be told to be protected by it",
                   "nothing was changed; correct its DN or give the bind account the right to read it"};
    }
    auto entry = connection_.read(g.group.str(), {"member", "uniqueMember", "memberUid"});
    if (!entry) return std::move(entry).error();
    if (!*entry) {
      return Error{Errc::untrusted,
                   "the protected group " + g.group.str() + " (" + g.at.str() +
                       ") is not visible, so nobody can be told to be protected by it",
                   "nothing was changed; correct its DN or give the bind account the right to read it"};
    }
    for (const auto& [name, values] : (*entry)->attributes) {
      const GroupKind kind = name == "memberuid"      ? GroupKind::member_uid
                             : name == "uniquemember" ? GroupKind::unique_member
                                                      : GroupKind::member;
      for (const std::string& v : values) outside_protected_.insert(member_key(kind, v));
    }
  }
  outside_read_ = true;
  return ok();
}

/// Also members of members (LDAP_MATCHING_RULE_IN_CHAIN, MS-ADTS section 3.1.1.3.4.4.3).
Status Planner::read_nested_members(const Dn& group) {
  SearchRequest request;
  request.base = context_.directory().base.str();
  request.filter = "(&(objectClass=user)(memberOf:1.2.840.113556.1.4.1941:=" + escape_filter_value(group.str()) + "))";
  request.attributes = {"1.1"};
  return connection_.search(request, [&](Entry&& e) {
    outside_protected_.insert(e.dn.normal());
    return ok();
  });
}

Result<std::optional<Entry>> Planner::find_unresolved(const std::string& key) {
  const auto& attributes = context_.streams.front().attributes;
  if (!key.starts_with("uid:")) return connection_.read(key, attributes);
  std::optional<Entry> found;
  SearchRequest request;
  request.base = context_.directory().base.str();
  request.filter = "(uid=" + escape_filter_value(key.substr(4)) + ")";
  request.attributes = attributes;
  MUSTER_TRY(connection_.search(request, [&](Entry&& e) {
    found = std::move(e);
    return ok();
  }));
  return found;
}

Result<bool> Planner::is_in_scope(const Entry& entry) {
  const Stream* stream = context_.stream_of(entry.dn);
  if (!stream) return false;
  SearchRequest request;
  request.base = entry.dn.str();
  request.scope = SearchRequest::Scope::base;
  request.filter = stream->filter;
  request.attributes = {"1.1"};
  bool found = false;
  MUSTER_TRY(connection_.search(request, [&](Entry&&) {
    found = true;
    return ok();
  }));
  return found;
}

Status Planner::plan_unresolved_member(const GroupRow& group, const std::string& key, const Now& now) {
  const std::string subject_name = group_subject(group.id) + ":" + key;
  const ManagedRule* rule = context_.rules().managed_group(group.dn);
  if (const auto dn = Dn::parse(key); !key.starts_with("uid:") && dn && context_.store.group_by_dn(*dn)) {
    set_problems(context_, subject_name, {nested_group(*dn, group, *rule)}, now.utc);
    return ok();
  }
  auto found = find_unresolved(key);
  if (!found) return std::move(found).error();
  const bool exclusive = rule->membership == ManagedRule::Membership::exclusive;
  if (!*found && exclusive && rule->on_drift == AttributeRule::OnDrift::report) {
    set_problems(context_, subject_name, {vanished_member(key, group, *rule)}, now.utc);
    return ok();
  }
  Plan made;
  if (*found) {
    // An entry of a watched base that the mirror lacks is on its way; its arrival wakes this group again.
    auto expected = is_in_scope(**found);
    if (!expected) return std::move(expected).error();
    if (*expected || active_directory::is_foreign(**found)) return ok();
    Subject subject;
    subject.entry = &**found;
    subject.memberships.push_back({group.dn});
    protect(subject, nullptr);
    made = plan(subject, context_.rules(), now);
  } else {
    Change c;
    c.action = Action::remove_member;
    c.group = group.dn;
    if (auto dn = Dn::parse(key); dn && !key.starts_with("uid:")) c.dn = std::move(*dn);
    c.from = {key};
    c.because = {rule->at.rule(),
                 exclusive ? "exclusive group: the member " + key + " does not exist any more"
                           : "granted by muster; the member is not called " + key + " any more",
                 "directory"};
    c.decision = exclusive ? Decision::stranger : Decision::mover;
    made.changes.push_back(std::move(c));
  }
  std::vector<ProblemRow> problems;
  for (const PlanProblem& p : made.problems)
    problems.push_back({"", (*found)->dn.str(), p.code, p.what, p.where, p.attribute, p.drift, {}});
  std::set<std::string> hashes;
  for (Change& c : made.changes) {
    c.from = {key};
    journal_change(c, 0, 0, problems, hashes);
  }
  set_problems(context_, subject_name, problems, now.utc);
  return ok();
}

Status Planner::plan_unresolved(const Now& now) {
  clear_gone(context_, now.utc);
  for (const GroupRow& group : context_.store.dirty_groups()) {
    const ManagedRule* rule = context_.rules().managed_group(group.dn);
    context_.store.clear_group_dirty(group.id);
    context_.store.forget_planned_members(group.id);
    std::vector<std::string> keys;
    if (rule) {
      const bool exclusive = rule->membership == ManagedRule::Membership::exclusive;
      keys = exclusive ? context_.store.unresolved_members(group.id) : context_.store.left_behind(group.id);
    }
    clear_members(context_, group, keys, now.utc);
    for (const std::string& key : keys) MUSTER_TRY(plan_unresolved_member(group, key, now));
  }
  return ok();
}

}  // namespace muster
