#include "agent/upstream/upstreams.h"

#include "agent/engine.h"
#include "agent/upstream/events_sink.h"
#include "agent/upstream/file_sink.h"
#include "agent/upstream/scim_follower.h"

namespace muster {

std::vector<std::string> follower_names(const UpstreamSettings& settings) {
  std::vector<std::string> names;
  for (const UpstreamSettings::Scim& s : settings.scims) names.push_back("scim " + s.http.url);
  return names;
}

Result<std::vector<std::unique_ptr<Sink>>> open_sinks(const Settings& settings) {
  std::vector<std::unique_ptr<Sink>> sinks;
  for (const UpstreamSettings::File& f : settings.upstream.files) sinks.push_back(std::make_unique<FileSink>(f.path));
  for (const UpstreamSettings::Events& e : settings.upstream.events) {
    if (!e.push.empty()) sinks.push_back(std::make_unique<EventsSink>(e, settings.directory_of_file));
  }
  return sinks;
}

Result<Upstreams> open_upstreams(const Settings& settings) {
  Upstreams all;
  auto sinks = open_sinks(settings);
  if (!sinks) return std::move(sinks).error();
  all.sinks = std::move(*sinks);
  for (const UpstreamSettings::Scim& s : settings.upstream.scims)
    all.followers.push_back(std::make_unique<ScimFollower>(s, settings.directory_of_file));
  return all;
}

Pump::Reached reached_directly(Engine& engine, std::vector<std::string> names) {
  return {[&engine, names = std::move(names)](const std::string& name, Row position) {
            (void)engine.acknowledge(name, position, names);
          },
          [&engine](const std::string& name, const OutboxRow& event, const std::string& why) {
            return engine.refuse(name, event, why);
          },
          [&engine](const std::string& name, Row seq) { return engine.accepted(name, seq); },
          {[&engine](const FollowerProgress& progress) { return engine.keep(progress); }, [&engine] { return engine.bearings(); }}};
}

}  // namespace muster
