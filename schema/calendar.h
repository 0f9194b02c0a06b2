// Dates and times, as people, HR systems and directories write them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;
using Day = std::chrono::sys_days;

/// The moment for which a plan is made. `today` is the local calendar day at `utc`.
struct Now {
  Instant utc{};
  Day today{};
};

Instant clock_time(Instant utc);  ///< what the machine's clock shows at `utc`, in whole seconds, as if it were UTC
Now now_at(Instant utc);          ///< with the process's local time zone
Now system_now();

std::string compact_date(Day day);                             ///< "20261123"
std::optional<Day> parse_compact_date(std::string_view text);  ///< eight digits and a day that exists
std::string iso_date(Day day);                                 ///< "2026-11-23"
std::string iso_time(Instant at);                              ///< "2026-11-23T07:37:53.120Z"
std::optional<Instant> parse_iso_time(std::string_view text);
std::string generalized_time(Instant at);  ///< "20261123073753Z" (RFC 4517 section 3.3.13)
/// Any GeneralizedTime: fractions, offsets, missing minutes.
std::optional<Instant> parse_generalized_time(std::string_view text);
/// "P30D", "P2W", "PT8H", "P1DT12H", "8h", "30d": seconds. Months and years are refused (they have no fixed length).
std::optional<std::chrono::seconds> parse_duration(std::string_view text);
/// "3 d 4 h", "12 min", "850 ms": for people.
std::string human_duration(std::chrono::milliseconds span);

}  // namespace muster
