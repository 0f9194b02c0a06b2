// The unit file that `muster service install` writes. Private to service/systemd and its tests.
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"

namespace muster {

/// Its first line: only what has it is replaced or removed, for `systemctl edit --full` makes a file of the same name.
inline constexpr std::string_view kUnitMark = "# Written by muster service install, removed by muster service uninstall.";

/// The packages' unit for the program at `program` and the configuration `config`, both absolute paths (systemd.syntax(7),
/// systemd.service(5)). Errc::config: a path has a control character, which unit files cannot hold.
Result<std::string> unit_for(const std::string& program, const std::string& config);

}  // namespace muster
