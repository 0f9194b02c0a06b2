// A feed that a command prints.
#pragma once

#include <memory>

#include "agent/feed/feed.h"

namespace muster {

/// The output goes to settings.path (mode 0600), whole or not at all; beside it, in "PATH.error", stands why the last run failed.
/// With FeedRuns::when_read each digest() runs the command into a file of its own, which the next read() takes and which is then
/// deleted: a read() without a digest() runs it, too.
Result<std::unique_ptr<Feed>> open_exec_feed(const FeedSettings& settings, FeedRuns runs);

/// Runs the command at once, and every settings.command.every after that. wait() is true whenever it has ended, however it did.
Result<std::unique_ptr<FeedWatch>> open_exec_watch(const FeedSettings& settings);

}  // namespace muster
