// A feed of CSV files.
#pragma once

#include <memory>

#include "agent/feed/feed.h"

namespace muster {

/// Errc::config: an unknown encoding or date format, a delimiter that cannot be one, no key.
Result<std::unique_ptr<Feed>> open_csv_feed(const FeedSettings& settings);

}  // namespace muster
