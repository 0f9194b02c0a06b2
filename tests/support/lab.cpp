#include "tests/support/lab.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>

namespace muster::test {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

namespace {

const std::string kSource = MUSTER_SOURCE_DIR;
/// Another program than the one that was built with the tests: the one for Windows, say.
const std::string kMuster = std::getenv("MUSTER_PROGRAM") ? std::getenv("MUSTER_PROGRAM") : MUSTER_BINARY;

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;  // the quotes stay: a cell is written back as it was read
  for (const char c : line) {
    quoted ^= c == '"';
    if (c == ',' && !quoted)
      cells.emplace_back();
    else
      cells.back().push_back(c);
  }
  return cells;
}

std::string decode64(const std::string& text) {
  const auto digit = [](char c) { return std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c); };
  std::string bytes;
  unsigned bits = 0, value = 0;
  for (const char c : text) {
    if (digit(c) == std::string::npos) break;
    value = value << 6 | static_cast<unsigned>(digit(c));
    if (bits += 6; bits >= 8) bytes.push_back(static_cast<char>(value >> (bits -= 8) & 0xff));
  }
  return bytes;
}

/// "name: value" or "name:: base64".
std::optional<std::pair<std::string, std::string>> ldif_line(const std::string& line) {
  const auto colon = line.find(':');
  if (colon == std::string::npos || colon + 1 >= line.size()) return std::nullopt;
  std::string name = line.substr(0, colon);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool encoded = line[colon + 1] == ':';
  const std::string value = line.substr(std::min(colon + (encoded ? 3 : 2), line.size()));
  return std::pair(std::move(name), encoded ? decode64(value) : value);
}

}  // namespace

const std::string& muster_binary() { return kMuster; }

LabServer::LabServer(std::string script, Environment wishes) : script_(std::move(script)), wishes_(std::move(wishes)) {
  lab("up");
  for (const std::string& line : lines_of(read_file(folder_ / "env"))) {
    const auto equals = line.find('=');
    if (equals != std::string::npos) values_[line.substr(0, equals)] = line.substr(equals + 1);
  }
}
LabServer::~LabServer() {
  thaw();
  run({kSource + "/tests/lab/" + script_, "down", folder_.str()});
}

void LabServer::lab(const std::string& command) const {
  const Finished done = run({kSource + "/tests/lab/" + script_, command, folder_.str()}, "", wishes_);
  REQUIRE_MESSAGE(done.code == 0, done.err);
}
void Slapd::restrict_to(const std::string& rules) {
  constexpr const char* kBegin = "# restricted\n";
  const std::string path = folder_ / "slapd/slapd.conf";
  std::string text = read_file(path);
  const auto begin = text.find(kBegin);
  if (begin != std::string::npos) text.erase(begin, text.find("# end\n", begin) + 6 - begin);
  stop();
  const auto at = text.find("limits dn.exact=");
  REQUIRE(at != std::string::npos);
  if (!rules.empty()) text.insert(at, kBegin + rules + "\n# end\n");
  write_file(path, text);
  start();
}
void LabServer::back_up() {
  stop();
  REQUIRE(run({"cp", "-a", "--sparse=always", folder_ / script_, folder_ / "backup"}).code == 0);
  start();
}
void LabServer::restore() {
  kill();
  std::filesystem::remove_all(folder_ / script_);
  std::filesystem::rename(folder_ / "backup", folder_ / script_);
  start();
}
void LabServer::stop() { lab("stop"); }
void LabServer::start() { lab("start"); }
void LabServer::kill() { lab("kill"); }

namespace {

/// The server's processes: its own, and those that it forked for connections.
std::vector<pid_t> processes_of(const std::string& pid_file) {
  const std::string text = read_file(pid_file);
  if (text.empty()) return {};
  std::vector<pid_t> pids{std::stoi(text)};
  std::istringstream children(run({"pgrep", "-g", std::to_string(pids.front())}).out);
  for (pid_t pid = 0; children >> pid;) {
    if (pid != pids.front()) pids.push_back(pid);
  }
  return pids;
}

bool is_stopped(pid_t pid) { return read_file("/proc/" + std::to_string(pid) + "/stat").find(") T ") != std::string::npos; }

}  // namespace

