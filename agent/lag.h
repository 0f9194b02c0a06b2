// How long changes take from their arrival at the agent to upstream's acknowledgement.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "agent/store/rows.h"
#include "schema/calendar.h"

namespace muster {

/// The last 1,000 measurements, in seconds, and how many there were. A nearest-rank quantile is one of the last.
class Measurements {
 public:
  void add(double seconds);
  /// {"now", "median", "p99", "of", "count", "sum"}: the quantiles are those of the last `of`, and null without any; all that there
  /// ever were are `count`, and together `sum`.
  nlohmann::json figures() const;

 private:
  std::deque<double> last_;
  std::size_t count_ = 0;
  double sum_ = 0;
};

/// Thread-safe. Its memory is bounded whatever waits: of very many arrivals neighbours become one, and the earlier counts.
class Lag {
 public:
  explicit Lag(Instant began);
  /// Everything noted up to this event and this touched row came in at `at`, or later than what the call before said.
  void arrived(Row event, Row touched, Instant at);
  /// When an event's change reached the agent; nullopt: it was noted before this process began.
  std::optional<Instant> event_arrival(Row seq) const;
  /// The same of a row that followers look at. What was there before this process counts from its start.
  Instant touched_arrival(Row seq) const;

  /// An upstream has taken what arrived at these instants.
  void acknowledged(const std::string& upstream, std::span<const Instant> arrivals, Instant at);
  /// {"seconds": figures, "upstreams": {NAME: {"seconds": figures, "last acknowledged"}}}
  nlohmann::json figures() const;

 private:
  struct Mark {
    Row upto = 0;
    Instant at{};
  };
  /// By growing `upto`.
  using Marks = std::deque<Mark>;
  static void note(Marks& marks, Row upto, Instant at);
  static std::optional<Instant> look_up(const Marks& marks, Row seq);
  struct Lane {
    Measurements seconds;
    Instant last{};
  };

  mutable std::mutex mutex_;
  Instant began_;
  Marks events_, touched_;
  Measurements all_;
  std::map<std::string, Lane> lanes_;
};

/// When an event's change reached the agent, or was made by it: the earlier of what `lag` and the event itself say.
std::optional<Instant> arrival_of(const OutboxRow& event, const Lag& lag);

}  // namespace muster
