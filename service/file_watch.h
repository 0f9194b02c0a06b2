// Notices that a file, or a file of a folder, may have changed.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "schema/result.h"

namespace muster {

/// Watches the folder, so that a file that is replaced by rename, deleted or made anew is seen (inotify(7) on Linux). A folder that
/// is itself deleted or renamed is watched again once there is one of that name.
class FileWatch {
 public:
  /// `path`: a folder, or a file that need not exist yet. Errc::io: its folder cannot be watched.
  static Result<std::unique_ptr<FileWatch>> open(const std::string& path);
  virtual ~FileWatch() = default;
  /// True: look. False: `patience` passed. Errc::cancelled within 100 ms of a stop request.
  virtual Result<bool> wait(std::stop_token stop, std::chrono::milliseconds patience) = 0;
};

/// Whether a process of this machine has the file open for writing. `unknown` where that cannot be told: on a network file system,
/// and on Linux for a file of another user without CAP_LEASE (fcntl(2)).
enum class Writers { none, some, unknown };
Writers writers_of(const std::string& path);

}  // namespace muster
