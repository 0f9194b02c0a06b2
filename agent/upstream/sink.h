// Where events go.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

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
  /// What became of one event.
  struct Verdict {
    enum class Kind : std::uint8_t {
      delivered,  ///< it is the other side's now
      later,      ///< it was not sent, or nobody knows whether it arrived: it is sent again under the same id
      refused     ///< the other side understood it, and will not have it as it is
    };
    Kind kind = Kind::delivered;
    std::string why{};  ///< of what was not delivered, a sentence
  };
  /// Delivers durably; of one person in order: after what is `later`, nothing of the same person is sent. One verdict for each
  /// event. An Error concerns the system as a whole, and what arrived is not known.
  virtual Result<std::vector<Verdict>> deliver(std::span<const OutboxRow> events, std::stop_token stop) = 0;
  /// How long it was asked to leave the other side alone, by the last deliver().
  virtual std::chrono::milliseconds asked_to_wait() const { return {}; }
  /// Called when nothing waits, and once due() has come: for what is to be said besides events.
  virtual Status tend(std::stop_token) { return ok(); }
  virtual std::chrono::steady_clock::time_point due() const { return std::chrono::steady_clock::time_point::max(); }
  /// Part of an end-to-end probe: asks whether the other side takes events now. False: it cannot be asked, other than by events.
  virtual Result<bool> reach(std::stop_token) { return true; }
  /// For `muster check`: what was found, in a sentence. Nothing is delivered.
  virtual Result<std::string> probe(std::stop_token) {
    auto last = last_delivered();
    if (!last) return std::move(last).error();
    return name() + " can be written";
  }
  /// For `muster status`.
  virtual nlohmann::json figures() const { return nlohmann::json::object(); }
};

}  // namespace muster
