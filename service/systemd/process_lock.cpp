#include "service/process_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <array>

#include "service/durable_file.h"
#include "service/systemd/posix.h"

namespace muster {

namespace {

class FileLock final : public ProcessLock {
 public:
  explicit FileLock(posix::Fd fd) : fd_(std::move(fd)) {}

 private:
  posix::Fd fd_;
};

std::string holder(int fd) {
  std::array<char, 32> text{};
  const auto n = pread(fd, text.data(), text.size() - 1, 0);
  return n > 0 ? " (process " + std::string(text.data(), static_cast<std::size_t>(n)) + ")" : "";
}

}  // namespace

Result<std::unique_ptr<ProcessLock>> ProcessLock::take(const std::string& path) {
  posix::Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return posix::failure("opening " + path);
  give_to_owner_of_folder(path);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return posix::failure("locking " + path);
    return Error{Errc::conflict, "another muster works with this state file" + holder(fd.get()),
                 "wait for it, or ask the running service"};
  }
  const std::string pid = std::to_string(getpid());
  // The number is for people only; the lock holds without it.
  if (ftruncate(fd.get(), 0) == 0) (void)!pwrite(fd.get(), pid.data(), pid.size(), 0);
  return std::unique_ptr<ProcessLock>(std::make_unique<FileLock>(std::move(fd)));
}

}  // namespace muster
