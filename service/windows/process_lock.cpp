#include "service/process_lock.h"

#include <array>

#include "service/windows/win32.h"

namespace muster {

namespace {

class FileLock final : public ProcessLock {
 public:
  explicit FileLock(win32::Handle file) : file_(std::move(file)) {}

 private:
  win32::Handle file_;
};

/// Far behind the number, so that others can read it.
OVERLAPPED place_of_the_lock() {
  OVERLAPPED at{};
  at.Offset = 1 << 20;
  return at;
}

std::string holder(HANDLE file) {
  std::array<char, 32> text{};
  DWORD got = 0;
  return ReadFile(file, text.data(), text.size() - 1, &got, nullptr) && got > 0 ? " (process " + std::string(text.data(), got) + ")"
                                                                                : "";
}

}  // namespace

Result<std::unique_ptr<ProcessLock>> ProcessLock::take(const std::string& path) {
  win32::Handle file(CreateFileW(win32::wide_path(path).c_str(), GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                 nullptr, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file) return win32::failure("opening " + path);
  OVERLAPPED at = place_of_the_lock();
  if (!LockFileEx(file.get(), LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)) {
    if (GetLastError() != ERROR_LOCK_VIOLATION && GetLastError() != ERROR_IO_PENDING) return win32::failure("locking " + path);
    return Error{Errc::conflict, "another muster works with this state file" + holder(file.get()),
                 "wait for it, or ask the running service"};
  }
  // The number is for people only; the lock holds without it.
  const std::string pid = std::to_string(GetCurrentProcessId());
  DWORD done = 0;
  if (SetEndOfFile(file.get())) (void)WriteFile(file.get(), pid.data(), static_cast<DWORD>(pid.size()), &done, nullptr);
  return std::unique_ptr<ProcessLock>(std::make_unique<FileLock>(std::move(file)));
}

}  // namespace muster
