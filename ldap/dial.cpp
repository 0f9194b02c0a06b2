#include "ldap/dial.h"

#include "ldap/libldap.h"
#include "ldap/net.h"
#include "schema/dn.h"

namespace muster::wire {
Socket::~Socket() {
  if (fd_ >= 0) net::close(fd_);
}

bool Target::loopback() const {
  if (scheme == Scheme::ldapi || to_lower(host) == "localhost") return true;
  return net::is_loopback(host);
}

Result<Target> parse_target(const std::string& url) {
  const Error bad{Errc::config, "\"" + url + "\" is not an LDAP URL",
                  "write ldaps://HOST[:PORT], ldap://HOST[:PORT] or ldapi://PATH with / as %2F"};
  LDAPURLDesc* raw = nullptr;
  if (ldap_url_parse(url.c_str(), &raw) != LDAP_URL_SUCCESS) return bad;
  const Url parsed(raw);
  Target target;
  target.url = url;
  target.host = parsed->lud_host ? parsed->lud_host : "";
  target.port = parsed->lud_port;
  const std::string_view scheme = parsed->lud_scheme;
  if (scheme == "ldaps") {
    target.scheme = Target::Scheme::ldaps;
  } else if (scheme == "ldapi") {
    target.scheme = Target::Scheme::ldapi;
  } else if (scheme != "ldap") {
    return bad;
  }
  if (target.host.empty()) return bad;
  return target;
}

Result<Socket> dial(const Target& target, Deadline deadline, std::chrono::milliseconds silence) {
  return target.scheme == Target::Scheme::ldapi ? net::dial_unix(target, deadline) : net::dial_tcp(target, deadline, silence);
}

}  // namespace muster::wire
