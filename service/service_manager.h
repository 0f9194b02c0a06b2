// For those who do not use packages: muster as a service of this machine.
#pragma once

#include <string>

#include "schema/result.h"

namespace muster {

/// Registers this very program, with its own path, and lets it start with the machine; it is not started yet. On Linux a unit file
/// in /etc/systemd/system and, unless it is there, the user `muster`. Errc::conflict: a package has registered it, or the unit file
/// is somebody else's.
Status install_service(const std::string& config);
/// Stops it and takes it away. Configuration, state and secrets stay. Errc::not_found: install_service() has not made one.
Status uninstall_service();
/// Errc::io: the service manager says no; its own log says why.
Status start_service();
Status stop_service();

}  // namespace muster
