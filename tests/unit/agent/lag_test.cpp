// How long changes take, and when the service is not healthy.
#include "agent/lag.h"

#include <doctest/doctest.h>

#include "agent/health.h"

using namespace muster;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using Span = std::chrono::milliseconds;

namespace {

const Instant kNoon{*parse_iso_time("2026-11-23T12:00:00Z")};

OutboxRow event(Row seq, Instant time) { return {seq, "id", json{{"time", iso_time(time)}}.dump()}; }

}  // namespace

TEST_CASE("lag: of the last 1,000 measurements: the newest, the median and the 99th percentile") {
  Measurements m;
  CHECK(m.figures() == json{{"now", nullptr}, {"median", nullptr}, {"p99", nullptr}, {"of", 0}, {"count", 0}, {"sum", 0.0}});
  m.add(7);
  CHECK(m.figures() == json{{"now", 7.0}, {"median", 7.0}, {"p99", 7.0}, {"of", 1}, {"count", 1}, {"sum", 7.0}});
  for (int i = 1; i <= 1000; ++i) m.add(i);  // the 7 is forgotten
  CHECK(m.figures() == json{{"now", 1000.0}, {"median", 500.0}, {"p99", 990.0}, {"of", 1000}, {"count", 1001}, {"sum", 500507.0}});
}

TEST_CASE("lag: a change counts from its arrival, one from before this process from what is known of it") {
  Lag lag(kNoon);
  lag.arrived(10, 100, kNoon + minutes(1));
  lag.arrived(10, 105, kNoon + minutes(2));
  lag.arrived(12, 105, kNoon + minutes(3));
  CHECK(lag.event_arrival(10) == kNoon + minutes(1));
  CHECK(lag.event_arrival(11) == kNoon + minutes(3));
  CHECK_FALSE(lag.event_arrival(13));
  CHECK(lag.touched_arrival(100) == kNoon + minutes(1));
  CHECK(lag.touched_arrival(101) == kNoon + minutes(2));
  CHECK(lag.touched_arrival(106) == kNoon);
  CHECK(arrival_of(event(10, kNoon + minutes(9)), lag) == kNoon + minutes(1));  // it waited for the engine
  CHECK(arrival_of(event(12, kNoon), lag) == kNoon);
  CHECK(arrival_of(event(13, kNoon + hours(1)), lag) == kNoon + hours(1));
  CHECK_FALSE(arrival_of({13, "id", "no JSON"}, lag));
}

TEST_CASE("lag: very many arrivals take no more memory, and none is taken for later than it was") {
  Lag lag(kNoon);
  constexpr Row kMany = 100000;
  for (Row i = 1; i <= kMany; ++i) lag.arrived(i, i, kNoon + Span(i));
  for (Row i = 1; i <= kMany; i += 97) {
    const auto at = lag.event_arrival(i);
    REQUIRE(at);
    CHECK(*at <= kNoon + Span(i));
  }
  CHECK(lag.event_arrival(kMany) == kNoon + Span(kMany));
}

TEST_CASE("lag: each upstream has its own") {
  Lag lag(kNoon);
  const Instant arrivals[] = {kNoon, kNoon + Span(500)};
  lag.acknowledged("file a", arrivals, kNoon + Span(1000));
  lag.acknowledged("scim b", std::span(arrivals, 1), kNoon + Span(4000));
  const json figures = lag.figures();
  CHECK(figures["seconds"] == json{{"now", 4.0}, {"median", 1.0}, {"p99", 4.0}, {"of", 3}, {"count", 3}, {"sum", 5.5}});
  CHECK(figures["upstreams"]["file a"]["seconds"]["now"] == 0.5);
  CHECK(figures["upstreams"]["scim b"]["seconds"]["of"] == 1);
  CHECK(figures["upstreams"]["scim b"]["last acknowledged"] == "2026-11-23T12:00:04.000Z");
}

TEST_CASE("health: each reason alone makes it unhealthy, says what to do, and is over by itself") {
  const HealthLimits limits{minutes(30), minutes(15), minutes(1), minutes(15), hours(24)};
  const Vitals well{{kNoon, kNoon}, false, "", "", "", {}, {{"file a", kNoon, ""}}, {{"abc", kNoon - hours(1), ""}}};
  REQUIRE(unhealthy(well, limits, kNoon).empty());
  struct Row {
    const char* name;
    void (*ail)(Vitals&);
    const char* what;
    const char* advice;
  };
  const Row rows[] = {
      {"the feed was not read", [](Vitals& v) { v.signs.feed -= minutes(31); }, "feed silent", "muster resync"},
      {"the feed is refused",
       [](Vitals& v) {
         v.signs.feed -= minutes(16);
         v.is_feed_refused = true;
       },
       "feed silent", "let HR deliver again"},
      {"nobody watches the feed", [](Vitals& v) { v.watch_error = "no such folder"; }, "feed silent", "restart the service"},
      {"the directory says nothing", [](Vitals& v) { v.signs.directory -= minutes(2); }, "no directory heartbeat", "muster check"},
      {"the probe is not reported",
       [](Vitals& v) {
         v.probe = {"cn=probe", kNoon - minutes(2), ""};
       },
       "no directory heartbeat", "muster resync"},
      {"the probe cannot be written",
       [](Vitals& v) {
         v.probe = {"cn=probe", kNoon - minutes(2), "no right"};
       },
       "no directory heartbeat", "muster check"},
      {"upstream takes nothing", [](Vitals& v) { v.upstreams[0].since -= minutes(16); }, "upstream stuck", "muster upstream"},
      {"a hold waits", [](Vitals& v) { v.holds[0].since -= hours(24); }, "hold waiting", "muster holds abc"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    Vitals v = well;
    row.ail(v);
    const json reasons = unhealthy(v, limits, kNoon);
    REQUIRE(reasons.size() == 1);
    CHECK(reasons[0]["what"] == row.what);
    CHECK(reasons[0]["sentence"].get<std::string>().find(row.advice) != std::string::npos);
    CHECK(parse_iso_time(reasons[0]["since"].get<std::string>()));
  }
}

TEST_CASE("health: the feed's limit follows from its own interval") {
  Settings settings;
  CHECK_FALSE(health_limits(settings).feed);  // a file is looked at when it changes
  settings.feed.type = "exec";
  settings.feed.command.every = minutes(10);
  CHECK(health_limits(settings).feed == minutes(30));
  settings.feed.server = FeedSettings::Server{};
  settings.feed.server->every = minutes(1);
  CHECK(health_limits(settings).feed == minutes(3));
  settings.health.feed_silent = hours(5);
  CHECK(health_limits(settings).feed == hours(5));
  CHECK(health_limits(settings).refused_feed == hours(5));
}
