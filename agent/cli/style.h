// Colour, only where somebody sees it.
#pragma once

#include <string>
#include <string_view>

#include "agent/cli/terminal.h"

namespace muster {

enum class ColorChoice { automatic, always, never };

/// What a piece of text means; how that looks is decided here alone.
enum class Tone { plain, heading, good, warning, bad, quiet };

class Style {
 public:
  /// No colours.
  Style() = default;
  /// `automatic`: on a terminal, unless NO_COLOR is set to anything but nothing (no-color.org) or TERM is "dumb". The environment
  /// is a parameter; null: not set.
  static Style choose(ColorChoice choice, const Terminal& terminal, const char* no_color, const char* term);
  /// The same from the process's environment.
  static Style choose(ColorChoice choice, const Terminal& terminal);

  bool colored() const { return colored_; }
  /// `text`, between the escape sequences of its tone where there are colours. Empty stays empty.
  std::string paint(Tone tone, std::string_view text) const;

 private:
  explicit Style(bool colored) : colored_(colored) {}
  bool colored_ = false;
};

}  // namespace muster
