#include "service/paths.h"

namespace muster {

// Filesystem Hierarchy Standard 3.0, sections 3.7, 5.8 and 3.15.
std::string default_config_file() { return "/etc/muster/muster.xml"; }
std::string default_state_folder() { return "/var/lib/muster"; }
std::string default_run_folder() { return "/run/muster"; }
std::string default_log_folder() { return {}; }

}  // namespace muster
