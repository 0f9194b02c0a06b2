#include "service/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
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

}  // namespace muster
