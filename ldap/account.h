// Switching accounts off and on, in the words of each directory family. Pure but for in_force(): reads entries, returns
// modifications.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ldap/connection.h"
#include "schema/calendar.h"
#include "schema/entry.h"
#include "schema/result.h"

namespace muster {

/// What the configuration declares (mapping's DisableSettings in plain data).
struct AccountSettings {
  enum class Method {
    automatic,
    password_end_time,
    password_lock,
    shadow_expire,
    user_account_control,  ///< Active Directory (MS-ADTS 2.2.16)
    account_lock,          ///< 389 Directory Server
    attribute,
    move
  } method = Method::automatic;
  std::string attribute, value, enabled;
  Dn move_to;
  std::optional<Dn> policy;  ///< the default password policy's DN, where the account cannot read cn=config
};

/// The way in which one server disables accounts.
class AccountControl {
 public:
  /// Chooses for `automatic`: userAccountControl on Active Directory, nsAccountLock on 389 Directory Server; elsewhere pwdEndTime
  /// where the server's schema has it, else pwdAccountLockedTime, else shadowExpire where a class allows it; Errc::config with the
  /// remedy where there is none.
  static Result<AccountControl> choose(const ServerInfo& server, const AccountSettings& settings);

  AccountSettings::Method method() const { return settings_.method; }
  /// "pwdEndTime", "pwdAccountLockedTime", "shadowExpire", "userAccountControl", "nsAccountLock", "attribute employeeType", "move"
  std::string_view name() const;
  /// Attributes that must be read of each entry, lower case (operational ones by name).
  std::vector<std::string> attributes() const;
  bool is_disabled(const Entry& entry, Instant now) const;
  /// The first instant at which the account no longer works by itself; none for one that was disabled.
  std::optional<Instant> expires(const Entry& entry) const;
  /// What expires() gives after expire(at): some methods know whole days (UTC) only. Never earlier than `at`.
  Instant rounded(Instant at) const;
  /// The modification that disables or enables; empty where the entry already is so, and for `move`, which is a rename. Of a
  /// userAccountControl one bit is changed, the value that was read being named: a concurrent change fails it.
  std::vector<Mod> disable(const Entry& entry, Instant now) const;
  std::vector<Mod> enable(const Entry& entry) const;
  /// Errc::config where this method knows no expiry. none: takes the expiry away. Empty where the entry already is so, and for one
  /// that disable() switched off: an end date must not switch it on again.
  Result<std::vector<Mod>> expire(const Entry& entry, std::optional<Instant> at) const;
  /// Attributes for a new entry that must start disabled, or enabled.
  Attributes initially(bool disabled) const;

  /// Whether a disable of `entry` would have any effect: a password policy must be in force for it (its own pwdPolicySubentry, the
  /// declared default, or the overlay's default read from cn=config), with pwdLockout for the lock method. Errc::refused:
  /// "a disable would have no effect here: ..." with the remedy in the hint. Asks the server, and believes what it found for ten
  /// seconds.
  Status in_force(Connection& connection, const Entry& entry);

 private:
  using Time = std::chrono::steady_clock::time_point;
  /// A password policy and where it is named, for sentences.
  struct Policy {
    Dn dn;
    std::string named;
  };
  struct Default {
    Dn suffix;  ///< entries below it have this default
    Policy policy;
    Time found;
  };

  AccountControl(const ServerInfo& server, AccountSettings settings);
  Result<Policy> policy_of(Connection& connection, const Entry& entry);
  Result<Policy> default_policy(Connection& connection, const Entry& entry);
  Status check_policy(Connection& connection, const Policy& policy);

  AccountSettings settings_;
  std::string name_;
  Matching equality_ = Matching::case_ignore;  ///< of settings_.attribute
  bool single_valued_ = true;
  std::optional<Default> default_;
  std::map<std::string, Time> verified_;  ///< policies that are in force, by normal DN
};

}  // namespace muster
