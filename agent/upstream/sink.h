// Where events go.
#pragma once

#include <span>
#include <string>

#include "agent/store/store.h"
#include "schema/result.h"

namespace muster {

/// One system upstream. Used by one thread.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Stable: the position is stored under it.
  virtual const std::string& name() const = 0;
  /// The last event that surely arrived, as far as the other side can tell; empty where it cannot.
  virtual Result<std::string> last_delivered() = 0;
  /// Delivers in order, durably. After an Error none, some or all may have arrived: they are sent again under the same ids.
  virtual Status deliver(std::span<const OutboxRow> events) = 0;
};

}  // namespace muster
