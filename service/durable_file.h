// A file of lines that survives power cuts: what append() returned for is on the disk.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace muster {

/// Mode 0640. A line that a crash left half written is cut off when the file is opened. A file that was renamed away or deleted
/// (log rotation) is made anew by the next append(). One thread.
class DurableFile {
 public:
  static Result<std::unique_ptr<DurableFile>> open(const std::string& path);
  virtual ~DurableFile() = default;
  /// The last complete line, without its end; empty in an empty file.
  virtual const std::string& last_line() const = 0;
  /// `lines` must end with a line feed. Written and synchronised, or an Error (Errc::io) and then possibly in part.
  virtual Status append(std::string_view lines) = 0;
};

/// What root makes in another user's folder is to be that user's, so that a command by root does not lock the service out. Nothing
/// happens for others, and a file that cannot be given away stays as it is.
void give_to_owner_of_folder(const std::string& path);

}  // namespace muster
