#include "agent/resync_schedule.h"

#include <algorithm>
#include <ctime>

namespace muster {

namespace {

Instant hour_of_day(Day day, std::chrono::minutes hour) {
  const std::chrono::year_month_day ymd(day);
  std::tm t{};
  t.tm_year = static_cast<int>(ymd.year()) - 1900;
  t.tm_mon = static_cast<int>(static_cast<unsigned>(ymd.month())) - 1;
  t.tm_mday = static_cast<int>(static_cast<unsigned>(ymd.day()));
  t.tm_hour = static_cast<int>(hour.count() / 60);
  t.tm_min = static_cast<int>(hour.count() % 60);
  t.tm_isdst = -1;
  return Instant(std::chrono::seconds(std::mktime(&t)));
}

}  // namespace

Instant next_resync(const ResyncSettings& settings, Instant last, Instant now) {
  const Instant since = std::min(last, now);  // a clock that was set back
  if (settings.every) return since + *settings.every;
  const std::chrono::minutes hour = settings.at.value_or(std::chrono::minutes(0));
  const Day today = now_at(now).today;
  for (const int offset : {-1, 0}) {
    const Instant at = hour_of_day(today + std::chrono::days(offset), hour);
    if (at > now || since < at) return at;
  }
  return hour_of_day(today + std::chrono::days(1), hour);
}

}  // namespace muster
