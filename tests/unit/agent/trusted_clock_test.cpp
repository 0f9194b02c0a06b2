// When access ends that was given for a time: whatever is done to the clock.
#include "agent/trusted_clock.h"

#include <doctest/doctest.h>

using namespace muster;

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using Span = std::chrono::milliseconds;

const Instant kNoon{*parse_iso_time("2026-11-23T12:00:00Z")};

ClockMemory seen_at_noon() { return {kNoon, kNoon, {"boot-1", Span(hours(5))}}; }

}  // namespace

TEST_CASE("the trusted clock never goes back, and counts what has passed") {
  struct Row {
    const char* name;
    Span wall;         ///< the machine's clock, after noon
    const char* boot;  ///< which start of the machine
    Span since;        ///< since then
    Span trusted;      ///< after noon
  };
  const Row rows[] = {
      {"two hours pass", hours(2), "boot-1", hours(7), hours(2)},
      {"set back by a day, and two hours pass", hours(-22), "boot-1", hours(7), hours(2)},
      {"set forward by a day", hours(24), "boot-1", hours(5), hours(24)},
      {"asleep for eight hours, with a clock that stood still", hours(0), "boot-1", hours(13), hours(8)},
      {"started anew, an hour later", hours(1), "boot-2", minutes(1), hours(1)},
      {"started anew, with a clock of long ago", hours(-9000), "boot-2", minutes(1), hours(0)},
      {"nothing is known of the start", hours(1), "", hours(0), hours(1)},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(trusted_time(seen_at_noon(), kNoon + row.wall, {row.boot, row.since}) == kNoon + row.trusted);
  }
  CHECK(trusted_time(std::nullopt, kNoon, {"boot-1", hours(5)}) == kNoon);
}

TEST_CASE("set forward and back: what was seen stays seen, and time goes on from there") {
  ClockMemory memory = seen_at_noon();
  const Instant forward = trusted_time(memory, kNoon + hours(10), {"boot-1", hours(5)});
  memory = {forward, kNoon + hours(10), {"boot-1", hours(5)}};
  CHECK(trusted_time(memory, kNoon + hours(1), {"boot-1", hours(6)}) == kNoon + hours(11));
  // Over a restart of the machine its clock counts on from where it was set back to.
  memory = {kNoon + hours(11), kNoon + hours(1), {"boot-1", hours(6)}};
  CHECK(trusted_time(memory, kNoon + hours(3), {"boot-2", minutes(1)}) == kNoon + hours(13));
}

TEST_CASE("what was seen can be written down and read again") {
  for (const char* boot : {"boot-1", ""}) {
    const ClockMemory memory{kNoon, kNoon + hours(1), {boot, Span(12345)}};
    const auto read = ClockMemory::parse(memory.str());
    REQUIRE(read);
    CHECK(read->trusted == memory.trusted);
    CHECK(read->wall == memory.wall);
    CHECK(read->boot.boot == memory.boot.boot);
    CHECK(read->boot.since == memory.boot.since);
  }
  CHECK_FALSE(ClockMemory::parse(""));
  CHECK_FALSE(ClockMemory::parse("1 2 x"));
}
