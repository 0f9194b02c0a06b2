// Applier: from journal rows to LDAP operations.
#include <algorithm>

#include "agent/applier.h"
#include "agent/trusted_clock.h"
#include "ldap/active_directory.h"
#include "mapping/grants.h"

namespace muster {

namespace {

bool is_membership(Action a) { return a == Action::add_member || a == Action::remove_member; }
bool combines(Action a) { return a == Action::set || a == Action::clear; }

std::string first_rdn(const Values& rdns, const Dn& dn) { return rdns.empty() ? dn.rdn() : rdns.front(); }

/// The values of `a` that `b` lacks under the rule.
Values without(Matching rule, const Values& a, const Values& b) {
  Values rest;
  for (const std::string& v : a) {
    if (std::none_of(b.begin(), b.end(), [&](const std::string& w) { return equal(rule, v, w); })) rest.push_back(v);
  }
  return rest;
}

}  // namespace

std::vector<Mod> Applier::value_mods(const Change& c) const {
  const Matching rule = context_.types.equality_of(c.attribute);
  std::vector<Mod> mods;
  // Old values by name: a concurrent write by somebody else fails this one instead of being overwritten.
  if (Values old = without(rule, c.from, c.to); !old.empty()) mods.push_back({Mod::Op::remove, c.attribute, std::move(old)});
  if (Values fresh = without(rule, c.to, c.from); !fresh.empty()) mods.push_back({Mod::Op::add, c.attribute, std::move(fresh)});
  if (mods.empty()) mods.push_back({Mod::Op::replace, c.attribute, c.to});
  return mods;
}

void Applier::fill_disable(Task& task, const EntryRow& row) {
  const Change& c = task.rows.front().change;
  if (auto effect = context_.accounts->in_force(connection_, row.entry); c.action == Action::disable && !effect) {
    task.verdict = std::move(effect).error();
    return;
  }
  if (context_.accounts->method() == AccountSettings::Method::move) {
    const Dn& away = context_.directory().disable.move_to;
    const Dn& home = context_.rules().joiner && context_.rules().joiner->create ? *context_.rules().joiner->create
                                                                                : context_.directory().people_base;
    task.op.op = RenameOp{row.entry.dn.rdn(), c.action == Action::disable ? away.str() : home.str()};
    return;
  }
  task.op.op = ModifyOp{c.action == Action::disable ? context_.accounts->disable(row.entry, system_now().utc)
                                                    : context_.accounts->enable(row.entry)};
}

void Applier::fill_entry_op(Task& task, const EntryRow& row) {
  const Change& c = task.rows.front().change;
  switch (c.action) {
    case Action::disable:
    case Action::enable: fill_disable(task, row); return;
    case Action::rename: task.op.op = RenameOp{first_rdn(c.to, row.entry.dn), std::nullopt}; return;
    case Action::move: task.op.op = RenameOp{row.entry.dn.rdn(), c.to.empty() ? std::nullopt : std::optional(c.to.front())}; return;
    case Action::remove: task.op.op = DeleteOp{}; return;
    case Action::expire: {
      std::optional<Instant> at;
      if (!c.to.empty()) at = parse_iso_time(c.to.front());
      if (!c.to.empty() && !at) at = parse_generalized_time(c.to.front());
      auto mods = context_.accounts->expire(row.entry, at);
      if (mods) {
        task.op.op = ModifyOp{std::move(*mods)};
      } else {
        task.verdict = std::move(mods).error();
      }
      return;
    }
    default: break;
  }
  ModifyOp modify;
  for (const JournalRow& r : task.rows) {
    for (Mod& m : value_mods(r.change)) modify.mods.push_back(std::move(m));
  }
  task.op.op = std::move(modify);
}

Applier::Task Applier::entry_task(std::vector<JournalRow> rows) {
  Task task;
  task.rows = std::move(rows);
  const JournalRow& first = task.rows.front();
  task.op.read_back = context_.streams.front().attributes;
  if (first.change.action == Action::create) {
    fill_create(task);
    return task;
  }
  const auto row = context_.store.entry_by_row(first.entry);
  if (!row || row->gone) {
    task.verdict = Error{Errc::conflict, "the entry " + first.change.dn.str() + " is gone", ""};
    return task;
  }
  task.op.dn = row->entry.dn.str();
  task.op.id = row->entry.id;
  fill_entry_op(task, *row);
  if (std::holds_alternative<DeleteOp>(task.op.op)) task.op.read_back.clear();
  return task;
}

/// What was given for a time ends in the directory also while no agent runs.
std::string Applier::with_end(std::string value, const Change& change) const {
  const auto grant = context_.store.access_grant(grant_number(change.because.cause));
  if (!grant || !grant->until || value.empty()) return value;
  const auto left = std::chrono::ceil<std::chrono::seconds>(*grant->until - trusted_now(context_.store));
  return active_directory::with_time_to_live(value, std::max(left, std::chrono::seconds(1)));
}

Applier::Task Applier::group_task(std::vector<JournalRow> rows) {
  Task task;
  task.rows = std::move(rows);
  const auto group = context_.store.group_by_row(task.rows.front().group);
  if (!group || group->gone) {
    task.verdict = Error{Errc::conflict, "the group " + task.rows.front().change.group.str() + " is gone", ""};
    return task;
  }
  const bool adds = task.rows.front().change.action == Action::add_member;
  Values values;
  for (const JournalRow& r : task.rows) {
    const auto row = r.entry ? context_.store.entry_by_row(r.entry) : std::nullopt;
    std::string value = row                     ? member_value(group->kind, row->entry)
                        : r.change.from.empty() ? r.change.dn.str()
                                                : r.change.from.front();
    if (!row && value.starts_with("uid:")) value = value.substr(4);
    if (adds && context_.server.link_ttl) value = with_end(std::move(value), r.change);
    values.push_back(std::move(value));
  }
  if (std::any_of(values.begin(), values.end(), [](const std::string& v) { return v.empty(); })) {
    task.verdict =
        Error{Errc::refused,
              task.rows.front().change.dn.str() + " has no uid, so it cannot be a member of the posixGroup " + group->dn.str(),
              "give the entry a uid"};
    return task;
  }
  task.op.dn = group->dn.str();
  task.op.id = group->uuid;
  task.op.permissive = true;
  task.op.read_back = {"1.1"};
  ModifyOp modify{{{adds ? Mod::Op::add : Mod::Op::remove, member_attribute(group->kind), std::move(values)}}};
  const auto& placeholder = context_.directory().placeholder;
  const bool never_empty = needs_member(group->kind, context_);
  if (adds && group->placeholder && placeholder) {
    modify.mods.push_back({Mod::Op::remove, member_attribute(group->kind), {placeholder->str()}});
  } else if (!adds && never_empty && !group->placeholder && placeholder &&
             context_.store.count_members(group->id) <= task.rows.size()) {
    modify.mods.insert(modify.mods.begin(), {Mod::Op::add, member_attribute(group->kind), {placeholder->str()}});
  }
  task.op.op = std::move(modify);
  return task;
}

/// A groupOfNames never becomes empty: without a placeholder its last member stays until another one is there.
std::vector<Applier::Task> Applier::removal_tasks(std::vector<JournalRow> rows) {
  std::vector<Task> tasks;
  const auto group = context_.store.group_by_row(rows.front().group);
  const bool can_empty = !group || !needs_member(group->kind, context_) || group->placeholder || context_.directory().placeholder;
  if (!can_empty && context_.store.count_members(group->id) <= rows.size()) {
    Task last;
    last.rows.push_back(std::move(rows.back()));
    last.deferred = true;
    rows.pop_back();
    tasks.push_back(std::move(last));
  }
  if (!rows.empty()) tasks.push_back(group_task(std::move(rows)));
  return tasks;
}

std::vector<Applier::Task> Applier::tasks_of(std::vector<JournalRow> rows) {
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < rows.size();) {
    const Action action = rows[i].change.action;
    const bool member = is_membership(action);
    const std::size_t most = member ? std::max<std::size_t>(1, context_.directory().batch) : combines(action) ? rows.size() : 1;
    std::size_t end = i + 1;
    while (end < rows.size() && end - i < most && (member ? rows[end].group == rows[i].group : rows[end].entry == rows[i].entry))
      ++end;
    std::vector<JournalRow> part(std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(i)),
                                 std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(end)));
    i = end;
    if (action == Action::remove_member) {
      for (Task& t : removal_tasks(std::move(part))) tasks.push_back(std::move(t));
    } else {
      tasks.push_back(member ? group_task(std::move(part)) : entry_task(std::move(part)));
    }
  }
  return tasks;
}

}  // namespace muster
