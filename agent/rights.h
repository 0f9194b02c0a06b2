// The rights that a configuration needs in its directory, and how they are granted there. Pure.
#pragma once

#include <string>
#include <vector>

#include "ldap/connection.h"
#include "mapping/loader.h"

namespace muster {

/// Who asks, and where.
struct RightsScope {
  Family family = Family::other;
  std::string account;         ///< as the server's access rules name it: a DN, or name@domain on Active Directory
  std::string domain;          ///< Active Directory: the domain's DN
  std::string disable_method;  ///< the attribute that disables (AccountControl::name); empty: a move
  std::string watch;           ///< the watch method
};

/// One thing that muster does, and what it needs for it.
struct Right {
  enum class Kind { read, write, create, remove, reset_password, members, replicate, see_deleted, changelog } kind = Kind::read;
  std::string feature;                  ///< what does not work without it: "creating accounts below OU=People,..."
  std::string where;                    ///< a base, or a group
  std::vector<std::string> attributes;  ///< write: these
  bool subtree = true;                  ///< everything below `where`; false: that entry
};
std::vector<Right> rights_needed(const Config& config, const RightsScope& scope);

/// The commands or access rules that grant them, to be pasted: dsacls for Active Directory, LDIF with ACIs for 389, olcAccess for
/// OpenLDAP. A comment stands before what belongs together.
std::string delegation_text(const std::vector<Right>& rights, const RightsScope& scope);

}  // namespace muster
