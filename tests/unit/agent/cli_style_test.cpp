#include <doctest/doctest.h>

#include "agent/cli/style.h"
#include "agent/cli/table.h"

using namespace muster;

TEST_CASE("colour is for terminals, and for whoever asks for it") {
  const Terminal terminal{true, 80}, pipe{};
  struct Case {
    const char* name;
    ColorChoice choice;
    Terminal where;
    const char* no_color;
    const char* term;
    bool colored;
  };
  const Case cases[] = {
      {"terminal", ColorChoice::automatic, terminal, nullptr, "xterm-256color", true},
      {"pipe", ColorChoice::automatic, pipe, nullptr, "xterm-256color", false},
      {"NO_COLOR", ColorChoice::automatic, terminal, "1", "xterm-256color", false},
      {"NO_COLOR set to nothing counts as not set", ColorChoice::automatic, terminal, "", "xterm-256color", true},
      {"dumb terminal", ColorChoice::automatic, terminal, nullptr, "dumb", false},
      {"terminal of no name", ColorChoice::automatic, terminal, nullptr, nullptr, false},
      {"always, into a pipe", ColorChoice::always, pipe, nullptr, nullptr, true},
      {"always beats NO_COLOR", ColorChoice::always, terminal, "1", "xterm", true},
      {"never", ColorChoice::never, terminal, nullptr, "xterm", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(Style::choose(c.choice, c.where, c.no_color, c.term).colored() == c.colored);
  }
}

TEST_CASE("a painted text ends with the colour that was there before") {
  const Style style = Style::choose(ColorChoice::always, {});
  CHECK(style.paint(Tone::bad, "3 failed") == "\x1b[31m3 failed\x1b[0m");
  CHECK(style.paint(Tone::plain, "3 failed") == "3 failed");
  CHECK(style.paint(Tone::good, "").empty());
  CHECK(Style().paint(Tone::bad, "3 failed") == "3 failed");
}

TEST_CASE("colours do not move columns") {
  Table table({{"State"}, {"What"}}, "");
  table.add({Cell("ok", Tone::good), "x"});
  table.add({Cell("failed", Tone::bad), "y"});
  CHECK(table.render(Style::choose(ColorChoice::always, {}), 0) ==
        "\x1b[1mState\x1b[0m   \x1b[1mWhat\x1b[0m\n"
        "\x1b[32mok\x1b[0m      x\n"
        "\x1b[31mfailed\x1b[0m  y\n");
}
