// Where things are unless the command line or the configuration says otherwise. The environment has no say.
#pragma once

#include <string>

namespace muster {

std::string default_config_file();   ///< /etc/muster/muster.xml; %ProgramData%\muster\muster.xml
std::string default_state_folder();  ///< /var/lib/muster; %ProgramData%\muster\state: what must survive a restart
std::string default_run_folder();    ///< /run/muster; %ProgramData%\muster\run: what need not
/// Empty where the service manager keeps what is written to standard error; %ProgramData%\muster\log
std::string default_log_folder();

}  // namespace muster
