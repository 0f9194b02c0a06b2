#include "service/file_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "service/systemd/posix.h"

namespace muster {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_ONLYDIR;

class Inotify final : public FileWatch {
 public:
  Inotify(posix::Fd fd, std::string folder, std::string name)
      : fd_(std::move(fd)), folder_(std::move(folder)), name_(std::move(name)) {}

  bool watch() {
    watched_ = inotify_add_watch(fd_.get(), folder_.c_str(), kEvents);
    return watched_ >= 0;
  }

  Result<bool> wait(std::stop_token stop, milliseconds patience) override {
    const auto end = Clock::now() + patience;
    for (;;) {
      if (stop.stop_requested()) return Error{Errc::cancelled, "stopped", ""};
      if (watched_ < 0 && watch()) return true;
      const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
      pollfd p{fd_.get(), POLLIN, 0};
      const auto slice = std::clamp(left, milliseconds(0), milliseconds(100));
      if (poll(&p, 1, static_cast<int>(slice.count())) > 0 && concerns()) return true;
      if (left.count() <= 0) return false;
    }
  }

 private:
  bool concerns() {
    alignas(inotify_event) std::array<char, 16384> buffer{};
    const auto n = read(fd_.get(), buffer.data(), buffer.size());
    bool any = false;
    for (std::size_t at = 0; n > 0 && at < static_cast<std::size_t>(n);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      any |= lost(event) || (event.mask & IN_Q_OVERFLOW) || (event.len > 0 && (name_.empty() || name_ == name));
      at += sizeof event + event.len;
    }
    return any;
  }

  /// The folder was deleted or renamed: its name is watched again as soon as there is a folder of that name.
  bool lost(const inotify_event& event) {
    if (event.wd != watched_ || !(event.mask & (IN_IGNORED | IN_MOVE_SELF | IN_UNMOUNT))) return false;
    if (event.mask & IN_MOVE_SELF) (void)inotify_rm_watch(fd_.get(), watched_);
    watched_ = -1;
    return true;
  }

  posix::Fd fd_;
  std::string folder_;
  std::string name_;  ///< empty: every file of the folder
  int watched_ = -1;
};

bool is_folder(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

Result<std::unique_ptr<FileWatch>> FileWatch::open(const std::string& path) {
  std::string folder = path, name;
  if (!is_folder(path)) {
    const auto slash = path.rfind('/');
    folder = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
    name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  }
  posix::Fd fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd) return posix::failure("watching " + folder);
  auto watch = std::make_unique<Inotify>(std::move(fd), folder, std::move(name));
  if (!watch->watch()) return posix::failure("watching " + folder);
  return std::unique_ptr<FileWatch>(std::move(watch));
}

/// A read lease is refused exactly while somebody has the file open for writing (fcntl(2), F_SETLEASE).
Writers writers_of(const std::string& path) {
  const posix::Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return Writers::unknown;
  // A writer that comes while the lease is held makes the kernel signal this process; SIGIO, the default, would end it.
  if (fcntl(fd.get(), F_SETSIG, SIGURG) != 0) return Writers::unknown;
  if (fcntl(fd.get(), F_SETLEASE, F_RDLCK) == 0) {
    (void)fcntl(fd.get(), F_SETLEASE, F_UNLCK);
    return Writers::none;
  }
  return errno == EAGAIN ? Writers::some : Writers::unknown;
}

}  // namespace muster
