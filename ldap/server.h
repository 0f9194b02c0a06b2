// Private to ldap/: asking a server what it is.
#pragma once

#include <string>

#include "ldap/connection_impl.h"

namespace muster::wire {

/// Fills impl.info from root DSE, "Who am I?" and (unless `quick`) the subschema.
Status describe_server(Connection::Impl& impl, const std::string& bind_dn, bool quick);

/// The attributes of a search result entry as they are, without identity or version. Unreadable ones are left out.
Attributes raw_attributes(LDAP* ld, LDAPMessage* message);

}  // namespace muster::wire
