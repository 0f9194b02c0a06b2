// Carries planned changes out: intent first, then the directory, then the record of it.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/context.h"
#include "agent/mirror.h"
#include "ldap/connection.h"
#include "schema/calendar.h"

namespace muster {

/// Runs what the gate left in the journal, action by action (a leaver's disable before everything else of everybody). Engine thread
/// only.
class Applier {
 public:
  /// `progress` hears between two batches how many changes were applied.
  Applier(Context& context, Connection& connection, std::function<void(std::size_t applied)> progress = {})
      : context_(context), connection_(connection), mirror_(context), progress_(std::move(progress)) {}

  struct Counts {
    std::size_t applied = 0, failed = 0, conflicts = 0, deferred = 0;
    bool any() const { return applied + conflicts + deferred > 0; }
  };
  /// Errc::unreachable: the directory went away; open intents stay for recover(). Other refusals are recorded with their person and
  /// never stop the others. `last_round`: what was deferred becomes a problem.
  Result<Counts> run(bool last_round);

  /// Settles intents that a crash or a broken connection left open, by reading the directory.
  Result<Counts> recover();

 private:
  /// One LDAP operation and the journal rows that it carries out.
  struct Task {
    std::vector<JournalRow> rows;
    WriteOp op;
    Status verdict = ok();  ///< refused before anything was sent
    bool deferred = false;
    Secret password = {};   ///< that `op` sets; in memory only
    std::string told = {};  ///< the encrypted password, for upstream
  };
  Status run_action(Action action, bool last_round);
  Status run_batch(std::vector<JournalRow> rows, bool last_round);
  Status send(std::vector<Task> tasks, bool last_round);
  std::vector<Task> tasks_of(std::vector<JournalRow> rows);
  Task entry_task(std::vector<JournalRow> rows);
  Task group_task(std::vector<JournalRow> rows);
  void fill_entry_op(Task& task, const EntryRow& row);
  void fill_disable(Task& task, const EntryRow& row);
  void fill_create(Task& task);
  std::string with_end(std::string value, const Change& change) const;
  Status fill_first_password(AddOp& add) const;
  void fill_password(Task& task, const EntryRow& row);
  void hand_over_passwords(std::vector<Task>& tasks, std::vector<WriteOutcome>& outcomes);
  void tell_password(const Task& task, Instant at);
  std::vector<Mod> value_mods(const Change& change) const;
  std::vector<Task> removal_tasks(std::vector<JournalRow> rows);

  void begin(const std::vector<Task>& tasks);
  bool is_outdated(const Change& change, const WriteOutcome& outcome) const;
  Status settle(std::vector<Task>& tasks, std::vector<WriteOutcome>& outcomes, bool last_round, std::vector<Task>& again);
  void succeeded(const JournalRow& row, const std::optional<Entry>& after, Instant at);
  EntryId created_entry(const JournalRow& row);
  void succeeded_member(const JournalRow& row, Instant at);
  void succeeded_entry(const JournalRow& row, const std::optional<Entry>& after, Instant at);
  void refused(const JournalRow& row, const Error& error, const std::string& refusal, Instant at);
  void alarm(const JournalRow& row, const ProblemRow& problem, int attempts, Instant at);
  Status conflicted(const JournalRow& row, Instant at);
  void deferred(const JournalRow& row, bool last_round, Instant at);
  void wake(const JournalRow& row);
  Status refresh_entry(const JournalRow& row, Instant at);
  Status refresh_group(Row group, Instant at);
  Result<bool> already(const JournalRow& row, std::optional<Entry>& after);
  Result<std::optional<Entry>> look(const Change& change);

  Context& context_;
  Connection& connection_;
  Mirror mirror_;
  Counts counts_;
  std::function<void(std::size_t)> progress_;
};

}  // namespace muster
