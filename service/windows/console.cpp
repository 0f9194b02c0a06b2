#include "service/console.h"

#include <cstdlib>
#include <iostream>
#include <string>

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

std::optional<std::string> read_hidden_line(const std::string& prompt) {
  const HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
  DWORD shown = 0;
  const bool hides = GetConsoleMode(input, &shown) != 0;
  if (hides) {
    std::cerr << prompt << std::flush;
    (void)SetConsoleMode(input, shown & ~static_cast<DWORD>(ENABLE_ECHO_INPUT));
  }
  std::string line;
  const bool is_read = static_cast<bool>(std::getline(std::cin, line));
  if (hides) {
    (void)SetConsoleMode(input, shown);
    std::cerr << "\n";
  }
  return is_read ? std::optional<std::string>(std::move(line)) : std::nullopt;
}

// Windows has no journal; service_log.h is its way.
bool is_journal() { return false; }

}  // namespace muster
