#include "service/local_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "service/systemd/posix.h"

namespace muster {

namespace {

using posix::Fd;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestRequest = 1 << 20;
constexpr std::size_t kLongestAnswer = std::size_t{1} << 31;
constexpr std::size_t kMostClients = 8;
constexpr milliseconds kSlice{100};
constexpr milliseconds kPatience{10000};

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  if (path.size() >= sizeof a.sun_path) {
    return Error{Errc::config,
                 path + " is too long for a socket: " + std::to_string(path.size()) + " of at most " +
                     std::to_string(sizeof a.sun_path - 1) + " bytes",
                 "move the state file to a folder with a shorter name"};
  }
  std::memcpy(a.sun_path, path.c_str(), path.size() + 1);
  return a;
}

/// Waits until `events` are possible; false: `patience` passed or a stop was requested.
bool can(int fd, short events, milliseconds patience, const std::stop_token& stop) {
  const auto end = Clock::now() + patience;
  while (!stop.stop_requested()) {
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
    pollfd p{fd, events, 0};
    if (poll(&p, 1, static_cast<int>(std::clamp(left, milliseconds(0), kSlice).count())) > 0) return true;
    if (left.count() <= 0) return false;
  }
  return false;
}

/// Up to the line feed; none when the peer went away, said too much, or was silent for too long.
std::optional<std::string> read_line(int fd, milliseconds patience, const std::stop_token& stop, std::size_t longest) {
  std::string line;
  std::vector<char> buffer(65536);
  while (can(fd, POLLIN, patience, stop)) {
    const auto n = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return std::nullopt;
    line.append(buffer.data(), static_cast<std::size_t>(n));
    if (line.back() == '\n') {
      line.pop_back();
      return line;
    }
    if (line.size() > longest) return std::nullopt;
  }
  return std::nullopt;
}

bool write_all(int fd, std::string_view text, const std::stop_token& stop) {
  while (!text.empty()) {
    if (!can(fd, POLLOUT, kPatience, stop)) return false;
    const auto n = send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool allowed(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

class UnixServer final : public LocalServer {
 public:
  UnixServer(Fd listener, std::string path, Answer answer)
      : listener_(std::move(listener)),
        path_(std::move(path)),
        answer_(std::move(answer)),
        acceptor_([this](std::stop_token stop) { accept_all(stop); }) {}
  ~UnixServer() override {
    acceptor_.request_stop();
    acceptor_.join();
    clients_.clear();
    unlink(path_.c_str());
  }

 private:
  struct Client {
    std::atomic<bool> done{false};
    std::jthread thread;
  };

  void accept_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      clients_.remove_if([](const Client& c) { return c.done.load(); });
      if (clients_.size() >= kMostClients) {
        wait_for_one(stop);
      } else if (can(listener_.get(), POLLIN, kSlice, stop)) {
        Fd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (fd) start(std::move(fd));
      }
    }
  }

  void start(Fd fd) {
    Client& client = clients_.emplace_back();
    client.thread = std::jthread([this, &client, fd = std::move(fd)](std::stop_token stop) {
      serve(fd.get(), stop);
      const std::lock_guard lock(mutex_);
      client.done = true;
      finished_.notify_one();
    });
  }

  /// Until a client is done, or a stop.
  void wait_for_one(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, stop,
                   [this] { return std::any_of(clients_.begin(), clients_.end(), [](const Client& c) { return c.done.load(); }); });
  }

  void serve(int fd, const std::stop_token& stop) {
    if (!allowed(fd)) {
      (void)write_all(
          fd, "{\"error\":{\"code\":2,\"what\":\"only root and the user of the service may speak to it\",\"hint\":\"\"}}\n", stop);
      return;
    }
    const auto request = read_line(fd, kPatience, stop, kLongestRequest);
    // An answer that was worked out is still delivered to a client that reads it.
    if (request) (void)write_all(fd, answer_(*request) + "\n", {});
  }

  Fd listener_;
  std::string path_;
  Answer answer_;
  std::mutex mutex_;
  std::condition_variable_any finished_;
  std::list<Client> clients_;
  std::jthread acceptor_;
};

Error unreachable_at(const std::string& path, int why) {
  if (why == ENOENT || why == ECONNREFUSED) return {Errc::not_found, "no service listens on " + path, ""};
  if (why == EACCES || why == EPERM) {
    return {Errc::refused, "you may not speak to the service on " + path, "run this as root or as the user of the service"};
  }
  return posix::failure("connecting to " + path, why);
}

}  // namespace

Result<std::unique_ptr<LocalServer>> LocalServer::open(const std::string& path, Answer answer) {
  auto address = address_of(path);
  if (!address) return std::move(address).error();
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return posix::failure("making a socket");
  // The process lock is held, so a socket that is still there is a dead process's.
  unlink(path.c_str());
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return posix::failure("listening on " + path);
  // Nobody can connect before listen(), so there is no moment in which others could.
  if (chmod(path.c_str(), 0600) != 0 || listen(fd.get(), 16) != 0) return posix::failure("listening on " + path);
  return std::unique_ptr<LocalServer>(std::make_unique<UnixServer>(std::move(fd), path, std::move(answer)));
}

Result<std::string> ask_local(const std::string& path, const std::string& request, milliseconds patience) {
  auto address = address_of(path);
  if (!address) return std::move(address).error();
  const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return posix::failure("making a socket");
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) return unreachable_at(path, errno);
  // A service that refuses does not wait for the request, so writing it may fail although there is an answer.
  (void)write_all(fd.get(), request + "\n", {});
  auto line = read_line(fd.get(), patience, {}, kLongestAnswer);
  if (!line) return Error{Errc::unreachable, "the service on " + path + " did not answer", "look at its log"};
  return std::move(*line);
}

}  // namespace muster
