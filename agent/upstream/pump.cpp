#include "agent/upstream/pump.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/guarded.h"

namespace muster {

namespace {
constexpr std::size_t kBatch = 500;
constexpr std::chrono::hours kForever{24};
}  // namespace

Pump::Pump(std::string state_path, std::vector<std::unique_ptr<Sink>> sinks, LiveStatus& live)
    : state_path_(std::move(state_path)), live_(live) {
  for (auto& s : sinks) lanes_.push_back({std::move(s), -1, 0, {}});
}

Pump::~Pump() { stop(); }

void Pump::stop() {
  thread_.request_stop();
  wake();
  if (thread_.joinable()) thread_.join();
}

std::vector<std::string> Pump::names() const {
  std::vector<std::string> all;
  for (const Lane& l : lanes_) all.push_back(l.sink->name());
  return all;
}

void Pump::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  bell_.notify_all();
}

/// The stored position may be older than what the other side has: a crash between delivery and acknowledgement.
Status Pump::resume(Lane& lane, Store& store) {
  auto last = lane.sink->last_delivered();
  if (!last) return std::move(last).error();
  lane.position = std::max(store.upstream_position(lane.sink->name()), last->id.empty() ? Row{0} : store.outbox_row_of(last->id));
  return ok();
}

Status Pump::drain_lane(Lane& lane, Store& store, const Acknowledge& acknowledge) {
  if (lane.position < 0) MUSTER_TRY(resume(lane, store));
  for (;;) {
    const auto rows = store.outbox(lane.position, kBatch);
    if (rows.empty()) return ok();
    MUSTER_TRY(lane.sink->deliver(rows));
    lane.position = rows.back().seq;
    acknowledge(lane.sink->name(), lane.position);
  }
}

Status Pump::drain(const Acknowledge& acknowledge) {
  return guarded([&]() -> Status {
    Store store = Store::open_read_only(state_path_);
    Status first = ok();
    for (Lane& lane : lanes_) {
      Status s = drain_lane(lane, store, acknowledge);
      if (!s && first) first = std::move(s);
    }
    return first;
  });
}

std::chrono::steady_clock::time_point Pump::next_retry() const {
  auto at = std::chrono::steady_clock::now() + kForever;
  for (const Lane& l : lanes_) {
    if (l.failures) at = std::min(at, l.retry_at);
  }
  return at;
}

void Pump::run(std::stop_token stop, const Acknowledge& acknowledge) {
  Store store = Store::open_read_only(state_path_);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      bell_.wait_until(lock, stop, next_retry(), [&] { return woken_; });
      woken_ = false;
    }
    for (Lane& lane : lanes_) {
      if (lane.failures && lane.retry_at > std::chrono::steady_clock::now()) continue;
      const Status s = guarded([&] { return drain_lane(lane, store, acknowledge); });
      lane.failures = s ? 0 : lane.failures + 1;
      if (!s) {
        lane.retry_at = std::chrono::steady_clock::now() +
                        std::min(std::chrono::seconds(1 << std::min(lane.failures, 6)), std::chrono::seconds(60));
        spdlog::warn("{}: {}", lane.sink->name(), s.error().text());
      }
      live_.set_upstream(lane.sink->name(),
                         s ? nlohmann::json{{"ok", true}} : nlohmann::json{{"ok", false}, {"error", s.error().text()}});
    }
    if (stop.stop_requested()) return;
  }
}

void Pump::start(Acknowledge acknowledge) {
  if (lanes_.empty()) return;
  thread_ = std::jthread([this, acknowledge = std::move(acknowledge)](std::stop_token stop) {
    const Status ended = guarded([&]() -> Status {
      run(stop, acknowledge);
      return ok();
    });
    if (!ended) spdlog::error("upstream: {}", ended.error().text());
  });
}

}  // namespace muster
