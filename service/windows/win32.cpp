#include "service/windows/win32.h"

#include <aclapi.h>
#include <sddl.h>

#include <array>
#include <memory>
#include <vector>

#include "service/windows/names.h"

namespace muster::win32 {

namespace {

struct FreeLocal {
  void operator()(void* p) const noexcept { LocalFree(p); }
};

/// The account that this process runs as, "S-1-5-...".
std::wstring own_sid() {
  HANDLE raw = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw)) return {};
  const Handle token(raw);
  std::array<std::byte, 256> buffer{};
  DWORD size = 0;
  if (!GetTokenInformation(token.get(), TokenUser, buffer.data(), buffer.size(), &size)) return {};
  wchar_t* text = nullptr;
  if (!ConvertSidToStringSidW(reinterpret_cast<TOKEN_USER*>(buffer.data())->User.Sid, &text)) return {};
  const std::unique_ptr<wchar_t, FreeLocal> owned(text);
  return text;
}

/// The service's, once it is registered.
std::wstring service_sid() {
  std::array<std::byte, SECURITY_MAX_SID_SIZE> sid{};
  std::array<wchar_t, 256> domain{};
  DWORD size = sid.size(), domain_size = domain.size();
  SID_NAME_USE use{};
  if (!LookupAccountNameW(nullptr, kServiceAccount, sid.data(), &size, domain.data(), &domain_size, &use)) return {};
  wchar_t* text = nullptr;
  if (!ConvertSidToStringSidW(sid.data(), &text)) return {};
  const std::unique_ptr<wchar_t, FreeLocal> owned(text);
  return text;
}

}  // namespace

std::wstring wide(std::string_view text) {
  const int size = static_cast<int>(text.size());
  std::wstring to(static_cast<std::size_t>(MultiByteToWideChar(CP_UTF8, 0, text.data(), size, nullptr, 0)), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), size, to.data(), static_cast<int>(to.size()));
  return to;
}

std::string narrow(std::wstring_view text) {
  const int size = static_cast<int>(text.size());
  std::string to(static_cast<std::size_t>(WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr)), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), size, to.data(), static_cast<int>(to.size()), nullptr, nullptr);
  return to;
}

std::wstring wide_path(const std::string& path) {
  const std::wstring given = wide(path);
  std::wstring full(static_cast<std::size_t>(GetFullPathNameW(given.c_str(), 0, nullptr, nullptr)), L'\0');
  full.resize(GetFullPathNameW(given.c_str(), static_cast<DWORD>(full.size()), full.data(), nullptr));
  if (full.empty()) return given;
  return full.size() >= MAX_PATH && !full.starts_with(L"\\\\") ? L"\\\\?\\" + full : full;
}

std::string words_of(DWORD number) {
  wchar_t* raw = nullptr;
  const auto ask = [&](DWORD language) {
    return FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr,
                          number, language, reinterpret_cast<wchar_t*>(&raw), 0, nullptr);
  };
  DWORD size = ask(MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US));
  if (size == 0) size = ask(0);
  const std::unique_ptr<wchar_t, FreeLocal> owned(raw);
  std::string text = narrow({raw ? raw : L"", size});
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ' || text.back() == '.')) text.pop_back();
  return text.empty() ? "error " + std::to_string(number) : text;
}

Error failure(const std::string& doing, DWORD number) { return {Errc::io, doing + ": " + words_of(number), ""}; }

PrivateAccess::PrivateAccess(bool inherited) {
  const std::wstring flags = inherited ? L"OICI" : L"";
  std::wstring sddl = L"D:P";
  // SYSTEM and the administrators.
  for (const std::wstring& who : {std::wstring(L"SY"), std::wstring(L"BA"), own_sid(), service_sid()})
    if (!who.empty()) sddl += L"(A;" + flags + L";FA;;;" + who + L")";
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl.c_str(), SDDL_REVISION_1, &descriptor_, nullptr))
    descriptor_ = nullptr;
  attributes_ = {sizeof attributes_, descriptor_, FALSE};
}

PrivateAccess::~PrivateAccess() { LocalFree(descriptor_); }

Status PrivateAccess::guard(const std::string& folder) {
  const std::wstring path = wide_path(folder);
  if (!get()) return failure("guarding " + folder);
  if (!CreateDirectoryW(path.c_str(), get()) && GetLastError() != ERROR_ALREADY_EXISTS) return failure("making " + folder);
  // What was there already.
  if (SetFileSecurityW(path.c_str(), DACL_SECURITY_INFORMATION, descriptor_)) return ok();
  return failure("guarding " + folder);
}

std::string program_file() {
  std::wstring path(32768, L'\0');
  path.resize(GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size())));
  return narrow(path);
}

std::string program_folder() {
  const std::string file = program_file();
  return file.substr(0, file.rfind('\\'));
}

}  // namespace muster::win32
