// What the running service says about itself: written by the engine's thread, read by the control thread.
#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/health.h"
#include "agent/lag.h"
#include "schema/change.h"

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
  /// What was said of those that were declared until now.
  void forget_upstreams() {
    const std::lock_guard lock(mutex_);
    values_.erase("upstream");
    probe_answers_.clear();
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
  /// The last probe that the watch reported; `number` grows, `event` tells of it.
  struct ProbeMark {
    Row number = 0, event = 0;
  };
  void set_probe(ProbeMark mark) {
    const std::lock_guard lock(mutex_);
    probe_ = mark;
  }
  ProbeMark probe() const {
    const std::lock_guard lock(mutex_);
    return probe_;
  }
  /// Since when a probe did not come through, and why, where that is known; nullopt: the last one did.
  void set_probe_owed(std::optional<Instant> since, std::string error) {
    const std::lock_guard lock(mutex_);
    probe_owed_ = {since, std::move(error)};
  }
  std::pair<std::optional<Instant>, std::string> probe_owed() const {
    const std::lock_guard lock(mutex_);
    return probe_owed_;
  }
  /// What an upstream made of probes.
  struct ProbeAnswer {
    std::optional<Instant> last;         ///< acknowledged
    std::optional<Instant> asked_since;  ///< since when it does not answer
  };
  void probe_asked(const std::string& upstream) {
    const std::lock_guard lock(mutex_);
    ProbeAnswer& answer = probe_answers_[upstream];
    if (!answer.asked_since) answer.asked_since = system_now().utc;
  }
  void probe_answered(const std::string& upstream) {
    const std::lock_guard lock(mutex_);
    probe_answers_[upstream] = {system_now().utc, std::nullopt};
  }
  /// It takes no such question.
  void probe_forgotten(const std::string& upstream) {
    const std::lock_guard lock(mutex_);
    probe_answers_.erase(upstream);
  }
  /// By upstream; without those that cannot be asked.
  std::map<std::string, ProbeAnswer> probe_answers() const {
    const std::lock_guard lock(mutex_);
    return probe_answers_;
  }
  Lag& lag() { return lag_; }
  const Lag& lag() const { return lag_; }

 private:
  mutable std::mutex mutex_;
  nlohmann::json values_ = nlohmann::json::object();
  ActionCounts changes_{};
  ProbeMark probe_;
  std::pair<std::optional<Instant>, std::string> probe_owed_;
  std::map<std::string, ProbeAnswer> probe_answers_;
  std::vector<std::string> sinks_;
  HealthLimits limits_;
  SignsOfLife signs_{system_now().utc, system_now().utc};
  Lag lag_{system_now().utc};
};

}  // namespace muster
