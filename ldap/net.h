// Private to ldap/: sockets, as far as platforms differ; posix/net.cpp and windows/net.cpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "ldap/dial.h"

namespace muster::wire::net {

enum class Ready { to_read, to_write };

/// See dial() for what these give.
Result<Socket> dial_tcp(const Target& target, Deadline deadline, std::chrono::milliseconds silence);
Result<Socket> dial_unix(const Target& target, Deadline deadline);

void close(int fd);
/// False when `deadline` passed.
bool wait_for(int fd, Ready ready, Deadline deadline);

/// Bytes; 0: the peer closed; -1: would_block(), or it failed. Never waits, since our sockets do not.
std::ptrdiff_t receive(int fd, void* to, std::size_t size);
std::ptrdiff_t send(int fd, const void* from, std::size_t size);
/// Why this thread's last call failed, as libldap looks for it, too.
bool would_block();
void set_timed_out();

/// 127.0.0.0/8 or ::1, as numbers.
bool is_loopback(const std::string& address);

}  // namespace muster::wire::net
