// What commands from upstream did lately, for the gate.
#pragma once

#include "agent/store/store.h"
#include "mapping/gate.h"
#include "schema/calendar.h"

namespace muster {

/// A feed says everything at once, and so is judged as a whole. Commands come one by one: were each run judged by itself, anybody
/// who may send them could empty a company in small parts. Therefore what the gate let pass in runs that followed commands counts
/// in every run of the hour after it. Kept in the state. Engine thread only, inside the caller's transaction.
class RecentCommands {
 public:
  static constexpr std::chrono::hours kLong{1};

  explicit RecentCommands(Store& store) : store_(store) {}

  /// Commands were taken: the next run is theirs, until end_run().
  void begin_run();
  void end_run();
  /// What passed in runs of commands within the last hour; none of the run at work.
  KindCounts passed(Instant now) const;
  /// More passed; remembered if the run at work follows commands.
  void add(const KindCounts& more, Instant now);

 private:
  Store& store_;
};

}  // namespace muster
