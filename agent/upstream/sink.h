// Where events go.
#pragma once

#include <functional>
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
  struct Delivered {
    std::string id;  ///< empty: the other side cannot tell, or has none
    Row seq = 0;
  };
  /// The last event that surely arrived.
  virtual Result<Delivered> last_delivered() = 0;
  /// What it has behind `seq`, in order, as far as it can be read back.
  virtual Status told_after(Row seq, const std::function<void(const OutboxRow&)>& each) = 0;
  /// Delivers in order, durably. After an Error none, some or all may have arrived: they are sent again under the same ids.
  virtual Status deliver(std::span<const OutboxRow> events) = 0;
};

}  // namespace muster
