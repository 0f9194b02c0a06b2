// muster service install, uninstall, start, stop; muster log-level.
#include <iostream>

#include "agent/cli/session.h"
#include "agent/control.h"
#include "service/service_manager.h"

namespace muster {

namespace {

int finish(const Session& session, const Status& done, const std::string& what) {
  if (!done) return fail(session, done.error());
  if (session.json())
    print_json({{"service", what}});
  else
    std::cout << "the service is " << what << "\n";
  return kDone;
}

}  // namespace

int run_service_install(Session& session) {
  // What is registered starts with the machine, so it must be right.
  if (const auto code = load(session)) return *code;
  return finish(session, install_service(session.call.config), "installed");
}
int run_service_uninstall(Session& session) { return finish(session, uninstall_service(), "uninstalled"); }
int run_service_start(Session& session) { return finish(session, start_service(), "started"); }
int run_service_stop(Session& session) { return finish(session, stop_service(), "stopped"); }

int run_log_level(Session& session) {
  if (const auto code = load(session)) return *code;
  auto answer = ask_service(session.config->settings.state_path, {{"command", "log-level"}, {"level", session.call.argument(0)}});
  if (!answer) return fail(session, answer.error());
  if (session.json())
    print_json(*answer);
  else
    std::cout << "the service logs " << (*answer)["level"].get<std::string>() << " and above, until it starts again\n";
  return kDone;
}

}  // namespace muster
