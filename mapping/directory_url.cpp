#include "mapping/directory_url.h"

#include <charconv>

#include "mapping/loader_values.h"
#include "schema/dn.h"

namespace muster {
namespace {

struct Parts {
  std::string scheme;
  std::string_view host;  ///< without the brackets of an IPv6 address
  std::string_view port;  ///< with its colon
  std::size_t host_at = 0;
  std::string_view rest;  ///< behind host and port
};

std::optional<Parts> split(std::string_view url) {
  const std::size_t mark = url.find("://");
  if (mark == std::string_view::npos) return std::nullopt;
  Parts parts{to_lower(url.substr(0, mark)), {}, {}, mark + 3, {}};
  std::string_view rest = url.substr(parts.host_at);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  parts.rest = rest.substr(slash);
  rest = rest.substr(0, slash);
  const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
  const std::size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) parts.port = rest.substr(colon);
  parts.host = rest.substr(0, colon);
  if (bracket != std::string_view::npos) parts.host = rest.substr(1, bracket - 1);
  return parts;
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
  return fault == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

bool is_this_machine(std::string_view host) {
  const std::string name = to_lower(host);
  return name == "localhost" || name == "::1" ||
         (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string::npos);
}

}  // namespace

std::optional<UrlFault> fault_of_url(std::string_view url) {
  const std::string quoted = "'" + std::string(url) + "'";
  constexpr std::string_view kSrv = "srv:";
  if (url.starts_with(kSrv)) {
    if (url.size() > kSrv.size() && url.find_first_of("/:", kSrv.size()) == std::string_view::npos) return std::nullopt;
    return UrlFault{kSrv.size(), quoted + " names no domain", "write srv:corp.example"};
  }
  const auto parts = split(url);
  if (!parts) return UrlFault{0, quoted + " is no URL of a directory", "write ldaps://host, ldap://host, srv:domain or ldapi:///"};
  if (parts->scheme == "ldapi") return std::nullopt;
  if (parts->scheme != "ldap" && parts->scheme != "ldaps") {
    return UrlFault{0, "'" + parts->scheme + "' is no protocol of directories",
                    did_you_mean(parts->scheme, {"ldaps", "ldap", "ldapi"}, "write ldaps://, ldap:// or ldapi://")};
  }
  if (parts->host.empty()) return UrlFault{parts->host_at, quoted + " names no host", "write " + parts->scheme + "://host"};
  if (!parts->port.empty() && !is_port(parts->port.substr(1))) {
    const auto offset = static_cast<std::size_t>(parts->port.data() - url.data()) + 1;
    return UrlFault{offset, "'" + std::string(parts->port.substr(1)) + "' is no port", "it must be between 1 and 65535"};
  }
  if (parts->rest.size() <= 1) return std::nullopt;
  const auto offset = static_cast<std::size_t>(parts->rest.data() - url.data());
  return UrlFault{offset, quoted + " says more than host and port", "bases and filters have attributes of their own"};
}

bool is_clear_text(std::string_view url) {
  const auto parts = split(url);
  return parts && parts->scheme == "ldap" && !is_this_machine(parts->host);
}

namespace {

/// What any https:// or http:// must be.
std::optional<UrlFault> fault_of_web(std::string_view url, const std::optional<Parts>& parts) {
  const std::string quoted = "'" + std::string(url) + "'";
  if (!parts) return UrlFault{0, quoted + " is no URL", "write https://host"};
  if (parts->scheme != "https" && parts->scheme != "http")
    return UrlFault{0, "'" + parts->scheme + "' is not spoken here",
                    did_you_mean(parts->scheme, {"https", "http"}, "write https://host")};
  if (parts->host.find('@') != std::string_view::npos || parts->port.find('@') != std::string_view::npos)
    return UrlFault{parts->host_at, "a URL with a name or password in it", "secrets are named: use 'secret'"};
  if (parts->host.empty()) return UrlFault{parts->host_at, quoted + " names no host", "write " + parts->scheme + "://host"};
  if (!parts->port.empty() && !is_port(parts->port.substr(1))) {
    const auto offset = static_cast<std::size_t>(parts->port.data() - url.data()) + 1;
    return UrlFault{offset, "'" + std::string(parts->port.substr(1)) + "' is no port", "it must be between 1 and 65535"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<UrlFault> fault_of_http_url(std::string_view url) {
  const auto parts = split(url);
  if (auto fault = fault_of_web(url, parts)) return fault;
  if (parts->scheme == "http" && !is_this_machine(parts->host))
    return UrlFault{0, "http:// would send people and the token in clear", "write https://"};
  if (const auto extra = parts->rest.find_first_of("?# \\"); extra != std::string_view::npos)
    return UrlFault{static_cast<std::size_t>(parts->rest.data() - url.data()) + extra,
                    "'" + std::string(url) + "' says more than a path", "end it with the path"};
  return std::nullopt;
}

std::optional<UrlFault> fault_of_proxy_url(std::string_view url) {
  const auto parts = split(url);
  if (auto fault = fault_of_web(url, parts)) return fault;
  if (parts->rest.size() <= 1) return std::nullopt;
  return UrlFault{static_cast<std::size_t>(parts->rest.data() - url.data()),
                  "'" + std::string(url) + "' says more than host and port", "write " + parts->scheme + "://host:port"};
}

}  // namespace muster
