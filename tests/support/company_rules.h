// The rules of the example in the documentation, with the knobs that tests turn.
#pragma once

#include <map>
#include <string>

#include "tests/support/rules_builder.h"

namespace muster::test {

inline const std::string kPeople = "OU=People,DC=corp,DC=example";
inline const std::string kLeavers = "OU=Leavers,DC=corp,DC=example";
inline const std::string kGroups = "OU=Groups,DC=corp,DC=example";
inline const std::string kBirthright = "OU=Birthright," + kGroups;

/// "engineering": the DN of a group of the company.
inline std::string group_dn(const std::string& name) {
  const bool outside = name == "vpn" || name == "chess";
  return "CN=" + name + "," + (outside ? kGroups : kBirthright);
}

/// Knobs by name, each a text; unknown knobs are the test's fault. `vpn` is a granted group, `chess` nobody's business, `admins`
/// protected.
class CompanyRules {
 public:
  using Knobs = std::map<std::string, std::string>;
  static const std::vector<std::string>& fields() {
    static const std::vector<std::string> all{"id",    "status", "first", "last", "department",
                                              "title", "type",   "start", "end",  "email"};
    return all;
  }
  static Rules make(Knobs knobs = {}) { return CompanyRules(std::move(knobs)).build(); }

 private:
  explicit CompanyRules(Knobs knobs) : knobs_(std::move(knobs)) {}

  std::string knob(const std::string& name, std::string otherwise) {
    const auto found = knobs_.find(name);
    if (found != knobs_.end()) {
      otherwise = found->second;
      knobs_.erase(found);
    }
    return otherwise;
  }

  Rules build() {
    attributes();
    access();
    lifecycle();
    others();
    if (!knobs_.empty()) throw std::runtime_error("there is no knob '" + knobs_.begin()->first + "'");
    return builder_.take();
  }

  void attributes() {
    builder_.join("employeeNumber", "id");
    builder_.join("mail", "email");
    builder_.hr("givenName", "first");
    builder_.hr("sn", "last").when_empty = AttributeRule::WhenEmpty::problem;
    builder_.hr("displayName", "concat(first, ' ', last)").on_drift = AttributeRule::OnDrift::revert;
    AttributeRule& department = builder_.hr("departmentNumber", "department");
    if (knob("on-drift", "report") == "revert") department.on_drift = AttributeRule::OnDrift::revert;
    department.when_empty = AttributeRule::WhenEmpty::keep;
    builder_.hr("title", "title");
    if (knob("cn", "") == "hr") builder_.hr("cn", "concat(first, ' ', last)").on_drift = AttributeRule::OnDrift::revert;
    builder_.owned("telephoneNumber", Owner::directory);
    builder_.owned("mail", Owner::upstream);
    if (knob("employeeNumber", "") == "directory") builder_.owned("employeeNumber", Owner::directory);
  }

  void access() {
    builder_.managed_base(kBirthright, ManagedRule::Membership::exclusive);
    builder_.managed_group(group_dn("vpn"), ManagedRule::Membership::granted);
    const bool report = knob("group-drift", "revert") == "report";
    for (ManagedRule& rule : builder_.rules().managed) {
      if (report) rule.on_drift = AttributeRule::OnDrift::report;
    }
    builder_.role("all-staff", "status='active'", {group_dn("all-staff")});
    builder_.role("engineering", "department='Engineering' and status='active'", {group_dn("engineering"), group_dn("vpn")});
    builder_.role("sales", "department='Sales' and status='active'", {group_dn("sales")});
    builder_.role("managers", "contains(title, 'Manager')", {group_dn("managers"), group_dn("vpn"), group_dn("admins")});
    builder_.rules().protected_groups = {dn(group_dn("admins"))};
  }

