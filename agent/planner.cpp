#include "agent/planner.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "agent/grants.h"
#include "agent/sha256.h"
#include "ldap/active_directory.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr std::size_t kPage = 256;

ProblemRow problem_row(const PlanProblem& p, const PersonKey& person, const Dn& dn) {
  return {person.rep(), dn.str(), p.code, p.what, p.where, p.attribute, p.drift, {}};
}

json problem_details(const ProblemRow& p) {
  json j = {{"person", p.person}, {"dn", p.dn}, {"code", p.code}, {"reason", p.what}, {"rule", p.where}};
  if (!p.attribute.empty()) j["attribute"] = p.attribute;
  return j;
}

/// "add-member of cn=vpn,...", "set title".
std::string described(const Change& c) {
  std::string text(to_string(c.action));
  if (!c.attribute.empty()) text += " " + c.attribute;
  if (!c.group.empty()) text += " of " + c.group.str();
  return text;
}

/// Active Directory names one membership by number, and in no group (MS-ADA3 primaryGroupID).
std::optional<GroupRow> primary_group(Context& context, const Entry& entry) {
  const std::string_view text = entry.attributes.first("primarygroupid");
  std::int64_t rid = 0;
  std::from_chars(text.data(), text.data() + text.size(), rid);
  return rid ? context.store.group_by_rid(rid) : std::nullopt;
}

}  // namespace

std::string person_subject(Row person) { return "p:" + std::to_string(person); }
std::string entry_subject(Row entry) { return "e:" + std::to_string(entry); }
std::string group_subject(Row group) { return "g:" + std::to_string(group); }

void set_problems(Context& context, const std::string& subject, const std::vector<ProblemRow>& problems, Instant at) {
  const auto diff = context.store.set_problems(subject, problems, at);
  // Drift was told when it was seen, with its values (mirror.cpp).
  for (const ProblemRow& p : diff.raised) {
    if (!p.drift) context.recorder.event("problem", problem_details(p), at);
  }
  for (const ProblemRow& p : diff.cleared) {
    // A sentence that changed is the same trouble in other words.
    const bool replaced = std::any_of(diff.raised.begin(), diff.raised.end(),
                                      [&](const ProblemRow& r) { return r.code == p.code && r.attribute == p.attribute; });
    if (!replaced) context.recorder.event("cleared", problem_details(p), at);
  }
}

Planner::Candidate Planner::candidate_of(const Person& person, Context& context, const Now& now) {
  Candidate worst;
  for (const auto& [ordinal, value] : join_values_of(person, context, now)) {
    const auto rows = context.store.entries_with_join_value(ordinal, value);
    if (rows.size() == 1) return {rows.front(), ordinal, 1};
    if (rows.size() > worst.matches) worst = {std::nullopt, ordinal, rows.size()};
  }
  return worst;
}

void Planner::link_dirty(const Now& now) {
  Store& store = context_.store;
  store.forget_claims();
  if (by_fields(context_.rules())) link_rehired(now);
  for (Row after = 0;;) {
    const auto page = store.unlinked_dirty_people(after, kPage);
    if (page.empty()) break;
    if (context_.alive) context_.alive();
    for (const PersonRow& row : page) {
      if (was_succeeded(row, now)) continue;
      store.set_person_join(row.id, join_values_of(row.person, context_, now));
      const Candidate c = candidate_of(row.person, context_, now);
      if (c.entry) store.claim(row.id, *c.entry, c.ordinal);
    }
    after = page.back().id;
  }
  for (const Store::Claim& claim : store.claims()) {
    if (claim.rivals == 0) store.link(claim.person, claim.entry);
  }
}

namespace {

void add_refusals(Store& store, const std::string& subject, std::vector<Refusal>& all) {
  for (Store::RefusalRow& r : store.refusals_of(subject))
    all.push_back({std::move(r.dn), std::move(r.by), std::move(r.comment), r.since});
}

}  // namespace

