// Private to ldap/: LDAP URLs, and reaching what they name within a bounded time.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "schema/result.h"

namespace muster::wire {

using Deadline = std::chrono::steady_clock::time_point;

/// Owns a socket.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// An LDAP URL as far as connecting needs it (RFC 4516; ldapi as OpenLDAP spells it: the percent-encoded path is the host).
struct Target {
  enum class Scheme { ldap, ldaps, ldapi } scheme = Scheme::ldap;
  std::string url;
  std::string host;  ///< of ldapi: the path of the socket
  int port = 0;
  /// True where bytes in clear cannot leave this machine: ldapi, 127.0.0.0/8, ::1 and the name localhost.
  bool loopback() const;
};
/// Errc::config: not a URL that can be connected to.
Result<Target> parse_target(const std::string& url);

/// A connected, non-blocking socket with TCP_NODELAY and keepalive; `silence` bounds how long sent data may stay unacknowledged.
/// Tries each address of a name in turn, none longer than its share of what is left until `deadline`. Looking up the name is not
/// bounded by `deadline` but by the resolver's own configuration. Errc::unreachable.
Result<Socket> dial(const Target& target, Deadline deadline, std::chrono::milliseconds silence);

}  // namespace muster::wire
