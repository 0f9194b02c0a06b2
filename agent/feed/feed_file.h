// A file that somebody else writes, read only while nobody does.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace muster {

/// `path` itself, or the newest file of the folder `path`: hidden and temporary names (.tmp, .part, .filepart, .partial,
/// .crdownload, ~) do not count. Errc::not_found: there is none.
Result<std::string> newest_file(const std::string& path);

/// Nobody has the file open for writing; where that cannot be told, nobody has changed it for a second. True also when there is no
/// such file.
bool is_settled(const std::string& path);

/// It changed within the last five seconds.
bool is_fresh(const std::string& path);

/// SHA-256 of a file's bytes, hex.
Result<std::string> file_digest(const std::string& path);

/// One consistent reading of a file.
class FeedFile {
 public:
  /// Errc::not_found, Errc::io, or Errc::untrusted: somebody is writing it. Waits up to a second where that cannot be told.
  static Result<std::unique_ptr<FeedFile>> open(const std::string& path);
  virtual ~FeedFile() = default;
  /// The next piece; empty at the end. Valid until the next call.
  virtual Result<std::string_view> next() = 0;
  /// Errc::untrusted when the file is being written, or is not what it was when it was opened, so far as size and time tell.
  virtual Status same() const = 0;
  /// After the last piece: same(), and the bytes on the disk are those that were read. Then their SHA-256, hex.
  virtual Result<std::string> confirm() = 0;
  virtual std::size_t bytes() const = 0;  ///< read so far
};

}  // namespace muster
