// Programs that the configuration names, run without a shell.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <stop_token>
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

/// Where what a command prints goes.
struct CommandOutput {
  std::string path;  ///< is made anew, mode 0600
  std::size_t most;  ///< bytes; more is an error
  std::stop_token stop{};
};

/// The same for a command whose standard output is wanted, in a file; Command::input is not used, its standard input is empty. The
/// end of what it writes to its standard error is in the sentences. After an Error the file is of no use. Errc::refused also for
/// too much output; Errc::cancelled within a second of a stop request, the command being killed. Any thread.
Status run_command_into(const Command& command, const CommandOutput& output);

}  // namespace muster
