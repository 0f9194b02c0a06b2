#include "agent/upstream/pump.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/guarded.h"
#include "schema/calendar.h"

namespace muster {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kBatch = 500;
constexpr std::chrono::hours kForever{24};

/// Two seconds, doubled with every failure, up to a minute.
std::chrono::seconds pause_after(int failures) {
  return std::min(std::chrono::seconds(1 << std::min(failures, 6)), std::chrono::seconds(60));
}

}  // namespace

Pump::Pump(std::string state_path, Upstreams upstreams, LiveStatus& live) : state_path_(std::move(state_path)), live_(live) {
  replace(std::move(upstreams));
}

void Pump::replace(Upstreams upstreams) {
  std::vector<std::unique_ptr<Lane>> lanes;
  for (auto& s : upstreams.sinks) lanes.push_back(std::make_unique<Lane>(Lane{.sink = std::move(s), .follower = {}}));
  for (auto& f : upstreams.followers) lanes.push_back(std::make_unique<Lane>(Lane{.sink = {}, .follower = std::move(f)}));
  {
    const std::lock_guard lock(mutex_);
    lanes_.swap(lanes);
  }
  live_.set_sinks(names());
}

Pump::~Pump() { stop(); }

void Pump::stop() {
  for (const auto& lane : lanes_) lane->thread.request_stop();
  wake();
  for (const auto& lane : lanes_) {
    if (lane->thread.joinable()) lane->thread.join();
  }
}

std::vector<std::string> Pump::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& lane : lanes_) {
    if (lane->sink) all.push_back(lane->sink->name());
  }
  return all;
}

void Pump::wake() {
  const std::lock_guard lock(mutex_);
  for (const auto& lane : lanes_) lane->woken = true;
  bell_.notify_all();
}

/// The stored position may be older than what the other side has: a crash between delivery and acknowledgement.
Status Pump::resume(Lane& lane, Store& store, const Reached& reached) {
  auto last = lane.sink->last_delivered();
  if (!last) return std::move(last).error();
  const Row stored = store.upstream_position(lane.name());
  lane.position = std::max(stored, last->id.empty() ? Row{0} : store.outbox_row_of(last->id));
  // Else it would seem to wait until something else happens.
  if (lane.position > stored) reached.acknowledge(lane.name(), lane.position);
  return ok();
}

/// True: it answers. False: it cannot be asked.
Result<bool> Pump::reaches(const Lane& lane, std::stop_token stop) {
  if (lane.sink) return lane.sink->reach(std::move(stop));
  if (auto answer = lane.follower->probe({}, std::move(stop)); !answer) return std::move(answer).error();
  return true;
}

Status Pump::answer_probe(Lane& lane, Store& store, const Reached& reached, std::stop_token stop) {
  const LiveStatus::ProbeMark probe = live_.probe();
  if (probe.number <= lane.probed) return work(lane, store, reached, std::move(stop));
  const auto answers = reaches(lane, stop);
  if (!answers || *answers) live_.probe_asked(lane.name());
  if (!answers) return answers.error();
  MUSTER_TRY(work(lane, store, reached, std::move(stop)));
  if (lane.sink && lane.position < probe.event) return ok();
  lane.probed = probe.number;
  if (*answers)
    live_.probe_answered(lane.name());
  else
    live_.probe_forgotten(lane.name());
  return ok();
}

Status Pump::work(Lane& lane, Store& store, const Reached& reached, std::stop_token stop) {
  if (lane.follower) return lane.follower->follow(store, measuring(lane.name(), store, reached.hands), std::move(stop));
  if (lane.position < 0) MUSTER_TRY(resume(lane, store, reached));
  return deliver(lane, store, reached, std::move(stop));
}

namespace {

/// What was set aside once, and somebody wants to be tried again.
bool is_aside(Store& store, const std::string& upstream, const OutboxRow& event) {
  const auto refusal = store.set_aside(upstream, event.seq);
  return refusal && refusal->state != SetAsideRow::State::counting;
}

}  // namespace

Status Pump::send_again(Lane& lane, Store& store, const Reached& reached, std::stop_token stop) {
  const auto rows = store.to_send_again(lane.name());
  if (rows.empty()) return ok();
  auto verdicts = lane.sink->deliver(rows, std::move(stop));
  if (!verdicts) return std::move(verdicts).error();
  std::optional<std::string> waits;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Sink::Verdict& v = (*verdicts)[i];
    if (v.kind == Sink::Verdict::Kind::delivered) MUSTER_TRY(reached.accepted(lane.name(), rows[i].seq));
    if (v.kind == Sink::Verdict::Kind::later) waits = v.why;
    if (v.kind != Sink::Verdict::Kind::refused) continue;
    if (const auto aside = reached.refuse(lane.name(), rows[i], v.why); !aside) return aside.error();
  }
  if (!waits) return ok();
  return Error{Errc::unreachable, *waits, ""};
}

void Pump::measure(const std::string& upstream, const std::vector<OutboxRow>& rows, Row upto) {
  std::vector<Instant> arrivals;
  for (const OutboxRow& row : rows) {
    const auto at = row.seq <= upto ? arrival_of(row, live_.lag()) : std::nullopt;
    if (at) arrivals.push_back(*at);
  }
  if (!arrivals.empty()) live_.lag().acknowledged(upstream, arrivals, system_now().utc);
}

