// Asks a directory whether the configuration will work there, and changes nothing.
#pragma once

#include <string>
#include <vector>

#include "mapping/loader.h"
#include "schema/result.h"

namespace muster {

struct Finding {
  enum class Level { good, warning, bad } level = Level::good;
  std::string subject, what, hint;
  Errc code = Errc::refused;  ///< of what is bad: decides the exit code
};

/// Binds; looks at TLS, schema, bases, the agent's own entry, the watch method, every group that a rule names, the disable method
/// and the rights to write. A right is tested by asking for the removal of a value that nobody has: a server that would refuse the
/// write says so, another one says that there is no such value (RFC 4511 section 4.6), and nothing is changed either way.
void probe_directory(Config& config, std::vector<Finding>& findings);

}  // namespace muster
