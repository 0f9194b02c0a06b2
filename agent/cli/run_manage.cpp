// muster service ..., muster secret set, muster log-level.
#include <filesystem>
#include <iostream>

#include "agent/cli/session.h"
#include "agent/control.h"
#include "service/console.h"
#include "service/paths.h"
#include "service/secret_store.h"
#include "service/service_manager.h"

namespace muster {

namespace {

int said(const Session& session, const Status& done, const std::string& sentence) {
  if (!done) return fail(session, done.error());
  if (session.json())
    print_json({{"done", sentence}});
  else
    std::cout << sentence << "\n";
  return kDone;
}

std::string absolute(const std::string& path) {
  std::error_code failed;
  const auto full = std::filesystem::absolute(path, failed);
  return failed ? path : full.string();
}

bool is_default(const std::string& config) { return absolute(config) == absolute(default_config_file()); }

/// What the service had: its configuration with the secrets, its state, its log. A folder of somebody's own is left alone.
Status purge(const std::string& its_config) {
  const Status gone = ServiceManager::uninstall();
  if (!gone && gone.error().code != Errc::not_found) return gone;
  const std::string config = std::filesystem::path(default_config_file()).parent_path().string();
  for (const std::string& folder :
       {is_default(its_config) ? config : "", default_state_folder(), default_run_folder(), default_log_folder()}) {
    std::error_code failed;
    if (!folder.empty()) std::filesystem::remove_all(folder, failed);
    if (failed) return Error{Errc::io, "deleting " + folder + ": " + failed.message(), "delete it by hand"};
  }
  return ServiceManager::remove_user();
}

}  // namespace

int run_service_install(Session& session) {
  const std::string config = absolute(session.call.config);
  return said(session, ServiceManager::install(config),
              "muster is registered as a service with " + config + "; start it: muster service start");
}

int run_service_uninstall(Session& session) {
  const std::string& config = session.call.config;
  if (session.call.has("purge"))
    return said(
        session, purge(config),
        "muster is no service any more, and nothing of it is left" + (is_default(config) ? "" : " but " + absolute(config)));
  return said(session, ServiceManager::uninstall(), "muster is no service any more; its configuration and state are kept");
}

int run_service_start(Session& session) { return said(session, ServiceManager::start(), "the service runs"); }

int run_service_stop(Session& session) { return said(session, ServiceManager::stop(), "the service has ended"); }

int run_secret_set(Session& session) {
  auto line = read_hidden_line("secret " + session.call.argument(0) + ": ");
  if (line && line->ends_with('\r')) line->pop_back();
  if (!line || line->empty())
    return fail(session,
                {Errc::config, "no secret was given", "type it, or let another program write it to standard input, in one line"});
  const std::string folder = std::filesystem::path(absolute(session.call.config)).parent_path().string();
  auto path = store_secret(session.call.argument(0), folder, Secret(std::move(*line)));
  return said(session, path ? ok() : Status(path.error()),
              "stored in " + (path ? *path : std::string()) + "; a service that runs reads it when it starts again");
}

int run_log_level(Session& session) {
  if (const auto code = load(session)) return *code;
  auto answer = ask_service(session.config->settings.state_path, {{"command", "log-level"}, {"level", session.call.argument(0)}});
  if (!answer) return fail(session, answer.error());
  return said(session, ok(), "the service logs " + (*answer)["level"].get<std::string>() + " and above, until it starts again");
}

}  // namespace muster