Subject Planner::subject_of(Context& context, const PersonRow* person, const EntryRow* row, const Now& now) {
  Subject s;
  if (person) s.person = &person->person;
  if (person && uses_references(context.rules())) s.references = references_of(context, *person, now);
  if (!row) {
    if (person) tell_order(context.store, person->id, 0, s);
    return s;
  }
  s.entry = &row->entry;
  s.account.disabled = context.accounts->is_disabled(row->entry, now.utc);
  s.account.expires = context.accounts->expires(row->entry);
  s.ledger = row->ledger;
  s.fights = context.store.fights(row->id);
  if (person) add_refusals(context.store, person_subject(person->id), s.refusals);
  add_refusals(context.store, entry_subject(row->id), s.refusals);
  if (person) s.known_since = person->known_at;
  const bool has_left = s.ledger.disabled_for == Decision::leaver || s.ledger.settled.count("left;muster") > 0;
  if (person && has_left) s.mentions = context.store.mentions_of(row->id);
  const auto memberships = context.store.memberships(row->id, member_values(row->entry));
  for (const MembershipRow& m : memberships)
    s.memberships.push_back({m.dn, m.granted, m.granted ? grant_number(m.because.cause) : 0});
  for (GroupRow& g : context.store.granted_groups(row->id)) {
    const auto has = [&](const MembershipRow& m) { return m.group == g.id; };
    if (std::none_of(memberships.begin(), memberships.end(), has)) s.left_behind.push_back(std::move(g.dn));
  }
  tell_grants(context.store, person ? person->id : 0, memberships, s);
  tell_order(context.store, person ? person->id : 0, row->id, s);
  const auto primary = primary_group(context, row->entry);
  const auto is_primary = [&](const Membership& m) { return m.group == primary->dn; };
  if (primary && std::none_of(s.memberships.begin(), s.memberships.end(), is_primary)) s.memberships.push_back({primary->dn});
  return s;
}

void Planner::protect(Subject& s, const EntryRow* row) const {
  const SafetySettings& safety = context_.safety();
  const auto by = [&](std::string rule) {
    s.is_protected = true;
    s.protected_by = std::move(rule);
  };
  if (s.person) {
    for (const auto& p : safety.protect_persons) {
      if (p.person == s.person->key) by("<protect person> at " + p.at.str());
    }
  }
  if (!s.entry) return;
  for (const auto& f : safety.protect_filters) {
    if (f.filter.matches(*s.entry, context_.types)) by("<protect filter> at " + f.at.str());
  }
  for (const auto& g : safety.protect_groups) {
    const bool member =
        std::any_of(s.memberships.begin(), s.memberships.end(), [&](const Membership& m) { return m.group == g.group; });
    if (member) by("<protect member-of> at " + g.at.str());
  }
  if (active_directory::is_account(*s.entry, context_.server.account)) by("being the agent's own account");
  if (context_.server.family == Family::active_directory) {
    if (std::string why = active_directory::protection_of(*s.entry); !why.empty()) by(std::move(why));
  }
  for (const std::string& key : row ? member_values(*s.entry) : std::vector<std::string>{s.entry->dn.normal()}) {
    if (outside_protected_.count(key)) by("<protect member-of>: a member of a protected group");
  }
}

Result<std::string> Planner::protection(const PersonRow* person, const EntryRow* entry, const Now& now) {
  MUSTER_TRY(read_outside_protected());
  Subject s = subject_of(context_, person, entry, now);
  protect(s, entry);
  return s.protected_by;
}

bool Planner::inside_fence(const Change& c) const {
  if (c.action == Action::add_member || c.action == Action::remove_member) {
    const auto& protected_groups = context_.rules().protected_groups;
    const bool shielded = std::any_of(protected_groups.begin(), protected_groups.end(), [&](const Dn& g) { return g == c.group; });
    const Stream* groups = context_.groups();
    // What a leaver's strip took may be given back.
    const bool stripped = c.decision == Decision::leaver && (c.action == Action::remove_member || !c.undoes.empty());
    const bool ours = context_.rules().managed_group(c.group) || stripped;
    return groups && c.group.is_under(groups->base) && !shielded && ours;
  }
  if (c.action == Action::move && !c.to.empty()) {
    const auto parent = Dn::parse(c.to.front());
    if (!parent || !context_.stream_of(*parent)) return false;
  }
  return context_.stream_of(c.dn) != nullptr;
}

