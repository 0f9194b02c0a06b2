#include "service/host.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "folder.h"

namespace muster {
namespace {

using namespace service_test;
using std::chrono::milliseconds;

/// The service manager's end of sd_notify(3).
class Manager {
 public:
  explicit Manager(std::string path) : path_(std::move(path)), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path_.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path_.c_str(), path_.size());
    if (path_[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  }
  ~Manager() { close(fd_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// The next message; "-": none came.
  std::string next(milliseconds patience) const {
    pollfd p{fd_, POLLIN, 0};
    if (poll(&p, 1, static_cast<int>(patience.count())) <= 0) return "-";
    std::array<char, 512> buffer{};
    const auto n = recv(fd_, buffer.data(), buffer.size(), 0);
    return {buffer.data(), static_cast<std::size_t>(n)};
  }

 private:
  std::string path_;
  int fd_;
};

std::unique_ptr<Host> open_host() {
  auto host = Host::open();
  REQUIRE(host);
  return std::move(*host);
}

/// Waits for a stop request with a deadline.
bool stops(Host& host, milliseconds patience) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  (void)changed.wait_for(lock, host.stopping(), patience, [] { return false; });
  return host.stopping().stop_requested();
}

TEST_CASE("the service manager hears that the service is ready, what it does, and that it lives") {
  const Folder folder;
  for (const std::string& path : {folder.path("notify"), "@muster-test-" + std::to_string(getpid())}) {
    CAPTURE(path);
    const Manager manager(path);
    const Variable socket("NOTIFY_SOCKET", path), usec("WATCHDOG_USEC", "3000000"), pid("WATCHDOG_PID", std::to_string(getpid()));
    const auto host = open_host();
    host->ready();
    CHECK(manager.next(kLong) == "READY=1");
    host->reloading();
    CHECK(manager.next(kLong).starts_with("RELOADING=1\nMONOTONIC_USEC="));
    host->ready();
    CHECK(manager.next(kLong) == "READY=1");
    host->status("following, 500 people");
    CHECK(manager.next(kLong) == "STATUS=following, 500 people");
    host->status("following, 500 people");  // nothing new
    host->status("one line\nREADY=0");
    CHECK(manager.next(kLong) == "STATUS=one line");
    host->alive();
    CHECK(manager.next(kLong) == "WATCHDOG=1");
    host->alive();  // so soon it is nothing new
    host->status("the next message");
    CHECK(manager.next(kLong) == "STATUS=the next message");
    CHECK(host->heartbeat() == milliseconds(1500));
  }
}

TEST_CASE("without a watchdog, or with another process's, nothing is fed") {
  const Folder folder;
  const Manager manager(folder.path("notify"));
  struct Row {
    std::string name;
    std::optional<std::string> usec, pid;
  };
  const Row rows[]{{"none", {}, {}},
                   {"switched off", "0", {}},
                   {"of the parent", "3000000", std::to_string(getppid())},
                   {"not a number", "soon", {}}};
  for (const Row& r : rows) {
    CAPTURE(r.name);
    const Variable socket("NOTIFY_SOCKET", folder.path("notify")), usec("WATCHDOG_USEC", r.usec), pid("WATCHDOG_PID", r.pid);
    const auto host = open_host();
    host->alive();
    host->ready();
    CHECK(manager.next(kLong) == "READY=1");
    CHECK(host->heartbeat() == milliseconds(10000));
  }
}

TEST_CASE("without a service manager everything works just the same") {
  const Folder folder;
  for (const std::optional<std::string>& path :
       {std::optional<std::string>(), std::optional<std::string>(""), std::optional<std::string>("relative"),
        std::optional<std::string>(folder.path("nobody")), std::optional<std::string>("/" + std::string(200, 'x'))}) {
    const Variable socket("NOTIFY_SOCKET", path), usec("WATCHDOG_USEC", "3000000"), pid("WATCHDOG_PID", {});
    const auto host = open_host();
    host->ready();
    host->status("fine");
    host->alive();
    CHECK_FALSE(host->stopping().stop_requested());
    host->stop();
    CHECK(host->stopping().stop_requested());
  }
}

TEST_CASE("SIGTERM and SIGINT ask for an end, and the manager hears of it") {
  const Folder folder;
  for (const int number : {SIGTERM, SIGINT}) {
    CAPTURE(number);
    const Manager manager(folder.path("notify" + std::to_string(number)));
    const Variable socket("NOTIFY_SOCKET", folder.path("notify" + std::to_string(number)));
    const auto host = open_host();
    CHECK_FALSE(host->stopping().stop_requested());
    kill(getpid(), number);
    CHECK(stops(*host, kLong));
    CHECK(manager.next(kLong) == "STOPPING=1");
  }
}

TEST_CASE("SIGHUP asks for the configuration to be read again, and is no end") {
  const Variable socket("NOTIFY_SOCKET", {});
  const auto host = open_host();
  std::mutex mutex;
  std::condition_variable reloaded;
  int times = 0;
  host->on_reload([&] {
    const std::lock_guard lock(mutex);
    ++times;
    reloaded.notify_one();
  });
  for (int expected = 1; expected <= 3; ++expected) {
    kill(getpid(), SIGHUP);
    std::unique_lock lock(mutex);
    CHECK(reloaded.wait_for(lock, kLong, [&] { return times == expected; }));
  }
  CHECK_FALSE(host->stopping().stop_requested());
}

TEST_CASE("a SIGHUP that comes before somebody listens is not lost") {
  const Variable socket("NOTIFY_SOCKET", {});
  const auto host = open_host();
  kill(getpid(), SIGHUP);
  // The host's thread takes signals in their order of numbers, so SIGHUP is first; what it heard is kept from then on.
  kill(getpid(), SIGTERM);
  REQUIRE(stops(*host, kLong));
  int times = 0;
  host->on_reload([&] { ++times; });
  host->on_reload([&] { ++times; });
  CHECK(times == 1);
}

TEST_CASE("a peer that hangs up does not end the process") {
  const auto host = open_host();
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  close(ends[0]);
  CHECK(write(ends[1], "x", 1) == -1);
  CHECK(errno == EPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace muster
