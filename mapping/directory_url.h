// The URLs of a directory: ldap://host:port, ldaps://host:port, ldapi://path (RFC 4516 without its query).
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

}  // namespace muster
