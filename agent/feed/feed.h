// HR's records, whatever they come in.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "mapping/settings.h"
#include "schema/person.h"
#include "schema/result.h"

namespace muster {

/// Why a feed, or one record of it, was not taken. `line` is the physical line on which the record starts; 0: the whole file.
struct FeedProblem {
  std::string file;
  std::size_t line = 0;
  std::string field;
  std::string person;       ///< key, where it could be read
  std::string what;         ///< sentence without the place
  std::size_t column = 0;   ///< character of that line; 0: the whole record
  std::string hint = {};    ///< what to do, or empty
  std::string str() const;  ///< "feed/hr.csv:17: column 'Hire Date': '31.02.2026' is no date of the form %Y-%m-%d"
};

/// What a read found. Problems of single records (a bad date, a value that no <value> lists, a missing required value) park
/// that person: the record is not delivered and is listed in `problems` with its key, once. Faults that make the whole file
/// doubtful (ragged rows, a missing column, a missing key, duplicate keys, an unclosed quote, wrong encoding, still being
/// written...) are an Error (Errc::untrusted).
struct FeedReport {
  std::string file;
  std::string digest;       ///< SHA-256 of the bytes, hex
  std::size_t records = 0;  ///< delivered
  std::vector<FeedProblem> problems;
  std::size_t bytes = 0;
  std::string position;  ///< of a SCIM document: the latest meta.lastModified in it
};

class Feed {
 public:
  virtual ~Feed() = default;
  /// SHA-256 of what read() would read now, without parsing it; Errc::not_found when there is no file.
  virtual Result<std::string> digest() = 0;
  /// Reads the whole snapshot, record by record, in file order, in bounded memory (but for the hashes of the keys).
  /// An Error means: the snapshot is refused as a whole, whatever was delivered before must be thrown away. Its text names file
  /// and line. `faults`, where not null, receives every fault found, the Error's first.
  virtual Result<FeedReport> read(const std::function<Status(Person&&)>& each, std::vector<FeedProblem>* faults = nullptr) = 0;
};

/// Who fetches what no file of HR's holds (a command's output, a server's answer): whoever reads it, or FeedWatch, which then
/// tells.
enum class FeedRuns { when_read, by_watch };

/// FeedReport::position of what was taken last; empty: everything is wanted. Called by whoever fetches, on its thread.
using FeedPosition = std::function<std::string()>;

/// By settings.type. Errc::config for a type this build does not know, and for paths, formats and encodings that nobody can read.
Result<std::unique_ptr<Feed>> open_feed(const FeedSettings& settings, FeedRuns runs = FeedRuns::when_read,
                                        FeedPosition position = {});

/// Waits until the feed may have changed. On Linux by inotify on the folder, so a replacement by rename is seen; elsewhere by
/// looking at size and time twice a second. What must be fetched it fetches when that is due, on the waiting thread.
class FeedWatch {
 public:
  static Result<std::unique_ptr<FeedWatch>> open(const FeedSettings& settings, FeedPosition position = {});
  virtual ~FeedWatch() = default;
  /// True: look at the feed. False: `patience` passed. Errc::cancelled on stop.
  virtual Result<bool> wait(std::stop_token stop, std::chrono::milliseconds patience) = 0;
};

}  // namespace muster
