#include "mapping/effective.h"

#include <doctest/doctest.h>

using namespace muster;

namespace {

Instant hour(int n) { return Instant(std::chrono::hours(n)); }
std::optional<Day> day(const char* text) { return parse_compact_date(text); }

}  // namespace

TEST_CASE("effective: which of a person's records is in force") {
  const Instant always = Instant::min();
  struct {
    const char* what;
    std::vector<Instant> from;
    int now;
    std::size_t wanted;
  } const cases[] = {
      {"the only one, which always counts", {always}, 10, 0},
      {"the only one, still to come", {hour(20)}, 10, 0},
      {"the one that always counts, until the other comes", {always, hour(20)}, 10, 0},
      {"at its hour", {always, hour(20)}, 20, 1},
      {"the latest that has come, in any order", {hour(15), always, hour(9), hour(30)}, 16, 0},
      {"none has come: the first to come", {hour(30), hour(20), hour(40)}, 10, 1},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    CHECK(record_in_force(c.from, hour(c.now)) == c.wanted);
  }
}

TEST_CASE("effective: what HR tells late is flagged, and what it tells ahead is not") {
  CHECK(effective_text(std::nullopt, day("20261120")).empty());
  CHECK(effective_text(day("20261201"), day("20261120")) == "effective 2026-12-01");
  CHECK(effective_text(day("20261120"), day("20261120")) == "effective 2026-11-20");
  CHECK(effective_text(day("20261101"), day("20261120")) == "effective 2026-11-01, known since 2026-11-20");
  CHECK(effective_text(day("20261101"), std::nullopt) == "effective 2026-11-01");
  CHECK(is_retroactive(day("20261101"), day("20261120")));
  CHECK_FALSE(is_retroactive(day("20261101"), std::nullopt));
}
