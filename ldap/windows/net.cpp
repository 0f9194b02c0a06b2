#include "ldap/net.h"

// They need each other in this order.
// clang-format off
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
// clang-format on

#include <climits>
#include <cstring>
#include <memory>
#include <system_error>

namespace muster::wire::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Winsock, for as long as the process lives.
bool started() {
  static const bool usable = [] {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
  }();
  return usable;
}

struct FreeAddresses {
  void operator()(addrinfo* p) const noexcept { freeaddrinfo(p); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::string text_of(int number) { return std::error_code(number, std::system_category()).message(); }

Error unreachable(std::string why) { return {Errc::unreachable, std::move(why), ""}; }

SOCKET handle_of(int fd) { return static_cast<SOCKET>(fd); }

void set_option(int fd, int level, int option, int value) {
  // A system without one of these options still gives a working connection.
  static_cast<void>(setsockopt(handle_of(fd), level, option, reinterpret_cast<const char*>(&value), sizeof value));
}

/// Detects a peer that vanished within about a minute and a half of silence. What bounds sent data is TCP_MAXRT, in seconds.
void tune(int fd, milliseconds silence) {
  constexpr int kMaxRetransmit = 5;  // TCP_MAXRT, which mingw-w64 10 does not name
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  struct tcp_keepalive alive {};
  alive.onoff = 1;
  alive.keepalivetime = 60000;
  alive.keepaliveinterval = 10000;
  DWORD ignored = 0;
  static_cast<void>(WSAIoctl(handle_of(fd), SIO_KEEPALIVE_VALS, &alive, sizeof alive, nullptr, 0, &ignored, nullptr, nullptr));
  set_option(fd, IPPROTO_TCP, kMaxRetransmit, static_cast<int>(std::chrono::ceil<std::chrono::seconds>(silence).count()));
}

Result<Addresses> resolve(const Target& target) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(target.port);
  int rc = getaddrinfo(target.host.c_str(), port.c_str(), &hints, &found);
  if (rc != 0) {
    hints.ai_flags = AI_ADDRCONFIG;
    rc = getaddrinfo(target.host.c_str(), port.c_str(), &hints, &found);
  }
  if (rc != 0) return unreachable("the name " + target.host + " cannot be resolved: " + text_of(rc));
  return Addresses(found);
}

/// 0, or why not, as Winsock's number.
int connect_within(int fd, const sockaddr* address, int size, Deadline deadline) {
  if (connect(handle_of(fd), address, size) == 0) return 0;
  if (WSAGetLastError() != WSAEWOULDBLOCK) return WSAGetLastError();
  // WSAPoll does not tell of refusals before Windows 10 2004; select does, as an exception.
  const auto left = std::max(std::chrono::ceil<std::chrono::microseconds>(deadline - steady_clock::now()).count(), 0LL);
  timeval limit{static_cast<long>(left / 1000000), static_cast<long>(left % 1000000)};
  fd_set writable, failed;
  FD_ZERO(&writable);
  FD_ZERO(&failed);
  FD_SET(handle_of(fd), &writable);
  FD_SET(handle_of(fd), &failed);
  if (select(0, nullptr, &writable, &failed, &limit) <= 0) return WSAETIMEDOUT;
  int error = 0, length = sizeof error;
  return getsockopt(handle_of(fd), SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &length) == 0 ? error : WSAGetLastError();
}

Result<int> open_socket(const addrinfo& a) {
  const SOCKET made = ::socket(a.ai_family, a.ai_socktype, a.ai_protocol);
  u_long on = 1;
  if (made != INVALID_SOCKET && made <= INT_MAX && ioctlsocket(made, static_cast<long>(FIONBIO), &on) == 0) {
    static_cast<void>(SetHandleInformation(reinterpret_cast<HANDLE>(made), HANDLE_FLAG_INHERIT, 0));
    return static_cast<int>(made);
  }
  const Error why = unreachable(text_of(WSAGetLastError()));
  if (made != INVALID_SOCKET) closesocket(made);
  return why;
}

}  // namespace

Result<Socket> dial_tcp(const Target& target, Deadline deadline, milliseconds silence) {
  if (!started()) return Error{Errc::io, "Winsock cannot be used", ""};
  auto addresses = resolve(target);
  if (!addresses) return std::move(addresses).error();
  int left = 0;
  for (const addrinfo* a = addresses->get(); a; a = a->ai_next) ++left;
  int why = WSAEHOSTUNREACH;
  for (const addrinfo* a = addresses->get(); a; a = a->ai_next, --left) {
    auto made = open_socket(*a);
    if (!made) return std::move(made).error();
    Socket socket(*made);
    const auto now = steady_clock::now();
    why = connect_within(socket.get(), a->ai_addr, static_cast<int>(a->ai_addrlen), now + (deadline - now) / left);
    if (why != 0) continue;
    tune(socket.get(), silence);
    return socket;
  }
  return unreachable(why == WSAETIMEDOUT ? "no answer to the connection request" : text_of(why));
}

Result<Socket> dial_unix(const Target& target, Deadline) {
  return Error{Errc::config, target.url + ": Windows has no LDAP server on a local socket", "write ldaps://HOST"};
}

void close(int fd) { closesocket(handle_of(fd)); }

bool wait_for(int fd, Ready ready, Deadline deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
  if (left <= 0) return false;
  WSAPOLLFD one{handle_of(fd), static_cast<SHORT>(ready == Ready::to_read ? POLLRDNORM : POLLWRNORM), 0};
  return WSAPoll(&one, 1, static_cast<int>(std::min<long long>(left, INT_MAX))) != 0;
}

// libldap and liblber look at WSAGetLastError() after these.
std::ptrdiff_t receive(int fd, void* to, std::size_t size) {
  return recv(handle_of(fd), static_cast<char*>(to), static_cast<int>(std::min<std::size_t>(size, INT_MAX)), 0);
}

std::ptrdiff_t send(int fd, const void* from, std::size_t size) {
  return ::send(handle_of(fd), static_cast<const char*>(from), static_cast<int>(std::min<std::size_t>(size, INT_MAX)), 0);
}

bool would_block() { return WSAGetLastError() == WSAEWOULDBLOCK; }

void set_timed_out() { WSASetLastError(WSAETIMEDOUT); }

bool is_loopback(const std::string& address) {
  if (!started()) return false;
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  const in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
  return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && std::memcmp(&v6, &loopback, sizeof v6) == 0;
}

}  // namespace muster::wire::net
