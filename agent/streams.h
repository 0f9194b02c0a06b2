// The bases that are read and watched.
#pragma once

#include <string>
#include <vector>

#include "ldap/account.h"
#include "ldap/connection.h"
#include "mapping/loader.h"
#include "schema/dn.h"

namespace muster {

/// One watched base: people, each place outside it to which the rules move people, and groups.
struct Stream {
  int index = 0;
  std::string name;  ///< "people", "people:OU=Leavers,...", "groups"
  bool groups = false;
  Dn base;
  std::string filter;
  std::vector<std::string> attributes;
  std::vector<std::string> scoping_groups;  ///< whose members the filter asks for (memberOf)
  /// Changes whenever a stored cursor or image no longer fits what is asked for.
  std::string params() const;
};

/// Groups come last: their members are known by then.
std::vector<Stream> streams_of(const Config& config, const AccountControl& accounts, Family family);

/// The normal forms under which an entry can be a member: its DN, and "uid:NAME" for posixGroup.
std::vector<std::string> member_values(const Entry& entry);

Endpoint endpoint_of(const Settings& settings, Secret password);
AccountSettings account_settings_of(const DisableSettings& disable);

}  // namespace muster
