// Private to ldap/: cookies of servers whose own token is a number or bytes that mean something on one server only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ldap/connection.h"
#include "schema/ids.h"

namespace muster::wire {

/// A server's own place in its history, with what tells whether it is still the same history. As text without blanks in its parts.
struct Position {
  std::string method;       ///< "dirsync", "usn", ...
  std::string host;         ///< of the domain controller, or the URL
  std::string incarnation;  ///< ServerInfo::incarnation
  std::uint64_t count = 0;  ///< highestCommittedUSN, changeNumber
  std::string rest;         ///< of any bytes

  Cookie cookie() const;
  /// The position of a server that is connected.
  static Position of(std::string_view method, const ServerInfo& server, std::uint64_t count, std::string rest = {});
  /// True when the count goes on where this one stands: the same server, and its history is still the same.
  bool continues(const Position& known) const;
  /// None: not a cookie of that method.
  static std::optional<Position> parse(const Cookie& cookie, std::string_view method);
};

}  // namespace muster::wire
