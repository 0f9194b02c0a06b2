// What other rules or another feed would change, compared with what is in force.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "agent/store/store.h"
#include "mapping/loader.h"

namespace muster {

/// Of two documents of plan_report(): {"people": [{"person", "dn", "more": [change], "less": [change], "problems": [problem]}],
/// "rules": [{"rule", "more", "less", "people"}], "more", "less"}. "more": only the second plan has it; "less": only the first.
/// Changes that a gate holds count like others. Sorted by person, and by rule.
nlohmann::json plan_difference(const nlohmann::json& before, const nlohmann::json& after);

/// The configuration in `file` with the mapping files that the state's owner has taken over, which need not be those on the disk.
/// Errc::config: it cannot be loaded.
Result<std::unique_ptr<Config>> config_in_force(Store& store, const std::string& file);

}  // namespace muster
