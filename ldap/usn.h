// Private to ldap/: following Active Directory by its count of changes, where DirSync is not given.
#pragma once

#include <memory>

#include "ldap/change_source.h"

namespace muster::wire {

/// Connects. Counts are one server's own: another one, or one that was restored, gives Errc::stale_cursor.
Result<std::unique_ptr<ChangeSource>> open_usn(const Endpoint& endpoint, const WatchRequest& request);

}  // namespace muster::wire
