// A small company on any server of the lab, served by the real binary; and whether directory, store and events agree about it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/lab.h"

namespace muster::test {

/// A line of HR's file.
struct Employee {
  std::string first, last, department = "Sales", title = "Clerk", status = "Active";
};

/// What is known of one person's account. DNs are normal forms, values and groups sorted.
struct Account {
  std::string dn;
  bool disabled = false;
  std::map<std::string, std::string> values;
  std::set<std::string> groups;
  friend bool operator==(const Account&, const Account&) = default;
};
using Accounts = std::map<std::string, Account>;  ///< by HR's key
/// For messages: a line for each person.
std::string text_of(const Accounts& accounts);

class Site : public Installed {
 public:
  enum class Kind { openldap, ds389, active_directory };
  /// `edit` changes files of the configuration before anything reads them.
  explicit Site(Kind kind, Environment wishes = {}, const std::function<void(const std::string& folder)>& edit = {});

  LabServer& server() { return *server_; }
  const LabServer& server() const { return *server_; }
  /// From now on this is the server that administrators work on, and that is looked at.
  void goes_over_to(std::unique_ptr<LabServer> server) { server_ = std::move(server); }
  Kind kind() const { return kind_; }
  bool is_ad() const { return kind_ == Kind::active_directory; }
  /// "ou=people,..."
  std::string unit(const std::string& name) const { return "ou=" + name + "," + server_->value("SUFFIX"); }
  /// A place that the agent does not look at.
  std::string elsewhere() const { return unit(kind_ == Kind::openldap ? "service" : "elsewhere"); }
  std::string group(const std::string& name) const { return "cn=" + name + "," + unit("groups"); }
  /// The account's DN, as an administrator finds it.
  std::string dn_of(const std::string& key) const;
  /// As the administrator; must succeed.
  void change(const std::string& ldif) const;
  /// The LDIF that adds an account which HR does not know.
  std::string stranger(const std::string& name) const;

  void employ(const std::string& key, Employee employee) { staff_[key] = std::move(employee); }
  void dismiss(const std::string& key) { staff_.at(key).status = "Terminated"; }
  Employee& of(const std::string& key) { return staff_.at(key); }
  /// Who is not expected to have an account: what HR says of him, no directory takes.
  void is_refused(const std::string& key) { refused_.insert(key); }
  void is_corrected(const std::string& key, const std::string& last) {
    refused_.erase(key);
    staff_.at(key).last = last;
  }
  /// Writes HR's file.
  void publish() const;

  /// What the rules make of HR's file; DNs are left out.
  Accounts wanted() const;
  Accounts in_directory() const;
  Accounts in_store() const;
  /// What a reader of all events knows.
  Accounts in_events() const;
  /// Waits until the directory is as HR wants it and until store and events say the same, and checks that nothing is left to plan.
  void agrees(const std::string& when, std::chrono::milliseconds limit = std::chrono::seconds(90)) const;

 private:
  void configure() const;
  void write_rules() const;
  std::string person_class() const;
  Kind kind_;
  std::unique_ptr<LabServer> server_;
  std::map<std::string, Employee> staff_;
  std::set<std::string> refused_;
};

}  // namespace muster::test
