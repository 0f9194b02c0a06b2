#include "service/paths.h"

#include <knownfolders.h>
#include <shlobj.h>

#include "service/windows/win32.h"

namespace muster {

namespace {

/// %ProgramData%\muster, asked of the system: the environment has no say.
std::string own_folder() {
  wchar_t* raw = nullptr;
  std::string folder = "C:\\ProgramData";
  if (SUCCEEDED(SHGetKnownFolderPath(FOLDERID_ProgramData, KF_FLAG_DEFAULT, nullptr, &raw))) folder = win32::narrow(raw);
  CoTaskMemFree(raw);
  return folder + "\\muster";
}

}  // namespace

std::string default_config_file() { return own_folder() + "\\muster.xml"; }
std::string default_state_folder() { return own_folder() + "\\state"; }
std::string default_run_folder() { return own_folder() + "\\run"; }
std::string default_log_folder() { return own_folder() + "\\log"; }

}  // namespace muster
