// Whether the service does what it is there for.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mapping/settings.h"
#include "schema/calendar.h"

namespace muster {

/// <health>, with what it leaves to the feed's own interval.
struct HealthLimits {
  std::optional<std::chrono::seconds> feed;  ///< since the last good look; none: only a feed that is refused is silent
  std::chrono::seconds refused_feed{900};    ///< the same, of one whose last look was not good
  std::chrono::seconds directory{60}, upstream{900}, hold{86400};
};

/// A feed that is fetched is silent after three of its intervals. A file's is looked at when it changes, so without
/// `feed-silent` only one that is refused for 15 minutes is.
HealthLimits health_limits(const Settings& settings);

/// The last of each; when the service began, where there was none since.
struct SignsOfLife {
  Instant feed{}, directory{};
};

/// What is looked at.
struct Vitals {
  SignsOfLife signs;
  bool is_feed_refused = false;
  std::string feed_error, directory_error, watch_error;  ///< empty: none
  struct Waiting {
    std::string name;
    Instant since{};
    std::string error;  ///< empty: none is known
  };
  std::optional<Waiting> probe;    ///< `name`: the entry's DN; since when none came through
  std::vector<Waiting> upstreams;  ///< the oldest of what waits for each
  std::vector<Waiting> holds;      ///< `name`: the short id
};

/// Every reason why not, the worst first: {"what", "since", "sentence"}. `what` is "feed silent", "no directory heartbeat",
/// "upstream stuck" or "hold waiting". Empty: healthy.
nlohmann::json unhealthy(const Vitals& vitals, const HealthLimits& limits, Instant now);

}  // namespace muster
