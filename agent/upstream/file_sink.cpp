#include "agent/upstream/file_sink.h"

#include <nlohmann/json.hpp>

#include "agent/engine.h"

namespace muster {

Status FileSink::open() {
  if (file_) return ok();
  auto file = DurableFile::open(path_);
  if (!file) return std::move(file).error();
  file_ = std::move(*file);
  return ok();
}

Result<std::string> FileSink::last_delivered() {
  MUSTER_TRY(open());
  const auto line = nlohmann::json::parse(file_->last_line(), nullptr, false);
  return line.is_object() ? line.value("id", "") : std::string();
}

Status FileSink::deliver(std::span<const OutboxRow> events) {
  MUSTER_TRY(open());
  std::string lines;
  for (const OutboxRow& e : events) lines.append(e.body).append("\n");
  Status written = file_->append(lines);
  // After a failure the file is looked at afresh, so that no half line stays.
  if (!written) file_.reset();
  return written;
}

Result<std::vector<std::unique_ptr<Sink>>> open_sinks(const UpstreamSettings& settings) {
  std::vector<std::unique_ptr<Sink>> sinks;
  for (const UpstreamSettings::File& f : settings.files) sinks.push_back(std::make_unique<FileSink>(f.path));
  return sinks;
}

Status deliver_now(Engine& engine) {
  LiveStatus live;
  auto sinks = open_sinks(engine.settings().upstream);
  if (!sinks) return std::move(sinks).error();
  if (sinks->empty()) return engine.drop_events();
  Pump pump(engine.state_path(), std::move(*sinks), live);
  const auto names = pump.names();
  return pump.drain([&](const std::string& name, Row position) { (void)engine.acknowledge(name, position, names); });
}

}  // namespace muster
