// How threads talk to the engine: one bounded lane for each watcher, one for requests, and one bell.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "ldap/change_source.h"

namespace muster {

/// Thread-safe. A watcher that is faster than the engine waits (guarantee 8); a request never does.
class Mailbox {
 public:
  using Clock = std::chrono::steady_clock;
  struct Message {
    unsigned generation = 0;  ///< of the watcher; what an earlier one sent is not looked at
    Result<Batch> batch;
  };
  using Request = std::function<void()>;

  explicit Mailbox(std::size_t lanes) : lanes_(lanes) {}

  /// Waits while the lane is full. False: stopped.
  bool send(std::size_t lane, Message message, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (!room_.wait(lock, stop, [&] { return lanes_[lane].size() < kLane; })) return false;
    lanes_[lane].push_back(std::move(message));
    bell_.notify_all();
    return true;
  }
  /// False: nobody takes requests any more.
  bool post(Request request) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    requests_.push_back(std::move(request));
    bell_.notify_all();
    return true;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

  /// Until something is there, `until`, or stop. True: something is there.
  bool wait(Clock::time_point until, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    return bell_.wait_until(lock, stop, until, [&] { return !idle(); });
  }
  std::optional<Request> take_request() {
    const std::lock_guard lock(mutex_);
    return take_from(requests_);
  }
  std::optional<Message> take(std::size_t lane) {
    const std::lock_guard lock(mutex_);
    auto message = take_from(lanes_[lane]);
    if (message) room_.notify_all();
    return message;
  }
  /// The next message of one lane; none when `until` passes or on stop.
  std::optional<Message> wait_for(std::size_t lane, Clock::time_point until, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    bell_.wait_until(lock, stop, until, [&] { return !lanes_[lane].empty(); });
    auto message = take_from(lanes_[lane]);
    if (message) room_.notify_all();
    return message;
  }
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    std::size_t n = requests_.size();
    for (const auto& lane : lanes_) n += lane.size();
    return n;
  }
  void clear(std::size_t lane) {
    const std::lock_guard lock(mutex_);
    lanes_[lane].clear();
    room_.notify_all();
  }
  std::size_t lanes() const { return lanes_.size(); }

 private:
  static constexpr std::size_t kLane = 8;

  template <class T>
  static std::optional<T> take_from(std::deque<T>& queue) {
    if (queue.empty()) return std::nullopt;
    T front = std::move(queue.front());
    queue.pop_front();
    return front;
  }
  bool idle() const {
    for (const auto& lane : lanes_) {
      if (!lane.empty()) return false;
    }
    return requests_.empty();
  }

  mutable std::mutex mutex_;
  std::condition_variable_any bell_, room_;
  std::vector<std::deque<Message>> lanes_;
  std::deque<Request> requests_;
  bool closed_ = false;
};

}  // namespace muster
