#include "service/durable_file.h"

#include <algorithm>

#include "service/windows/win32.h"

namespace muster {

namespace {

using win32::Handle;

class AppendFile final : public DurableFile {
 public:
  explicit AppendFile(std::string path) : path_(std::move(path)) {}

  Status reopen() {
    // Whoever rotates logs may rename or delete it meanwhile.
    Handle file(CreateFileW(win32::wide_path(path_).c_str(), GENERIC_READ | GENERIC_WRITE,
                            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL,
                            nullptr));
    if (!file) return win32::failure("opening " + path_);
    file_ = std::move(file);
    return synchronise();
  }

  /// Reads backwards to the last complete line and cuts off what follows it.
  Status mend() {
    LARGE_INTEGER size{};
    if (!GetFileSizeEx(file_.get(), &size)) return win32::failure("reading " + path_);
    std::string tail;
    long long from = size.QuadPart;
    std::size_t end = std::string::npos, begin = std::string::npos;
    while (from > 0 && begin == std::string::npos) {
      const long long step = std::min<long long>(from, 65536);
      from -= step;
      std::string piece(static_cast<std::size_t>(step), '\0');
      DWORD got = 0;
      if (!seek(from) || !ReadFile(file_.get(), piece.data(), static_cast<DWORD>(step), &got, nullptr) || got != step)
        return win32::failure("reading " + path_);
      tail.insert(0, piece);
      end = tail.rfind('\n');
      begin = end == std::string::npos || end == 0 ? std::string::npos : tail.rfind('\n', end - 1);
    }
    const long long keep = end == std::string::npos ? 0 : from + static_cast<long long>(end) + 1;
    if (keep < size.QuadPart && !(seek(keep) && SetEndOfFile(file_.get()))) return win32::failure("mending " + path_);
    if (end != std::string::npos) {
      const std::size_t first = begin == std::string::npos ? 0 : begin + 1;
      last_ = tail.substr(first, end - first);
    }
    return ok();
  }

  const std::string& last_line() const override { return last_; }

  Status append(std::string_view lines) override {
    if (rotated()) MUSTER_TRY(reopen());
    LARGE_INTEGER end{};
    if (!SetFilePointerEx(file_.get(), end, nullptr, FILE_END)) return win32::failure("writing " + path_);
    for (std::string_view rest = lines; !rest.empty();) {
      DWORD n = 0;
      const auto part = static_cast<DWORD>(std::min<std::size_t>(rest.size(), 1 << 20));
      if (!WriteFile(file_.get(), rest.data(), part, &n, nullptr) || n == 0)
        return half_written(win32::failure("writing " + path_));
      rest.remove_prefix(n);
    }
    return synchronise();
  }

 private:
  bool seek(long long to) const {
    LARGE_INTEGER at{};
    at.QuadPart = to;
    return SetFilePointerEx(file_.get(), at, nullptr, FILE_BEGIN) != 0;
  }

  /// Also what the folder says of a new file: NTFS writes its journal out with it.
  Status synchronise() const {
    if (FlushFileBuffers(file_.get())) return ok();
    return win32::failure("synchronising " + path_);
  }

  /// Cuts the broken line off, so that the next attempt starts a line.
  Status half_written(Error error) {
    (void)mend();
    return error;
  }

  bool rotated() const {
    const Handle now(CreateFileW(win32::wide_path(path_).c_str(), FILE_READ_ATTRIBUTES,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING, 0, nullptr));
    BY_HANDLE_FILE_INFORMATION there{}, ours{};
    return !now || !GetFileInformationByHandle(now.get(), &there) || !GetFileInformationByHandle(file_.get(), &ours) ||
           there.nFileIndexLow != ours.nFileIndexLow || there.nFileIndexHigh != ours.nFileIndexHigh ||
           there.dwVolumeSerialNumber != ours.dwVolumeSerialNumber;
  }

  std::string path_;
  Handle file_;
  std::string last_;
};

}  // namespace

Result<std::unique_ptr<DurableFile>> DurableFile::open(const std::string& path) {
  auto file = std::make_unique<AppendFile>(path);
  MUSTER_TRY(file->reopen());
  MUSTER_TRY(file->mend());
  return std::unique_ptr<DurableFile>(std::move(file));
}

// Who may read and write is inherited from the folder.
void give_to_owner_of_folder(const std::string&) {}

}  // namespace muster
