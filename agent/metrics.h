// The status for Prometheus and for whoever asks whether the service is well.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "schema/change.h"
#include "service/loopback_http.h"

namespace muster {

class LiveStatus;

/// The text format 0.0.4 of Prometheus, made of `muster status`'s JSON. `changes`: what was applied since the
/// service began. `server`: the directory's URL, as long as none other is connected.
std::string metrics_text(const nlohmann::json& status, const ActionCounts& changes, const std::string& server,
                         const std::string& version);

/// /metrics, and /healthz: 200 or 503, with {"healthy", "unhealthy"}. Everything else is 404. `live` must outlive the server.
Result<std::unique_ptr<LoopbackHttp>> serve_metrics(std::uint16_t port, const std::string& state_path, const LiveStatus& live);

}  // namespace muster
