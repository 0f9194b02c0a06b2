// Help texts, made from the command table.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/cli/commands.h"

namespace muster {

/// `muster help`: every command with its summary, and the options that all of them take.
std::string help_overview(const std::string& default_config, std::size_t columns);
/// `muster COMMAND --help`.
std::string help_of(const CommandRow& command, const std::string& default_config, std::size_t columns);
/// What exit codes mean, in order.
const std::vector<std::pair<std::string_view, std::string_view>>& exit_codes();
/// "muster approve HOLD --by NAME --reason TEXT [--person ID]"
std::string usage_of(const CommandRow& command);

}  // namespace muster
