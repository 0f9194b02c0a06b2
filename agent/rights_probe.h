// Whether the agent's account has the rights that the configuration needs. Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "agent/rights.h"
#include "ldap/effective_rights.h"

namespace muster {

struct RightFound {
  Right right;
  Allowed allowed = Allowed::unknown;
  std::vector<std::string> missing;  ///< the attributes that it may not write
  std::string tested_on;             ///< an entry; empty: nothing is there to test it with, or the server does not tell
};

/// Asks for each right with an entry that the rules may touch: not the agent's own, not a protected one. Errors are those of a
/// connection that broke.
Result<std::vector<RightFound>> probe_rights(Connection& connection, const std::vector<Right>& rights, const RightsScope& scope);

}  // namespace muster
