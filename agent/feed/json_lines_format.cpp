// JSON Lines: an object on each line.
#include <utility>

#include "agent/feed/file_feed.h"
#include "agent/feed/json_record.h"
#include "agent/feed/json_stream.h"

namespace muster {

namespace {

using Names = std::vector<std::string>;

bool is_blank_line(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

/// Puts lines together from pieces of text.
class Lines {
 public:
  Lines(const std::vector<Names>& pointers, Snapshot& snapshot)
      : pointers_(pointers), values_(pointers.size()), snapshot_(snapshot) {}

  /// False: read no more.
  bool add(std::string_view text) {
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      rest_ += text.substr(0, end);
      text.remove_prefix(end + 1);
      if (!take()) return false;
    }
    rest_ += text;
    return rest_.size() <= kLongestJsonRecord || too_long();
  }
  /// The text has ended, perhaps without a line end.
  bool finish() { return rest_.empty() || take(); }

  std::size_t line() const { return line_; }
  std::size_t column() const { return utf8_count(rest_) + 1; }

 private:
  bool take() {
    const std::string line = std::exchange(rest_, "");
    const std::size_t number = line_++;
    if (is_blank_line(line)) return true;
    if (line.size() > kLongestJsonRecord) return too_long();
    const auto record = read_json_line(line, number, snapshot_);
    if (!record) {
      snapshot_.count();
      return snapshot_.has_room();
    }
    for (std::size_t i = 0; i < pointers_.size(); ++i) values_[i] = find_by_pointer(record->value, pointers_[i]);
    return snapshot_.take(number, 0, values_);
  }

  bool too_long() {
    (void)snapshot_.fault(
        {line_, 0, "the line is longer than 1 MiB", "JSON Lines have one object on each line: is it a document of type=\"json\"?"});
    return false;
  }

  const std::vector<Names>& pointers_;
  std::vector<FoundValue> values_;
  Snapshot& snapshot_;
  std::string rest_;
  std::size_t line_ = 1;
};

Status read_lines(const FeedSettings& settings, const std::vector<Names>& pointers, const NextBytes& next, Snapshot& snapshot) {
  auto text = FeedText::open(settings, next, "JSON");
  if (!text) return std::move(text).error();
  Lines lines(pointers, snapshot);
  while (const auto piece = text->next()) {
    if (!lines.add(*piece)) return ok();
  }
  MUSTER_TRY(text->failed());
  if (const auto& wrong = text->fault()) {
    const bool whole = wrong->whole;
    (void)snapshot.fault({whole ? 0 : lines.line(), whole ? 0 : lines.column(), wrong->what, wrong->hint});
  } else if (text->is_empty()) {
    (void)snapshot.fault({0, 0, "the file is empty", kFeedRefused});
  } else if (lines.finish()) {
    snapshot.finish("the file has no records");
  }
  return ok();
}

}  // namespace

Result<ReadFormat> json_lines_format(const FeedSettings& settings) {
  auto pointers = json_pointers_of(settings);
  if (!pointers) return std::move(pointers).error();
  if (auto decoder = Decoder::make(settings.encoding); !decoder) return std::move(decoder).error().within(settings.at.str());
  return ReadFormat([settings, fields = std::move(*pointers)](const NextBytes& next, Snapshot& snapshot) {
    return read_lines(settings, fields, next, snapshot);
  });
}

}  // namespace muster
