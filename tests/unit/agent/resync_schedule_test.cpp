#include "agent/resync_schedule.h"

#include <doctest/doctest.h>

#include "tests/support/on_windows.h"
#include "tests/support/time_zone.h"

using namespace muster;

TEST_CASE("the comparison of everything is due at its hour, and at once where one was missed") {
  test::use_central_european_time();
  struct Case {
    const char* name;
    const char *at, *every;  ///< one of them
    const char *last, *now, *next;
  };
  const Case cases[] = {
      {"tonight's is still to come", "02:00", "", "2026-11-22T01:00:01Z", "2026-11-22T12:00:00Z", "2026-11-23T01:00:00Z"},
      {"it is due now", "02:00", "", "2026-11-22T01:00:01Z", "2026-11-23T01:00:00Z", "2026-11-23T01:00:00Z"},
      {"it was done today", "02:00", "", "2026-11-23T01:00:00Z", "2026-11-23T01:10:00Z", "2026-11-24T01:00:00Z"},
      {"tonight's was missed", "02:00", "", "2026-11-22T01:00:01Z", "2026-11-23T09:00:00Z", "2026-11-23T01:00:00Z"},
      {"yesterday evening's was missed", "23:00", "", "2026-11-20T22:00:01Z", "2026-11-23T09:00:00Z", "2026-11-22T22:00:00Z"},
      {"one by hand before the hour does not replace it", "02:00", "", "2026-11-23T00:30:00Z", "2026-11-23T01:00:00Z",
       "2026-11-23T01:00:00Z"},
      {"in summer", "02:00", "", "2026-07-01T00:00:00Z", "2026-07-01T12:00:00Z", "2026-07-02T00:00:00Z"},
      {"an hour that clocks leave out", "02:30", "", "2026-03-28T01:30:00Z", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"},
      {"every six hours", "", "6h", "2026-11-23T01:00:00Z", "2026-11-23T02:00:00Z", "2026-11-23T07:00:00Z"},
      {"every six hours, missed for a week", "", "6h", "2026-11-16T01:00:00Z", "2026-11-23T02:00:00Z", "2026-11-16T07:00:00Z"},
      {"the clock was set back", "", "6h", "2026-11-23T05:00:00Z", "2026-11-23T02:00:00Z", "2026-11-23T08:00:00Z"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    // Of an hour that is left out, the C library of Windows takes the one before.
    if (test::kOnWindows && std::string_view(c.name) == "an hour that clocks leave out") continue;
    ResyncSettings settings;
    const std::string at = c.at;
    if (!at.empty()) settings.at = std::chrono::hours(std::stoi(at.substr(0, 2))) + std::chrono::minutes(std::stoi(at.substr(3)));
    settings.every = parse_duration(c.every);
    CHECK(iso_time(next_resync(settings, *parse_iso_time(c.last), *parse_iso_time(c.now))) == iso_time(*parse_iso_time(c.next)));
  }
}
