// Private to ldap/windows: what ties a bind to the TLS channel that it travels in.
#pragma once

#include <string>

namespace muster::wire {

/// "tls-server-end-point:" and the hash of a certificate in DER (RFC 5929 section 4.1). Empty: not a certificate.
std::string end_point_binding(const std::string& certificate);
/// The same as SSPI wants it: a SEC_CHANNEL_BINDINGS with the data behind it.
std::string channel_bindings(const std::string& application_data);

}  // namespace muster::wire
