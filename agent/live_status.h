// What the running service says about itself: written by the engine's thread, read by the control thread.
#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

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

 private:
  mutable std::mutex mutex_;
  nlohmann::json values_ = nlohmann::json::object();
};

}  // namespace muster
