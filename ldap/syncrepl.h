// Private to ldap/: the change source of servers that synchronize content (RFC 4533).
#pragma once

#include <memory>

#include "ldap/change_source.h"

namespace muster::wire {

/// Connects and asks for refreshAndPersist.
Result<std::unique_ptr<ChangeSource>> open_syncrepl(const Endpoint& endpoint, const WatchRequest& request);

}  // namespace muster::wire
