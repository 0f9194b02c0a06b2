// Keeps the systems upstream true: drains the outbox to those that hear events, and lets followers follow.
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
#include "agent/upstream/follower.h"
#include "agent/upstream/sink.h"

namespace muster {

/// What is declared below <upstream>.
struct Upstreams {
  std::vector<std::unique_ptr<Sink>> sinks;
  std::vector<std::unique_ptr<Follower>> followers;
  bool empty() const { return sinks.empty() && followers.empty(); }
};

/// Each system has a thread of its own with its own reading connection to the store, so that one that is slow or away holds up no
/// other. What was reached is handed to Reached, which must bring it to the engine's thread. wake() is thread-safe; an event is on
/// its way as soon as its transaction is committed and wake() was called.
class Pump {
 public:
  struct Reached {
    std::function<void(const std::string& upstream, Row position)> acknowledge;  ///< called from several threads
    /// It was refused once more. True: it is set aside, durably, and passed over. Called from several threads, which wait.
    std::function<Result<bool>(const std::string& upstream, const OutboxRow& event, const std::string& why)> refuse;
    /// What had been set aside arrived. The same.
    std::function<Status(const std::string& upstream, Row seq)> accepted;
    Follower::Hands hands;  ///< the same
  };
  Pump(std::string state_path, Upstreams upstreams, LiveStatus& live);
  ~Pump();

  void start(Reached reached);
  void wake();
  /// Ends the threads after what they are doing.
  void stop();
  /// After stop(): others, which start() begins.
  void replace(Upstreams upstreams);
  /// Nobody hears events. Thread-safe.
  bool empty() const { return names().empty(); }
  /// Delivers what is there and returns; for commands without a service. The first Error, after all were tried.
  Status drain(const Reached& reached);
  /// Of those that hear events. Thread-safe.
  std::vector<std::string> names() const;

 private:
  struct Lane {
    std::unique_ptr<Sink> sink;  ///< one of the two
    std::unique_ptr<Follower> follower;
    Row position = -1;  ///< -1: not asked yet
    Row probed = 0;     ///< number of the last end-to-end probe that it acknowledged
    int failures = 0;
    std::chrono::steady_clock::time_point retry_at{};
    bool woken = true;
    std::jthread thread{};
    const std::string& name() const { return sink ? sink->name() : follower->name(); }
  };
  Status work(Lane& lane, Store& store, const Reached& reached, std::stop_token stop);
  Status deliver(Lane& lane, Store& store, const Reached& reached, std::stop_token stop);
  static Status send_again(Lane& lane, Store& store, const Reached& reached, std::stop_token stop);
  static Result<bool> reaches(const Lane& lane, std::stop_token stop);
  /// work(). When there is a new end-to-end probe the other side is asked first: while it does not answer, what waits for it waits.
  Status answer_probe(Lane& lane, Store& store, const Reached& reached, std::stop_token stop);
  static Status resume(Lane& lane, Store& store, const Reached& reached);
  void run(Lane& lane, std::stop_token stop, const Reached& reached);
  /// Notes how long these took that were acknowledged, up to `upto`.
  void measure(const std::string& upstream, const std::vector<OutboxRow>& rows, Row upto);
  /// The hands of a follower, which also note how long what it acknowledges took.
  Follower::Hands measuring(const std::string& follower, Store& store, const Follower::Hands& hands);
  void tell(Lane& lane, Store& store, const Status& status);

  std::string state_path_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  LiveStatus& live_;
  Reached reached_;
  mutable std::mutex mutex_;  ///< of `lanes_`, where others change them, and of what wakes them
  std::condition_variable_any bell_;
};

}  // namespace muster
