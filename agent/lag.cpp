#include "agent/lag.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace muster {

using nlohmann::json;

namespace {

constexpr std::size_t kMeasurements = 1000;
constexpr std::size_t kMarks = 4096;

}  // namespace

void Measurements::add(double seconds) {
  last_.push_back(seconds);
  ++count_;
  sum_ += seconds;
  if (last_.size() > kMeasurements) last_.pop_front();
}

json Measurements::figures() const {
  json figures = {{"now", nullptr}, {"median", nullptr}, {"p99", nullptr}, {"of", last_.size()}, {"count", count_}, {"sum", sum_}};
  if (last_.empty()) return figures;
  std::vector<double> sorted(last_.begin(), last_.end());
  std::sort(sorted.begin(), sorted.end());
  const auto rank = [&](double part) {
    const auto nth = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
    return sorted[std::max<std::size_t>(nth, 1) - 1];
  };
  figures.update({{"now", last_.back()}, {"median", rank(0.5)}, {"p99", rank(0.99)}});
  return figures;
}

Lag::Lag(Instant began) : began_(began) {}

void Lag::note(Marks& marks, Row upto, Instant at) {
  if (!marks.empty() && upto <= marks.back().upto) return;
  if (marks.size() >= kMarks) {
    Marks fewer;
    for (std::size_t i = 0; i + 1 < marks.size(); i += 2)
      fewer.push_back({marks[i + 1].upto, std::min(marks[i].at, marks[i + 1].at)});
    marks = std::move(fewer);
  }
  marks.push_back({upto, at});
}

std::optional<Instant> Lag::look_up(const Marks& marks, Row seq) {
  const auto at = std::lower_bound(marks.begin(), marks.end(), seq, [](const Mark& m, Row s) { return m.upto < s; });
  return at == marks.end() ? std::nullopt : std::optional(at->at);
}

void Lag::arrived(Row event, Row touched, Instant at) {
  const std::lock_guard lock(mutex_);
  note(events_, event, at);
  note(touched_, touched, at);
}

std::optional<Instant> Lag::event_arrival(Row seq) const {
  const std::lock_guard lock(mutex_);
  return look_up(events_, seq);
}

Instant Lag::touched_arrival(Row seq) const {
  const std::lock_guard lock(mutex_);
  return look_up(touched_, seq).value_or(began_);
}

void Lag::acknowledged(const std::string& upstream, std::span<const Instant> arrivals, Instant at) {
  const std::lock_guard lock(mutex_);
  Lane& lane = lanes_[upstream];
  for (const Instant arrival : arrivals) {
    const double seconds = std::max(0.0, std::chrono::duration<double>(at - arrival).count());
    lane.seconds.add(seconds);
    all_.add(seconds);
  }
  lane.last = at;
}

std::optional<Instant> arrival_of(const OutboxRow& event, const Lag& lag) {
  const json body = json::parse(event.body, nullptr, false);
  const auto noted = body.is_object() ? parse_iso_time(body.value("time", "")) : std::nullopt;
  const auto arrived = lag.event_arrival(event.seq);
  return noted && arrived ? std::min(noted, arrived) : noted ? noted : arrived;
}

json Lag::figures() const {
  const std::lock_guard lock(mutex_);
  json upstreams = json::object();
  for (const auto& [name, lane] : lanes_)
    upstreams[name] = {{"seconds", lane.seconds.figures()}, {"last acknowledged", iso_time(lane.last)}};
  return {{"seconds", all_.figures()}, {"upstreams", std::move(upstreams)}};
}

}  // namespace muster
