// Real servers and the real binary, for tests: folders that vanish, a slapd of one's own, the sample company, processes.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/folder.h"

namespace muster::test {

std::string read_file(const std::string& path);
std::vector<std::string> lines_of(const std::string& text);
void write_file(const std::string& path, const std::string& text);
/// Writes beside and renames, as a careful HR export does.
void replace_file(const std::string& path, const std::string& text);
void replace_text(const std::string& path, const std::string& from, const std::string& to);

/// True as soon as `condition` holds; false when `limit` passed.
bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds limit = std::chrono::seconds(60));

struct Finished {
  int code = 0;  ///< exit code; 128 + number for a signal
  std::string out, err;
  long peak_kib = 0;  ///< largest resident set
};
using Environment = std::map<std::string, std::string>;
/// Runs a program to its end. A program that does not end within `limit` is killed, and `code` is 137.
Finished run(const std::vector<std::string>& command, const std::string& input = "", const Environment& environment = {},
             std::chrono::milliseconds limit = std::chrono::seconds(120));

/// A program in the background; killed at the end.
class Process {
 public:
  Process(const std::vector<std::string>& command, const std::string& log, const Environment& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);
  /// Waits for its end; the exit code as in Finished, or -1 when it did not end within `limit`.
  int wait(std::chrono::milliseconds limit = std::chrono::seconds(60));

 private:
  pid_t pid_ = -1;
  int status_ = -1;
};

/// A real directory server in a folder of its own, made by one of the scripts in tests/lab. Stopped and deleted at the end.
class LabServer {
 public:
  /// `wishes`: the variables that the script names.
  LabServer(std::string script, Environment wishes);
  virtual ~LabServer();
  LabServer(const LabServer&) = delete;
  LabServer& operator=(const LabServer&) = delete;

  std::string folder() const { return folder_.str(); }
  const std::string& url() const { return values_.at("URL"); }
  const std::string& value(const std::string& name) const { return values_.at(name); }
  void stop();
  void start();
  void kill();
  void freeze();
  void thaw();
  /// Keeps the server's files as they are now; it is stopped for that. restore() sets it back to them.
  void back_up();
  void restore();
  /// As the directory's administrator. The exit code of the tool; what it said is in `complaint`.
  int modify(const std::string& ldif, std::string* complaint = nullptr) const;
  /// The LDIF that ldapsearch prints, without line folding.
  std::string search(const std::string& base, const std::string& filter = "(objectClass=*)",
                     const std::vector<std::string>& attributes = {}, const std::string& scope = "sub") const;
  /// The same, read: names of attributes in lower case; "dn" is one of them.
  using Found = std::map<std::string, std::vector<std::string>>;
  std::vector<Found> entries(const std::string& base, const std::string& filter, const std::vector<std::string>& attributes) const;
  /// One attribute's values of one entry, sorted.
  std::vector<std::string> values(const std::string& dn, const std::string& attribute) const;
  /// True when this account can bind.
  bool can_bind(const std::string& dn, const std::string& password) const;

 protected:
  void lab(const std::string& command) const;
  Folder folder_;
  std::string script_;
  Environment wishes_, values_;
};

/// OpenLDAP's server.
class Slapd : public LabServer {
 public:
  explicit Slapd(Environment wishes = {}) : LabServer("slapd", std::move(wishes)) {}
  /// Puts access rules or limits before the others and starts the server anew with them; an empty text takes them away.
  void restrict_to(const std::string& rules);
};
/// A domain controller of Active Directory.
class Samba : public LabServer {
 public:
  explicit Samba(Environment wishes = {}) : LabServer("samba", std::move(wishes)) {}
};
class Ds389 : public LabServer {
 public:
  explicit Ds389(Environment wishes = {}) : LabServer("389ds", std::move(wishes)) {}
};

/// The program under test.
const std::string& muster_binary();
/// It is the one for Windows (tests/windows/muster), which has neither signals nor points at which it kills itself:
/// TEST_CASE("..." * doctest::skip(kUnderWine)).
inline const bool kUnderWine = std::getenv("MUSTER_EXE") != nullptr;

/// A folder with a configuration, and the program that works by it.
class Installed {
 public:
  std::string file(const std::string& name) const { return folder_ / name; }
  std::string config() const { return folder_ / "muster.xml"; }
  /// Runs `muster --config ... ARGUMENTS`.
  Finished muster(const std::vector<std::string>& arguments, const Environment& environment = {}) const;
  static Finished muster_with(const std::string& config, const std::vector<std::string>& arguments, const std::string& input = "",
                              const Environment& environment = {});
  /// The JSON that a command prints; fails the test when it prints none.
  nlohmann::json json(std::vector<std::string> arguments) const;
  /// `muster run`, ready to work.
  std::unique_ptr<Process> service(const Environment& environment = {}) const;
  bool is_ready() const;
  /// The URL of the server that the service is connected to; empty: to none.
  std::string server_in_use() const;

  std::vector<nlohmann::json> events() const;
  std::vector<nlohmann::json> events(const std::string& kind) const;
  std::vector<nlohmann::json> audit() const;

 protected:
  Installed() = default;
  Folder folder_;
};

/// The sample company with its directory and configuration.
class Company : public Installed {
 public:
  struct Options {
    int people = 60;
    std::string mode = "agree";
    bool over_limits = false;
    Environment slapd = {};
    /// Changes files of the configuration before anything reads them.
    std::function<void(const std::string& folder)> edit = {};
  };
  explicit Company(Options options);

  Slapd& slapd() { return *slapd_; }

  /// HR's file: replaces the line of a person (by key) by `edit` of its cells; an empty result removes the line.
  void edit_person(const std::string& key, const std::function<void(std::vector<std::string>& cells)>& edit) const;
  void remove_person(const std::string& key) const;
  std::vector<std::string> people() const;
  std::string cell(const std::string& key, const std::string& column) const;
  std::string dn_of(const std::string& key) const;
  std::string group(const std::string& name) const;
  /// The key of an employee of this department who has long been there and stays; of several, the one after `nth` others.
  std::string employee(const std::string& department, std::size_t nth = 0) const;
  bool is_member(const std::string& group_name, const std::string& dn) const;

 private:
  std::vector<std::vector<std::string>> rows() const;
  void write_rows(const std::vector<std::vector<std::string>>& rows) const;
  std::unique_ptr<Slapd> slapd_;
};

}  // namespace muster::test
