#include "agent/upstream/file_sink.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/engine.h"
#include "agent/upstream/upstreams.h"

namespace muster {

Status FileSink::open() {
  if (file_) return ok();
  auto file = DurableFile::open(path_);
  if (!file) return std::move(file).error();
  file_ = std::move(*file);
  return ok();
}

namespace {

/// Lines that others wrote there have no number, and are nobody's.
OutboxRow event_of(std::string line) {
  const auto event = nlohmann::json::parse(line, nullptr, false);
  if (!event.is_object() || !event.contains("id") || !event["id"].is_string()) return {};
  const auto seq = event.find("seq");
  return {seq != event.end() && seq->is_number_integer() ? seq->get<Row>() : 0, event["id"], std::move(line)};
}

}  // namespace

Result<Sink::Delivered> FileSink::last_delivered() {
  MUSTER_TRY(open());
  OutboxRow last = event_of(file_->last_line());
  return Delivered{std::move(last.id), last.seq};
}

Status FileSink::told_after(Row seq, const std::function<void(const OutboxRow&)>& each) {
  std::ifstream in(path_, std::ios::binary);
  if (!in) return Error{Errc::io, "reading " + path_ + ": " + std::strerror(errno), ""};
  for (std::string line; std::getline(in, line);) {
    const OutboxRow event = event_of(std::move(line));
    if (event.seq > seq) each(event);
  }
  return ok();
}

Result<std::vector<Sink::Verdict>> FileSink::deliver(std::span<const OutboxRow> events, std::stop_token) {
  MUSTER_TRY(open());
  std::string lines;
  for (const OutboxRow& e : events) lines.append(e.body).append("\n");
  Status written = file_->append(lines);
  // After a failure the file is looked at afresh, so that no half line stays.
  if (!written) {
    file_.reset();
    return std::move(written).error();
  }
  return std::vector<Verdict>(events.size());
}

Status learn_from_upstream(Engine& engine) {
  auto sinks = open_sinks(engine.settings());
  if (!sinks) return std::move(sinks).error();
  Sink* ahead = nullptr;
  Row newest = 0;
  for (const auto& sink : *sinks) {
    auto last = sink->last_delivered();
    // An upstream that cannot be asked now is asked again when something is delivered to it.
    if (!last || last->seq <= newest) continue;
    newest = last->seq;
    ahead = sink.get();
  }
  if (!ahead) return ok();
  return engine.learn(newest, [&](Row after, const auto& each) { return ahead->told_after(after, each); });
}

Status deliver_now(Engine& engine) {
  LiveStatus live;
  auto upstreams = open_upstreams(engine.settings());
  if (!upstreams) return std::move(upstreams).error();
  if (upstreams->sinks.empty()) MUSTER_TRY(engine.drop_events());
  if (upstreams->empty()) return ok();
  Pump pump(engine.state_path(), std::move(*upstreams), live);
  Status delivered = pump.drain(reached_directly(engine, pump.names()));
  for (auto more = engine.condense(pump.names()); !more || *more; more = engine.condense(pump.names())) {
    if (!more) return std::move(more).error();
  }
  return delivered;
}

}  // namespace muster
