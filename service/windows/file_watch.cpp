#include "service/file_watch.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "service/windows/win32.h"

namespace muster {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using win32::Handle;

constexpr DWORD kEvents = FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME | FILE_NOTIFY_CHANGE_LAST_WRITE |
                          FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_SECURITY;
constexpr milliseconds kGoneAfter{500};  ///< how often the folder's name is looked up

class FolderWatch final : public FileWatch {
 public:
  FolderWatch(std::string folder, std::string name) : folder_(std::move(folder)), name_(win32::wide(name)) {}
  ~FolderWatch() override { leave(); }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  bool watch() {
    leave();
    Handle folder(CreateFileW(win32::wide_path(folder_).c_str(), FILE_LIST_DIRECTORY,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, nullptr));
    if (!folder) return false;
    folder_handle_ = std::move(folder);
    return ask();
  }

  Result<bool> wait(std::stop_token stop, milliseconds patience) override {
    const auto end = Clock::now() + patience;
    for (;;) {
      if (stop.stop_requested()) return Error{Errc::cancelled, "stopped", ""};
      if (!folder_handle_ && watch()) return true;
      const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
      const auto slice = static_cast<DWORD>(std::clamp(left, milliseconds(0), milliseconds(100)).count());
      if (!folder_handle_) {
        Sleep(slice);
      } else if (WaitForSingleObject(event_.get(), slice) == WAIT_OBJECT_0) {
        if (concerns()) return true;
      } else if (replaced()) {
        leave();
        return true;
      }
      if (left.count() <= 0) return false;
    }
  }

 private:
  bool ask() {
    ResetEvent(event_.get());
    overlapped_ = {};
    overlapped_.hEvent = event_.get();
    pending_ = ReadDirectoryChangesW(folder_handle_.get(), buffer_.data(), static_cast<DWORD>(buffer_.size() * sizeof(DWORD)),
                                     FALSE, kEvents, nullptr, &overlapped_, nullptr) != 0;
    return pending_;
  }

  void leave() {
    DWORD ignored = 0;
    if (pending_) {
      CancelIoEx(folder_handle_.get(), &overlapped_);
      GetOverlappedResult(folder_handle_.get(), &overlapped_, &ignored, TRUE);
    }
    pending_ = false;
    folder_handle_ = Handle();
  }

  bool concerns() {
    DWORD size = 0;
    const bool read = GetOverlappedResult(folder_handle_.get(), &overlapped_, &size, FALSE) != 0;
    pending_ = false;
    // An empty answer means that there was more than the buffer holds.
    bool any = !read || size == 0;
    const char* at = reinterpret_cast<const char*>(buffer_.data());
    for (DWORD from = 0; read && size > 0;) {
      FILE_NOTIFY_INFORMATION info{};
      std::memcpy(&info, at + from, offsetof(FILE_NOTIFY_INFORMATION, FileName));
      std::wstring name(info.FileNameLength / sizeof(wchar_t), L'\0');
      std::memcpy(name.data(), at + from + offsetof(FILE_NOTIFY_INFORMATION, FileName), info.FileNameLength);
      any |= name_.empty() || CompareStringOrdinal(name.data(), static_cast<int>(name.size()), name_.data(),
                                                   static_cast<int>(name_.size()), TRUE) == CSTR_EQUAL;
      if (info.NextEntryOffset == 0) break;
      from += info.NextEntryOffset;
    }
    // The folder is gone.
    if (!read || !ask()) leave();
    return any;
  }

  /// A folder that is open can be renamed, and another can have its name.
  bool replaced() {
    if (Clock::now() < look_at_) return false;
    look_at_ = Clock::now() + kGoneAfter;
    const Handle now(CreateFileW(win32::wide_path(folder_).c_str(), FILE_READ_ATTRIBUTES,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                                 FILE_FLAG_BACKUP_SEMANTICS, nullptr));
    BY_HANDLE_FILE_INFORMATION there{}, ours{};
    return !now || !GetFileInformationByHandle(now.get(), &there) || !GetFileInformationByHandle(folder_handle_.get(), &ours) ||
           there.nFileIndexLow != ours.nFileIndexLow || there.nFileIndexHigh != ours.nFileIndexHigh;
  }

  std::string folder_;
  std::wstring name_;  ///< empty: every file of the folder
  Handle folder_handle_, event_ = Handle(CreateEventW(nullptr, TRUE, FALSE, nullptr));
  OVERLAPPED overlapped_{};
  bool pending_ = false;
  std::vector<DWORD> buffer_ = std::vector<DWORD>(16384);
  Clock::time_point look_at_{};
};

bool is_folder(const std::string& path) {
  const DWORD attributes = GetFileAttributesW(win32::wide_path(path).c_str());
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

}  // namespace

Result<std::unique_ptr<FileWatch>> FileWatch::open(const std::string& path) {
  std::string folder = path, name;
  if (!is_folder(path)) {
    const auto slash = path.find_last_of("/\\");
    folder = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
    name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  }
  auto watch = std::make_unique<FolderWatch>(folder, name);
  if (!watch->watch()) return win32::failure("watching " + folder);
  return std::unique_ptr<FileWatch>(std::move(watch));
}

/// Only a writer who lets nobody read is seen. To find the others one would have to shut them out for a moment, and a writer who
/// comes in that moment would fail.
Writers writers_of(const std::string& path) {
  const Handle file(CreateFileW(win32::wide_path(path).c_str(), GENERIC_READ,
                                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                                FILE_ATTRIBUTE_NORMAL, nullptr));
  return !file && GetLastError() == ERROR_SHARING_VIOLATION ? Writers::some : Writers::unknown;
}

}  // namespace muster
