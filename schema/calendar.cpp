#include "schema/calendar.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <limits>

namespace muster {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hh_mm_ss;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::month;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::system_clock;
using std::chrono::weeks;
using std::chrono::year;
using std::chrono::year_month_day;

struct Civil {
  int year, month, day, hour, minute, second, millisecond;
};

Civil civil_of(Instant at) {
  const auto day = floor<days>(at);
  const year_month_day ymd(day);
  const hh_mm_ss time(at - day);
  return {static_cast<int>(ymd.year()),
          static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day())),
          static_cast<int>(time.hours().count()),
          static_cast<int>(time.minutes().count()),
          static_cast<int>(time.seconds().count()),
          static_cast<int>(time.subseconds().count())};
}

template <class... Args>
std::string print(const char* format, Args... args) {
  std::array<char, 64> buffer{};
  const int n = std::snprintf(buffer.data(), buffer.size(), format, args...);
  return {buffer.data(), static_cast<std::size_t>(n)};
}

std::optional<Day> day_of(int y, int m, int d) {
  const year_month_day ymd{year(y), month(static_cast<unsigned>(m)), std::chrono::day(static_cast<unsigned>(d))};
  if (!ymd.ok()) return std::nullopt;
  return sys_days(ymd);
}

/// Reads numbers of fixed width off the front of a text.
class Digits {
 public:
  explicit Digits(std::string_view text) : rest_(text) {}
  bool number(std::size_t width, int& value) {
    if (rest_.size() < width) return false;
    value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return true;
  }
  bool literal(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool at_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  /// ".25" or ",25" as a share of one.
  bool fraction(double& share) {
    share = 0;
    if (!literal('.') && !literal(',')) return true;
    if (!at_digit()) return false;
    for (double place = 0.1; at_digit(); place /= 10) {
      share += place * (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return true;
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<Instant> instant_of(int y, int mo, int d, int h, int mi, int s) {
  const auto day = day_of(y, mo, d);
  if (!day || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return Instant(*day + hours(h) + minutes(mi) + seconds(s));
}

bool read_zone(Digits& in, minutes& offset) {
  offset = minutes(0);
  if (in.literal('Z')) return in.done();
  const bool plus = in.literal('+');
  if (!plus && !in.literal('-')) return false;
  int h = 0, m = 0;
  if (!in.number(2, h)) return false;
  in.literal(':');
  if (in.at_digit() && !in.number(2, m)) return false;
  offset = minutes(h * 60 + m) * (plus ? 1 : -1);
  return in.done();
}

std::optional<seconds> unit_of(char c, bool time) {
  switch (c) {
    case 'W': return time ? std::nullopt : std::optional(seconds(weeks(1)));
    case 'D': return time ? std::nullopt : std::optional(seconds(days(1)));
    case 'H': return time ? std::optional(seconds(hours(1))) : std::nullopt;
    case 'M': return time ? std::optional(seconds(minutes(1))) : std::nullopt;
    case 'S': return time ? std::optional(seconds(1)) : std::nullopt;
    default: return std::nullopt;
  }
}

/// "30", then a unit; adds to `sum`. False: no number, no such unit, or too large.
bool add_part(std::string_view& rest, bool time, seconds& sum) {
  long long n = 0;
  std::size_t i = 0;
  for (; i < rest.size() && rest[i] >= '0' && rest[i] <= '9'; ++i) {
    n = n * 10 + (rest[i] - '0');
    if (n > 1'000'000'000) return false;
  }
  if (i == 0 || i == rest.size()) return false;
  const auto unit = unit_of(rest[i], time);
  if (!unit) return false;
  sum += *unit * n;
  rest.remove_prefix(i + 1);
  return true;
}

std::optional<seconds> parse_iso_duration(std::string_view rest) {
  seconds sum{0};
  bool time = false, any = false;
  while (!rest.empty()) {
    if (rest.front() == 'T' && !time) {
      time = true;
      any = false;
      rest.remove_prefix(1);
      continue;
    }
    if (!add_part(rest, time, sum)) return std::nullopt;
    any = true;
  }
  return any ? std::optional(sum) : std::nullopt;
}

}  // namespace

Instant clock_time(Instant utc) {
  const std::time_t seconds_now = floor<seconds>(utc).time_since_epoch().count();
  std::tm local{};
#ifdef _WIN32
  localtime_s(&local, &seconds_now);
#else
  localtime_r(&seconds_now, &local);
#endif
  const auto day = day_of(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
  return day ? *day + hours(local.tm_hour) + minutes(local.tm_min) + seconds(local.tm_sec) : utc;
}

Now now_at(Instant utc) { return {utc, floor<days>(clock_time(utc))}; }

Now system_now() { return now_at(floor<milliseconds>(system_clock::now())); }

std::string compact_date(Day day) {
  const Civil c = civil_of(day);
  return print("%04d%02d%02d", c.year, c.month, c.day);
}

std::optional<Day> parse_compact_date(std::string_view text) {
  Digits in(text);
  int y = 0, m = 0, d = 0;
  if (!in.number(4, y) || !in.number(2, m) || !in.number(2, d) || !in.done()) return std::nullopt;
  return day_of(y, m, d);
}

std::string iso_date(Day day) {
  const Civil c = civil_of(day);
  return print("%04d-%02d-%02d", c.year, c.month, c.day);
}

std::string iso_time(Instant at) {
  const Civil c = civil_of(at);
  return print("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour, c.minute, c.second, c.millisecond);
}

std::optional<Instant> parse_iso_time(std::string_view text) {
  Digits in(text);
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  double share = 0;
  minutes zone{};
  const bool read = in.number(4, y) && in.literal('-') && in.number(2, mo) && in.literal('-') && in.number(2, d) &&
                    (in.literal('T') || in.literal(' ')) && in.number(2, h) && in.literal(':') && in.number(2, mi) &&
                    in.literal(':') && in.number(2, s) && in.fraction(share) && read_zone(in, zone);
  if (!read) return std::nullopt;
  const auto at = instant_of(y, mo, d, h, mi, s);
  if (!at) return std::nullopt;
  return *at + milliseconds(static_cast<int>(share * 1000 + 0.5)) - zone;
}

std::string generalized_time(Instant at) {
  const Civil c = civil_of(at);
  return print("%04d%02d%02d%02d%02d%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

std::optional<Instant> parse_generalized_time(std::string_view text) {
  Digits in(text);
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!in.number(4, y) || !in.number(2, mo) || !in.number(2, d) || !in.number(2, h)) return std::nullopt;
  auto unit = milliseconds(hours(1));
  if (in.at_digit()) {
    if (!in.number(2, mi)) return std::nullopt;
    unit = minutes(1);
    if (in.at_digit()) {
      if (!in.number(2, s)) return std::nullopt;
      unit = seconds(1);
    }
  }
  double share = 0;
  minutes zone{};
  if (!in.fraction(share) || !read_zone(in, zone)) return std::nullopt;
  const auto at = instant_of(y, mo, d, h, mi, s);
  if (!at) return std::nullopt;
  return *at + milliseconds(static_cast<long long>(share * static_cast<double>(unit.count()) + 0.5)) - zone;
}

std::optional<seconds> parse_duration(std::string_view text) {
  if (!text.empty() && text.front() == 'P') return parse_iso_duration(text.substr(1));
  if (text.size() < 2) return std::nullopt;
  std::string part(text);
  char& unit = part.back();
  const bool time = unit == 'h' || unit == 'm' || unit == 's';
  if (!time && unit != 'd' && unit != 'w') return std::nullopt;
  unit = static_cast<char>(unit - 'a' + 'A');
  std::string_view rest = part;
  seconds sum{0};
  if (!add_part(rest, time, sum) || !rest.empty()) return std::nullopt;
  return sum;
}

std::string human_duration(milliseconds span) {
  const auto ms = span.count();
  if (ms < 1000) return std::to_string(ms) + " ms";
  const auto s = ms / 1000;
  if (s < 60) return std::to_string(s) + " s";
  if (s < 3600) return std::to_string(s / 60) + " min";
  const auto both = [](long long a, const char* ua, long long b, const char* ub) {
    return std::to_string(a) + ua + (b ? " " + std::to_string(b) + ub : std::string());
  };
  if (s < 86400) return both(s / 3600, " h", s % 3600 / 60, " min");
  return both(s / 86400, " d", s % 86400 / 3600, " h");
}

}  // namespace muster
