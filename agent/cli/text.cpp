#include "agent/cli/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace muster {
namespace {

struct Range {
  std::uint32_t first, last;
};

// Unicode 15, EastAsianWidth.txt (W and F) and DerivedGeneralCategory.txt (Mn, Me, Cf), neighbouring blocks joined.
constexpr std::array kWide{Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2329, 0x232A},   Range{0x23E9, 0x23EC},
                           Range{0x25FD, 0x25FE},   Range{0x2614, 0x2615},   Range{0x2E80, 0x303E},   Range{0x3041, 0x33FF},
                           Range{0x3400, 0x4DBF},   Range{0x4E00, 0xA4CF},   Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},
                           Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},
                           Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};
constexpr std::array kZero{Range{0x0300, 0x036F}, Range{0x0483, 0x0489},  Range{0x0591, 0x05BD}, Range{0x0610, 0x061A},
                           Range{0x064B, 0x065F}, Range{0x0E31, 0x0E31},  Range{0x0E34, 0x0E3A}, Range{0x0E47, 0x0E4E},
                           Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF},  Range{0x200B, 0x200F}, Range{0x202A, 0x202E},
                           Range{0x2060, 0x206F}, Range{0x20D0, 0x20F0},  Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F},
                           Range{0xFEFF, 0xFEFF}, Range{0xE0100, 0xE01EF}};
constexpr std::array kUnsafe{Range{0x00, 0x1F},     Range{0x7F, 0x9F},     Range{0x061C, 0x061C}, Range{0x200E, 0x200F},
                             Range{0x2028, 0x202E}, Range{0x2066, 0x2069}, Range{0xFEFF, 0xFEFF}};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, std::uint32_t c) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), c, [](std::uint32_t v, const Range& r) { return v < r.first; });
  return after != ranges.begin() && c <= std::prev(after)->last;
}

/// One character; `valid` is false for a byte that starts no well-formed sequence (RFC 3629 section 4), which is then alone.
struct Character {
  std::string_view bytes;
  std::uint32_t code = 0;
  bool valid = true;

  std::size_t width() const {
    if (!valid) return 1;
    if (code < 0x20 || (code >= 0x7F && code < 0xA0) || within(kZero, code)) return 0;
    return within(kWide, code) ? 2 : 1;
  }
};

Character first_of(std::string_view text) {
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {text.substr(0, 1), lead, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  const Character bad{text.substr(0, 1), lead, false};
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return bad;
  std::uint32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) != 0x80) return bad;
    code = code << 6 | (byte & 0x3FU);
  }
  if (code < kLeast.at(length) || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) return bad;
  return {text.substr(0, length), code, true};
}

template <class Each>
void for_each_character(std::string_view text, Each each) {
  while (!text.empty()) {
    const Character c = first_of(text);
    if (!each(c)) return;
    text.remove_prefix(c.bytes.size());
  }
}

std::string escaped(const Character& c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (c.bytes == "\n") return "\\n";
  if (c.bytes == "\t") return "\\t";
  if (c.bytes == "\r") return "\\r";
  std::string out;
  for (const char byte : c.bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += {'\\', 'x', kDigits[value >> 4], kDigits[value & 15]};
  }
  return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for_each_character(text, [&](const Character& c) {
    width += c.width();
    return true;
  });
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_character(text, [&](const Character& c) {
    out += !c.valid || within(kUnsafe, c.code) ? escaped(c) : std::string(c.bytes);
    return true;
  });
  return out;
}

std::string truncated(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::string out;
  std::size_t used = 0;
  for_each_character(text, [&](const Character& c) {
    if (used + c.width() > width - 1) return false;
    used += c.width();
    out += c.bytes;
    return true;
  });
  return out + "…";
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
    if (word.empty()) continue;
    if (!lines.back().empty() && display_width(lines.back()) + 1 + display_width(word) > width) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

}  // namespace muster
