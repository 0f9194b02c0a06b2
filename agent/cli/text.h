// UTF-8 on a terminal: how wide it is, and what of it is safe to show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// Columns that `text` takes on a terminal: combining marks 0, East Asian wide characters 2 (Unicode UAX #11), a byte that is no
/// UTF-8 1. Control characters count as 0; show printable() text only.
std::size_t display_width(std::string_view text);

/// `text` as it may be shown: values come from directories and feeds, and must not move the cursor, start a new line or turn the
/// writing direction. Line feed, tab and carriage return become \n, \t, \r; other control characters (C0, C1, bidirectional
/// overrides) and bytes that are no UTF-8 become \xNN.
std::string printable(std::string_view text);

/// The longest beginning that fits into `width` columns, with "…" as its last character where something was cut.
std::string truncated(std::string_view text, std::size_t width);

/// Lines of at most `width` columns, broken at blanks; a longer word has its own line. At least one line.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace muster
