// Private to ldap/: following any server, by asking it.
#pragma once

#include <memory>

#include "ldap/change_source.h"

namespace muster::wire {

/// Connects. Asks for what has a newer modifyTimestamp every second or so, and reads everybody now and then, for nothing tells who
/// is gone. There is no cookie: a restart compares everybody with what the receiver knows.
Result<std::unique_ptr<ChangeSource>> open_poll(const Endpoint& endpoint, const WatchRequest& request);

}  // namespace muster::wire
