#include "agent/cli/style.h"

#include <cstdlib>

namespace muster {
namespace {

bool is_set(const char* variable) { return variable && *variable != '\0'; }

/// ECMA-48 SGR parameters.
std::string_view code_of(Tone tone) {
  switch (tone) {
    case Tone::plain: return "";
    case Tone::heading: return "1";
    case Tone::good: return "32";
    case Tone::warning: return "33";
    case Tone::bad: return "31";
    case Tone::quiet: return "2";
  }
  return "";
}

}  // namespace

Style Style::choose(ColorChoice choice, const Terminal& terminal, const char* no_color, const char* term) {
  if (choice != ColorChoice::automatic) return Style(choice == ColorChoice::always);
  const bool dumb = !is_set(term) || std::string_view(term) == "dumb";
  return Style(terminal.is_terminal && !is_set(no_color) && !dumb);
}

Style Style::choose(ColorChoice choice, const Terminal& terminal) {
  return choose(choice, terminal, std::getenv("NO_COLOR"), std::getenv("TERM"));
}

std::string Style::paint(Tone tone, std::string_view text) const {
  const std::string_view code = code_of(tone);
  if (!colored_ || text.empty() || code.empty()) return std::string(text);
  std::string out = "\x1b[";
  out.append(code).append("m").append(text).append("\x1b[0m");
  return out;
}

}  // namespace muster
