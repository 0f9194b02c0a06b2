// The command line (docs: `muster help`): from words to an Invocation, or to the text that is printed instead.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/cli/style.h"

namespace muster {

/// A command line that the command table allows: the command exists, its arguments are as many as it takes, required options are
/// there, and options that are not repeatable occur at most once.
struct Invocation {
  enum class Output { text, json };

  std::string command;                                      ///< "plan", "audit verify"
  std::vector<std::string> arguments;                       ///< positional ones, in order
  std::map<std::string, std::vector<std::string>> options;  ///< of the command, by name without dashes; a flag has no values
  std::string config;
  Output output = Output::text;
  std::string log_level = "info";  ///< one of the choices of --log-level
  ColorChoice color = ColorChoice::automatic;

  bool has(const std::string& option) const { return options.count(option) > 0; }
  /// The value of an option, or the empty string.
  std::string value(const std::string& option) const;
  /// All values of a repeatable option.
  std::vector<std::string> values(const std::string& option) const;
  /// The n-th argument, or the empty string.
  std::string argument(std::size_t n) const { return n < arguments.size() ? arguments[n] : std::string(); }
};

/// What to print instead of running a command: help or the version (exit code 0, standard output), or what is wrong (exit code 2,
/// standard error). Ends with a newline.
struct Message {
  int exit_code = 0;
  std::string text;
};

using ParseResult = std::variant<Invocation, Message>;

/// What differs between installations.
struct ProgramDefaults {
  std::string config = "/etc/muster/muster.xml";
  std::size_t columns = 80;  ///< for help texts
};

/// `words` without the program's name: std::span<const char* const>(argv + 1, argv + argc).
ParseResult parse_command_line(std::span<const char* const> words, const ProgramDefaults& defaults = {});

}  // namespace muster
