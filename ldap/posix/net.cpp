#include "ldap/net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <system_error>

namespace muster::wire::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct FreeAddresses {
  void operator()(addrinfo* p) const noexcept { freeaddrinfo(p); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::string errno_text(int number) { return std::error_code(number, std::generic_category()).message(); }

Error unreachable(std::string why) { return {Errc::unreachable, std::move(why), ""}; }

void set_option(int fd, int level, int option, int value) {
  // A kernel without one of these options still gives a working connection.
  static_cast<void>(setsockopt(fd, level, option, &value, sizeof value));
}

/// Detects a peer that vanished (power, cable, firewall state) within about a minute and a half of silence.
void tune(int fd, milliseconds silence) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
#endif
#ifdef TCP_USER_TIMEOUT
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(silence.count()));
#endif
}

Result<Addresses> resolve(const Target& target) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(target.port);
  int rc = getaddrinfo(target.host.c_str(), port.c_str(), &hints, &found);
  if (rc == EAI_NONAME) {
    // For names only: with it, ::1 is refused where IPv6 goes no further than this machine.
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
    rc = getaddrinfo(target.host.c_str(), port.c_str(), &hints, &found);
  }
  if (rc != 0) return unreachable("the name " + target.host + " cannot be resolved: " + gai_strerror(rc));
  return Addresses(found);
}

/// 0, or why not, as errno.
int connect_within(int fd, const sockaddr* address, socklen_t size, Deadline deadline) {
  if (connect(fd, address, size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!net::wait_for(fd, Ready::to_write, deadline)) return ETIMEDOUT;
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace

Result<Socket> dial_tcp(const Target& target, Deadline deadline, milliseconds silence) {
  auto addresses = resolve(target);
  if (!addresses) return std::move(addresses).error();
  int left = 0;
  for (const addrinfo* a = addresses->get(); a; a = a->ai_next) ++left;
  int why = EHOSTUNREACH;
  for (const addrinfo* a = addresses->get(); a; a = a->ai_next, --left) {
    Socket socket(::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol));
    if (socket.get() < 0) {
      why = errno;
      continue;
    }
    const auto now = steady_clock::now();
    why = connect_within(socket.get(), a->ai_addr, a->ai_addrlen, now + (deadline - now) / left);
    if (why != 0) continue;
    tune(socket.get(), silence);
    return socket;
  }
  return unreachable(why == ETIMEDOUT ? "no answer to the connection request" : errno_text(why));
}

Result<Socket> dial_unix(const Target& target, Deadline deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (target.host.size() >= sizeof address.sun_path)
    return Error{Errc::config,
                 target.url + ": the path of the socket is longer than " + std::to_string(sizeof address.sun_path - 1) + " bytes",
                 "move the socket to a shorter path"};
  std::memcpy(address.sun_path, target.host.c_str(), target.host.size() + 1);
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return unreachable(errno_text(errno));
  // Linux bounds connect(2) on a full backlog by SO_SNDTIMEO; poll(2) cannot, since a unix socket is never "in progress".
  const auto left =
      std::max(std::chrono::duration_cast<std::chrono::microseconds>(deadline - steady_clock::now()), std::chrono::microseconds(1));
  const timeval limit{static_cast<time_t>(left.count() / 1000000), static_cast<suseconds_t>(left.count() % 1000000)};
  static_cast<void>(setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return unreachable(errno == EAGAIN ? "no answer to the connection request" : errno_text(errno));
  if (fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) return unreachable(errno_text(errno));
  return socket;
}

void close(int fd) { ::close(fd); }

bool wait_for(int fd, Ready ready, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd one{fd, static_cast<short>(ready == Ready::to_read ? POLLIN : POLLOUT), 0};
    const int rc = poll(&one, 1, static_cast<int>(std::min<long long>(left, INT_MAX)));
    if (rc > 0 || (rc < 0 && errno != EINTR)) return true;
  }
}

std::ptrdiff_t receive(int fd, void* to, std::size_t size) {
  for (;;) {
    const auto got = recv(fd, to, size, 0);
    if (got >= 0 || errno != EINTR) return got;
  }
}

std::ptrdiff_t send(int fd, const void* from, std::size_t size) {
  for (;;) {
    const auto put = ::send(fd, from, size, MSG_NOSIGNAL);
    if (put >= 0 || errno != EINTR) return put;
  }
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

void set_timed_out() { errno = ETIMEDOUT; }

bool is_loopback(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && std::memcmp(&v6, &in6addr_loopback, sizeof v6) == 0;
}

}  // namespace muster::wire::net
