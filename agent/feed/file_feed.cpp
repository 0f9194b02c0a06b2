#include "agent/feed/file_feed.h"

#include "agent/feed/feed_file.h"

namespace muster {

namespace {

Error refused(Error error, std::vector<FeedProblem>* faults) {
  if (!faults) return error;
  FeedProblem p;
  const auto colon = error.what.find(": ");
  p.file = error.what.substr(0, colon);
  p.what = colon == std::string::npos ? "" : error.what.substr(colon + 2);
  p.hint = error.hint;
  faults->push_back(std::move(p));
  return error;
}

/// What is wrong with a file that is not complete is only that.
Error doubtful(const FeedFile& file, const Snapshot& snapshot, std::vector<FeedProblem>* faults) {
  if (Status same = file.same(); !same) return refused(std::move(same).error(), faults);
  if (faults) *faults = snapshot.faults();
  const FeedProblem& first = snapshot.faults().front();
  return {Errc::untrusted, first.str(), first.hint};
}

class FileFeed final : public Feed {
 public:
  FileFeed(FeedSettings settings, RecordMaker maker, ReadFormat format, std::string called)
      : settings_(std::move(settings)), maker_(std::move(maker)), format_(std::move(format)), called_(std::move(called)) {}

  Result<std::string> digest() override {
    auto path = newest_file(settings_.path);
    if (!path) return path;
    return file_digest(*path);
  }

  Result<FeedReport> read(const std::function<Status(Person&&)>& each, std::vector<FeedProblem>* faults) override {
    auto path = newest_file(settings_.path);
    if (!path) return refused(std::move(path).error(), faults);
    auto file = FeedFile::open(*path);
    if (!file) return refused(std::move(file).error(), faults);
    Snapshot snapshot(settings_, maker_, called_.empty() ? *path : called_, each, faults != nullptr);
    MUSTER_TRY(format_([&file] { return (*file)->next(); }, snapshot));
    if (snapshot.failed()) return *snapshot.failed();
    if (!snapshot.faults().empty()) return doubtful(**file, snapshot, faults);
    auto digest = (*file)->confirm();
    if (!digest) return refused(std::move(digest).error(), faults);
    snapshot.report().digest = std::move(*digest);
    snapshot.report().bytes = (*file)->bytes();
    return std::move(snapshot.report());
  }

 private:
  FeedSettings settings_;
  RecordMaker maker_;
  ReadFormat format_;
  std::string called_;
};

}  // namespace

Result<std::unique_ptr<Feed>> open_file_feed(const FeedSettings& settings, std::string called) {
  auto format = format_of(settings);
  if (!format) return std::move(format).error();
  auto maker = RecordMaker::make(settings);
  if (!maker) return std::move(maker).error();
  return std::unique_ptr<Feed>(std::make_unique<FileFeed>(settings, std::move(*maker), std::move(*format), std::move(called)));
}

std::string FeedProblem::str() const {
  std::string place = file;
  if (line > 0) place += ":" + std::to_string(line);
  if (line > 0 && column > 0) place += ":" + std::to_string(column);
  return place + ": " + what;
}

}  // namespace muster
