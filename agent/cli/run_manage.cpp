// muster service ..., muster secret set.
#include <filesystem>
#include <iostream>

#include "agent/cli/session.h"
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

}  // namespace

int run_service_install(Session& session) {
  const std::string config = absolute(session.call.config);
  return said(session, ServiceManager::install(config),
              "muster is registered as a service with " + config + "; start it: muster service start");
}

int run_service_uninstall(Session& session) {
  return said(session, ServiceManager::uninstall(), "muster is no service any more; its configuration and state are kept");
}

int run_service_start(Session& session) { return said(session, ServiceManager::start(), "the service runs"); }

int run_service_stop(Session& session) { return said(session, ServiceManager::stop(), "the service has ended"); }

int run_secret_set(Session& session) {
  std::string value;
  if (!std::getline(std::cin, value))
    return fail(session, {Errc::config, "there is no secret on standard input", "write it there, in one line"});
  if (value.ends_with('\r')) value.pop_back();
  if (value.empty()) return fail(session, {Errc::config, "the secret is empty", "write it to standard input, in one line"});
  const std::string folder = std::filesystem::path(absolute(session.call.config)).parent_path().string();
  auto path = store_secret(session.call.argument(0), folder, Secret(std::move(value)));
  return said(session, path ? ok() : Status(path.error()), "stored in " + (path ? *path : std::string()));
}

}  // namespace muster
