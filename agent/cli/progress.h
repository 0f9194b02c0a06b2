// How far long work is, on standard error.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "agent/cli/style.h"
#include "agent/cli/terminal.h"

namespace muster {

/// On a terminal one line that is drawn over, at most ten times a second, and that is gone when the work is done; elsewhere a line
/// every five seconds, and none for work that takes less. Standard output is never touched. One thread uses it.
class ProgressBar {
 public:
  using Clock = std::chrono::steady_clock;

  ProgressBar(std::ostream& out, const Terminal& terminal, Style style, std::function<Clock::time_point()> clock = Clock::now);
  /// Cleans its line.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `done` of `total` (0: unknown) of the work `what`; another `what` starts a new piece of work with its own rate. Has the
  /// signature of the engine's progress function.
  void update(const std::string& what, std::size_t done, std::size_t total);
  /// Takes the line away, so that something else can be printed; the next update draws it again.
  void hide();

 private:
  std::string text(Clock::time_point now) const;
  void draw(const std::string& line);

  std::ostream& out_;
  Terminal terminal_;
  Style style_;
  std::function<Clock::time_point()> clock_;
  std::string what_;
  std::size_t done_ = 0, total_ = 0, first_ = 0;
  Clock::time_point started_{};
  Clock::time_point shown_{};
  bool drawn_ = false;
};

}  // namespace muster
