// What every command has at hand.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "agent/cli/options.h"
#include "agent/cli/style.h"
#include "agent/cli/table.h"
#include "agent/engine.h"
#include "mapping/loader.h"
#include "service/process_lock.h"

namespace muster {

/// cli.md's exit codes.
enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2, kChanges = 3, kHeld = 4, kUnreachable = 5 };

struct Session {
  const Invocation& call;
  Terminal out_terminal, err_terminal;
  Style out, err;
  std::unique_ptr<Config> config;

  bool json() const { return call.output == Invocation::Output::json; }
};

/// Says an error on standard error and gives its exit code.
int fail(const Session& session, const Error& error);
/// Loads the configuration into the session; prints every complaint. An exit code when it cannot be used.
std::optional<int> load(Session& session);
/// The engine of a command that works without a service, and what keeps others out meanwhile.
struct Alone {
  std::unique_ptr<ProcessLock> lock;
  std::unique_ptr<Engine> engine;
};
/// Takes the session's configuration, and learns what was told upstream before. Nothing is read from the directory yet.
Result<Alone> work_alone(Session& session);
/// Connects, and reads the directory: what is decided counts for what is there now.
Status see_directory(Engine& engine);
/// Prints one JSON document.
void print_json(const nlohmann::json& document);
/// The state file for reading; Errc::not_found before the first resync.
Result<Store> open_state(const Session& session);
/// `work` with exceptions of the store turned into an exit code.
int with_state(Session& session, const std::function<int(Store&)>& work);

int run_check(Session& session);
int run_init(Session& session);
int run_plan(Session& session);
int run_resync(Session& session);
int run_service(Session& session);
int run_status(Session& session);
int run_holds(Session& session);
int run_decide(Session& session, bool approve);
int run_grant(Session& session);
int run_revoke(Session& session);
int run_grants(Session& session);
int run_disable(Session& session);
int run_enable(Session& session);
int run_rehire(Session& session);
int run_undo(Session& session);
int run_why(Session& session);
int run_who(Session& session);
int run_review(Session& session);
int run_review_import(Session& session);
int run_problems(Session& session);
int run_owners(Session& session);
int run_keys(Session& session);
int run_upstream(Session& session);
int run_upstream_retry(Session& session);
int run_upstream_forget(Session& session);
int run_keys_new(Session& session);
int run_secret_set(Session& session);
int run_service_install(Session& session);
int run_service_uninstall(Session& session);
int run_service_start(Session& session);
int run_service_stop(Session& session);
int run_log_level(Session& session);
int run_support_bundle(Session& session);
int run_audit_verify(Session& session);
int run_audit_export(Session& session);

/// The day of --on, "2027-01-15", which is not over yet.
Result<std::optional<Day>> day_of(const Invocation& call);
/// What other rules or another feed would change (run_compare.cpp). None: there is nothing to compare with.
std::optional<int> compare_plans(Session& session);
/// The changes and problems of these people; of everybody where none is named.
nlohmann::json only_people(nlohmann::json report, const std::vector<std::string>& people);
/// Prints a plan, gives the exit code.
int print_plan(const Session& session, const nlohmann::json& report);
/// What a change is about, in one cell, and its action in the colour of its weight.
std::string object_of(const nlohmann::json& change);
Cell action_cell(const nlohmann::json& change);
/// Shared by plan, resync and approve: changes, holds and problems for people.
void print_changes(const Session& session, const nlohmann::json& changes);
void print_holds(const Session& session, const nlohmann::json& holds);
void print_problems(const Session& session, const nlohmann::json& problems);
/// The end of a resync or an approval: prints the report, gives the exit code.
int finish_run(const Session& session, const nlohmann::json& report);

}  // namespace muster
