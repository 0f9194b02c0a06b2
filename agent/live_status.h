// What the running service says about itself: written by the engine's thread, read by the control thread.
#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/health.h"
#include "agent/lag.h"

namespace muster {

/// Thread-safe.
class LiveStatus {
 public:
  void set(const std::string& name, nlohmann::json value) {
    const std::lock_guard lock(mutex_);
    values_[name] = std::move(value);
  }
  void set_watch(const std::string& stream, nlohmann::json value) {
    const std::lock_guard lock(mutex_);
    values_["watch"][stream].update(value);
  }
  void set_upstream(const std::string& name, nlohmann::json value) {
    const std::lock_guard lock(mutex_);
    values_["upstream"][name] = std::move(value);
  }
  nlohmann::json get() const {
    const std::lock_guard lock(mutex_);
    return values_;
  }
  /// Those that hear events; followers are known to the store.
  void set_sinks(std::vector<std::string> names) {
    const std::lock_guard lock(mutex_);
    sinks_ = std::move(names);
  }
  std::vector<std::string> sinks() const {
    const std::lock_guard lock(mutex_);
    return sinks_;
  }
  void set_limits(const HealthLimits& limits) {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
  }
  HealthLimits limits() const {
    const std::lock_guard lock(mutex_);
    return limits_;
  }
  void feed_was_seen() {
    const std::lock_guard lock(mutex_);
    signs_.feed = system_now().utc;
  }
  void directory_was_heard() {
    const std::lock_guard lock(mutex_);
    signs_.directory = system_now().utc;
  }
  SignsOfLife signs() const {
    const std::lock_guard lock(mutex_);
    return signs_;
  }
  void set_changes(const ActionCounts& changes) {
    const std::lock_guard lock(mutex_);
    changes_ = changes;
  }
  /// Applied since the service began.
  ActionCounts changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
  }
  Lag& lag() { return lag_; }
  const Lag& lag() const { return lag_; }

 private:
  mutable std::mutex mutex_;
  nlohmann::json values_ = nlohmann::json::object();
  ActionCounts changes_{};
  std::vector<std::string> sinks_;
  HealthLimits limits_;
  SignsOfLife signs_{system_now().utc, system_now().utc};
  Lag lag_{system_now().utc};
};

}  // namespace muster
