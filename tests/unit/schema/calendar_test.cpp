#include "schema/calendar.h"

#include <doctest/doctest.h>

using namespace muster;
using namespace std::chrono;

TEST_CASE("calendar: days, as HR and muster write them") {
  const auto day = parse_compact_date("20261123");
  REQUIRE(day);
  CHECK(iso_date(*day) == "2026-11-23");
  CHECK(compact_date(*day) == "20261123");
  CHECK(parse_compact_date("20240229"));
  for (const std::string text : {"20260229", "20261301", "20261100", "2026112", "202611233", "2026-1-2", "abcdefgh", ""}) {
    CAPTURE(text);
    CHECK_FALSE(parse_compact_date(text));
  }
}

TEST_CASE("calendar: times of day, to the millisecond") {
  const auto at = parse_iso_time("2026-11-23T07:37:53.120Z");
  REQUIRE(at);
  CHECK(iso_time(*at) == "2026-11-23T07:37:53.120Z");
  CHECK(generalized_time(*at) == "20261123073753Z");
  CHECK_FALSE(parse_iso_time("yesterday"));
}

TEST_CASE("calendar: every spelling of a GeneralizedTime") {
  struct Case {
    const char* text;
    const char* iso;
  };
  const Case cases[] = {
      {"20261123073753Z", "2026-11-23T07:37:53.000Z"},     {"202611230737Z", "2026-11-23T07:37:00.000Z"},
      {"2026112307Z", "2026-11-23T07:00:00.000Z"},         {"20261123073753.5Z", "2026-11-23T07:37:53.500Z"},
      {"20261123073753,25Z", "2026-11-23T07:37:53.250Z"},  {"20261123073753+0100", "2026-11-23T06:37:53.000Z"},
      {"20261123073753-0530", "2026-11-23T13:07:53.000Z"}, {"2026112307.5Z", "2026-11-23T07:30:00.000Z"},
      {"16010101000000.0Z", "1601-01-01T00:00:00.000Z"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto at = parse_generalized_time(c.text);
    REQUIRE(at);
    CHECK(iso_time(*at) == c.iso);
  }
  for (const std::string text :
       {"", "2026", "20261123", "20261123073753", "20261323073753Z", "20261123253753Z", "20261123073753X", "20261123073753.Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_generalized_time(text));
  }
}

TEST_CASE("calendar: durations of the configuration") {
  struct Case {
    const char* text;
    long seconds;
  };
  const Case cases[] = {{"P30D", 30 * 86400}, {"P2W", 14 * 86400}, {"PT8H", 8 * 3600}, {"P1DT12H", 36 * 3600},
                        {"PT5M", 300},        {"PT30S", 30},       {"8h", 8 * 3600},   {"30d", 30 * 86400}};
  for (const Case& c : cases) {
    CAPTURE(c.text);
    REQUIRE(parse_duration(c.text));
    CHECK(parse_duration(c.text)->count() == c.seconds);
  }
  for (const std::string text : {"", "P", "PT", "P1M", "P1Y", "30", "d", "-P1D", "P1D ", "P99999999999999999999D"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("calendar: spans, for people") {
  CHECK(human_duration(milliseconds(850)) == "850 ms");
  CHECK(human_duration(minutes(12)) == "12 min");
  CHECK(human_duration(hours(76)) == "3 d 4 h");
}
