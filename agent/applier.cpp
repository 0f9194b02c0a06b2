#include "agent/applier.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "agent/crash_point.h"
#include "agent/planner.h"
#include "agent/recent_commands.h"

namespace muster {

namespace {

constexpr std::size_t kTasks = 256;

/// 30 s, doubled with every attempt, up to 6 h; up to 10 minutes where a leaver's account is still on.
std::chrono::seconds retry_pause(int attempts, Action action) {
  const int shift = std::min(attempts, 10);
  const std::chrono::seconds most = action == Action::disable ? std::chrono::minutes(10) : std::chrono::hours(6);
  return std::min<std::chrono::seconds>(std::chrono::seconds(30) * (1 << shift), most);
}

}  // namespace

Result<Applier::Counts> Applier::run(bool last_round) {
  counts_ = {};
  for (const Action action : kActions) MUSTER_TRY(run_action(action, last_round));
  return counts_;
}

Status Applier::run_action(Action action, bool last_round) {
  for (;;) {
    auto rows = context_.store.planned(action, kTasks);
    if (rows.empty()) return ok();
    MUSTER_TRY(context_.go_on());
    if (progress_) progress_(counts_.applied);
    MUSTER_TRY(run_batch(std::move(rows), last_round));
  }
}

Status Applier::run_batch(std::vector<JournalRow> rows, bool last_round) { return send(tasks_of(std::move(rows)), last_round); }

void Applier::begin(const std::vector<Task>& tasks) {
  Store::Transaction transaction(context_.store);
  for (const Task& t : tasks) {
    if (!t.verdict || t.deferred) continue;
    for (const JournalRow& r : t.rows) context_.store.set_intent(r.seq);
  }
  transaction.commit();
  crash_point("intent durable");
}

Status Applier::send(std::vector<Task> tasks, bool last_round) {
  begin(tasks);
  std::vector<WriteOp> ops;
  for (const Task& t : tasks) {
    if (t.verdict && !t.deferred) ops.push_back(t.op);
  }
  std::vector<WriteOutcome> sent = connection_.write(ops, context_.directory().window);
  crash_point("written, not recorded");
  std::vector<WriteOutcome> outcomes;
  std::size_t next = 0;
  for (const Task& t : tasks)
    outcomes.push_back(t.verdict && !t.deferred ? std::move(sent[next++]) : WriteOutcome{t.verdict, 0, std::nullopt, false});
  hand_over_passwords(tasks, outcomes);
  std::vector<Task> again;
  MUSTER_TRY(settle(tasks, outcomes, last_round, again));
  crash_point("recorded");
  if (!again.empty()) MUSTER_TRY(send(std::move(again), last_round));
  return ok();
}

/// What was planned no longer fits the directory: it is looked at again, and planned anew.
bool Applier::is_outdated(const Change& c, const WriteOutcome& outcome) const {
  const Errc code = outcome.status.error().code;
  if (code == Errc::conflict || code == Errc::not_found || outcome.code == result_code::no_such_attribute) return true;
  // Active Directory knows no entry of the name that was given as a value: it was renamed or moved in this very run.
  return outcome.code == result_code::constraint_violation && !c.attribute.empty() &&
         context_.types.equality_of(c.attribute) == Matching::dn;
}

Status Applier::settle(std::vector<Task>& tasks, std::vector<WriteOutcome>& outcomes, bool last_round, std::vector<Task>& again) {
  Status broken = ok();
  std::vector<const JournalRow*> conflicts;
  const Instant at = system_now().utc;
  Store::Transaction transaction(context_.store);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    Task& task = tasks[i];
    WriteOutcome& outcome = outcomes[i];
    if (task.deferred) {
      deferred(task.rows.front(), last_round, at);
      continue;
    }
    if (outcome.status) {
      for (const JournalRow& r : task.rows) succeeded(r, outcome.after, at);
      tell_password(task, at);
      if (!task.op.dn.empty() && task.rows.front().group) {
        auto group = context_.store.group_by_row(task.rows.front().group);
        if (outcome.after && !outcome.after->version.empty()) context_.store.touch_group(group->id, outcome.after->version);
      }
      continue;
    }
    const Errc code = outcome.status.error().code;
    if (code == Errc::unreachable || code == Errc::cancelled || outcome.code == -1) {
      broken = std::move(outcome.status).error();
      continue;
    }
    const bool split = task.rows.size() > 1;
    if (split) {
      for (JournalRow& r : task.rows) {
        std::vector<JournalRow> one;
        one.push_back(std::move(r));
        again.push_back(one.front().group ? group_task(std::move(one)) : entry_task(std::move(one)));
      }
    } else if (outcome.code == result_code::inappropriate_matching && std::holds_alternative<ModifyOp>(task.op.op) &&
               !task.rows.front().group && std::get<ModifyOp>(task.op.op).mods.front().op != Mod::Op::replace) {
      // The type has no equality rule (RFC 4512 section 2.5.1): its values cannot be named, only replaced.
      const Change& c = task.rows.front().change;
      task.op.op = ModifyOp{{{Mod::Op::replace, c.attribute, c.to}}};
      again.push_back(std::move(task));
    } else if (!last_round && is_outdated(task.rows.front().change, outcome)) {
      conflicts.push_back(&task.rows.front());
    } else {
      const char* problem = is_password(task.rows.front().change) ? "password-hand-over"
                            : task.verdict                        ? "write-refused"
                                                                  : "no-effect";
      refused(task.rows.front(), outcome.status.error(), problem, at);
    }
  }
  if (broken) {
    for (const JournalRow* row : conflicts) MUSTER_TRY(conflicted(*row, at));
  }
  transaction.commit();
  return broken;
}

