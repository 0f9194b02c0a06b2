#include "mapping/zone.h"

#include <date/tz.h>

#include <ctime>
#include <exception>

#include "mapping/zone_data.h"

namespace muster {

namespace {

std::tm civil(Day day, std::chrono::minutes time) {
  const std::chrono::year_month_day ymd(day);
  std::tm t{};
  t.tm_year = static_cast<int>(ymd.year()) - 1900;
  t.tm_mon = static_cast<int>(static_cast<unsigned>(ymd.month())) - 1;
  t.tm_mday = static_cast<int>(static_cast<unsigned>(ymd.day()));
  t.tm_hour = static_cast<int>(time.count() / 60);
  t.tm_min = static_cast<int>(time.count() % 60);
  t.tm_isdst = -1;
  return t;
}

/// Where clocks change at midnight there may be no 00:00, or two.
Instant own_end_of(Day day) {
  constexpr std::chrono::minutes step{30};
  const auto is_over = [&](Instant at) { return now_at(at).today > day; };
  std::tm midnight = civil(day + std::chrono::days(1), {});
  Instant at(std::chrono::seconds(std::mktime(&midnight)));
  while (!is_over(at)) at += step;
  while (is_over(at - step)) at -= step;
  return at;
}

/// The machine's clock has shown this time, or a later one, by `at`.
bool has_shown(Instant at, Instant wanted) { return clock_time(at) >= wanted; }

/// mktime() chooses freely where clocks skip a time or show it twice, so its answer is only where to look.
Instant own_instant_of(Day day, std::chrono::minutes time) {
  using std::chrono::minutes;
  const Instant wanted = Instant(day) + time;
  std::tm local = civil(day, time);
  Instant at(std::chrono::seconds(std::mktime(&local)));
  const auto before = [&](minutes span) { return !has_shown(at - span, wanted); };
  if (has_shown(at, wanted) && before(minutes(1)) && before(minutes(30)) && before(minutes(60)) && before(minutes(120))) return at;
  at -= minutes(180);
  while (!has_shown(at, wanted)) at += minutes(1);
  return at;
}

}  // namespace

std::optional<Zone> Zone::named(const std::string& name) {
  try {
    find_zone_data();
    Zone zone;
    zone.zone_ = date::locate_zone(name);
    return zone;
  } catch (const std::exception&) { return std::nullopt; }
}

Day Zone::day_at(Instant at) const {
  if (!zone_) return now_at(at).today;
  return Day(std::chrono::floor<std::chrono::days>(zone_->to_local(at)).time_since_epoch());
}

Instant Zone::instant_of(Day day, std::chrono::minutes time) const {
  if (zone_) return zone_->to_sys(date::local_days(day.time_since_epoch()) + time, date::choose::earliest);
  if (time == std::chrono::minutes(0)) return own_end_of(day - std::chrono::days(1));
  return own_instant_of(day, time);
}

Instant Zone::end_of(Day day) const { return instant_of(day + std::chrono::days(1), {}); }

std::string Zone::name() const { return zone_ ? zone_->name() : std::string(); }

}  // namespace muster
