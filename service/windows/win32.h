// Private to service/windows: owners and sentences for calls of Windows, and its UTF-16.
#pragma once

#include <windows.h>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "schema/result.h"

namespace muster::win32 {

class Handle {
 public:
  Handle() = default;
  explicit Handle(HANDLE handle) : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle() {
    if (handle_) CloseHandle(handle_);
  }
  HANDLE get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  HANDLE handle_ = nullptr;
};

/// Everywhere else text is UTF-8. What is no UTF-8 gets replacement characters.
std::wstring wide(std::string_view text);
std::string narrow(std::wstring_view text);
/// Of a path: absolute, with backslashes, and beyond 260 characters.
std::wstring wide_path(const std::string& path);

/// The system's words for a number of GetLastError(), in English where it has them, without their full stop.
std::string words_of(DWORD number);
/// "opening C:\x: the system cannot find the file specified".
Error failure(const std::string& doing, DWORD number = GetLastError());

/// Access for the system, administrators and the service's own account, and nobody else. Frees itself.
class PrivateAccess {
 public:
  /// `inherited`: what is made below gets the same.
  explicit PrivateAccess(bool inherited = false);
  ~PrivateAccess();
  PrivateAccess(const PrivateAccess&) = delete;
  PrivateAccess& operator=(const PrivateAccess&) = delete;
  /// Null when it could not be made.
  SECURITY_ATTRIBUTES* get() { return descriptor_ ? &attributes_ : nullptr; }
  /// Makes a folder with it, or gives it to one that is there.
  Status guard(const std::string& folder);

 private:
  void* descriptor_ = nullptr;
  SECURITY_ATTRIBUTES attributes_{};
};

/// The folder of this program's file.
std::string program_folder();
/// The file of this program.
std::string program_file();

}  // namespace muster::win32
