// muster support-bundle: what helps others to help, and nothing about anybody.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <unordered_map>
#include <unordered_set>

#include "agent/cli/checks.h"
#include "agent/cli/session.h"
#include "agent/control.h"
#include "agent/guarded.h"
#include "agent/report.h"
#include "agent/support/archive.h"
#include "agent/support/redaction.h"
#include "mapping/config_outline.h"
#include "schema/calendar.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr std::size_t kAuditRecords = 200;

constexpr const char* kReadMe =
    "A support bundle of muster, without secrets and without personal data.\n\n"
    "Whatever may be a person's, a secret or the company's is replaced by a word such as dn-3fa94c21de: the same wherever the same "
    "thing\n"
    "stands, and made with a key that was thrown away. Words of muster's own messages, names of attributes, short numbers and "
    "times are kept.\n"
    "What muster does not know is replaced, too, so some sentences have lost words.\n\n"
    "Look at all of it before you send it. It is text.\n\n"
    "  version.json          the program, the platform, the state file\n"
    "  configuration/        elements and attributes of the configuration, or why it cannot be read\n"
    "  check.json            what muster check finds\n"
    "  status.json           what muster status says: health, lag, connections, queues, counts\n"
    "  problems.json, holds.json\n"
    "  audit.json            the newest records of the audit trail, newest first\n"
    "  log.txt               the last lines of the running service's log\n";

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Knows what names here look like words: people's keys, groups, roles.
class Names {
 public:
  Names(const Config* config, std::optional<Store>& store) : store_(store) {
    if (!config) return;
    for (const RoleRule& r : config->rules.roles) names_.insert(to_lower(r.name));
    if (!store_) return;
    const auto& base = config->settings.directory.groups_base;
    (void)guarded([&]() -> Status {
      for (const GroupRow& g : store_->groups()) {
        if (!base || !(g.dn == *base)) names_.insert(to_lower(first_value(g.dn)));
      }
      return ok();
    });
  }
  bool operator()(const std::string& word) {
    if (names_.contains(to_lower(word))) return true;
    const auto [at, is_new] = people_.try_emplace(word, false);
    if (!is_new || !store_) return at->second;
    const auto is_person = guarded([&]() -> Result<bool> { return store_->person(PersonKey(word)).has_value(); });
    return at->second = !is_person || *is_person;
  }

 private:
  static std::string first_value(const Dn& dn) {
    const std::string rdn = dn.rdn();
    return rdn.substr(rdn.find('=') + 1);
  }
  std::optional<Store>& store_;
  std::unordered_set<std::string> names_;         ///< in lower case
  std::unordered_map<std::string, bool> people_;  ///< whether it is the key of one
};

class Bundle {
 public:
  explicit Bundle(Session& session) : session_(session), loaded_(load_config(session.call.config)) {
    if (!loaded_.config || !is_there()) return;
    auto opened = guarded([&]() -> Result<Store> { return Store::open_read_only(state_path()); });
    if (opened)
      store_.emplace(std::move(*opened));
    else
      state_error_ = opened.error().text();
  }

  std::vector<ArchivedFile> files() {
    add("README.txt", kReadMe);
    add_document("version.json", {{"muster", MUSTER_VERSION},
                                  {"platform", MUSTER_PLATFORM},
                                  {"state bytes", state_bytes()},
                                  {"state error", redaction_.text(state_error_)},
                                  {"made", iso_time(system_now().utc)}});
    configuration();
    if (loaded_.config) {
      log();  // before check and status ask for more of it
      status();
      check();
    }
    if (store_) state();
    return std::move(files_);
  }

