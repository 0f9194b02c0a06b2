// The URLs of a directory: ldap://host:port, ldaps://host:port, ldapi://path (RFC 4516 without its query); and of servers upstream.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

struct UrlFault {
  std::size_t offset = 0;
  std::string what;
  std::string hint;
};

/// None: the URL is fine.
std::optional<UrlFault> fault_of_url(std::string_view url);
/// Whether a valid URL leads over the network without TLS of its own: ldap:// to anything but this machine.
bool is_clear_text(std::string_view url);

/// Of a server upstream: https://host:port/path, or http:// to this machine. None: it is fine.
std::optional<UrlFault> fault_of_http_url(std::string_view url);
/// Of a proxy: http://host:port or https://host:port; what goes through it is encrypted of itself.
std::optional<UrlFault> fault_of_proxy_url(std::string_view url);

}  // namespace muster
