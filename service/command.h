// Programs that the configuration names, run without a shell.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "schema/ids.h"
#include "schema/result.h"

namespace muster {

struct Command {
  std::vector<std::string> words;                  ///< the program's path and its arguments
  std::map<std::string, std::string> environment;  ///< added to the agent's own
  Secret input;                                    ///< its standard input, which then ends
  std::chrono::milliseconds timeout{10000};
};

/// Waits until the program ends. What it writes to its standard output and error is dropped: it may hold `input`. Errc::io: it
/// could not be started; Errc::refused: it ended with another code than 0, by a signal, or was killed with its whole process group
/// because it took longer than `timeout`. The sentences name the program and nothing else of the command.
Status run_command(const Command& command);

}  // namespace muster
