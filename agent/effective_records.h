// HR's records that count from a day on (<feed effective>): they wait in the store until their day has come.
#pragma once

#include "agent/context.h"
#include "schema/calendar.h"

namespace muster {

/// What HR says of one person at a moment.
struct InForce {
  Person record;  ///< its source says from when it counts, and since when that is known where HR told it late
  Instant since;  ///< when it came into force; Instant::min(): it always counted
  bool is_retroactive = false;
};

/// Chooses among a person's records, and notes at each when it comes into force. `records` must not be empty.
InForce in_force(std::vector<RecordRow>& records, const Rules& rules, const Now& now);

/// The records that were staged for a person, with those that the store has: what HR told before keeps the day on which it did, and
/// goes on until the first of the others counts. In a delta, records of other days stay. `is_first`: nothing was read before, so
/// nobody knows how long it is known.
std::vector<RecordRow> merged_records(Context& context, const PersonKey& key, bool is_first, const Now& now);

/// Brings into force what is due by `now`, and takes out of it what a clock that was ahead brought there; marks whom it is about
/// dirty. Inside the caller's transaction. Engine thread only.
void bring_into_force(Context& context, const Now& now);

}  // namespace muster
