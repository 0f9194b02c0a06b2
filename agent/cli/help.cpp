#include "agent/cli/help.h"

#include <algorithm>

#include "agent/cli/text.h"

namespace muster {
namespace {

struct HelpLine {
  std::string left, right;
};

/// Two columns, the right one wrapped.
std::string two_columns(const std::vector<HelpLine>& entries, std::size_t columns) {
  constexpr std::size_t kIndent = 2, kGap = 2, kLeast = 24;
  std::size_t left = 0;
  for (const HelpLine& entry : entries) left = std::max(left, display_width(entry.left));
  const std::size_t start = kIndent + left + kGap;
  const std::size_t room = columns > start + kLeast ? columns - start : kLeast;
  std::string out;
  for (const HelpLine& entry : entries) {
    std::string margin = std::string(kIndent, ' ') + entry.left + std::string(left - display_width(entry.left) + kGap, ' ');
    for (const std::string& line : wrapped(entry.right, room)) {
      out += margin + line + "\n";
      margin.assign(start, ' ');
    }
  }
  return out;
}

std::string paragraph(std::string_view text, std::size_t columns) {
  std::string out;
  for (const std::string& line : wrapped(text, columns)) out += line + "\n";
  return out;
}

std::string spelled(const OptionRow& option) {
  std::string out = "--" + std::string(option.name);
  return option.value.empty() ? out : out + " " + std::string(option.value);
}

std::string choices_of(const OptionRow& option) {
  std::string out;
  for (const std::string& choice : option.choices) out += (out.empty() ? "" : ", ") + choice;
  return out;
}

HelpLine entry_of(const OptionRow& option, const std::string& default_config) {
  std::string help(option.help);
  if (!option.choices.empty()) help += " (" + choices_of(option) + ")";
  if (option.name == "config") help += " (default " + default_config + ")";
  return {spelled(option), std::move(help)};
}

std::string options_section(const std::string& title, const std::vector<OptionRow>& options, const std::string& default_config,
                            std::size_t columns) {
  if (options.empty()) return {};
  std::vector<HelpLine> entries;
  for (const OptionRow& option : options) entries.push_back(entry_of(option, default_config));
  return "\n" + title + ":\n" + two_columns(entries, columns);
}

}  // namespace

const std::vector<std::pair<std::string_view, std::string_view>>& exit_codes() {
  static const std::vector<std::pair<std::string_view, std::string_view>> codes{
      {"0", "done; plan: nothing to change"},     {"1", "failed"},
      {"2", "wrong usage or configuration"},      {"3", "plan: there are changes"},
      {"4", "something is on hold for approval"}, {"5", "directory or upstream not reachable"}};
  return codes;
}

std::string usage_of(const CommandRow& command) {
  std::string out = "muster " + std::string(command.name);
  for (const ArgumentRow& argument : command.arguments) {
    const std::string name(argument.name);
    out += argument.required ? " " + name : " [" + name + "]";
  }
  for (const OptionRow& option : command.options) {
    out += option.required ? " " + spelled(option) : " [" + spelled(option) + "]";
    if (option.repeated) out += "...";
  }
  return out;
}

std::string help_of(const CommandRow& command, const std::string& default_config, std::size_t columns) {
  std::string out = paragraph("Usage: " + usage_of(command), columns) + "\n" +
                    paragraph(std::string(command.name) + ": " + std::string(command.summary), columns);
  if (!command.details.empty()) out += "\n" + paragraph(command.details, columns);
  if (!command.arguments.empty()) {
    std::vector<HelpLine> entries;
    for (const ArgumentRow& argument : command.arguments)
      entries.push_back({std::string(argument.name), std::string(argument.help)});
    out += "\nArguments:\n" + two_columns(entries, columns);
  }
  out += options_section("Options", command.options, default_config, columns);
  return out + options_section("Options of every command", global_rows(), default_config, columns);
}

std::string help_overview(const std::string& default_config, std::size_t columns) {
  std::vector<HelpLine> entries;
  for (const CommandRow& command : command_rows()) entries.push_back({std::string(command.name), std::string(command.summary)});
  std::vector<HelpLine> codes;
  for (const auto& [code, meaning] : exit_codes()) codes.push_back({std::string(code), std::string(meaning)});
  return "muster puts HR's decisions into effect in an LDAP directory, and reports what the directory owns.\n\n"
         "Usage: muster COMMAND [options]\n\nCommands:\n" +
         two_columns(entries, columns) + options_section("Options of every command", global_rows(), default_config, columns) +
         "\nExit codes:\n" + two_columns(codes, columns) + "\n`muster COMMAND --help` explains a command.\n";
}

}  // namespace muster
