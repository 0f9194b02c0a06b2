#include "agent/feed/fetched_feed.h"

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <sstream>

#include "agent/feed/feed_file.h"
#include "agent/feed/file_feed.h"

namespace muster {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

void forget(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

/// `path` is what it was unless everything came.
Status fetch_whole(const std::string& path, const FeedSettings& settings, const Fetch& fetch, std::stop_token stop) {
  const std::string part = path + ".part";
  Status done = fetch.into(part, std::move(stop));
  std::error_code error;
  // It is complete; where nobody can tell who writes a file, only its rest says so.
  if (done) fs::last_write_time(part, fs::file_time_type::clock::now() - std::chrono::seconds(2), error);
  if (done) fs::rename(part, path, error);
  if (done && !error) return ok();
  forget(part);
  if (done) return Error{Errc::io, path + ": " + error.message(), "let the service's user write there"};
  return std::move(done).error().within("feed " + settings.name);
}

std::string error_path(const FeedSettings& settings) { return settings.path + ".error"; }

/// For the engine, which reads it on another thread.
void keep_error(const FeedSettings& settings, const Status& done) {
  const std::string path = error_path(settings);
  if (done) return forget(path);
  std::ofstream(path + ".part", std::ios::binary) << done.error().what << '\n' << done.error().hint << '\n';
  std::error_code ignored;
  fs::rename(path + ".part", path, ignored);
}

std::optional<Error> kept_error(const FeedSettings& settings) {
  std::ifstream file(error_path(settings), std::ios::binary);
  Error error{Errc::untrusted, "", ""};
  if (!std::getline(file, error.what)) return std::nullopt;
  std::getline(file, error.hint);
  return error;
}

std::string own_file(const std::string& path) {
  std::random_device random;
  std::ostringstream name;
  name << path << "." << std::hex << random() << random();
  return name.str();
}

/// Reads what the watch fetched.
class WatchedFeed final : public Feed {
 public:
  WatchedFeed(FeedSettings settings, Fetch fetch, std::unique_ptr<Feed> file)
      : settings_(std::move(settings)), fetch_(std::move(fetch)), file_(std::move(file)) {}

  Result<std::string> digest() override {
    MUSTER_TRY(is_there());
    return file_->digest();
  }
  Result<FeedReport> read(const std::function<Status(Person&&)>& each, std::vector<FeedProblem>* faults) override {
    MUSTER_TRY(is_there());
    return file_->read(each, faults);
  }

 private:
  Status is_there() const {
    if (auto error = kept_error(settings_)) return std::move(*error);
    std::error_code ignored;
    if (fs::exists(settings_.path, ignored)) return ok();
    return Error{Errc::not_found, fetch_.called + ": there is nothing yet", "it is read as soon as it was fetched"};
  }

  FeedSettings settings_;
  Fetch fetch_;
  std::unique_ptr<Feed> file_;
};

/// Fetches itself.
class OwnFeed final : public Feed {
 public:
  OwnFeed(FeedSettings settings, Fetch fetch, std::unique_ptr<Feed> file)
      : settings_(std::move(settings)), fetch_(std::move(fetch)), file_(std::move(file)) {}
  ~OwnFeed() override { forget(settings_.path); }

  Result<std::string> digest() override {
    MUSTER_TRY(fetch());
    return file_->digest();
  }
  Result<FeedReport> read(const std::function<Status(Person&&)>& each, std::vector<FeedProblem>* faults) override {
    if (!fresh_) MUSTER_TRY(fetch());
    auto report = file_->read(each, faults);
    fresh_ = false;
    forget(settings_.path);
    return report;
  }

 private:
  Status fetch() {
    fresh_ = false;
    MUSTER_TRY(fetch_whole(settings_.path, settings_, fetch_, {}));
    fresh_ = true;
    return ok();
  }

  FeedSettings settings_;
  Fetch fetch_;
  std::unique_ptr<Feed> file_;
  bool fresh_ = false;  ///< the output was not read yet
};

class FetchingWatch final : public FeedWatch {
 public:
  FetchingWatch(FeedSettings settings, Fetch fetch) : settings_(std::move(settings)), fetch_(std::move(fetch)) {}

  Result<bool> wait(std::stop_token stop, std::chrono::milliseconds patience) override {
    const auto end = Clock::now() + patience;
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, stop, std::min(end, due_), [] { return false; });
    if (stop.stop_requested()) return Error{Errc::cancelled, "stopped", ""};
    if (Clock::now() < due_) return false;
    due_ = Clock::now() + fetch_.every;
    const Status done = fetch_whole(settings_.path, settings_, fetch_, stop);
    if (!done && done.error().code == Errc::cancelled) return done.error();
    keep_error(settings_, done);
    return true;
  }

 private:
  FeedSettings settings_;
  Fetch fetch_;
  Clock::time_point due_ = Clock::now();
  std::mutex mutex_;
  std::condition_variable_any wake_;
};

}  // namespace

Result<std::unique_ptr<Feed>> open_fetched_feed(const FeedSettings& settings, Fetch fetch, FeedRuns runs) {
  FeedSettings own = settings;
  if (runs == FeedRuns::when_read) own.path = own_file(settings.path);
  auto file = open_file_feed(own, fetch.called);
  if (!file) return std::move(file).error();
  if (runs == FeedRuns::by_watch)
    return std::unique_ptr<Feed>(std::make_unique<WatchedFeed>(std::move(own), std::move(fetch), std::move(*file)));
  return std::unique_ptr<Feed>(std::make_unique<OwnFeed>(std::move(own), std::move(fetch), std::move(*file)));
}

std::unique_ptr<FeedWatch> open_fetching_watch(const FeedSettings& settings, Fetch fetch) {
  return std::make_unique<FetchingWatch>(settings, std::move(fetch));
}

}  // namespace muster
