#include "service/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "service/systemd/posix.h"

namespace muster {

namespace {

using posix::Fd;

class AppendFile final : public DurableFile {
 public:
  explicit AppendFile(std::string path) : path_(std::move(path)) {}

  Status reopen() {
    Fd fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    if (!fd) return posix::failure("opening " + path_);
    fd_ = std::move(fd);
    give_to_owner_of_folder(path_);
    if (fsync(fd_.get()) != 0) return posix::failure("synchronising " + path_);
    return sync_folder();
  }

  /// Reads backwards to the last complete line and cuts off what follows it.
  Status mend() {
    const off_t size = lseek(fd_.get(), 0, SEEK_END);
    if (size < 0) return posix::failure("reading " + path_);
    std::string tail;
    off_t from = size;
    std::size_t end = std::string::npos, begin = std::string::npos;
    while (from > 0 && begin == std::string::npos) {
      const off_t step = std::min<off_t>(from, 65536);
      from -= step;
      std::string piece(static_cast<std::size_t>(step), '\0');
      if (pread(fd_.get(), piece.data(), piece.size(), from) != step) return posix::failure("reading " + path_);
      tail.insert(0, piece);
      end = tail.rfind('\n');
      begin = end == std::string::npos || end == 0 ? std::string::npos : tail.rfind('\n', end - 1);
    }
    const off_t keep = end == std::string::npos ? 0 : from + static_cast<off_t>(end) + 1;
    if (keep < size && ftruncate(fd_.get(), keep) != 0) return posix::failure("mending " + path_);
    if (end != std::string::npos) {
      const std::size_t first = begin == std::string::npos ? 0 : begin + 1;
      last_ = tail.substr(first, end - first);
    }
    return ok();
  }

  const std::string& last_line() const override { return last_; }

  Status append(std::string_view lines) override {
    if (rotated()) MUSTER_TRY(reopen());
    for (std::string_view rest = lines; !rest.empty();) {
      const auto n = ::write(fd_.get(), rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return half_written(posix::failure("writing " + path_));
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    if (fdatasync(fd_.get()) != 0) return posix::failure("synchronising " + path_);
    return ok();
  }

 private:
  /// Cuts the broken line off, so that the next attempt starts a line.
  Status half_written(Error error) {
    (void)mend();
    return error;
  }

  bool rotated() const {
    struct stat now {
    }, ours{};
    return stat(path_.c_str(), &now) != 0 || fstat(fd_.get(), &ours) != 0 || now.st_ino != ours.st_ino || now.st_dev != ours.st_dev;
  }

  Status sync_folder() const {
    const auto slash = path_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path_.substr(0, std::max<std::size_t>(slash, 1));
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || fsync(fd.get()) != 0) return posix::failure("synchronising " + folder);
    return ok();
  }

  std::string path_;
  Fd fd_;
  std::string last_;
};

}  // namespace

void give_to_owner_of_folder(const std::string& path) {
  if (geteuid() != 0) return;
  const auto slash = path.rfind('/');
  struct stat folder {};
  if (stat(slash == std::string::npos ? "." : path.substr(0, slash + 1).c_str(), &folder) == 0 && folder.st_uid != 0)
    (void)!lchown(path.c_str(), folder.st_uid, folder.st_gid);
}

Result<std::unique_ptr<DurableFile>> DurableFile::open(const std::string& path) {
  auto file = std::make_unique<AppendFile>(path);
  MUSTER_TRY(file->reopen());
  MUSTER_TRY(file->mend());
  return std::unique_ptr<DurableFile>(std::move(file));
}

}  // namespace muster
