// What commands from upstream did lately, for the gate.
#pragma once

#include "agent/store/store.h"
#include "mapping/gate.h"
#include "schema/calendar.h"

namespace muster {

/// A feed says everything at once, and so is judged as a whole. Commands come one by one: were each run judged by itself, anybody
/// who may send them could empty a company in small parts. Therefore what was done without approval in runs that followed commands
/// counts in every run of the hour after it; what failed and is tried again counts once. Kept in the state. Engine thread only,
/// inside the caller's transaction.
class RecentCommands {
 public:
  static constexpr std::chrono::hours kLong{1};

  explicit RecentCommands(Store& store) : store_(store) {}

  /// Commands were taken: the next run is theirs, until end_run().
  void begin_run();
  void end_run();
  /// What was done in runs of commands within the last hour.
  KindCounts done(Instant now) const;
  /// One more was done; remembered if the run at work follows commands.
  void add(Kind kind, Instant now);

 private:
  Store& store_;
};

}  // namespace muster
