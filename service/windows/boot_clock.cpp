#include "service/boot_clock.h"

#include "service/windows/win32.h"

namespace muster {

/// Windows has no name for a start of the machine that changes with each, and none that stays the same when the clock is set; this
/// number counts them. (Not with fast startup, which hibernates; there the time goes on, too.)
BootTime boot_time() {
  BootTime t;
  DWORD starts = 0, size = sizeof starts;
  const wchar_t* key = L"SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Memory Management\\PrefetchParameters";
  if (RegGetValueW(HKEY_LOCAL_MACHINE, key, L"BootId", RRF_RT_REG_DWORD, nullptr, &starts, &size) == ERROR_SUCCESS)
    t.boot = std::to_string(starts);
  t.since = std::chrono::milliseconds(GetTickCount64());
  return t;
}

}  // namespace muster
