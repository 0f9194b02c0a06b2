#include "agent/feed/date_format.h"

#include <array>

#include "schema/ascii.h"

namespace muster {

namespace {

constexpr std::string_view kSpecifiers = "YymbBdeHMS%";
constexpr std::array<std::string_view, 12> kMonths{"january", "february", "march",     "april",   "may",      "june",
                                                   "july",    "august",   "september", "october", "november", "december"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with_word(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (lower(text[i]) != word[i]) return false;
  }
  return true;
}

/// Takes a text apart from the front.
struct Scan {
  std::string_view rest;

  bool number(std::size_t least, std::size_t most, int& value) {
    std::size_t n = 0;
    value = 0;
    while (n < most && n < rest.size() && is_digit(rest[n])) value = value * 10 + (rest[n++] - '0');
    rest.remove_prefix(n);
    return n >= least;
  }
  bool month(int& value) {
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
      const std::string_view name = kMonths[i];
      if (!starts_with_word(rest, name.substr(0, 3))) continue;
      rest.remove_prefix(starts_with_word(rest, name) ? name.size() : 3);
      value = static_cast<int>(i) + 1;
      return true;
    }
    return false;
  }
  bool blanks() {
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    return true;
  }
  bool literal(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
};

struct Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

/// `least`: digits that a number of two digits must have.
bool take(char specifier, std::size_t least, Scan& in, Parts& p) {
  switch (specifier) {
    case 'Y': return in.number(4, 4, p.year);
    case 'y':
      if (!in.number(2, 2, p.year)) return false;
      p.year += p.year < 69 ? 2000 : 1900;
      return true;
    case 'm': return in.number(least, 2, p.month);
    case 'b':
    case 'B': return in.month(p.month);
    case 'e': return in.blanks() && in.number(least, 2, p.day);
    case 'd': return in.number(least, 2, p.day);
    case 'H': return in.number(least, 2, p.hour);
    case 'M': return in.number(least, 2, p.minute);
    case 'S': return in.number(least, 2, p.second);
    default: return in.literal('%');
  }
}

std::optional<Day> day_of(const Parts& p) {
  const std::chrono::year_month_day day{std::chrono::year(p.year), std::chrono::month(static_cast<unsigned>(p.month)),
                                        std::chrono::day(static_cast<unsigned>(p.day))};
  if (p.year < 1 || !day.ok() || p.hour > 24 || p.minute > 59 || p.second > 60) return std::nullopt;
  return std::chrono::sys_days(day);
}

}  // namespace

std::optional<DateFormat> DateFormat::compile(std::string format) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i == format.size() || kSpecifiers.find(format[i]) == std::string_view::npos) return std::nullopt;
  }
  DateFormat made(std::move(format));
  for (std::size_t i = 0; i + 2 < made.format_.size(); i += made.format_[i] == '%' ? 2 : 1) {
    made.packed_ |= made.format_[i] == '%' && made.format_[i + 2] == '%';
  }
  return made;
}

std::optional<Day> DateFormat::parse(std::string_view text) const {
  Scan in{text};
  Parts parts;
  for (std::size_t i = 0; i < format_.size(); ++i) {
    const char c = format_[i];
    const bool fits = c == '%' ? take(format_[++i], packed_ ? 2 : 1, in, parts) : c == ' ' ? in.blanks() : in.literal(c);
    if (!fits) return std::nullopt;
  }
  return in.rest.empty() ? day_of(parts) : std::nullopt;
}

}  // namespace muster
