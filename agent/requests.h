// What an operator asks for about one person, in a service and without one: grant, revoke, disable, enable,
// rehire.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "agent/engine.h"

namespace muster {

/// How the one who asks reaches the directory.
struct Surroundings {
  std::function<Status()> ready;  ///< connected, and the mirror is true
  std::function<Result<RunReport>()> settle;
};

/// True: act_on_person() knows the command.
bool is_about_a_person(const std::string& command);

/// {"command": "grant", "person", "group", "seconds", "by", "reason"} and the like. The answer is that of a resync, with the
/// changes and problems of this person only, and "grant" (what runs or waits), or "order" and "disabled".
Result<nlohmann::json> act_on_person(Engine& engine, const nlohmann::json& request, const Surroundings& around);

/// {"command": "upstream", "action": "retry" or "forget", "id", "by", "reason"}: about events that were set aside; no id: all.
/// {"events": how many it was}.
Result<nlohmann::json> decide_set_aside(Engine& engine, const nlohmann::json& request);

}  // namespace muster
