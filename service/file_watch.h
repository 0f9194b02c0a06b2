// Notices that a file, or a file of a folder, may have changed.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "schema/result.h"

namespace muster {

/// Watches the folder, so that a file that is replaced by rename, deleted or made anew is seen (inotify(7) on Linux).
class FileWatch {
 public:
  /// `path`: a folder, or a file that need not exist yet. Errc::io: its folder cannot be watched.
  static Result<std::unique_ptr<FileWatch>> open(const std::string& path);
  virtual ~FileWatch() = default;
  /// True: look. False: `patience` passed. Errc::cancelled within 100 ms of a stop request.
  virtual Result<bool> wait(std::stop_token stop, std::chrono::milliseconds patience) = 0;
};

/// Whether another process of this machine has the file open for writing. `unknown` where the platform or the file system cannot tell.
enum class Writers { none, some, unknown };
Writers writers_of(const std::string& path);

}  // namespace muster
