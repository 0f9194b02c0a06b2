// A feed whose text is fetched before it is read: what a command prints, what a server answers.
#pragma once

#include <functional>
#include <memory>

#include "agent/feed/feed.h"

namespace muster {

/// Where the text comes from.
struct Fetch {
  std::string called;          ///< how sentences name it
  std::chrono::seconds every;  ///< how often the service fetches
  /// Writes the whole text to the new file `path` (mode 0600); an Error: what is there is nothing.
  std::function<Status(const std::string& path, std::stop_token stop)> into;
};

/// The text goes to settings.path, whole or not at all; beside it, in "PATH.error", stands why the last time failed. With
/// FeedRuns::when_read each digest() fetches into a file of its own, which the next read() takes and which is then deleted: a
/// read() without a digest() fetches, too.
Result<std::unique_ptr<Feed>> open_fetched_feed(const FeedSettings& settings, Fetch fetch, FeedRuns runs);

/// Fetches at once, and again and again. wait() is true whenever that has ended, however it did.
std::unique_ptr<FeedWatch> open_fetching_watch(const FeedSettings& settings, Fetch fetch);

/// type="exec": what the command prints. Errc::config: there is none.
Result<Fetch> fetch_from_command(const FeedSettings& settings);

/// <server>: the users of a SCIM server (RFC 7644 section 3.4.2), as one ListResponse. In a delta those that were modified since
/// `position`. A list that changed while it was read page by page is read again: nobody is absent because others went.
Result<Fetch> fetch_from_scim_server(const FeedSettings& settings, FeedPosition position);

}  // namespace muster