void Applier::wake(const JournalRow& row) {
  if (row.person) context_.store.mark_person_dirty(row.person);
  if (!row.person && row.entry) context_.store.mark_owner_dirty(row.entry);
}

/// The id that the server gave a new entry; all zero where it could not be read.
EntryId Applier::created_entry(const JournalRow& row) {
  const auto person = row.person ? context_.store.person_by_row(row.person) : std::nullopt;
  const auto entry = person && person->entry ? context_.store.entry_by_row(*person->entry) : std::nullopt;
  return entry ? entry->entry.id : row.change.entry;
}

void Applier::succeeded(const JournalRow& row, const std::optional<Entry>& after, Instant at) {
  Change done = row.change;
  // Somebody else may have renamed it since it was planned.
  if (const auto entry = row.entry ? context_.store.entry_by_row(row.entry) : std::nullopt) done.dn = entry->entry.dn;
  if (row.group) {
    succeeded_member(row, at);
  } else {
    succeeded_entry(row, after, at);
  }
  if (done.action == Action::create) done.entry = created_entry(row);
  if (row.entry) context_.store.note_revert(row.entry, row.group ? done.group.normal() : to_lower(done.attribute), at);
  context_.recorder.applied(done, row.hold, at);
  if (row.hold.empty()) RecentCommands(context_.store).add(kind_of(done.action), at);
  context_.store.forget_change(row.seq);
  wake(row);
  ++counts_.applied;
}

void Applier::succeeded_member(const JournalRow& row, Instant at) {
  Store& store = context_.store;
  const bool added = row.change.action == Action::add_member;
  auto group = store.group_by_row(row.group);
  const auto entry = row.entry ? store.entry_by_row(row.entry) : std::nullopt;
  const std::string key = entry                     ? member_key(group->kind, member_value(group->kind, entry->entry))
                          : row.change.from.empty() ? ""
                                                    : row.change.from.front();
  mirror_.own_membership(row.group, row.entry, key, added);
  if (added && row.entry) store.set_granted(row.entry, row.group, at, row.change.because);
  if (!needs_member(group->kind, context_) || !context_.directory().placeholder) return;
  if (added && group->placeholder) store.set_placeholder(row.group, false);
  if (!added && store.count_members(row.group) == 0) store.set_placeholder(row.group, true);
}

namespace {

/// True where `after` is the name that this change gave to what was called `before`.
bool is_named_by(const Change& c, const Dn& before, const Dn& after) {
  if (c.to.empty()) return false;
  const std::string name = c.action == Action::rename ? c.to.front() + "," + before.parent().str()
                           : c.action == Action::move ? before.rdn() + "," + c.to.front()
                                                      : "";
  const auto given = Dn::parse(name);
  return !name.empty() && given && *given == after;
}

}  // namespace

void Applier::succeeded_entry(const JournalRow& row, const std::optional<Entry>& after, Instant at) {
  Store& store = context_.store;
  const Change& c = row.change;
  if (c.action == Action::remove) {
    if (const auto removed = store.entry_by_row(row.entry)) mirror_.leave_behind(*removed, nullptr);
    store.mark_gone(row.entry);
    if (row.person) store.unlink(row.person);  // who comes back begins anew
    store.set_mentions(c.entry, Dn{}, {});
    context_.own_writes.wrote(c.entry);
    return;
  }
  std::optional<Entry> now = after;
  if (!now || now->id == EntryId{}) {
    auto read = look(c);
    if (read) now = std::move(*read);
  }
  Row entry_row = row.entry;
  if (now) {
    std::set<std::string> own{to_lower(c.attribute)};
    for (const auto& [name, values] : c.initial) own.insert(name);
    const auto before = row.entry ? store.entry_by_row(row.entry) : std::nullopt;
    if (before && is_named_by(c, before->entry.dn, now->dn)) own.insert("dn");
    const Stream* stream = context_.stream_of(now->dn);
    if (stream) mirror_.own(*stream, *now, own, at);
    if (const auto known = store.entry(now->id)) entry_row = known->id;
  }
  const auto known = store.entry_by_row(entry_row);
  if (!known) return;
  if (c.action == Action::create && row.person) store.link(row.person, entry_row);
  if (c.action == Action::disable) store.set_disabled(entry_row, at, c.decision);
  // As the server has it: where a password could not be set, the account starts disabled too.
  const bool starts_disabled = c.create_disabled || (now && context_.accounts->is_disabled(*now, at));
  if (c.action == Action::create && starts_disabled) store.set_disabled(entry_row, at, Decision::joiner);
  if (c.action == Action::enable) store.set_disabled(entry_row, std::nullopt, std::nullopt);
  auto settled = known->ledger.settled;
  if (is_password(c))
    settled[std::string(kPasswordDue)] = {};
  else if (c.action == Action::set || c.action == Action::clear)
    settled[to_lower(c.attribute)] = c.to;
  if (c.password_due) settled[std::string(kPasswordDue)] = {"due"};
  if (const Values* named = now ? now->attributes.find(c.attribute) : nullptr; named && c.action == Action::rename)
    settled[to_lower(c.attribute)] = *named;
  for (const auto& [name, values] : c.initial) settled[name] = values;
  if (settled != known->ledger.settled) store.set_settled(entry_row, settled);
}

