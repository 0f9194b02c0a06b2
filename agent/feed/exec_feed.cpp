#include "agent/feed/exec_feed.h"

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <sstream>

#include "agent/feed/feed_file.h"
#include "agent/feed/file_feed.h"
#include "service/command.h"

namespace muster {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::string called(const FeedSettings& settings) { return "output of " + settings.command.words.front(); }

void forget(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

/// Runs the command; its output is in `path` only when it succeeded.
Status run_into(const std::string& path, const FeedSettings& settings, std::stop_token stop) {
  Command command;
  command.words = settings.command.words;
  command.timeout = settings.command.timeout;
  const std::string part = path + ".part";
  Status done = run_command_into(command, {part, settings.command.most_bytes, std::move(stop)});
  std::error_code error;
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
  WatchedFeed(FeedSettings settings, std::unique_ptr<Feed> file) : settings_(std::move(settings)), file_(std::move(file)) {}

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
    return Error{Errc::not_found, called(settings_) + ": there is none yet", "it is read as soon as the command has ended"};
  }

  FeedSettings settings_;
  std::unique_ptr<Feed> file_;
};

/// Runs the command itself.
class OwnFeed final : public Feed {
 public:
  OwnFeed(FeedSettings settings, std::unique_ptr<Feed> file) : settings_(std::move(settings)), file_(std::move(file)) {}
  ~OwnFeed() override { forget(settings_.path); }

  Result<std::string> digest() override {
    MUSTER_TRY(run());
    return file_->digest();
  }
  Result<FeedReport> read(const std::function<Status(Person&&)>& each, std::vector<FeedProblem>* faults) override {
    if (!fresh_) MUSTER_TRY(run());
    auto report = file_->read(each, faults);
    fresh_ = false;
    forget(settings_.path);
    return report;
  }

 private:
  Status run() {
    fresh_ = false;
    MUSTER_TRY(run_into(settings_.path, settings_, {}));
    fresh_ = true;
    return ok();
  }

  FeedSettings settings_;
  std::unique_ptr<Feed> file_;
  bool fresh_ = false;  ///< the output was not read yet
};

class ExecWatch final : public FeedWatch {
 public:
  explicit ExecWatch(FeedSettings settings) : settings_(std::move(settings)) {}

  Result<bool> wait(std::stop_token stop, std::chrono::milliseconds patience) override {
    const auto end = Clock::now() + patience;
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, stop, std::min(end, due_), [] { return false; });
    if (stop.stop_requested()) return Error{Errc::cancelled, "stopped", ""};
    if (Clock::now() < due_) return false;
    due_ = Clock::now() + settings_.command.every;
    const Status done = run_into(settings_.path, settings_, stop);
    if (!done && done.error().code == Errc::cancelled) return done.error();
    keep_error(settings_, done);
    return true;
  }

 private:
  FeedSettings settings_;
  Clock::time_point due_ = Clock::now();
  std::mutex mutex_;
  std::condition_variable_any wake_;
};

}  // namespace

Result<std::unique_ptr<Feed>> open_exec_feed(const FeedSettings& settings, FeedRuns runs) {
  if (settings.command.words.empty())
    return Error{Errc::config, settings.at.str() + ": the feed '" + settings.name + "' names no command",
                 "add command=\"/path/of/a/program\""};
  FeedSettings own = settings;
  if (runs == FeedRuns::when_read) own.path = own_file(settings.path);
  auto file = open_file_feed(own, called(settings));
  if (!file) return std::move(file).error();
  if (runs == FeedRuns::by_watch) return std::unique_ptr<Feed>(std::make_unique<WatchedFeed>(std::move(own), std::move(*file)));
  return std::unique_ptr<Feed>(std::make_unique<OwnFeed>(std::move(own), std::move(*file)));
}

Result<std::unique_ptr<FeedWatch>> open_exec_watch(const FeedSettings& settings) {
  return std::unique_ptr<FeedWatch>(std::make_unique<ExecWatch>(settings));
}

}  // namespace muster
