// Takes a feed's snapshot into the store, whole or not at all.
#pragma once

#include "agent/context.h"
#include "agent/feed/feed.h"
#include "schema/calendar.h"

namespace muster {

struct FeedCounts {
  bool changed = false;  ///< false: the same bytes as last time, nothing was read
  std::size_t records = 0, differing = 0, unlisted = 0, parked = 0;
};

/// Reads the feed unless it is what was accepted last. A snapshot that cannot be trusted is refused as a whole: the last accepted
/// one stays in force, a problem says why (subject "feed"), and the Error is returned. Persons who differ are marked dirty. Engine
/// thread only.
Result<FeedCounts> take_feed(Context& context, Feed& feed, bool force, Instant at);

/// The same of <feed type="events">, whose people are kept as commands delivered them: reads them anew when the fields are others
/// than last time, or when `force`. Refused as long as people of another feed are known whom no command delivered. Engine thread
/// only.
Result<FeedCounts> take_resources(Context& context, bool force, Instant at);

/// FeedReport::position of what was taken last by these settings; empty: nothing was.
std::string feed_position(Store& store, const FeedSettings& settings);

/// True when the store's people have the fields that the configuration declares: only then may anybody be planned.
bool people_fit(Context& context);

}  // namespace muster
