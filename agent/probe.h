// Asks a directory whether the configuration will work there, and changes nothing.
#pragma once

#include <string>
#include <vector>

#include "agent/rights_probe.h"
#include "mapping/loader.h"
#include "schema/result.h"

namespace muster {

struct Finding {
  enum class Level { good, warning, bad } level = Level::good;
  std::string subject, what, hint;
  Errc code = Errc::refused;  ///< of what is bad: decides the exit code
};

/// What the configuration needs of the agent's account, and what it has.
struct RightsReport {
  std::string account;
  std::vector<RightFound> rights;
  std::string delegation;  ///< what grants them all
};

/// Binds; looks at TLS, schema, bases, the agent's own entry, the watch method, every group that a rule names, the disable method
/// and the rights.
void probe_directory(Config& config, std::vector<Finding>& findings, RightsReport* report = nullptr);

}  // namespace muster
