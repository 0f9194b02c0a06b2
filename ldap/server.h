// Private to ldap/: asking a server what it is.
#pragma once

#include <string>

#include "ldap/connection_impl.h"

namespace muster::wire {

/// Fills impl.info from the root DSE and "Who am I?" (RFC 4532). `endpoint`: who we are where the server does not tell, and what
/// the configuration says that the server is.
Status describe_server(Connection::Impl& impl, const Endpoint& endpoint);
/// Fills impl.info from the subschema. One that cannot be read leaves the standard types.
Status describe_schema(Connection::Impl& impl);

/// Some attributes of the root DSE as they are now. Errc::unreachable, or what the server refused.
Result<Attributes> read_root(Connection::Impl& impl, const std::vector<std::string>& names);

/// The attributes of a search result entry as they are, without identity or version. Unreadable ones are left out.
Attributes raw_attributes(LDAP* ld, LDAPMessage* message);

}  // namespace muster::wire
