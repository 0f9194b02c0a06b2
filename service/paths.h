// Where things are unless the command line or the configuration says otherwise. The environment has no say.
#pragma once

#include <string>

namespace muster {

std::string default_config_file();   ///< /etc/muster/muster.xml
std::string default_state_folder();  ///< /var/lib/muster: what must survive a restart
std::string default_run_folder();    ///< /run/muster: what need not

}  // namespace muster