void LabServer::freeze() {
  for (const pid_t pid : processes_of(folder_ / (script_ + "/pid"))) {
    ::kill(pid, SIGSTOP);
    REQUIRE(wait_until([&] { return is_stopped(pid); }));
  }
}
void LabServer::thaw() {
  for (const pid_t pid : processes_of(folder_ / (script_ + "/pid"))) ::kill(pid, SIGCONT);
}

int LabServer::modify(const std::string& ldif, std::string* complaint) const {
  const Finished done = run({"ldapmodify", "-x", "-H", url(), "-D", value("ADMIN_DN"), "-w", value("ADMIN_PASSWORD")}, ldif);
  if (complaint) *complaint = done.err;
  return done.code;
}

std::string LabServer::search(const std::string& base, const std::string& filter, const std::vector<std::string>& attributes,
                              const std::string& scope) const {
  std::vector<std::string> command{
      "ldapsearch", "-x", "-LLL", "-o",  "ldif-wrap=no", "-H", url(), "-D", value("ADMIN_DN"), "-w", value("ADMIN_PASSWORD"),
      "-b",         base, "-s",   scope, filter};
  command.insert(command.end(), attributes.begin(), attributes.end());
  return run(command).out;
}

std::vector<LabServer::Found> LabServer::entries(const std::string& base, const std::string& filter,
                                                 const std::vector<std::string>& attributes) const {
  std::vector<Found> all;
  for (const std::string& line : lines_of(search(base, filter, attributes))) {
    const auto read = ldif_line(line);
    if (!read) continue;
    if (read->first == "dn") all.emplace_back();
    if (!all.empty()) all.back()[read->first].push_back(read->second);
  }
  return all;
}

std::vector<std::string> LabServer::values(const std::string& dn, const std::string& attribute) const {
  std::vector<std::string> found;
  for (const std::string& line : lines_of(search(dn, "(objectClass=*)", {attribute}, "base"))) {
    if (auto read = ldif_line(line); read && line.starts_with(attribute + ":")) found.push_back(std::move(read->second));
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool LabServer::can_bind(const std::string& dn, const std::string& password) const {
  // Samba does not know "Who am I?" (RFC 4532).
  return run({"ldapsearch", "-x", "-H", url(), "-D", dn, "-w", password, "-b", "", "-s", "base", "1.1"}).code == 0;
}

Company::Company(Options options) {
  std::vector<std::string> command{kSource + "/tests/support/company",
                                   "--out",
                                   folder_.str(),
                                   "--people",
                                   std::to_string(options.people),
                                   "--mode",
                                   options.mode,
                                   "--url",
                                   "ldap://lab.invalid"};
  if (options.over_limits) command.push_back("--over-limits");
  const Finished made = run(command);
  REQUIRE_MESSAGE(made.code == 0, made.err);
  Environment wishes = options.slapd;
  wishes["LOAD"] = folder_ / "directory.ldif";
  slapd_ = std::make_unique<Slapd>(wishes);
  replace_text(config(), "ldap://lab.invalid", slapd_->url());
  if (options.edit) options.edit(folder_.str());
}

Finished Installed::muster_with(const std::string& config, const std::vector<std::string>& arguments, const std::string& input,
                                const Environment& environment) {
  std::vector<std::string> command{kMuster, "--config", config};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(command, input, environment);
}

Finished Installed::muster(const std::vector<std::string>& arguments, const Environment& environment) const {
  return muster_with(config(), arguments, "", environment);
}

nlohmann::json Installed::json(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"--output", "json"});
  const Finished done = muster(arguments);
  auto document = nlohmann::json::parse(done.out, nullptr, false);
  REQUIRE_MESSAGE(!document.is_discarded(), (done.out + done.err + "(code " + std::to_string(done.code) + ")"));
  return document;
}

std::string Installed::server_in_use() const {
  const nlohmann::json status = json({"status"});
  const auto at = nlohmann::json::json_pointer("/live/directory/url");
  return status.contains(at) ? status[at].get<std::string>() : std::string();
}

