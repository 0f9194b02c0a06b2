#include "service/console.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>

#include "folder.h"
#include "service/paths.h"

namespace muster {
namespace {

using namespace service_test;

/// Standard error is a terminal of 120 columns as long as it lives.
class Terminal {
 public:
  Terminal() : before_(dup(STDERR_FILENO)) {
    winsize size{};
    size.ws_col = 120;
    size.ws_row = 40;
    REQUIRE(openpty(&master_, &slave_, nullptr, nullptr, &size) == 0);
    dup2(slave_, STDERR_FILENO);
  }
  ~Terminal() {
    dup2(before_, STDERR_FILENO);
    for (const int fd : {before_, master_, slave_}) close(fd);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

 private:
  int before_, master_ = -1, slave_ = -1;
};

/// Standard error goes nowhere as long as it lives.
class NoTerminal {
 public:
  NoTerminal() : before_(dup(STDERR_FILENO)) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
  }
  ~NoTerminal() {
    dup2(before_, STDERR_FILENO);
    close(before_);
  }
  NoTerminal(const NoTerminal&) = delete;
  NoTerminal& operator=(const NoTerminal&) = delete;

 private:
  int before_;
};

TEST_CASE("colour is for terminals, and for people who want it") {
  struct Row {
    std::string name;
    bool terminal;
    std::optional<std::string> no_color, term;
    bool expected;
  };
  const Row rows[]{
      {"a terminal", true, {}, "xterm", true},      {"a terminal of no name", true, {}, {}, true},
      {"NO_COLOR", true, "1", "xterm", false},      {"an empty NO_COLOR does not count", true, "", "xterm", true},
      {"a dumb terminal", true, {}, "dumb", false}, {"a pipe", false, {}, "xterm", false},
  };
  for (const Row& r : rows) {
    CAPTURE(r.name);
    const Variable no_color("NO_COLOR", r.no_color), term("TERM", r.term);
    std::optional<Terminal> terminal;
    std::optional<NoTerminal> pipe;
    if (r.terminal)
      terminal.emplace();
    else
      pipe.emplace();
    const bool colour = colour_wanted(Output::error), is = is_terminal(Output::error);
    const int width = terminal_width(Output::error);
    terminal.reset();
    pipe.reset();
    CHECK(colour == r.expected);
    CHECK(is == r.terminal);
    CHECK(width == (r.terminal ? 120 : 0));
  }
}

/// A line of standard input, which is a file of these bytes.
std::optional<std::string> line_of(const std::string& bytes) {
  const Folder folder;
  put(folder.path("input"), bytes);
  const int before = dup(STDIN_FILENO), file = open(folder.path("input").c_str(), O_RDONLY | O_CLOEXEC);
  dup2(file, STDIN_FILENO);
  std::cin.clear();
  auto line = read_hidden_line("never shown: ");
  dup2(before, STDIN_FILENO);
  close(before);
  close(file);
  return line;
}

TEST_CASE("a secret comes by standard input: its first line") {
  CHECK(line_of("s3cret") == "s3cret");
  CHECK(line_of("") == std::nullopt);
}

TEST_CASE("standard error is the journal only where it is the very stream that systemd named") {
  struct stat info {};
  REQUIRE(fstat(STDERR_FILENO, &info) == 0);
  const std::string here = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
  struct Row {
    std::optional<std::string> stream;
    bool expected;
  };
  for (const Row& r : {Row{here, true}, Row{{}, false}, Row{"", false}, Row{here + "1", false}, Row{"1:1", false}}) {
    const Variable stream("JOURNAL_STREAM", r.stream);
    CHECK(is_journal() == r.expected);
  }
}

TEST_CASE("the places that the file system's standard has for a service") {
  CHECK(default_config_file() == "/etc/muster/muster.xml");
  CHECK(default_state_folder() == "/var/lib/muster");
  CHECK(default_run_folder() == "/run/muster");
}

}  // namespace
}  // namespace muster
