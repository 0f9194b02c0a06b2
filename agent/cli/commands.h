// The command table: what the parser accepts and what help prints come from the same rows.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// One option, given as --name.
struct OptionRow {
  std::string_view name;
  std::string_view value;  ///< what its value is called in help: "ID"; empty: the option takes none
  std::string_view help;
  bool required = false;
  bool repeated = false;
  std::vector<std::string> choices{};  ///< the values it takes; empty: any
};

/// One positional argument.
struct ArgumentRow {
  std::string_view name;  ///< "HOLD"
  std::string_view help;
  bool required = true;
};

struct CommandRow {
  std::string_view name;  ///< "plan", "audit verify"
  std::string_view summary;
  std::string_view details;  ///< more sentences for `muster COMMAND --help`, or empty
  std::vector<ArgumentRow> arguments{};
  std::vector<OptionRow> options{};
};

/// In the order in which help lists them.
const std::vector<CommandRow>& command_rows();
/// Options that every command takes.
const std::vector<OptionRow>& global_rows();
/// Null: no such command.
const CommandRow* find_command(std::string_view name);

}  // namespace muster
