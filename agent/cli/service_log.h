// Where a service's log goes when nobody reads its standard error.
#pragma once

#include <string>
#include <vector>

namespace muster {

/// From now on lines go into files of 10 MiB, of which five are kept, and warnings and errors into the platform's event log
/// besides. A folder that cannot be written is said there; the service goes on.
void log_into_files();

/// From now on the last 500 lines are kept in memory, too.
void keep_lines();
/// Those, oldest first. Thread-safe.
std::vector<std::string> kept_lines();

}  // namespace muster
