#include "service/console.h"

#include <cstdlib>

#include "service/windows/win32.h"

namespace muster {

namespace {

HANDLE handle_of(Output output) { return GetStdHandle(output == Output::standard ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE); }

/// Consoles know colours since Windows 10 1511, once they are asked.
bool take_colours(HANDLE handle) {
  DWORD mode = 0;
  return GetConsoleMode(handle, &mode) && SetConsoleMode(handle, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

}  // namespace

bool is_terminal(Output output) {
  DWORD mode = 0;
  return GetConsoleMode(handle_of(output), &mode) != 0;
}

int terminal_width(Output output) {
  CONSOLE_SCREEN_BUFFER_INFO info;
  return GetConsoleScreenBufferInfo(handle_of(output), &info) ? info.srWindow.Right - info.srWindow.Left + 1 : 0;
}

bool colour_wanted(Output output) {
  const char* no_colour = std::getenv("NO_COLOR");
  return is_terminal(output) && !(no_colour && *no_colour) && take_colours(handle_of(output));
}

}  // namespace muster
