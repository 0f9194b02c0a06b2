// The rights that a configuration needs in its directory, and how they are granted there. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/streams.h"
#include "ldap/connection.h"
#include "mapping/loader.h"

namespace muster {

/// Who asks, where, and what for.
struct RightsScope {
  Family family = Family::other;
  std::string account;                         ///< as the server's access rules name it: a DN, or DOMAIN\name on Active Directory
  std::string domain;                          ///< Active Directory: the domain's DN
  std::string disabling;                       ///< the attribute that disables; empty: none, a move
  std::string watch;                           ///< the watch method
  std::vector<Stream> streams;                 ///< what is read
  std::vector<std::string> member_attributes;  ///< those in which groups of this server can name members
};

enum class RightKind { read, write, create, remove, move, reset_password, members, replicate, see_deleted, changelog };

/// One thing that muster does, and what it needs for it.
struct Right {
  RightKind kind = RightKind::read;
  std::string feature;                  ///< what does not work without it: "creating accounts below OU=People,..."
  std::string where;                    ///< a base, or one entry
  std::vector<std::string> attributes;  ///< of read, write and members
  bool subtree = true;                  ///< everything below `where`; false: that entry
  std::string to;                       ///< of move
  /// Not needed: without it the agent does with less, and says so.
  bool optional() const { return kind == RightKind::replicate || kind == RightKind::see_deleted || kind == RightKind::changelog; }
};
std::vector<Right> rights_needed(const Config& config, const RightsScope& scope);

/// The commands or access rules that grant them, to be pasted: dsacls for Active Directory, LDIF with ACIs for 389, LDIF with
/// olcAccess for OpenLDAP. A comment stands before what belongs together.
std::string delegation_text(const std::vector<Right>& rights, const RightsScope& scope);

}  // namespace muster