/// Why the members of a group are not ours to change, although a rule names it; empty: they are.
std::string Planner::untouchable(const Change& change, const GroupRow& group, Row entry) {
  const std::string what = std::string(to_string(change.action)) + " of " + group.dn.str();
  if (group.is_guarded)
    return what + " is refused: the group is part of Active Directory itself or protected by it (adminCount, built-in)";
  if (change.action != Action::remove_member || !group.rid || !entry) return {};
  const auto row = context_.store.entry_by_row(entry);
  const auto primary = row ? primary_group(context_, row->entry) : std::nullopt;
  if (!primary || primary->id != group.id) return {};
  return what + " is not possible: it is the primary group of " + row->entry.dn.str() +
         "; give the account another primary group first";
}

/// Why a change is not inside the fence; empty: it is.
std::string Planner::outside(const Change& c) const {
  if (inside_fence(c)) return {};
  return std::string(to_string(c.action)) + " of " + (c.group.empty() ? c.dn : c.group).str() +
         " is outside the declared bases and managed groups";
}

/// Fills in the group of a membership; or says why it cannot be changed.
std::optional<ProblemRow> Planner::group_trouble(JournalRow& row) {
  const Change& c = row.change;
  if (c.group.empty()) return std::nullopt;
  const auto trouble = [&](std::string code, std::string what) {
    return ProblemRow{c.person.rep(), c.dn.str(), std::move(code), std::move(what), c.because.rule, "", false, {}};
  };
  const auto group = context_.store.group_by_dn(c.group);
  if (!group) return trouble("no-group", "the group " + c.group.str() + " does not exist");
  if (std::string why = untouchable(c, *group, row.entry); !why.empty()) return trouble("protected-group", std::move(why));
  row.group = group->id;
  return std::nullopt;
}

bool Planner::journal_change(const Change& change, Row person, Row entry, std::vector<ProblemRow>& problems,
                             std::set<std::string>& hashes) {
  Store& store = context_.store;
  const auto trouble = [&](std::string code, std::string what) {
    problems.push_back(
        {change.person.rep(), change.dn.str(), std::move(code), std::move(what), change.because.rule, change.attribute, false, {}});
    return false;
  };
  if (std::string why = outside(change); !why.empty()) return trouble("outside", std::move(why));
  JournalRow row;
  row.person = person;
  row.entry = entry;
  row.change = change;
  row.hash = sha256_hex(canonical(change));
  hashes.insert(row.hash);
  if (const std::string by = store.rejected_by(row.hash); !by.empty())
    return trouble("rejected", described(change) + " was rejected by " + by);
  row.hold = store.approved_by(row.hash);
  if (row.hold.empty()) row.hold = change.approval;
  if (auto problem = group_trouble(row)) {
    problems.push_back(std::move(*problem));
    return false;
  }
  store.add_planned(row);
  ++planned_;
  return true;
}

Result<JournalRow> Planner::admit(const Change& change, const EntryRow& entry, const Now& now) {
  MUSTER_TRY(read_outside_protected());
  const auto owner = context_.store.person_of_entry(entry.id);
  Subject subject = subject_of(context_, owner ? &*owner : nullptr, &entry, now);
  protect(subject, &entry);
  if (subject.is_protected) return Error{Errc::refused, entry.entry.dn.str() + " is protected by " + subject.protected_by, ""};
  if (std::string why = outside(change); !why.empty()) return Error{Errc::refused, std::move(why), ""};
  JournalRow row;
  row.person = owner ? owner->id : 0;
  row.entry = entry.id;
  row.change = change;
  row.hash = sha256_hex(canonical(change));
  if (auto problem = group_trouble(row)) return Error{Errc::refused, std::move(problem->what), ""};
  return row;
}