  void lifecycle() {
    joiner(knob("joiner", "status='active'"));
    leaver(knob("leaver", "status='terminated'"));
    if (const std::string disable = knob("absence-disable", "yes"); disable != "none") {
      AbsenceRule& absence = builder_.absence("status='leave'");
      absence.disable = disable == "yes";
      absence.suspend = knob("absence-access", "keep") == "suspend";
    }
    builder_.contractor("type='Contractor'", "end");
    if (const std::string rehire = knob("rehire", "yes"); rehire != "none") builder_.rehire(rehire == "yes");
    builder_.rules().missing_is_leaver = knob("missing", "leaver") == "leaver";
  }

  void joiner(const std::string& when) {
    const bool create = knob("create", "yes") == "yes";
    const std::string rdn = knob("rdn", "concat('CN=', first, ' ', last)"), days = knob("days-before", "7");
    if (when == "none") return;
    JoinerRule& rule = builder_.joiner(when);
    if (create) rule.create = dn(kPeople);
    if (rdn != "none") rule.rdn = builder_.expression(rdn);
    rule.days_before = std::stoi(days);
    rule.hour = hour(knob("joiner-at", "00:00"));
  }

  void leaver(const std::string& when) {
    const std::string strip = knob("strip", "managed"), after = knob("delete-after", "never");
    const bool disable = knob("leaver-disable", "yes") == "yes", move = knob("move", "yes") == "yes";
    if (when == "none") return;
    LeaverRule& rule = builder_.leaver(when);
    rule.disable = disable;
    rule.strip = strip == "all" ? LeaverRule::Strip::all : strip == "none" ? LeaverRule::Strip::none : LeaverRule::Strip::managed;
    if (move) rule.move_to = dn(kLeavers);
    if (after != "never") rule.delete_after = parse_duration(after);
    if (const std::string on = knob("leaver-on", "none"); on != "none") {
      rule.on_index = 8;
      if (on != "end") rule.on_hour = hour(on);
    }
    if (knob("leaver-writes", "no") == "yes") {
      rule.writes.push_back({"employeeType", "employeetype", builder_.expression("'left'"), rule.at});
      rule.writes.push_back({"telephoneNumber", "telephonenumber", std::nullopt, rule.at});
    }
  }

  static std::chrono::minutes hour(const std::string& text) {
    return std::chrono::hours(std::stoi(text.substr(0, 2))) + std::chrono::minutes(std::stoi(text.substr(3)));
  }

  /// Types of workers, places, zones.
  void others() {
    Rules& rules = builder_.rules();
    if (const std::string zone = knob("zone", "none"); zone != "none") rules.zone = builder_.expression(zone);
    if (const std::string when = knob("place", "none"); when != "none")
      rules.places.push_back({builder_.expression(when), dn("OU=Sales," + kPeople), {"rules.xml", 90, 3}});
    if (const std::string grace = knob("grace", "none"); grace != "none") {
      for (RoleRule& role : rules.roles) role.grace = parse_duration(grace);
    }
    if (const std::string warn = knob("warn-before", "none"); warn != "none") {
      for (WorkerRule& w : rules.workers) w.warn_before = {*parse_duration(warn), std::chrono::hours(24)};
    }
    if (const std::string term = knob("max-term", "none"); term != "none") {
      for (WorkerRule& w : rules.workers) w.max_term = std::chrono::days(std::stoi(term));
    }
    if (const std::string owner = knob("robot-owner", "none"); owner != "none") {
      WorkerRule robot{"robot", builder_.expression("type='Robot'"), "", -1, {"rules.xml", 91, 3}};
      robot.expiry_required = false;
      robot.owner_field = "email";
      robot.owner_index = 9;
      robot.disable_without_owner = owner == "disable";
      rules.workers.push_back(std::move(robot));
    }
    if (knob("manager", "no") == "yes") {
      AttributeRule& manager = builder_.hr("manager", "email");
      manager.refers_to_person = true;
    }
  }

  Knobs knobs_;
  RulesBuilder builder_{fields()};
};

}  // namespace muster::test
