#include <doctest/doctest.h>

#include <sstream>

#include "agent/cli/progress.h"
#include "agent/cli/text.h"

using namespace muster;
using namespace std::chrono_literals;

namespace {

/// A bar whose clock is moved by hand.
struct Watched {
  std::ostringstream out;
  ProgressBar::Clock::time_point now{};
  ProgressBar bar;

  explicit Watched(Terminal terminal) : bar(out, terminal, Style(), [this] { return now; }) {}
  /// What was written since the last call.
  std::string fresh() {
    std::string text = out.str();
    out.str("");
    return text;
  }
  std::string update(std::chrono::milliseconds later, std::size_t done, std::size_t total, const char* what = "reading people") {
    now += later;
    bar.update(what, done, total);
    return fresh();
  }
};

const Terminal kWide{true, 120};

}  // namespace

TEST_CASE("on a terminal the bar shows part, rate and time left") {
  Watched w(kWide);
  CHECK(w.update(0ms, 0, 10000) == "\rreading people  [........................]  0 %  0 of 10,000\x1b[K");
  CHECK(w.update(2000ms, 5000, 10000) ==
        "\rreading people  [############............]  50 %  5,000 of 10,000  2,500/s  2 s left\x1b[K");
  CHECK(w.update(2000ms, 10000, 10000) == "\rreading people  [########################]  100 %  10,000 of 10,000  2,500/s\x1b[K");
}

TEST_CASE("work of unknown length shows how much and how fast") {
  Watched w(kWide);
  w.update(0ms, 0, 0);
  CHECK(w.update(1000ms, 1234567, 0) == "\rreading people  1,234,567  1,234,567/s\x1b[K");
}

TEST_CASE("the bar is drawn at most ten times a second") {
  Watched w(kWide);
  w.update(0ms, 0, 100);
  CHECK(w.update(50ms, 1, 100).empty());
  CHECK(w.update(49ms, 2, 100).empty());
  CHECK_FALSE(w.update(1ms, 3, 100).empty());
}

TEST_CASE("another piece of work starts at once, with its own rate") {
  Watched w(kWide);
  w.update(0ms, 0, 1000);
  w.update(1000ms, 1000, 1000);
  CHECK(w.update(10ms, 0, 50, "writing").starts_with("\rwriting  ["));
  CHECK(w.update(1000ms, 20, 50, "writing").find("20/s") != std::string::npos);
}

TEST_CASE("work that goes on after a restart does not count what was done before into its rate") {
  Watched w(kWide);
  w.update(0ms, 8000, 10000);
  CHECK(w.update(1000ms, 9000, 10000).find("1,000/s  1 s left") != std::string::npos);
}

TEST_CASE("the line is gone when the bar is hidden or done, and comes back with the next update") {
  Watched w(kWide);
  w.bar.hide();
  CHECK(w.fresh().empty());
  w.update(0ms, 1, 2);
  w.bar.hide();
  CHECK(w.fresh() == "\r\x1b[K");
  CHECK_FALSE(w.update(200ms, 2, 2).empty());
  std::ostringstream out;
  {
    ProgressBar bar(out, kWide, Style());
    bar.update("x", 1, 2);
  }
  CHECK(out.str().ends_with("\r\x1b[K"));
}

TEST_CASE("a narrow terminal gets a line that fits") {
  Watched w(Terminal{true, 30});
  std::string line = w.update(0ms, 1, 2);
  line = line.substr(1, line.size() - 4);
  CHECK(display_width(line) == 29);
}

TEST_CASE("elsewhere there is a line every five seconds, and none for short work") {
  Watched w(Terminal{});
  CHECK(w.update(0ms, 0, 1000).empty());
  CHECK(w.update(4999ms, 400, 1000).empty());
  CHECK(w.update(1ms, 500, 1000) == "reading people  50 %  500 of 1,000  100/s  5 s left\n");
  CHECK(w.update(4000ms, 900, 1000).empty());
  CHECK(w.update(1000ms, 1000, 1000) == "reading people  100 %  1,000 of 1,000  100/s\n");
  w.bar.hide();
  CHECK(w.fresh().empty());
}