void Planner::forget_old_decisions(Row person, Row entry, const std::set<std::string>& hashes) {
  if (!context_.store.any_decisions()) return;
  for (const std::string& hash : context_.store.decided_hashes(person, entry)) {
    if (!hashes.count(hash)) context_.store.forget_decision(hash);
  }
}

void Planner::journal(const Plan& plan, Row person, Row entry, const std::string& subject, std::vector<ProblemRow> problems,
                      const Now& now) {
  std::set<std::string> hashes;
  for (const Change& c : plan.changes) journal_change(c, person, entry, problems, hashes);
  forget_old_decisions(person, entry, hashes);
  set_problems(context_, subject, problems, now.utc);
}

void Planner::settle_agreed(const EntryRow& row, const Plan& plan) {
  auto settled = row.ledger.settled;
  bool differs = false;
  for (const auto& [name, values] : plan.agreed) {
    auto& old = settled[name];
    differs |= old != values;
    old = values;
  }
  if (differs) context_.store.set_settled(row.id, settled);
}

std::vector<ProblemRow> Planner::link_problem(const PersonRow& row, const EntryRow* entry, const Now& now) {
  const auto problem = [&](std::string code, std::string what, const std::string& where) {
    return std::vector<ProblemRow>{
        {row.person.key.rep(), entry ? entry->entry.dn.str() : "", std::move(code), std::move(what), where, "", false, {}}};
  };
  const std::string who = "person " + row.person.key.rep();
  if (entry && entry->gone) {
    return problem("account-vanished",
                   who + ": the account " + entry->entry.dn.str() +
                       " was deleted or moved out of the watched bases by somebody else; bring it back, or create it anew with "
                       "muster resync --person " +
                       row.person.key.rep(),
                   "");
  }
  if (entry || row.successor) return {};
  if (by_fields(context_.rules())) {
    if (const auto former = former_selves(row, now); former.size() > 1)
      return problem("ambiguous-rehire", who + ": " + ambiguity_of(former), context_.rules().rehire->at.rule());
  }
  const Candidate c = candidate_of(row.person, context_, now);
  if (c.matches == 0) return {};
  const JoinRule& rule = context_.rules().joins[static_cast<std::size_t>(c.ordinal)];
  if (c.matches > 1) {
    return problem("ambiguous-match", who + ": " + rule.attribute + " finds more than one entry, so none is taken", rule.at.rule());
  }
  const auto taken = context_.store.entry_by_row(*c.entry);
  const auto owner = context_.store.person_of_entry(*c.entry);
  return problem("claimed-twice",
                 who + ": the entry " + taken->entry.dn.str() +
                     (owner ? " belongs to person " + owner->person.key.rep() : " is claimed by more than one person") +
                     ", so nothing is written for this one",
                 rule.at.rule());
}

