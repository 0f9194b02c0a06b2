// muster approve, muster reject.
#include "agent/cli/session.h"
#include "agent/control.h"
#include "agent/guarded.h"
#include "agent/report.h"
#include "agent/upstream/file_sink.h"

namespace muster {

using nlohmann::json;

namespace {

/// Without a service: the directory is read first, for the approval counts only for what would be done now.
Result<json> decide_alone(Session& session, bool approve, const Verdicts& verdict) {
  auto alone = work_alone(session);
  if (!alone) return std::move(alone).error();
  Engine& engine = *alone->engine;
  MUSTER_TRY(see_directory(engine));
  const std::string hold = session.call.argument(0);
  const Status decided = approve ? engine.approve(hold, verdict) : engine.reject(hold, verdict);
  auto run = engine.settle();
  const Status delivered = deliver_now(engine);
  if (!decided) return decided.error();
  if (!run) return std::move(run).error();
  if (!delivered) return delivered.error();
  return guarded([&]() -> Result<json> { return resync_report(engine.context().store, *run); });
}

}  // namespace

int run_decide(Session& session, bool approve) {
  if (const auto code = load(session)) return *code;
  const Verdicts verdict{session.call.value("by"), session.call.value("reason"), approve ? session.call.value("person") : ""};
  auto answer = ask_service(session.config->settings.state_path, {{"command", approve ? "approve" : "reject"},
                                                                  {"hold", session.call.argument(0)},
                                                                  {"by", verdict.by},
                                                                  {"reason", verdict.reason},
                                                                  {"person", verdict.person}});
  if (!answer && answer.error().what.find("no service listens") != std::string::npos)
    answer = decide_alone(session, approve, verdict);
  if (!answer) return fail(session, answer.error());
  return finish_run(session, *answer);
}

}  // namespace muster
