// Private to ldap/: the servers that DNS names (RFC 2782).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace muster::wire {

struct SrvRecord {
  std::uint16_t priority = 0, weight = 0, port = 0;
  std::string host;
};

/// In the order in which they are to be tried: lower priorities first, among equals by chance as their weights say. `random(n)`
/// gives a number from 0 to n.
std::vector<SrvRecord> in_order(std::vector<SrvRecord> records, const std::function<std::uint32_t(std::uint32_t)>& random);

/// What DNS has of that name; empty: there is no such name. Errc::unreachable: it does not answer. Any thread.
Result<std::vector<SrvRecord>> ask_dns(const std::string& name);

/// The names to ask for, the best first: the domain controllers of the site, of the domain, any LDAP server (MS-ADTS
/// section 6.3.2.3).
std::vector<std::string> srv_names(const std::string& domain, const std::string& site);

/// LDAP URLs of the servers of a domain, without what the names above find twice. `tls`: ldaps:// and its port, since records name
/// the one of ldap. Errc::unreachable: DNS does not answer; Errc::config: it knows no such service.
Result<std::vector<std::string>> discover(const std::string& domain, const std::string& site, bool tls);

}  // namespace muster::wire