void Planner::plan_person(const PersonRow& row, const Now& now, bool again) {
  Store& store = context_.store;
  std::optional<EntryRow> entry;
  if (row.entry) entry = store.entry_by_row(*row.entry);
  if (again) store.forget_planned_of(row.id, 0);
  store.mark_person_planned(row.id);
  if (entry) store.clear_entry_dirty(entry->id);
  const std::string subject_name = person_subject(row.id);
  if (uses_references(context_.rules())) note_standing(context_, row, entry ? &*entry : nullptr, now);
  names_.keep(row.id, entry ? &*entry : nullptr);
  if (auto trouble = link_problem(row, entry ? &*entry : nullptr, now); !trouble.empty()) {
    set_problems(context_, subject_name, trouble, now.utc);
    return;
  }
  Subject subject = subject_of(context_, &row, entry ? &*entry : nullptr, now);
  protect(subject, entry ? &*entry : nullptr);
  names_.about(row.id, entry ? &*entry : nullptr);
  subject.names = &names_;
  const Plan made = plan(subject, context_.rules(), now);
  store.set_due(row.id, made.due);
  for (const PlanNotice& n : made.notices) {
    context_.recorder.event(
        n.kind,
        {{"person", row.person.key.rep()}, {"dn", entry ? entry->entry.dn.str() : ""}, {"reason", n.what}, {"rule", n.rule}},
        now.utc);
  }
  names_.promise(row.id, made.names);
  std::vector<ProblemRow> problems;
  for (const PlanProblem& p : made.problems) problems.push_back(problem_row(p, row.person.key, entry ? entry->entry.dn : Dn{}));
  if (row.attempts > 0) {
    for (ProblemRow& old : store.problems(subject_name)) {
      const bool trouble_of_writing = old.code == "write-refused" || old.code == "disable-refused" || old.code == "no-effect" ||
                                      old.code == "last-member" || old.code == "password-hand-over";
      if (trouble_of_writing && !made.changes.empty()) problems.push_back(std::move(old));
    }
    if (made.changes.empty()) store.set_attempts(row.id, 0, std::nullopt);
  }
  if (entry) settle_agreed(*entry, made);
  for (const auto& [id, why] : made.ended) {
    if (auto grant = store.access_grant(id)) close_grant(context_, std::move(*grant), {"ended", why, ""}, now.utc);
  }
  journal(made, row.id, entry ? entry->id : 0, subject_name, std::move(problems), now);
}

Status Planner::plan_people(const Now& now, bool again) {
  if (!uses_references(context_.rules())) return plan_page_by_page(now, again);
  note_references(context_, now);
  MUSTER_TRY(plan_page_by_page(now, again));
  // Who was planned before somebody whom they name changed.
  return plan_page_by_page(now, true);
}

Status Planner::plan_page_by_page(const Now& now, bool again) {
  for (Row after = 0;;) {
    const auto page = context_.store.dirty_people(after, kPage);
    if (page.empty()) return ok();
    MUSTER_TRY(context_.go_on());
    for (const PersonRow& row : page) {
      plan_person(row, now, again);
      if (!names_.trouble()) return names_.trouble();
    }
    after = page.back().id;
  }
}

/// Somebody said what becomes of this very entry, whoever owns it.
bool Planner::is_under_order(const EntryRow& row) {
  return context_.store.order_on(0, row.id) || row.ledger.disabled_for == Decision::order;
}

Status Planner::plan_strangers(const Now& now, bool again) {
  // A record that cannot be read may be the owner of any of them, and events never say that they have delivered everybody.
  const bool any_may_be_owned = !context_.store.meta("feed.unreadable").empty() || context_.config->settings.feed.type == "events";
  for (Row after = 0;;) {
    const auto page = context_.store.dirty_strangers(after, kPage);
    if (page.empty()) return ok();
    MUSTER_TRY(context_.go_on());
    for (const EntryRow& row : page) {
      const bool has_order = is_under_order(row);
      if (any_may_be_owned && !has_order) continue;
      if (again) context_.store.forget_planned_of(0, row.id);
      context_.store.mark_stranger_planned(row.id);
      const bool is_disputed = any_may_be_owned || context_.store.is_claimed(row.id);
      if (is_disputed && !has_order) continue;
      Subject subject = subject_of(context_, nullptr, &row, now);
      protect(subject, &row);
      Plan made = plan(subject, context_.rules(), now);
      if (is_disputed) std::erase_if(made.changes, [](const Change& c) { return c.decision != Decision::order; });
      std::vector<ProblemRow> problems;
      for (const PlanProblem& p : made.problems) problems.push_back(problem_row(p, PersonKey{}, row.entry.dn));
      journal(made, 0, row.id, entry_subject(row.id), std::move(problems), now);
    }
    after = page.back().id;
  }
}

Status Planner::plan_dirty(const Now& now, bool again) {
  MUSTER_TRY(read_outside_protected());
  Store::Transaction transaction(context_.store);
  link_dirty(now);
  MUSTER_TRY(plan_people(now, again));
  MUSTER_TRY(plan_strangers(now, again));
  MUSTER_TRY(plan_unresolved(now));
  transaction.commit();
  return ok();
}

}  // namespace muster
