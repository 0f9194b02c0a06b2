#include <algorithm>
#include <optional>

#include "agent/feed/feed.h"
#include "agent/feed/feed_file.h"
#include "agent/feed/file_feed.h"
#include "service/file_watch.h"

namespace muster {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// A file that is written for longer is looked at all the same, so that somebody hears of it.
constexpr std::chrono::seconds kLongestWrite{30};
constexpr milliseconds kLookAgain{100};

milliseconds left_until(Clock::time_point at) {
  return std::max(std::chrono::ceil<milliseconds>(at - Clock::now()), milliseconds(0));
}

/// Reports a change once its writer is done.
class SettledWatch final : public FeedWatch {
 public:
  SettledWatch(std::string path, std::unique_ptr<FileWatch> watch) : path_(std::move(path)), watch_(std::move(watch)) {
    // Who looked just before the watch began may have found it too fresh to be believed, and nothing more happens to it.
    if (const auto file = newest_file(path_); file && is_fresh(*file)) changed_at_ = Clock::now();
  }

  Result<bool> wait(std::stop_token stop, milliseconds patience) override {
    const auto end = Clock::now() + patience;
    for (;;) {
      auto changed = watch_->wait(stop, changed_at_ ? std::min(left_until(end), kLookAgain) : left_until(end));
      if (!changed) return changed;
      if (*changed && !changed_at_) changed_at_ = Clock::now();
      if (changed_at_ && settled()) {
        changed_at_.reset();
        return true;
      }
      if (Clock::now() >= end) return false;
    }
  }

 private:
  bool settled() const {
    const auto file = newest_file(path_);
    return !file || is_settled(*file) || Clock::now() - *changed_at_ > kLongestWrite;
  }

  std::string path_;
  std::unique_ptr<FileWatch> watch_;
  std::optional<Clock::time_point> changed_at_;
};

}  // namespace

Result<std::unique_ptr<FeedWatch>> open_file_watch(const FeedSettings& settings) {
  auto watch = FileWatch::open(settings.path);
  if (!watch) return std::move(watch).error();
  return std::unique_ptr<FeedWatch>(std::make_unique<SettledWatch>(settings.path, std::move(*watch)));
}

}  // namespace muster
