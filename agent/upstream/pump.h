// Drains the outbox to the systems upstream, in order, until each has everything.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/live_status.h"
#include "agent/upstream/sink.h"

namespace muster {

/// Has its own reading connection to the store. Positions are handed to `acknowledge`, which must bring them to the
/// engine's thread. wake() is thread-safe; an event is on its way as soon as its transaction is committed and wake() was called.
class Pump {
 public:
  using Acknowledge = std::function<void(const std::string& upstream, Row position)>;
  Pump(std::string state_path, std::vector<std::unique_ptr<Sink>> sinks, LiveStatus& live);
  ~Pump();

  void start(Acknowledge acknowledge);
  void wake();
  /// Ends the thread after what it is doing.
  void stop();
  bool empty() const { return lanes_.empty(); }
  /// Delivers what is there and returns; for commands without a service. The first Error, after all sinks were tried.
  Status drain(const Acknowledge& acknowledge);
  std::vector<std::string> names() const;

 private:
  struct Lane {
    std::unique_ptr<Sink> sink;
    Row position = -1;  ///< -1: not asked yet
    int failures = 0;
    std::chrono::steady_clock::time_point retry_at{};
  };
  Status drain_lane(Lane& lane, Store& store, const Acknowledge& acknowledge);
  Status resume(Lane& lane, Store& store);
  void run(std::stop_token stop, const Acknowledge& acknowledge);
  std::chrono::steady_clock::time_point next_retry() const;

  std::string state_path_;
  std::vector<Lane> lanes_;
  LiveStatus& live_;
  std::mutex mutex_;
  std::condition_variable_any bell_;
  bool woken_ = true;
  std::jthread thread_;
};

}  // namespace muster
