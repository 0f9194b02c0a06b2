#include "agent/health.h"

namespace muster {

using nlohmann::json;

namespace {

std::string because(const std::string& error) { return error.empty() ? "" : " (" + error + ")"; }

class Reasons {
 public:
  explicit Reasons(Instant now) : now_(now) {}
  bool is_over(Instant since, std::chrono::seconds limit) const { return now_ - since > limit; }
  std::string age(Instant since) const { return human_duration(now_ - since); }
  void add(const char* what, Instant since, std::string sentence) {
    all_.push_back({{"what", what}, {"since", iso_time(since)}, {"sentence", std::move(sentence)}});
  }
  json take() { return std::move(all_); }

 private:
  Instant now_;
  json all_ = json::array();
};

void look_at_probe(Reasons& reasons, const Vitals& v, const HealthLimits& limits) {
  if (!v.probe || !reasons.is_over(v.probe->since, limits.directory)) return;
  const std::string age = reasons.age(v.probe->since);
  reasons.add("no directory heartbeat", v.probe->since,
              v.probe->error.empty()
                  ? "what muster wrote into " + v.probe->name + " " + age +
                        " ago was not reported by the watch, which may miss changes of others, too; muster resync reads everything"
                  : "the probe's entry " + v.probe->name + " could not be written for " + age + because(v.probe->error) +
                        "; muster check says which right is lacking");
}

void look_at_directory(Reasons& reasons, const Vitals& v, const HealthLimits& limits) {
  const Instant since = v.signs.directory;
  if (!reasons.is_over(since, limits.directory)) return look_at_probe(reasons, v, limits);
  reasons.add("no directory heartbeat", since,
              "the directory was not heard, or not followed, for " + reasons.age(since) + because(v.directory_error) +
                  ": changes are neither seen nor made; bring the server back, or name another in <directory url>; muster check "
                  "says whether it can be reached");
}

void look_at_feed(Reasons& reasons, const Vitals& v, const HealthLimits& limits) {
  const Instant since = v.signs.feed;
  if (!v.watch_error.empty())
    return reasons.add("feed silent", since,
                       "the feed is not watched" + because(v.watch_error) +
                           ", so joiners and leavers are not noticed; mend that and restart the service");
  const bool is_silent =
      (limits.feed && reasons.is_over(since, *limits.feed)) || (v.is_feed_refused && reasons.is_over(since, limits.refused_feed));
  if (!is_silent) return;
  reasons.add("feed silent", since,
              "HR's feed was last read without an error " + reasons.age(since) + " ago" + because(v.feed_error) +
                  ", so joiners and leavers since are not known; let HR deliver again, then muster resync");
}

}  // namespace

HealthLimits health_limits(const Settings& settings) {
  HealthLimits limits;
  limits.feed = settings.health.feed_silent;
  limits.directory = settings.health.directory_silent;
  limits.upstream = settings.health.upstream_stuck;
  limits.hold = settings.health.hold_waiting;
  const FeedSettings& feed = settings.feed;
  if (limits.feed)
    limits.refused_feed = *limits.feed;
  else if (feed.is_fetched())
    limits.feed = 3 * (feed.server ? feed.server->every : feed.command.every);
  return limits;
}

json unhealthy(const Vitals& vitals, const HealthLimits& limits, Instant now) {
  Reasons reasons(now);
  look_at_directory(reasons, vitals, limits);
  look_at_feed(reasons, vitals, limits);
  for (const Vitals::Waiting& u : vitals.upstreams) {
    if (reasons.is_over(u.since, limits.upstream))
      reasons.add("upstream stuck", u.since,
                  u.name + " has not taken what waits for it since " + reasons.age(u.since) + because(u.error) +
                      "; nothing is lost, but nothing arrives: bring it back; muster upstream shows what waits");
  }
  for (const Vitals::Waiting& h : vitals.holds) {
    if (reasons.is_over(h.since, limits.hold))
      reasons.add("hold waiting", h.since,
                  "hold " + h.name + " waits for a decision for " + reasons.age(h.since) + "; look at it with muster holds " +
                      h.name + ", then muster approve or muster reject it");
  }
  return reasons.take();
}

}  // namespace muster
