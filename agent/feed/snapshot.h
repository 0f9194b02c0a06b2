// One snapshot on its way from a format to whoever takes the people: the checks that do not depend on the format.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/feed/encoding.h"
#include "agent/feed/feed.h"
#include "agent/feed/key_lines.h"
#include "agent/feed/records.h"

namespace muster {

/// What makes a whole file doubtful.
struct FeedFault {
  std::size_t line = 0, column = 0;  ///< 0: the whole file, the whole record
  std::string what, hint;
};

inline constexpr const char* kFeedRefused = "it was refused as a whole and nobody was changed";

/// A record as a format found it. Valid until the format goes on.
struct FeedRecord {
  std::size_t line = 0, column = 0;  ///< where it starts; column 0: it has the line for itself
  RecordMaker::Values values;        ///< in the order that RecordMaker was bound to
  /// What the format found wrong with values (a list where one value belongs), or empty. As many as fields, or none at all.
  std::vector<std::string> flaws{};
  /// Which fields the record has at all. As many as fields, or none where the format's header has said so.
  std::vector<bool> present{};
};

/// What a format without a header finds where a field's path leads.
struct FoundValue {
  bool is_present = false;
  std::string text{};  ///< empty where it is absent
  std::string flaw{};  ///< why it is no value, as the rest of a sentence: "is an array"; or empty
};

/// Keys, duplicates, values, limits; who is delivered, parked, or makes the file doubtful. One reading of one file.
class Snapshot {
 public:
  using Each = std::function<Status(Person&&)>;
  /// `all_faults`: does not end with the first. `file`: as sentences name it.
  Snapshot(const FeedSettings& settings, const RecordMaker& maker, std::string file, const Each& each, bool all_faults);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  /// Notes a fault of the file. False once there are enough: read no more.
  bool fault(FeedFault fault, std::string person = "", std::string field = "");
  /// The header of a format that has one. False: read no more.
  bool bind(std::size_t line, const RecordMaker::Values& header);
  bool is_bound() const { return bound_; }
  /// How many values a record must have.
  std::size_t columns() const { return maker_.columns(); }
  /// Counts a record, and delivers or parks its person. False: read no more.
  bool take(const FeedRecord& record);
  /// The same with what was found for each field.
  bool take(std::size_t line, std::size_t column, const std::vector<FoundValue>& found);
  /// Counts a record that is a fault by itself.
  void count() { ++rows_; }
  /// False: there are enough faults.
  bool has_room() const { return faults_.size() < most_faults_; }
  /// The text is complete. `empty`: the sentence about a snapshot without records.
  void finish(const std::string& empty);

  const std::vector<FeedProblem>& faults() const { return faults_; }
  const std::optional<Error>& failed() const { return failed_; }
  FeedReport& report() { return report_; }

 private:
  const FieldSettings& key_field() const;
  std::string day_of(const FeedRecord& record) const;
  bool duplicate(const FeedRecord& record, const std::string& key, std::size_t before);
  bool deliver(const FeedRecord& record, std::string key);
  bool park(const FeedRecord& record, std::string key, std::string field, std::string what);
  void note_presence(const FeedRecord& record);
  bool by_line() const { return settings_.format() == "csv"; }

  const FeedSettings& settings_;
  RecordMaker maker_;
  const Each& each_;
  std::size_t most_faults_;
  FeedReport report_;
  bool bound_ = false;
  std::size_t rows_ = 0;
  int effective_;
  std::vector<bool> ever_present_;
  KeyLines keys_;
  std::vector<FeedProblem> faults_;
  std::optional<Error> failed_;
};

/// The next bytes of a file; empty at its end. Valid until the next call.
using NextBytes = std::function<Result<std::string_view>()>;

/// The text of a file, piece by piece.
class FeedText {
 public:
  /// `wanted`: what the file should be, for the sentence about one that is something else. Errc::config: an unknown encoding.
  static Result<FeedText> open(const FeedSettings& settings, NextBytes next, std::string wanted);

  /// None: the end, or why it cannot go on: a fault, or failed(). Valid until the next call.
  std::optional<std::string_view> next();
  /// The file is something else, or a byte is no character: what follows the text so far. Places of `whole` faults do not count.
  const std::optional<Decoder::Fault>& fault() const { return fault_; }
  /// Reading itself failed.
  Status failed() const { return error_ ? Status(*error_) : ok(); }
  bool is_empty() const { return !begun_; }

 private:
  FeedText(std::unique_ptr<Decoder> decoder, NextBytes next, std::string wanted)
      : decoder_(std::move(decoder)), next_(std::move(next)), wanted_(std::move(wanted)) {}
  std::unique_ptr<Decoder> decoder_;
  NextBytes next_;
  std::string wanted_, text_;
  bool begun_ = false, ended_ = false;
  std::optional<Decoder::Fault> fault_;
  std::optional<Error> error_;
};

/// What else than `wanted` a file is, by its first bytes; empty: nothing known.
std::string other_kind(std::string_view bytes, std::string_view wanted);

}  // namespace muster