Follower::Hands Pump::measuring(const std::string& follower, Store& store, const Follower::Hands& hands) {
  const auto keep = [this, &follower, &store, &hands](FollowerProgress progress) -> Status {
    const Row before = store.follower_position(follower), upto = progress.position.value_or(before);
    std::vector<Instant> arrivals;
    if (before >= 0 && upto > before) {
      for (const Store::TouchedRow& row : store.touched(before, kBatch)) {
        if (row.seq <= upto) arrivals.push_back(live_.lag().touched_arrival(row.seq));
      }
    }
    const Status kept = hands.keep(std::move(progress));
    if (kept && !arrivals.empty()) live_.lag().acknowledged(follower, arrivals, system_now().utc);
    return kept;
  };
  return {keep, hands.bearings};
}

Status Pump::deliver(Lane& lane, Store& store, const Reached& reached, std::stop_token stop) {
  using Told = Sink::Verdict;
  MUSTER_TRY(send_again(lane, store, reached, stop));
  for (;;) {
    auto rows = store.outbox(lane.position, kBatch);
    if (rows.empty()) return ok();
    const Row last = rows.back().seq;
    std::erase_if(rows, [&](const OutboxRow& r) { return is_aside(store, lane.name(), r); });
    auto verdicts = rows.empty() ? std::vector<Told>() : lane.sink->deliver(rows, stop);
    if (!verdicts) return std::move(verdicts).error();
    const Told* waits = nullptr;  // for the first that holds up the position
    Row upto = last;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Told& v = (*verdicts)[i];
      if (v.kind == Told::Kind::delivered) continue;
      if (v.kind == Told::Kind::refused) {
        const auto aside = reached.refuse(lane.name(), rows[i], v.why);
        if (!aside) return aside.error();
        if (*aside) continue;
      }
      if (!waits) upto = rows[i].seq - 1;
      if (!waits) waits = &v;
    }
    if (upto > lane.position) {
      lane.position = upto;
      reached.acknowledge(lane.name(), lane.position);
      measure(lane.name(), rows, upto);
    }
    if (waits) return Error{waits->kind == Told::Kind::refused ? Errc::refused : Errc::unreachable, waits->why, ""};
  }
}

Status Pump::drain(const Reached& reached) {
  return guarded([&]() -> Status {
    Store store = Store::open_read_only(state_path_);
    Status first = ok();
    for (const auto& lane : lanes_) {
      Status s = guarded([&] { return work(*lane, store, reached, {}); });
      if (!s && first) first = std::move(s);
    }
    return first;
  });
}

void Pump::tell(Lane& lane, Store& store, const Status& status) {
  nlohmann::json now = {{"ok", static_cast<bool>(status)}};
  if (!status) now["error"] = status.error().text();
  if (lane.follower) now.update(lane.follower->figures());
  if (lane.sink) {
    now.update(lane.sink->figures());
    now["position"] = std::max(lane.position, Row{0});
    now["waiting"] = store.outbox_length(std::max(lane.position, Row{0}));
  }
  if (status) now["last reached"] = iso_time(system_now().utc);
  live_.set_upstream(lane.name(), std::move(now));
}

void Pump::run(Lane& lane, std::stop_token stop, const Reached& reached) {
  Store store = Store::open_read_only(state_path_);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const bool failed = lane.failures > 0;
      // Who failed waits for its time, whoever rings.
      const auto due = std::min(lane.sink ? lane.sink->due() : Clock::time_point::max(), Clock::now() + kForever);
      bell_.wait_until(lock, stop, failed ? lane.retry_at : due, [&] { return lane.woken && !failed; });
      lane.woken = false;
    }
    // What is left in the end is sent now, unless the other side is in trouble.
    if (stop.stop_requested() && (lane.failures > 0 || lane.follower)) return;
    const Row before = lane.position;
    const Status s = guarded([&]() -> Status {
      MUSTER_TRY(answer_probe(lane, store, reached, stop));
      return lane.sink && !stop.stop_requested() ? lane.sink->tend(stop) : ok();
    });
    if (!s && s.error().code == Errc::cancelled) return;
    lane.failures = s ? 0 : lane.position > before ? 1 : lane.failures + 1;
    if (!s) {
      const auto asked = lane.sink ? lane.sink->asked_to_wait() : std::chrono::milliseconds{};
      lane.retry_at = Clock::now() + std::max<std::chrono::milliseconds>(pause_after(lane.failures), asked);
      spdlog::warn("{}: {}", lane.name(), s.error().text());
    }
    tell(lane, store, s);
    if (stop.stop_requested()) return;
  }
}

void Pump::start(Reached reached) {
  reached_ = std::move(reached);
  for (const auto& lane : lanes_) {
    lane->thread = std::jthread([this, &here = *lane](std::stop_token stop) {
      const Status ended = guarded([&]() -> Status {
        run(here, stop, reached_);
        return ok();
      });
      if (!ended) spdlog::error("{}: {}", here.name(), ended.error().text());
    });
  }
}

}  // namespace muster