bool Installed::is_ready() const {
  const auto status = json({"status"});
  return status.contains("live") && status["live"].value("ready", false);
}

std::unique_ptr<Process> Installed::service(const Environment& environment) const {
  auto process =
      std::make_unique<Process>(std::vector<std::string>{kMuster, "--config", config(), "run"}, file("service.log"), environment);
  const bool ready = wait_until([&] { return !process->running() || (access(file("state.db").c_str(), R_OK) == 0 && is_ready()); },
                                std::chrono::seconds(90));
  REQUIRE_MESSAGE((ready && process->running()), read_file(file("service.log")));
  return process;
}

std::vector<std::vector<std::string>> Company::rows() const {
  std::vector<std::vector<std::string>> all;
  for (const std::string& line : lines_of(read_file(file("feed/hr.csv")))) all.push_back(split(line));
  return all;
}

void Company::write_rows(const std::vector<std::vector<std::string>>& all) const {
  std::string text;
  for (const auto& row : all) {
    for (std::size_t i = 0; i < row.size(); ++i) text += (i ? "," : "") + row[i];
    text += "\n";
  }
  replace_file(file("feed/hr.csv"), text);
}

void Company::edit_person(const std::string& key, const std::function<void(std::vector<std::string>&)>& edit) const {
  auto all = rows();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& r) { return r.front() == key; });
  REQUIRE(found != all.end());
  edit(*found);
  if (found->empty()) all.erase(found);
  write_rows(all);
}

void Company::remove_person(const std::string& key) const {
  edit_person(key, [](auto& cells) { cells.clear(); });
}

std::vector<std::string> Company::people() const {
  std::vector<std::string> keys;
  for (const auto& r : rows()) keys.push_back(r.front());
  keys.erase(keys.begin());
  return keys;
}

std::string Company::cell(const std::string& key, const std::string& column) const {
  const auto all = rows();
  const auto& header = all.front();
  const auto at = std::find(header.begin(), header.end(), column) - header.begin();
  for (const auto& r : all) {
    if (r.front() == key) return r.at(static_cast<std::size_t>(at));
  }
  return {};
}

std::string Company::dn_of(const std::string& key) const {
  const std::string mail = cell(key, "Work Email");
  return "uid=" + mail.substr(0, mail.find('@')) + ",ou=people,dc=example,dc=com";
}

std::string Company::group(const std::string& name) const {
  const bool top = name == "vpn" || name == "crm-users" || name == "unix-developers" || name == "directory-admins";
  return "cn=" + name + (top ? "" : ",ou=birthright") + ",ou=groups,dc=example,dc=com";
}

std::string Company::employee(const std::string& department, std::size_t nth) const {
  for (const std::string& key : people()) {
    const bool fits = cell(key, "Status") == "Active" && cell(key, "Worker Type") == "Employee" &&
                      cell(key, "Department") == department && cell(key, "Hire Date") < "2026-01-01" &&
                      cell(key, "Termination Date").empty();
    if (fits && nth-- == 0) return key;
  }
  FAIL("nobody of that kind");
  return {};
}

bool Company::is_member(const std::string& group_name, const std::string& dn) const {
  const auto members = slapd_->values(group(group_name), "member");
  return std::find(members.begin(), members.end(), dn) != members.end();
}

std::vector<nlohmann::json> Installed::events() const {
  std::vector<nlohmann::json> all;
  for (const std::string& line : lines_of(read_file(file("events.jsonl")))) {
    auto event = nlohmann::json::parse(line, nullptr, false);
    if (!event.is_discarded()) all.push_back(std::move(event));
  }
  return all;
}

std::vector<nlohmann::json> Installed::events(const std::string& kind) const {
  auto all = events();
  std::erase_if(all, [&](const nlohmann::json& e) { return e.value("kind", "") != kind; });
  return all;
}

std::vector<nlohmann::json> Installed::audit() const {
  std::vector<nlohmann::json> all;
  for (const std::string& line : lines_of(muster({"audit", "export"}).out)) all.push_back(nlohmann::json::parse(line)["record"]);
  return all;
}

}  // namespace muster::test
