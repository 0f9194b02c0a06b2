// The local socket: what the commands ask the running service.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/daemon.h"
#include "agent/live_status.h"

namespace muster {

/// One request, one answer, each a line of JSON: {"command": "resync", ...} -> {"result": ...} or {"error": {"code", "what",
/// "hint"}}. answer() may be called by any thread; what changes something waits for the engine's thread.
class Control {
 public:
  Control(Engine& engine, Daemon& daemon, LiveStatus& live)
      : engine_(engine), daemon_(daemon), live_(live), state_path_(engine.state_path()) {}
  std::string answer(const std::string& request);
  /// Where the last lines of the log come from.
  void log_from(std::function<std::vector<std::string>()> lines) { log_lines_ = std::move(lines); }

 private:
  nlohmann::json dispatch(const nlohmann::json& request);
  nlohmann::json resync(const nlohmann::json& request);
  nlohmann::json review(const nlohmann::json& request);
  nlohmann::json upstream(const nlohmann::json& request);
  nlohmann::json undo(const nlohmann::json& request);
  nlohmann::json decide(const nlohmann::json& request, bool approve);
  nlohmann::json log_level(const std::string& level);
  nlohmann::json act(const nlohmann::json& request);
  /// Runs on the engine's thread and waits for it.
  nlohmann::json on_engine(std::function<nlohmann::json()> work);

  Engine& engine_;
  Daemon& daemon_;
  LiveStatus& live_;
  std::string state_path_;
  std::function<std::vector<std::string>()> log_lines_;
};

/// Where the service that uses this state file listens.
std::string control_path(const std::string& state_path);
/// Asks the running service. Errc::not_found: none is running. Errors of the service come back as they were.
Result<nlohmann::json> ask_service(const std::string& state_path, const nlohmann::json& request);

nlohmann::json error_to_json(const Error& error);

}  // namespace muster
