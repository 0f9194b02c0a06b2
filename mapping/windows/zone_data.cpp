#include "mapping/zone_data.h"

#include <date/tz.h>
#include <windows.h>

#include <filesystem>
#include <string>

namespace muster {

void find_zone_data() {
  static const bool once = [] {
    std::wstring program(32768, L'\0');
    program.resize(GetModuleFileNameW(nullptr, program.data(), static_cast<DWORD>(program.size())));
    date::set_install((std::filesystem::path(program).parent_path() / "tzdata").string());
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace muster
