// Switching accounts off and on, in the words of each directory family. Pure: reads entries, returns modifications.
#pragma once

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
  enum class Method { automatic, password_end_time, password_lock, shadow_expire, attribute, move } method = Method::automatic;
  std::string attribute, value, enabled;
  Dn move_to;
  std::optional<Dn> policy;   ///< the default password policy's DN, where the account cannot read cn=config
};

/// The way in which one server disables accounts.
class AccountControl {
 public:
  /// Chooses for `automatic`: pwdEndTime where the server's schema has it, else pwdAccountLockedTime, else shadowExpire where a class
  /// allows it; Errc::config with the remedy where there is none.
  static Result<AccountControl> choose(const ServerInfo& server, const AccountSettings& settings);

  AccountSettings::Method method() const { return settings_.method; }
  std::string_view name() const;  ///< "pwdEndTime", "pwdAccountLockedTime", "shadowExpire", "attribute employeeType", "move"
  /// Attributes that must be read of each entry, lower case (operational ones by name).
  std::vector<std::string> attributes() const;
  bool is_disabled(const Entry& entry, Instant now) const;
  std::optional<Instant> expires(const Entry& entry) const;
  /// The modification that disables or enables; empty where the entry already is so. For `move` see move_target().
  std::vector<Mod> disable(const Entry& entry, Instant now) const;
  std::vector<Mod> enable(const Entry& entry) const;
  /// Errc::config where this method knows no expiry. none: takes the expiry away.
  Result<std::vector<Mod>> expire(const Entry& entry, std::optional<Instant> at) const;
  /// Attributes for a new entry that must start disabled.
  Attributes initially_disabled(Instant now) const;

  /// Whether a disable of `entry` would have any effect: a password policy must be in force for it (its own pwdPolicySubentry, the
  /// declared default, or the overlay's default read from cn=config), with pwdLockout for the lock method. Errc::refused:
  /// "a disable would have no effect here: ..." with the remedy in the hint. Asks the server; remembers the default policy.
  Status in_force(Connection& connection, const Entry& entry);

 private:
  AccountSettings settings_;
  std::optional<bool> default_policy_ok_;
  std::string default_policy_problem_;
};

}  // namespace muster
