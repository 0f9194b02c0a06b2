// Registering with the platform's service manager: systemd, or the Service Control Manager of Windows.
#pragma once

#include <string>

#include "schema/result.h"

namespace muster {

/// All of these need an administrator's rights. Errc::refused: the service manager does not allow it; Errc::io: it failed.
class ServiceManager {
 public:
  /// Registers this very program to be started with the machine as `muster run --config CONFIG`, or brings an older registration up
  /// to date. Does not start it. On Linux: a unit file in /etc/systemd/system and, unless it is there, the user `muster`.
  /// Errc::conflict: a package has registered it, or the unit file is somebody else's.
  static Status install(const std::string& config);
  /// Stops and removes what install() registered; configuration and state stay. Errc::not_found: it is not registered;
  /// Errc::conflict: a package has done it, or the unit file is somebody else's.
  static Status uninstall();
  /// Removes the user that install() made, whose files must be gone. No such user is no error. On Windows there is none.
  static Status remove_user();
  /// Waits until the service manager says that it runs, or why not. Running already is no error.
  static Status start();
  /// Waits until it has ended. Not running is no error.
  static Status stop();
};

}  // namespace muster
