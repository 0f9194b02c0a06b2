// Private to ldap/: asking a server what it is.
#pragma once

#include <string>

#include "ldap/connection_impl.h"

namespace muster::wire {

/// Fills impl.info from the root DSE and "Who am I?" (RFC 4532). `bind_dn`: who we are where the server does not tell.
Status describe_server(Connection::Impl& impl, const std::string& bind_dn);
/// Fills impl.info from the subschema. One that cannot be read leaves the standard types.
Status describe_schema(Connection::Impl& impl);

/// The attributes of a search result entry as they are, without identity or version. Unreadable ones are left out.
Attributes raw_attributes(LDAP* ld, LDAPMessage* message);

}  // namespace muster::wire
