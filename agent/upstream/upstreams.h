// The systems that <upstream> declares.
#pragma once

#include <memory>
#include <vector>

#include "agent/upstream/pump.h"
#include "mapping/settings.h"

namespace muster {

class Engine;

/// Names of the followers that are declared: their progress is kept, and what is touched is noted for them.
std::vector<std::string> follower_names(const UpstreamSettings& settings);
/// Those that hear events. None is asked for anything yet.
Result<std::vector<std::unique_ptr<Sink>>> open_sinks(const Settings& settings);
/// The same of all.
Result<Upstreams> open_upstreams(const Settings& settings);
/// For commands without a service, whose one thread is the engine's.
Pump::Reached reached_directly(Engine& engine, std::vector<std::string> names);

}  // namespace muster
