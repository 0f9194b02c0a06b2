// Private to ldap/posix: what a name server's answer says.
#pragma once

#include <string_view>
#include <vector>

#include "ldap/srv.h"

namespace muster::wire {

/// The records of an answer (RFC 1035 section 4). Errc::untrusted: not an answer of DNS. A sole "." means that the service is not
/// offered.
Result<std::vector<SrvRecord>> parse_srv(std::string_view answer);

}  // namespace muster::wire
