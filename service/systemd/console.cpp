#include "service/console.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

namespace muster {

namespace {
int fd_of(Output output) { return output == Output::standard ? STDOUT_FILENO : STDERR_FILENO; }
}  // namespace

bool is_terminal(Output output) { return isatty(fd_of(output)) == 1; }

int terminal_width(Output output) {
  winsize size{};
  return is_terminal(output) && ioctl(fd_of(output), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool colour_wanted(Output output) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return is_terminal(output) && !(no_colour && *no_colour) && !(term && std::string_view(term) == "dumb");
}

std::optional<std::string> read_hidden_line(const std::string& prompt) {
  termios shown{};
  const bool hides = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &shown) == 0;
  if (hides) {
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    std::cerr << prompt << std::flush;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  std::string line;
  const bool is_read = static_cast<bool>(std::getline(std::cin, line));
  if (hides) {
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    std::cerr << "\n";
  }
  return is_read ? std::optional<std::string>(std::move(line)) : std::nullopt;
}

bool is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat file {};
  return stream && fstat(STDERR_FILENO, &file) == 0 &&
         std::string_view(stream) == std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
}

}  // namespace muster
