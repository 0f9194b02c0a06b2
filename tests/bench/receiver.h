// Receivers of benchmarks: HTTPS as fast as it can be had.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/lab.h"

namespace muster::test {

inline std::string http_answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: application/scim+json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

/// An authority and a server's certificate for this machine, in `folder`.
inline void make_certificates(const std::string& folder) {
  const Finished made =
      run({"bash", "-c", ". " MUSTER_SOURCE_DIR "/tests/lab/common.sh; certificates " + folder + " IP:127.0.0.1,DNS:localhost"});
  REQUIRE_MESSAGE(made.code == 0, made.err);
}

/// HTTP/1.1 with keep-alive, a thread per connection.
class Receiver {
 public:
  /// What is sent back to a request, whole: its first line, its body. Called by several threads.
  using Answer = std::function<std::string(const std::string& line, std::string&& body)>;
  Receiver(const std::string& folder, Answer answer)
      : answer_(std::move(answer)), context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free) {
    REQUIRE(SSL_CTX_use_certificate_file(context_.get(), (folder + "/server.pem").c_str(), SSL_FILETYPE_PEM) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey_file(context_.get(), (folder + "/server.key").c_str(), SSL_FILETYPE_PEM) == 1);
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(::listen(listener_, 128) == 0);
    socklen_t size = sizeof at;
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port_ = ntohs(at.sin_port);
    acceptor_ = std::jthread([this] { accept_all(); });
  }
  ~Receiver() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  std::size_t taken() const { return taken_; }
  std::size_t connections() const { return connections_; }

 private:
  void accept_all() {
    for (int socket = ::accept(listener_, nullptr, nullptr); socket >= 0; socket = ::accept(listener_, nullptr, nullptr)) {
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket] { serve(socket); });
      ++connections_;
    }
    ::close(listener_);
  }
  void serve(int socket) {
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), &SSL_free);
    const int at_once = 1;  // otherwise the last part of an answer waits 40 ms for the acknowledgement of the first
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    SSL_set_fd(tls.get(), socket);
    std::string text;
    std::vector<char> piece(16384);
    for (int got = SSL_accept(tls.get()); got > 0;) {
      got = SSL_read(tls.get(), piece.data(), static_cast<int>(piece.size()));
      if (got <= 0) break;
      text.append(piece.data(), static_cast<std::size_t>(got));
      std::string line, body;
      while (take_request(text, line, body)) {
        ++taken_;
        const std::string answer = answer_(line, std::move(body));
        SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
      }
    }
  }
  /// Removes a whole request from the front.
  static bool take_request(std::string& text, std::string& line, std::string& body) {
    const auto head = text.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    const auto length = text.find("Content-Length: ");
    const std::size_t size = length < head ? std::stoul(text.substr(length + 16, 12)) : 0;
    if (text.size() < head + 4 + size) return false;
    line = text.substr(0, text.find("\r\n"));
    body = text.substr(head + 4, size);
    text.erase(0, head + 4 + size);
    return true;
  }

  Answer answer_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  int listener_ = -1, port_ = 0;
  std::atomic<std::size_t> taken_{0}, connections_{0};
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::jthread> threads_;
  std::jthread acceptor_;
};

}  // namespace muster::test
