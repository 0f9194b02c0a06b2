#include "agent/feed/csv_feed.h"

namespace muster {

Result<std::unique_ptr<Feed>> open_feed(const FeedSettings& settings) {
  if (settings.type == "csv") return open_csv_feed(settings);
  return Error{Errc::config, settings.at.str() + ": this muster reads no feed of type '" + settings.type + "'",
               "it reads type=\"csv\""};
}

}  // namespace muster
