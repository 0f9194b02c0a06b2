// What happened, twice: the hash-chained audit trail for auditors, and the outbox for the systems upstream.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/store/store.h"
#include "schema/calendar.h"
#include "schema/change.h"

namespace muster {

/// Writes into the store's open transaction, so that a record exists exactly when its effect does. Engine thread only.
class Recorder {
 public:
  explicit Recorder(Store& store) : store_(store) {}

  /// The run that records belong to.
  void begin_run(std::string run) { run_ = std::move(run); }
  const std::string& run() const { return run_; }

  /// One applied change: exactly one audit record and one event. `approval`: the hold that allowed it, or empty.
  void applied(const Change& change, const std::string& approval, Instant at);
  /// Something decided by a person or by the gate: audited and sent.
  void decided(const std::string& kind, nlohmann::json details, Instant at);
  /// Something seen: sent, not audited. `details` needs what the kind promises in docs/events.md.
  void event(const std::string& kind, nlohmann::json details, Instant at);
  bool any() const { return any_; }
  /// What applied() was called for since this began.
  const ActionCounts& changes() const { return changes_; }

 private:
  Store& store_;
  std::string run_;
  bool any_ = false;
  ActionCounts changes_{};
};

/// 128 random bits as a UUID (RFC 9562 section 5.4).
std::string random_uuid();

}  // namespace muster
