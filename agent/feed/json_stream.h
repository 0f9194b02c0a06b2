// JSON (RFC 8259), record by record, in memory bounded by one record.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/feed/snapshot.h"

namespace muster {

inline constexpr std::size_t kLongestJsonRecord = 1 << 20;  ///< bytes
inline constexpr std::size_t kDeepestJson = 64;

/// Where records are in a document.
struct JsonPlace {
  bool is_document = false;  ///< the document is one record; else:
  /// Names of members (or positions in arrays) from the root to an array of records; several: whichever is there.
  std::vector<std::vector<std::string>> arrays;
  /// A number that the root may have, and that is wanted (SCIM's totalResults); empty: none.
  std::string number;
};

/// What is found of the document when it was read to its end.
struct JsonFound {
  std::optional<std::size_t> array;  ///< which of JsonPlace::arrays
  std::string number;                ///< JsonPlace::number, as written; empty: none
  std::string other_array;           ///< JSON Pointer to an array that is nowhere in JsonPlace; empty: none
};

/// A record. Numbers are strings, written as the document has them (but for integers, which lose a sign of zero).
struct JsonRecord {
  std::size_t line = 0, column = 0;  ///< where it starts
  nlohmann::json value;              ///< an object
};

/// `array`: which of JsonPlace::arrays the record is in. False stops.
using OnJsonRecord = std::function<bool(const JsonRecord& record, std::size_t array)>;

/// Reads a document. `take`: false stops. Faults (what is no JSON, a member twice in one object, a record that is none, is longer
/// than 1 MiB or deeper than 64, a second array of records) and faults of the text go to the snapshot. None: there was a fault, or
/// `take` stopped it. An Error: reading failed. Only JSON's own faults are noted: what is missing is the caller's.
Result<std::optional<JsonFound>> read_json_records(FeedText& text, const JsonPlace& place, Snapshot& snapshot,
                                                   const OnJsonRecord& take);

/// A line that is one record. None: a fault, which is in the snapshot.
std::optional<JsonRecord> read_json_line(std::string_view text, std::size_t line, Snapshot& snapshot);

/// The names in a JSON Pointer (RFC 6901); none: it is not one.
std::optional<std::vector<std::string>> json_pointer_names(std::string_view pointer);

}  // namespace muster
