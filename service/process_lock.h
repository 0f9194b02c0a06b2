// One writer for each state file.
#pragma once

#include <memory>
#include <string>

#include "schema/result.h"

namespace muster {

/// Held as long as it lives; given back by the system when the process dies.
class ProcessLock {
 public:
  /// Errc::conflict: another process holds it; the sentence names its number.
  static Result<std::unique_ptr<ProcessLock>> take(const std::string& path);
  virtual ~ProcessLock() = default;
};

}  // namespace muster
