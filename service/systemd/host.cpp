#include "service/host.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "service/systemd/posix.h"

namespace muster {

namespace {

using posix::Fd;
using std::chrono::milliseconds;

/// sd_notify(3)'s protocol: one datagram to the socket that the manager named.
class Notifier {
 public:
  Notifier() {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (!path || (path[0] != '/' && path[0] != '@') || std::strlen(path) >= sizeof address_.sun_path) return;
    address_.sun_family = AF_UNIX;
    std::strcpy(address_.sun_path, path);
    if (path[0] == '@') address_.sun_path[0] = '\0';
    size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
    socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  }
  void say(const std::string& text) const {
    // A manager that does not listen is no reason to stop working.
    if (socket_)
      (void)sendto(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address_), size_);
  }

 private:
  sockaddr_un address_{};
  socklen_t size_ = 0;
  Fd socket_;
};

milliseconds watchdog_interval() {
  // Set for one process of the unit (sd_watchdog_enabled(3)); a child that inherits it is not watched.
  const char* pid = std::getenv("WATCHDOG_PID");
  if (pid && std::atoll(pid) != getpid()) return milliseconds(0);
  const char* usec = std::getenv("WATCHDOG_USEC");
  const long long us = usec ? std::atoll(usec) : 0;
  return us > 0 ? std::max(milliseconds(us / 2000), milliseconds(10)) : milliseconds(0);
}

class PosixHost final : public Host {
 public:
  Status start() {
    sigset_t set;
    sigemptyset(&set);
    for (const int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
    if (pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) return posix::failure("blocking signals");
    signals_ = Fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return posix::failure("listening for signals");
    (void)signal(SIGPIPE, SIG_IGN);
    listener_ = std::jthread([this](std::stop_token stop) { listen(stop); });
    return ok();
  }

  std::stop_token stopping() override { return source_.get_token(); }
  void stop() override { source_.request_stop(); }
  void on_reload(std::function<void()> reload) override {
    const std::lock_guard lock(mutex_);
    reload_ = std::move(reload);
    if (reload_ && std::exchange(is_reload_asked_, false)) reload_();
  }
  void ready() override { notifier_.say("READY=1"); }
  void reloading() override {
    timespec now{};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    notifier_.say("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.tv_sec * 1'000'000LL + now.tv_nsec / 1000));
  }
  void status(const std::string& line) override {
    if (line == said_) return;
    said_ = line;
    notifier_.say("STATUS=" + line.substr(0, line.find('\n')));
  }
  void alive() override {
    const auto now = std::chrono::steady_clock::now();
    if (watchdog_.count() == 0 || (fed_ && now - *fed_ < watchdog_ / 4)) return;
    fed_ = now;
    notifier_.say("WATCHDOG=1");
  }
  milliseconds heartbeat() const override { return watchdog_.count() > 0 ? watchdog_ : milliseconds(10000); }
  bool managed() const override { return false; }

 private:
  void listen(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd p{signals_.get(), POLLIN, 0};
      if (poll(&p, 1, 100) <= 0) continue;
      signalfd_siginfo info{};
      if (read(signals_.get(), &info, sizeof info) != sizeof info) continue;
      if (info.ssi_signo == SIGHUP) {
        const std::lock_guard lock(mutex_);
        if (reload_)
          reload_();
        else
          is_reload_asked_ = true;
      } else {
        notifier_.say("STOPPING=1");
        source_.request_stop();
      }
    }
  }

  Notifier notifier_;
  milliseconds watchdog_ = watchdog_interval();
  std::optional<std::chrono::steady_clock::time_point> fed_;
  std::string said_;
  std::stop_source source_;
  std::mutex mutex_;
  std::function<void()> reload_;
  bool is_reload_asked_ = false;
  Fd signals_;
  std::jthread listener_;
};

}  // namespace

Result<std::unique_ptr<Host>> Host::open() {
  auto host = std::make_unique<PosixHost>();
  MUSTER_TRY(host->start());
  return std::unique_ptr<Host>(std::move(host));
}

}  // namespace muster