/// A disable that is refused leaves a door open: told with every attempt, not once.
void Applier::alarm(const JournalRow& row, const ProblemRow& problem, int attempts, Instant at) {
  const Change& c = row.change;
  nlohmann::json details = {{"person", c.person.rep()}, {"entry", to_string(c.entry)}, {"dn", c.dn.str()},
                            {"code", problem.code},     {"reason", problem.what},      {"rule", c.because.rule},
                            {"attempts", attempts}};
  if (c.owed_since)
    details["waited"] = std::chrono::duration<double>(std::max(at - *c.owed_since, std::chrono::milliseconds(0))).count();
  context_.recorder.event("alarm", std::move(details), at);
}

void Applier::refused(const JournalRow& row, const Error& error, const std::string& refusal, Instant at) {
  Store& store = context_.store;
  const Change& c = row.change;
  const std::string code = refusal == "write-refused" && c.action == Action::disable ? "disable-refused" : refusal;
  store.forget_change(row.seq);
  ++counts_.failed;
  const std::string subject = row.person  ? person_subject(row.person)
                              : row.entry ? entry_subject(row.entry)
                                          : group_subject(row.group);
  std::vector<ProblemRow> problems = store.problems(subject);
  ProblemRow p{
      c.person.rep(), c.dn.str(),
      code,           std::string(to_string(c.action)) + (c.attribute.empty() ? "" : " " + c.attribute) + ": " + error.text(),
      c.because.rule, c.attribute.empty() ? c.group.str() : c.attribute,
      false,          {}};
  std::erase_if(problems, [&](const ProblemRow& old) { return old.code == p.code && old.attribute == p.attribute; });
  problems.push_back(p);
  set_problems(context_, subject, problems, at);
  const auto person = row.person ? store.person_by_row(row.person) : std::nullopt;
  const int attempts = person ? person->attempts : 0;
  if (c.action == Action::disable) alarm(row, p, attempts + 1, at);
  if (!person) return;
  const Instant again = at + retry_pause(attempts, c.action);
  const bool is_sooner = person->retry_at && *person->retry_at > at && *person->retry_at < again;
  store.set_attempts(row.person, attempts + 1, is_sooner ? *person->retry_at : again);
}

void Applier::deferred(const JournalRow& row, bool last_round, Instant at) {
  ++counts_.deferred;
  if (last_round) {
    refused(
        row,
        {Errc::refused,
         row.change.dn.str() + " is the last member of " + row.change.group.str() + ", and a group of this class is never empty",
         "declare <groups placeholder=\"...\"> or add another member"},
        "last-member", at);
    return;
  }
  context_.store.forget_change(row.seq);
  wake(row);
}

Status Applier::conflicted(const JournalRow& row, Instant at) {
  ++counts_.conflicts;
  context_.store.forget_change(row.seq);
  MUSTER_TRY(row.group ? refresh_group(row.group, at) : refresh_entry(row, at));
  wake(row);
  return ok();
}

Result<std::optional<Entry>> Applier::look(const Change& c) {
  const auto& attributes = context_.streams.front().attributes;
  if (c.action == Action::create || c.entry == EntryId{}) return connection_.read(c.dn.str(), attributes);
  return connection_.read_by_id(c.entry, context_.directory().base.str(), attributes);
}

Status Applier::refresh_entry(const JournalRow& row, Instant at) {
  auto found = look(row.change);
  if (!found) return std::move(found).error();
  if (!*found) {
    if (row.entry) {
      const auto known = context_.store.entry_by_row(row.entry);
      if (known && !known->gone) mirror_.live(context_.streams[static_cast<std::size_t>(known->stream)], Gone{known->entry.id}, at);
    }
    return ok();
  }
  const Stream* stream = context_.stream_of((*found)->dn);
  if (stream) mirror_.live(*stream, Upsert{std::move(**found)}, at);
  return ok();
}

Status Applier::refresh_group(Row group, Instant at) {
  const auto known = context_.store.group_by_row(group);
  const Stream* stream = context_.groups();
  if (!known || !stream) return ok();
  auto found = connection_.read_by_id(known->uuid, stream->base.str(), stream->attributes);
  if (!found) return std::move(found).error();
  if (!*found) {
    mirror_.live(*stream, Gone{known->uuid}, at);
  } else {
    mirror_.live(*stream, Upsert{std::move(**found)}, at);
  }
  return ok();
}

}  // namespace muster