 private:
  void add(std::string name, std::string content) { files_.push_back({std::move(name), std::move(content)}); }
  void add_document(std::string name, const json& document) {
    add(std::move(name), document.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
  }
  const std::string& state_path() const { return loaded_.config->settings.state_path; }

  bool is_there() const {
    std::error_code failed;
    return std::filesystem::exists(state_path(), failed);
  }
  /// What cannot be found out is no reason to keep the rest back.
  void section(const std::string& name, const std::function<json()>& make) {
    auto made = guarded([&]() -> Result<json> { return make(); });
    add_document(name, made ? *made : json{{"error", redaction_.text(made.error().text())}});
  }
  json state_bytes() const {
    std::error_code failed;
    if (!loaded_.config) return nullptr;
    const auto bytes = std::filesystem::file_size(state_path(), failed);
    return failed ? json() : json(bytes);
  }

  void outline(const std::string& name, const std::string& path) {
    auto shown = outline_of(
        text_of(path), [&](auto element, auto attribute, auto value) { return redaction_.setting(element, attribute, value); });
    add("configuration/" + name, "<!-- " + redaction_.value("file", path) + " -->\n" + (shown ? *shown : "it is no XML\n"));
  }
  void configuration() {
    outline("muster.xml", session_.call.config);
    std::size_t nth = 0;
    if (loaded_.config) {
      for (const std::string& path : loaded_.config->settings.mapping_files)
        outline("mapping-" + std::to_string(++nth) + ".xml", path);
    }
    std::string faults;
    for (const Complaint& c : loaded_.config ? loaded_.config->warnings : loaded_.errors) faults += redaction_.text(c.str()) + "\n";
    if (!faults.empty()) add("configuration/faults.txt", std::move(faults));
  }

  void log() {
    const auto lines = ask_service(state_path(), {{"command", "log"}});
    if (!lines) return add("log.txt", redaction_.text(lines.error().what) + "\n");
    std::string text;
    for (const json& line : *lines) text += redaction_.text(line.get<std::string>()) + "\n";
    add("log.txt", std::move(text));
  }
  void status() {
    auto live = ask_service(state_path(), {{"command", "status"}});
    if (live || store_) section("status.json", [&] { return redaction_.document(live ? *live : status_report(*store_, nullptr)); });
  }
  void check() {
    section("check.json", [&] {
      json all = json::array();
      for (const Finding& f : find_all(*loaded_.config, nullptr))
        all.push_back({{"check", f.subject}, {"result", word_of(f.level)}, {"what", f.what}, {"hint", f.hint}});
      return redaction_.document(all);
    });
  }
  void state() {
    section("problems.json", [&] { return redaction_.document(problems_report(*store_)); });
    section("holds.json", [&] { return redaction_.document(holds_report(*store_, "")); });
    section("audit.json", [&] {
      json records = json::array();
      const auto last = store_->last_audit();
      store_->each_audit_back(last ? last->seq : 0, [&](const AuditRow& row) {
        records.push_back(redaction_.document(json::parse(row.body, nullptr, false)));
        return records.size() < kAuditRecords;
      });
      return records;
    });
  }

  Session& session_;
  LoadResult loaded_;
  std::optional<Store> store_;
  std::string state_error_;
  std::vector<ArchivedFile> files_;
  Names names_{loaded_.config.get(), store_};
  Redaction redaction_{[this](const std::string& word) { return names_(word); }};
};

std::string default_name(bool with_ending) {
  std::string digits;
  for (const char c : iso_time(system_now().utc).substr(0, 19)) {
    if (c >= '0' && c <= '9') digits += c;
    if (c == 'T') digits += '-';
  }
  return "muster-support-" + digits + (with_ending ? ".tar.gz" : "");
}

/// Without a terminal nobody says yes.
bool is_agreed(const Session& session, const std::string& path) {
  if (session.call.has("yes")) return true;
  std::cerr << "`muster support-bundle --print` shows all of it. Write " << path << "? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

json listed(const std::vector<ArchivedFile>& files) {
  json all = json::array();
  for (const ArchivedFile& f : files) all.push_back({{"file", f.name}, {"bytes", f.content.size()}});
  return all;
}

void show(const Session& session, const std::vector<ArchivedFile>& files) {
  Table table({{"file"}, {"bytes", Table::Column::Align::right}}, "");
  for (const ArchivedFile& f : files) table.add({f.name, std::to_string(f.content.size())});
  std::cout << table.render(session.out, session.out_terminal.columns) << std::flush;
}

}  // namespace

int run_support_bundle(Session& session) {
  const auto done = guarded([&]() -> Result<int> {
    const auto files = Bundle(session).files();
    if (session.call.has("print")) {
      for (const ArchivedFile& f : files) std::cout << "=== " << f.name << "\n" << f.content << "\n";
      return int{kDone};
    }
    const std::string path = session.call.arguments.empty() ? default_name(true) : session.call.argument(0);
    if (!session.json()) show(session, files);
    if (!is_agreed(session, path)) return fail(session, {Errc::refused, "nothing was written", "answer y, or give --yes"});
    if (const Status written = write_archive(path, default_name(false), files); !written) return fail(session, written.error());
    if (session.json())
      print_json({{"file", path}, {"contents", listed(files)}});
    else
      std::cout << path << " is written. Nobody but you can read it.\n";
    return int{kDone};
  });
  return done ? *done : fail(session, done.error());
}

}  // namespace muster
