#include "service/service_manager.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "service/command.h"
#include "service/systemd/posix.h"
#include "service/systemd/unit.h"

namespace muster {

namespace {

namespace fs = std::filesystem;

constexpr const char* kUnit = "/etc/systemd/system/muster.service";
constexpr std::array<const char*, 2> kOfPackages{"/usr/lib/systemd/system/muster.service", "/lib/systemd/system/muster.service"};

Status run(std::vector<std::string> words) {
  Command command;
  command.words = std::move(words);
  command.timeout = std::chrono::minutes(16);  // longer than the unit's TimeoutStartSec=
  Status done = run_command(command);
  if (done) return done;
  return std::move(done).error().within("journalctl -u muster says why");
}
Status systemctl(const std::string& verb) { return run({"/usr/bin/systemctl", verb, "muster.service"}); }

Status must_be_root() {
  if (geteuid() == 0) return ok();
  return Error{Errc::refused, "only root registers services", "run this as root"};
}

/// No file, or one that install_service() wrote.
Status must_be_ours() {
  std::error_code failed;
  if (!fs::exists(kUnit, failed)) return ok();
  std::ifstream file(kUnit);
  std::string line;
  if (std::getline(file, line) && line == kUnitMark) return ok();
  return Error{Errc::conflict, std::string(kUnit) + " was not written by muster service install",
               "move it away, if nobody needs it"};
}

Status no_package(const std::string& instead) {
  std::error_code failed;
  for (const char* path : kOfPackages) {
    if (fs::exists(path, failed))
      return Error{Errc::conflict, std::string("a package has registered the service: ") + path, instead};
  }
  return ok();
}

Status write_unit(const std::string& text) {
  std::ofstream file(kUnit, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return Error{Errc::io, std::string(kUnit) + " cannot be written", "is systemd installed?"};
  return ok();
}

}  // namespace

Status ServiceManager::install(const std::string& config) {
  MUSTER_TRY(must_be_root());
  MUSTER_TRY(no_package("systemctl enable --now muster"));
  std::error_code failed;
  MUSTER_TRY(must_be_ours());
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (failed) return Error{Errc::io, "this program's own path is not known: " + failed.message(), ""};
  auto unit = unit_for(program.string(), fs::absolute(config).lexically_normal().string());
  if (!unit) return std::move(unit).error();
  // LoadCredential= wants it to be there.
  const fs::path secrets = fs::absolute(config).parent_path() / "secrets";
  fs::create_directories(secrets, failed);
  if (!failed && ::chmod(secrets.c_str(), S_IRWXU) != 0) return posix::failure("making " + secrets.string());
  if (failed) return Error{Errc::io, secrets.string() + " cannot be made: " + failed.message(), ""};
  MUSTER_TRY(write_unit(*unit));
  MUSTER_TRY(run({"/usr/bin/systemd-sysusers", "--inline", "u muster - \"muster, the JML agent\" /var/lib/muster"}));
  MUSTER_TRY(run({"/usr/bin/systemctl", "daemon-reload"}));
  return systemctl("enable");
}

Status ServiceManager::uninstall() {
  MUSTER_TRY(must_be_root());
  std::error_code failed;
  if (!fs::exists(kUnit, failed)) {
    MUSTER_TRY(no_package("remove the package"));
    return Error{Errc::not_found, std::string("there is no ") + kUnit, ""};
  }
  MUSTER_TRY(must_be_ours());
  MUSTER_TRY(run({"/usr/bin/systemctl", "disable", "--now", "muster.service"}));
  if (!fs::remove(kUnit, failed)) return Error{Errc::io, std::string(kUnit) + " cannot be removed: " + failed.message(), ""};
  return run({"/usr/bin/systemctl", "daemon-reload"});
}

Status ServiceManager::remove_user() {
  MUSTER_TRY(must_be_root());
  if (!getpwnam("muster")) return ok();
  return run({"/usr/sbin/userdel", "muster"});
}

Status ServiceManager::start() {
  MUSTER_TRY(systemctl("start"));
  // A condition that is not met is no error to systemctl.
  if (run({"/usr/bin/systemctl", "is-active", "--quiet", "muster.service"})) return ok();
  return Error{Errc::io, "the service was not started, for its configuration is not there",
               "`systemctl cat muster` names it after ConditionPathExists="};
}
Status ServiceManager::stop() { return systemctl("stop"); }

}  // namespace muster
