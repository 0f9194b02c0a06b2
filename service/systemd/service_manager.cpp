#include "service/service_manager.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "service/command.h"
#include "service/paths.h"
#include "service/systemd/posix.h"
#include "service/systemd/unit_file.h"

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

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  return text;
}

/// A word of a unit file (systemd.service(5)): % and $ mean nothing in it.
std::string quoted(const std::string& word) {
  std::string out = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '%' || c == '$') out += c;
    out += c;
  }
  return out + "\"";
}

std::string unit_for(const std::string& program, const std::string& config) {
  std::string text = kUnitFile;
  const bool is_usual = config == default_config_file();
  const std::string option = is_usual ? "" : " --config " + quoted(config);
  for (const char* command : {" run", " check --offline"})
    text = replaced(text, std::string("/usr/bin/muster") + command + "\n", quoted(program) + command + option + "\n");
  if (is_usual) return text;
  text = replaced(text, "ConditionPathExists=" + default_config_file(), "ConditionPathExists=" + replaced(config, "%", "%%"));
  return replaced(text, "LoadCredential=secrets:/etc/muster/secrets",
                  "LoadCredential=secrets:" + replaced(fs::path(config).parent_path().string(), "%", "%%") + "/secrets");
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
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (failed) return Error{Errc::io, "this program's own path is not known: " + failed.message(), ""};
  // LoadCredential= wants it to be there.
  const fs::path secrets = fs::absolute(config).parent_path() / "secrets";
  fs::create_directories(secrets, failed);
  if (!failed && ::chmod(secrets.c_str(), S_IRWXU) != 0) return posix::failure("making " + secrets.string());
  if (failed) return Error{Errc::io, secrets.string() + " cannot be made: " + failed.message(), ""};
  MUSTER_TRY(write_unit(unit_for(program.string(), fs::absolute(config).string())));
  MUSTER_TRY(run({"/usr/bin/systemd-sysusers", "--inline", "u muster - \"muster, the JML agent\" /var/lib/muster"}));
  MUSTER_TRY(run({"/usr/bin/systemctl", "daemon-reload"}));
  return systemctl("enable");
}

Status ServiceManager::uninstall() {
  MUSTER_TRY(must_be_root());
  MUSTER_TRY(no_package("remove the package"));
  std::error_code failed;
  if (!fs::exists(kUnit, failed)) return Error{Errc::not_found, std::string("there is no ") + kUnit, ""};
  MUSTER_TRY(run({"/usr/bin/systemctl", "disable", "--now", "muster.service"}));
  if (!fs::remove(kUnit, failed)) return Error{Errc::io, std::string(kUnit) + " cannot be removed: " + failed.message(), ""};
  return run({"/usr/bin/systemctl", "daemon-reload"});
}

Status ServiceManager::start() { return systemctl("start"); }
Status ServiceManager::stop() { return systemctl("stop"); }

}  // namespace muster
