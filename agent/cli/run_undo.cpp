// muster undo.
#include <iostream>

#include "agent/cli/session.h"
#include "agent/cli/table.h"
#include "agent/control.h"
#include "agent/guarded.h"
#include "agent/report.h"
#include "agent/undo.h"
#include "agent/upstream/file_sink.h"
#include "service/process_lock.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr std::size_t kRunsShown = 20;

std::string joined_words(const json& words, const std::string& separator) {
  std::string text;
  for (const json& w : words) text += (text.empty() ? "" : separator) + w.get<std::string>();
  return text;
}

std::string counted(const json& actions) {
  std::string text;
  for (const auto& [action, count] : actions.items()) text += (text.empty() ? "" : ", ") + count.dump() + " " + action;
  return text;
}

int list_runs(Session& session) {
  return with_state(session, [&](Store& store) {
    const json report = runs_report(store, kRunsShown);
    if (session.json()) {
      print_json(report);
      return static_cast<int>(kDone);
    }
    Table table({{"run"}, {"began"}, {"changes"}, {"people", Table::Column::Align::right}, {"by"}}, "Nothing was changed yet.");
    for (const json& r : report["runs"]) {
      table.add({r["run"].get<std::string>().substr(0, 8), r["began"].get<std::string>(), counted(r["changes"]), r["people"].dump(),
                 joined_words(r["by"], "; ")});
    }
    std::cout << table.render(session.out, session.out_terminal.columns);
    return static_cast<int>(kDone);
  });
}

void print_left(const Session& session, const json& left) {
  if (left.empty()) return;
  std::cout << "\n" << session.out.paint(Tone::heading, "Not taken back") << "\n";
  Table table({{"person"}, {"action"}, {"what"}, {"why not"}}, "");
  for (const json& c : left) {
    const std::string person = c["person"];
    const std::string what = c.contains("group") ? c["group"] : c.contains("attribute") ? c["attribute"] : c["dn"];
    table.add({person.empty() ? c["dn"].get<std::string>() : person,
               c["action"].get<std::string>(),
               what,
               {c["why"].get<std::string>(), Tone::warning}});
  }
  std::cout << table.render(session.out, session.out_terminal.columns);
}

void print_again(const Session& session, const json& report) {
  if (report["again"].empty()) return;
  std::cout << "\n"
            << session.out.paint(Tone::heading,
                                 "What the rules would do again, and what is rejected until they want something else")
            << "\n";
  print_changes(session, report["again"]);
}

/// `is_done`: not only shown.
int print_undo(const Session& session, const json& report, bool is_done) {
  const std::size_t n = report["changes"].size();
  if (session.json()) {
    print_json(report);
  } else {
    print_changes(session, report["changes"]);
    print_holds(session, report["holds"]);
    print_left(session, report["left"]);
    print_again(session, report);
    std::cout << "\nUndo of " << report["undo"].get<std::string>() << ": " << n << (n == 1 ? " change" : " changes") << ", "
              << report["as before"] << " as before already, " << report["left"].size() << " not taken back. ";
    if (is_done && report["holds"].empty())
      std::cout << report["applied"] << " applied, " << report["failed"] << " failed.\n";
    else
      std::cout << "Nothing was changed.\n";
  }
  if (!report["holds"].empty()) return kHeld;
  if (is_done) return report["failed"] == 0 ? kDone : kFailed;
  return n == 0 ? kDone : kChanges;
}

Result<UndoRequest> request_of(const Session& session) {
  UndoRequest request;
  request.run = session.call.argument(0);
  request.person = session.call.value("person");
  request.action = session.call.value("action");
  request.by = session.call.value("by");
  request.reason = session.call.value("reason");
  if (const std::string since = session.call.value("since"); !since.empty()) {
    request.since = parse_iso_time(since.size() == 10 ? since + "T00:00:00Z" : since);
    if (!request.since) return Error{Errc::config, "'" + since + "' is no time", "write 2026-11-23 or 2026-11-23T07:37:53Z (UTC)"};
  }
  const bool is_told = !request.by.empty() && !request.reason.empty();
  if (!session.call.has("dry-run") && !is_told)
    return Error{Errc::config, "an undo needs --by NAME and --reason TEXT", "--dry-run shows what it would do"};
  return request;
}

/// Without a service. `dry`: on a private copy of the state.
Result<json> undo_alone(Session& session, const UndoRequest& request, bool dry) {
  std::unique_ptr<ProcessLock> lock;
  if (!dry) {
    auto taken = ProcessLock::take(session.config->settings.state_path + ".lock");
    if (!taken) return std::move(taken).error();
    lock = std::move(*taken);
  }
  auto engine = Engine::open(std::move(session.config), {session.call.config, dry, {}});
  if (!engine) return std::move(engine).error();
  if (!dry) MUSTER_TRY(learn_from_upstream(**engine));
  MUSTER_TRY((*engine)->connect());
  MUSTER_TRY((*engine)->read_directory());
  auto done = (*engine)->undo(request);
  if (dry) {
    if (!done) return std::move(done).error();
    return guarded([&]() -> Result<json> { return undo_report(*done); });
  }
  auto run = (*engine)->settle();
  const Status delivered = deliver_now(**engine);
  if (!done) return std::move(done).error();
  if (!run) return std::move(run).error();
  if (!delivered) return delivered.error();
  return guarded([&]() -> Result<json> { return undone_report(*done); });
}

}  // namespace

int run_undo(Session& session) {
  if (session.call.arguments.empty() && session.call.options.empty()) return list_runs(session);
  if (const auto code = load(session)) return *code;
  const auto request = request_of(session);
  if (!request) return fail(session, request.error());
  const bool dry = session.call.has("dry-run");
  json asked = undo_to_json(*request);
  asked["command"] = "undo";
  auto answer = dry ? undo_alone(session, *request, true) : ask_service(session.config->settings.state_path, asked);
  if (!dry && !answer && answer.error().what.find("no service listens") != std::string::npos)
    answer = undo_alone(session, *request, false);
  if (!answer) return fail(session, answer.error());
  return print_undo(session, *answer, !dry);
}

}  // namespace muster
