// Private to ldap/: following servers with persistent search, as 389 Directory Server has it (draft-ietf-ldapext-psearch-03).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ldap/change_source.h"
#include "ldap/controls.h"

namespace muster::wire {

/// Every kind of change, only changes, with notices of what they were; critical, for a server that ignores it would answer and end.
Control persistent_search_request();

/// The entry change notification (section 5). Read here, for libldap's parser hands out a name that it has freed.
struct EntryChange {
  enum class Type { add = 1, remove = 2, modify = 4, rename = 8 } type = Type::modify;
  std::string previous_name;  ///< of a rename
};
/// Errc::untrusted: not one.
Result<EntryChange> parse_entry_change(const Control& control);

/// Connects. Where the server keeps a retro changelog, that is what changes are read from and what the cookie counts; the
/// persistent search then only wakes. Without one, the persistent search tells, and a restart compares everybody.
Result<std::unique_ptr<ChangeSource>> open_psearch(const Endpoint& endpoint, const WatchRequest& request);

}  // namespace muster::wire
