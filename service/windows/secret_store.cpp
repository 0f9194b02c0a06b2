#include "service/secret_store.h"

#include <dpapi.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "service/windows/win32.h"

// Secrets are protected by DPAPI for this machine: whoever copies the file, or takes the disk, has nothing. On the machine, the
// file's access list says who may read it: the system, administrators and the service's account.
namespace muster {

namespace {

using win32::Handle;

constexpr std::size_t kLongest = 65536;
constexpr std::string_view kHead = "muster-dpapi-1\n";

struct Blob {
  DATA_BLOB data{};
  Blob() = default;
  Blob(const Blob&) = delete;
  Blob& operator=(const Blob&) = delete;
  ~Blob() {
    if (data.pbData) SecureZeroMemory(data.pbData, data.cbData);
    LocalFree(data.pbData);
  }
  std::string text() const { return {reinterpret_cast<const char*>(data.pbData), data.cbData}; }
};

DATA_BLOB borrow(std::string_view bytes) {
  return {static_cast<DWORD>(bytes.size()), reinterpret_cast<BYTE*>(const_cast<char*>(bytes.data()))};
}

Result<std::string> protect(const std::string& text) {
  DATA_BLOB in = borrow(text), tied = borrow(kHead);
  Blob out;
  if (!CryptProtectData(&in, L"muster", &tied, nullptr, nullptr, CRYPTPROTECT_LOCAL_MACHINE | CRYPTPROTECT_UI_FORBIDDEN, &out.data))
    return win32::failure("protecting the secret");
  return std::string(kHead) + out.text();
}

Result<std::string> open_up(std::string_view bytes, const std::string& path) {
  DATA_BLOB in = borrow(bytes.substr(kHead.size())), tied = borrow(kHead);
  Blob out;
  if (CryptUnprotectData(&in, nullptr, &tied, nullptr, nullptr, CRYPTPROTECT_UI_FORBIDDEN, &out.data)) return out.text();
  return Error{Errc::config, "the secret " + path + " cannot be opened: " + win32::words_of(GetLastError()),
               "it was stored on another machine, or is damaged: store it again by muster secret set"};
}

Result<std::string> read_all(HANDLE file, const std::string& path) {
  std::string text(kLongest + 4096, '\0');
  DWORD got = 0;
  if (!ReadFile(file, text.data(), static_cast<DWORD>(text.size()), &got, nullptr))
    return win32::failure("reading the secret " + path);
  text.resize(got);
  return text;
}

/// Whether others than the owner, the system and administrators are let in by a file's access list.
bool others_may_read(const std::wstring& path) {
  DWORD size = 0;
  GetFileSecurityW(path.c_str(), DACL_SECURITY_INFORMATION, nullptr, 0, &size);
  std::vector<std::byte> buffer(size);
  BOOL present = FALSE, by_default = FALSE;
  PACL list = nullptr;
  if (!GetFileSecurityW(path.c_str(), DACL_SECURITY_INFORMATION, buffer.data(), size, &size) ||
      !GetSecurityDescriptorDacl(buffer.data(), &present, &list, &by_default))
    return true;
  if (!present || !list) return true;
  const WELL_KNOWN_SID_TYPE crowds[] = {WinWorldSid,         WinAuthenticatedUserSid, WinBuiltinUsersSid, WinInteractiveSid,
                                        WinBuiltinGuestsSid, WinAnonymousSid,         WinNetworkSid};
  for (DWORD i = 0; i < list->AceCount; ++i) {
    void* raw = nullptr;
    if (!GetAce(list, i, &raw)) return true;
    const auto* ace = static_cast<const ACCESS_ALLOWED_ACE*>(raw);
    if (ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE || !(ace->Mask & (FILE_READ_DATA | GENERIC_READ | GENERIC_ALL))) continue;
    auto* sid = const_cast<DWORD*>(&ace->SidStart);
    if (std::any_of(std::begin(crowds), std::end(crowds), [&](WELL_KNOWN_SID_TYPE c) { return IsWellKnownSid(sid, c) != 0; }))
      return true;
  }
  return false;
}

Result<Handle> open_for_reading(const std::string& path) {
  return Handle(CreateFileW(win32::wide_path(path).c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                            FILE_ATTRIBUTE_NORMAL, nullptr));
}

/// None: there is no such file.
Result<std::optional<Secret>> read_file(const std::string& path) {
  const auto file = open_for_reading(path);
  const DWORD why = *file ? 0 : GetLastError();
  if (why == ERROR_FILE_NOT_FOUND || why == ERROR_PATH_NOT_FOUND) return std::optional<Secret>();
  if (why != 0) return win32::failure("opening the secret " + path, why);
  auto text = read_all(file->get(), path);
  if (!text) return std::move(text).error();
  if (text->starts_with(kHead)) {
    text = open_up(*text, path);
    if (!text) return std::move(text).error();
  } else if (others_may_read(win32::wide_path(path))) {
    return Error{Errc::config, "others than administrators can read the secret " + path,
                 "store it by muster secret set, or take their access away"};
  }
  if (text->size() > kLongest) return Error{Errc::config, "the secret " + path + " is longer than 64 KiB", ""};
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  if (text->empty()) return Error{Errc::config, "the secret " + path + " is empty", ""};
  return std::optional<Secret>(Secret(std::move(*text)));
}

Status check_name(const std::string& name) {
  if (!name.empty() && name.find_first_of("/\\:*?\"<>|") == std::string::npos && name.front() != '.') return ok();
  return Error{Errc::config, "'" + name + "' is no name of a secret", "use a plain file name"};
}

/// Into a new file that only the system, administrators and the service can read, or none.
Status write_new(const std::string& path, std::string_view bytes) {
  win32::PrivateAccess access;
  if (!access.get()) return win32::failure("guarding " + path);
  Handle file(
      CreateFileW(win32::wide_path(path).c_str(), GENERIC_WRITE, 0, access.get(), CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file) return win32::failure("making " + path);
  DWORD done = 0;
  if (WriteFile(file.get(), bytes.data(), static_cast<DWORD>(bytes.size()), &done, nullptr) && done == bytes.size() &&
      FlushFileBuffers(file.get()))
    return ok();
  const Error why = win32::failure("writing " + path);
  file = Handle();
  DeleteFileW(win32::wide_path(path).c_str());
  return why;
}

}  // namespace

Result<Secret> read_secret(const std::string& name, const std::string& folder) {
  MUSTER_TRY(check_name(name));
  const std::string path = folder + "\\secrets\\" + name;
  auto found = read_file(path);
  if (!found) return std::move(found).error();
  if (!*found) return Error{Errc::config, "the secret '" + name + "' does not exist", "store it: muster secret set " + name};
  return std::move(**found);
}

Result<Secret> read_secret_file(const std::string& path) {
  auto found = read_file(path);
  if (!found) return std::move(found).error();
  if (!*found) return Error{Errc::config, "there is no file " + path, ""};
  return std::move(**found);
}

Status make_secret_file(const std::string& path, const Secret& secret) {
  auto bytes = protect(secret.rep());
  if (!bytes) return std::move(bytes).error();
  return write_new(path, *bytes);
}

Result<std::string> store_secret(const std::string& name, const std::string& folder, const Secret& secret) {
  MUSTER_TRY(check_name(name));
  const std::string drawer = folder + "\\secrets", path = drawer + "\\" + name, fresh = path + ".new";
  win32::PrivateAccess access(true);
  if (!access.get()) return win32::failure("guarding " + drawer);
  if (!CreateDirectoryW(win32::wide_path(drawer).c_str(), access.get()) && GetLastError() != ERROR_ALREADY_EXISTS)
    return win32::failure("making " + drawer);
  DeleteFileW(win32::wide_path(fresh).c_str());
  MUSTER_TRY(make_secret_file(fresh, secret));
  if (MoveFileExW(win32::wide_path(fresh).c_str(), win32::wide_path(path).c_str(),
                  MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
    return path;
  return win32::failure("replacing " + path);
}

}  // namespace muster
