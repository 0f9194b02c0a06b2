// Raw requests to a server on loopback, as no library would send them.
#pragma once

#ifdef _WIN32
#include <winsock2.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

#include <cstdint>
#include <string>

namespace muster::test {

#ifdef _WIN32
using Socket = SOCKET;
using Length = int;
inline constexpr DWORD kSilence = 20000;
inline constexpr int kSendFlags = 0;
inline void close_socket(Socket socket) { (void)::closesocket(socket); }
inline Socket tcp_socket() {
  static const int started = [] {
    WSADATA ignored;
    return WSAStartup(MAKEWORD(2, 2), &ignored);
  }();
  return started == 0 ? ::socket(AF_INET, SOCK_STREAM, 0) : INVALID_SOCKET;
}
#else
using Socket = int;
using Length = std::size_t;
inline constexpr timeval kSilence{20, 0};
inline constexpr int kSendFlags = MSG_NOSIGNAL;
inline void close_socket(Socket socket) { ::close(socket); }
inline Socket tcp_socket() { return ::socket(AF_INET, SOCK_STREAM, 0); }
#endif

/// A connection to 127.0.0.1, closed in the end.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(tcp_socket()) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<const char*>(&kSilence), sizeof kSilence);
    is_open_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~RawClient() { close_socket(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool is_open() const { return is_open_; }
  void send(const std::string& text) const { (void)::send(socket_, text.data(), static_cast<Length>(text.size()), kSendFlags); }
  /// All that comes until the other side closes; 20 seconds of silence end it, too.
  std::string rest() const {
    std::string all;
    char part[4096];
    for (auto got = ::recv(socket_, part, sizeof part, 0); got > 0; got = ::recv(socket_, part, sizeof part, 0))
      all.append(part, static_cast<std::size_t>(got));
    return all;
  }

 private:
  Socket socket_;
  bool is_open_ = false;
};

struct HttpAnswer {
  int status = 0;
  std::string head, body;
};

inline HttpAnswer http_request(std::uint16_t port, const std::string& method, const std::string& path) {
  const RawClient client(port);
  client.send(method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  const std::string all = client.rest();
  const auto end = all.find("\r\n\r\n");
  if (end == std::string::npos || all.size() < 12) return {};
  return {std::stoi(all.substr(9, 3)), all.substr(0, end), all.substr(end + 4)};
}

}  // namespace muster::test
