// muster plan, muster resync.
#include <algorithm>
#include <chrono>
#include <iostream>

#include "agent/cli/progress.h"
#include "agent/cli/session.h"
#include "agent/cli/table.h"
#include "agent/control.h"
#include "agent/guarded.h"
#include "agent/report.h"
#include "agent/upstream/file_sink.h"
#include "agent/upstream/poller.h"
#include "service/process_lock.h"

namespace muster {

using nlohmann::json;

namespace {

/// Reads feed and directory and marks whom to look at. With a feed that is refused, what HR said before stays in force: the report
/// tells.
Status prepare(Engine& engine, const Invocation& call, bool everybody) {
  MUSTER_TRY(engine.connect());
  Status fed = engine.read_feed(call.has("full"));
  MUSTER_TRY(engine.read_directory());
  if (!fed && !engine.ready()) return fed;
  if (!fed) std::cerr << "muster: " << fed.error().what << "; what HR said before stays in force\n";
  MUSTER_TRY(engine.retry_now());
  if (everybody) MUSTER_TRY(engine.everybody());
  for (const std::string& person : call.values("person")) MUSTER_TRY(engine.only(person));
  return ok();
}

int plan_now(Session& session) {
  const auto on = day_of(session.call);
  if (!on) return fail(session, on.error());
  ProgressBar progress(std::cerr, session.err_terminal, session.err);
  auto engine = Engine::open(
      std::move(session.config),
      {session.call.config, true,
       [&](const std::string& what, std::size_t done, std::size_t total) { progress.update(what, done, total); }, "", *on});
  if (!engine) return fail(session, engine.error());
  Status ready = prepare(**engine, session.call, true);
  auto run = ready ? (*engine)->settle() : Result<RunReport>(ready.error());
  progress.hide();
  if (!run) return fail(session, run.error());
  auto report = guarded([&]() -> Result<json> { return plan_report((*engine)->context()); });
  if (!report) return fail(session, report.error());
  if (*on) (*report)["on"] = iso_date(**on);
  return print_plan(session, only_people(*report, session.call.values("person")));
}

int resync_alone(Session& session) {
  auto lock = ProcessLock::take(session.config->settings.state_path + ".lock");
  if (!lock) return fail(session, lock.error());
  const Instant begun = system_now().utc;
  ProgressBar progress(std::cerr, session.err_terminal, session.err);
  auto engine = Engine::open(std::move(session.config),
                             {session.call.config, false, [&](const std::string& what, std::size_t done, std::size_t total) {
                                progress.update(what, done, total);
                              }});
  if (!engine) return fail(session, engine.error());
  Status ready = learn_from_upstream(**engine);
  if (const Status polled = ready ? poll_now(**engine) : ok(); !polled)
    std::cerr << "muster: " << polled.error().text() << "; commands stay with upstream\n";
  if (ready) ready = prepare(**engine, session.call, session.call.has("full"));
  (*engine)->directory_trouble(ready || ready.error().code == Errc::not_found ? std::nullopt : std::optional(ready.error()));
  auto run = ready ? (*engine)->settle() : Result<RunReport>(ready.error());
  if (run) run->seconds = std::chrono::duration<double>(system_now().utc - begun).count();
  const Status reported = run && session.call.has("full") ? (*engine)->reconciled(*run, begun) : ok();
  const Status delivered = deliver_now(**engine);
  progress.hide();
  if (!run) return fail(session, run.error());
  if (!reported) return fail(session, reported.error());
  const auto report = guarded([&]() -> Result<json> { return resync_report((*engine)->context().store, *run); });
  if (!report) return fail(session, report.error());
  const int code = finish_run(session, *report);
  if (!delivered) return fail(session, delivered.error());
  return code;
}

}  // namespace

Result<std::optional<Day>> day_of(const Invocation& call) {
  const std::string text = call.value("on");
  if (!call.has("on")) return std::optional<Day>();
  std::string digits = text;
  digits.erase(std::remove(digits.begin(), digits.end(), '-'), digits.end());
  const auto day = parse_compact_date(digits);
  if (!day || iso_date(*day) != text) {
    return Error{Errc::config, "--on: '" + text + "' is no day of the form 2027-01-15", "days are written year-month-day"};
  }
  if (*day < system_now().today) {
    return Error{Errc::config, "--on: " + text + " is over, and a plan is made for what is to come",
                 "muster audit export says what was done then"};
  }
  return day;
}

json only_people(json report, const std::vector<std::string>& people) {
  if (people.empty()) return report;
  const auto keep = [&](json& items) {
    json kept = json::array();
    for (json& item : items) {
      if (std::find(people.begin(), people.end(), item.value("person", "")) != people.end()) kept.push_back(std::move(item));
    }
    items = std::move(kept);
  };
  keep(report["changes"]);
  keep(report["problems"]);
  for (json& h : report["holds"]) keep(h["changes"]);
  return report;
}

int print_plan(const Session& session, const json& report) {
  if (session.json()) {
    print_json(report);
  } else {
    print_changes(session, report["changes"]);
    print_holds(session, report["holds"]);
    for (const json& h : report["holds"]) {
      std::cout << "\n" << session.out.paint(Tone::heading, "Held: " + h["kind"].get<std::string>()) << "\n";
      print_changes(session, h["changes"]);
    }
    print_problems(session, report["problems"]);
    const std::size_t n = report["changes"].size();
    if (report.contains("on")) std::cout << "\nAs of the end of " << report["on"].get<std::string>() << ".";
    std::cout << "\n"
              << report["people"] << " people: " << n << (n == 1 ? " change" : " changes")
              << (report["holds"].empty() ? "" : ", others on hold") << ". Nothing was changed.\n";
  }
  if (!report["holds"].empty()) return kHeld;
  return report["changes"].empty() ? kDone : kChanges;
}

int run_plan(Session& session) {
  if (const auto code = load(session)) return *code;
  if (const auto code = compare_plans(session)) return *code;
  return plan_now(session);
}

int run_resync(Session& session) {
  if (const auto code = load(session)) return *code;
  if (session.call.has("dry-run")) return plan_now(session);
  auto answer = ask_service(session.config->settings.state_path,
                            {{"command", "resync"}, {"full", session.call.has("full")}, {"people", session.call.values("person")}});
  if (answer) return finish_run(session, *answer);
  if (answer.error().code != Errc::not_found || answer.error().what.find("no service listens") == std::string::npos)
    return fail(session, answer.error());
  return resync_alone(session);
}

}  // namespace muster
