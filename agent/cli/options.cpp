#include "agent/cli/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <optional>

#include "agent/cli/commands.h"
#include "agent/cli/help.h"
#include "agent/cli/text.h"
#include "schema/attribute.h"

namespace muster {
namespace {

namespace po = boost::program_options;

constexpr int kWrongUsage = 2;
constexpr const char* kArgument = " argument";  // no user can type an option of this name

Message wrong(const std::string& sentence, const CommandRow* command) {
  const std::string usage =
      command ? "Usage: " + usage_of(*command) + "\n`muster " + std::string(command->name) + " --help` explains it.\n"
              : "`muster help` lists the commands.\n";
  return {kWrongUsage, "muster: " + printable(sentence) + "\n" + usage};
}

std::string meant(std::string_view word, const std::vector<std::string>& candidates, const std::string& prefix = {}) {
  const std::string near = nearest_of(word, candidates);
  return near.empty() ? std::string() : "; did you mean " + prefix + near + "?";
}

std::vector<OptionRow> options_of(const CommandRow& command) {
  std::vector<OptionRow> rows = command.options;
  rows.insert(rows.end(), global_rows().begin(), global_rows().end());
  return rows;
}

const OptionRow* find_option(const std::vector<OptionRow>& rows, std::string_view name) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const OptionRow& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

std::string_view name_of_option(std::string_view word) {
  word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
  return word.substr(0, word.find('='));
}

bool looks_like_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

/// Whether `word` is an option of any command whose value is the next word: needed to find the command behind it.
bool takes_next_word(std::string_view word) {
  if (word.find('=') != word.npos) return false;
  const std::string_view name = name_of_option(word);
  const auto takes = [&](const std::vector<OptionRow>& rows) {
    const OptionRow* row = find_option(rows, name);
    return row && !row->value.empty();
  };
  const auto& commands = command_rows();
  return takes(global_rows()) ||
         std::any_of(commands.begin(), commands.end(), [&](const CommandRow& c) { return takes(c.options); });
}

/// Position of the first word that is no option; words.size() where there is none.
std::size_t first_plain_word(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") return words.size();
    if (!looks_like_option(words[i])) return i;
    if (takes_next_word(words[i])) ++i;
  }
  return words.size();
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const CommandRow& row : command_rows()) names.emplace_back(row.name);
  return names;
}

/// "audit": the first words of commands of two words.
bool is_family(const std::string& word) {
  const auto& rows = command_rows();
  return std::any_of(rows.begin(), rows.end(), [&](const CommandRow& row) { return row.name.starts_with(word + " "); });
}

std::vector<std::string> members_of_family(const std::string& word) {
  std::vector<std::string> names;
  for (const CommandRow& row : command_rows()) {
    if (row.name.starts_with(word + " ")) names.emplace_back(row.name.substr(word.size() + 1));
  }
  return names;
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) out += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return out;
}

/// The command that `words` name at `at`; takes its words out.
std::variant<const CommandRow*, Message> take_command(std::vector<std::string>& words, std::size_t at) {
  std::string name = words[at];
  const auto position = words.begin() + static_cast<std::ptrdiff_t>(at);
  if (!is_family(name)) {
    const CommandRow* row = find_command(name);
    if (!row) return wrong("unknown command \"" + name + "\"" + meant(name, command_names()), nullptr);
    words.erase(position);
    return row;
  }
  const auto members = members_of_family(name);
  const std::string second = at + 1 < words.size() ? words[at + 1] : std::string();
  if (const CommandRow* row = find_command(name + " " + second)) {
    words.erase(position, position + 2);
    return row;
  }
  if (const CommandRow* row = find_command(name); row && (second.empty() || looks_like_option(second))) {
    words.erase(position);
    return row;
  }
  if (second.empty() || looks_like_option(second)) return wrong(name + " needs one more word: " + listed(members), nullptr);
  return wrong("unknown command \"" + name + " " + second + "\"" + meant(second, members), nullptr);
}

po::options_description described(const std::vector<OptionRow>& rows) {
  po::options_description description;
  for (const OptionRow& row : rows) {
    const std::string name(row.name);
    if (row.value.empty()) {
      description.add_options()(name.c_str(), "");
    } else {
      description.add_options()(name.c_str(), po::value<std::string>(), "");
    }
  }
  description.add_options()(kArgument, po::value<std::vector<std::string>>(), "");
  return description;
}

/// Boost's exceptions as sentences in our words.
std::string sentence_of(const po::error_with_option_name& fault, const std::vector<OptionRow>& rows) {
  const std::string name(name_of_option(fault.get_option_name()));
  const OptionRow* row = find_option(rows, name);
  if (!row) {
    std::vector<std::string> names;
    for (const OptionRow& r : rows) names.emplace_back(r.name);
    return "unknown option --" + name + meant(name, names, "--");
  }
  return row->value.empty() ? "--" + name + " takes no value"
                            : "--" + name + " needs a value: --" + name + " " + std::string(row->value);
}

std::variant<std::vector<po::option>, std::string> split(const std::vector<std::string>& words,
                                                         const std::vector<OptionRow>& rows) {
  namespace style = po::command_line_style;
  const po::options_description description = described(rows);
  po::positional_options_description positions;
  positions.add(kArgument, -1);
  try {
    return po::command_line_parser(words)
        .options(description)
        .positional(positions)
        .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
        .run()
        .options;
  } catch (const po::error_with_option_name& fault) { return sentence_of(fault, rows); } catch (const po::error& fault) {
    return std::string(fault.what());
  }
}

/// Puts the options into `invocation`; the sentence that says what is wrong, or nothing.
std::optional<std::string> collect(const std::vector<po::option>& given, const std::vector<OptionRow>& rows,
                                   Invocation& invocation) {
  for (const po::option& option : given) {
    if (option.string_key == kArgument || option.position_key >= 0) {
      invocation.arguments.insert(invocation.arguments.end(), option.value.begin(), option.value.end());
      continue;
    }
    const OptionRow& row = *find_option(rows, option.string_key);
    auto& values = invocation.options[option.string_key];
    if (!values.empty() && !row.repeated) return "--" + option.string_key + " is given twice";
    values.insert(values.end(), option.value.begin(), option.value.end());
    if (row.value.empty()) continue;
    const std::string& value = values.back();
    if (value.empty()) return "--" + option.string_key + " is empty";
    if (row.choices.empty() || std::count(row.choices.begin(), row.choices.end(), value)) continue;
    return "--" + option.string_key + " is " + listed(row.choices) + ", not \"" + value + "\"" + meant(value, row.choices);
  }
  return std::nullopt;
}

/// -h becomes --help. The sentence that is due where another option has one dash, or an option stands where a value belongs.
std::optional<std::string> settle_dashes(std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] == "-h") words[i] = "--help";
    if (looks_like_option(words[i]) && !words[i].starts_with("--")) {
      return "unknown option " + words[i] + "; options have two dashes, and what follows -- is no option";
    }
    if (!looks_like_option(words[i]) || !takes_next_word(words[i])) continue;
    if (++i < words.size() && words[i].starts_with("--")) {
      return words[i - 1] + " needs a value, but " + words[i] + " follows; if that is the value, write " + words[i - 1] + "=" +
             words[i];
    }
  }
  return std::nullopt;
}

/// What the command asks for and the line lacks, or has too much of.
std::optional<std::string> shortfall(const CommandRow& command, const Invocation& invocation) {
  const std::string name(command.name);
  for (std::size_t i = 0; i < command.arguments.size(); ++i) {
    if (!command.arguments[i].required) continue;
    if (invocation.argument(i).empty()) return name + " needs " + std::string(command.arguments[i].name);
  }
  if (invocation.arguments.size() > command.arguments.size()) {
    const std::string surplus = "\"" + invocation.arguments[command.arguments.size()] + "\"";
    return command.arguments.empty() ? name + " takes no argument, but there is " + surplus : "one argument too many: " + surplus;
  }
  for (const OptionRow& option : command.options) {
    const std::string option_name(option.name);
    if (option.required && !invocation.has(option_name)) return name + " needs --" + option_name + " " + std::string(option.value);
  }
  return std::nullopt;
}

/// Moves the options of every command from the map to their members.
void settle_globals(Invocation& invocation, const ProgramDefaults& defaults) {
  const auto taken = [&](const char* name, const std::string& otherwise) {
    const std::string value = invocation.value(name);
    invocation.options.erase(name);
    return value.empty() ? otherwise : value;
  };
  invocation.config = taken("config", defaults.config);
  invocation.output = taken("output", "text") == "json" ? Invocation::Output::json : Invocation::Output::text;
  invocation.log_level = taken("log-level", "info");
  const std::string color = taken("color", "auto");
  invocation.color = color == "always" ? ColorChoice::always : color == "never" ? ColorChoice::never : ColorChoice::automatic;
}

Message version() { return {0, "muster " MUSTER_VERSION "\n"}; }

/// `muster help [COMMAND]`.
Message help_command(const Invocation& invocation, const ProgramDefaults& defaults) {
  std::string name;
  for (const std::string& word : invocation.arguments) name += (name.empty() ? "" : " ") + word;
  if (name.empty()) return {0, help_overview(defaults.config, defaults.columns)};
  const CommandRow* row = find_command(name);
  if (row && !is_family(name)) return {0, help_of(*row, defaults.config, defaults.columns)};
  if (!is_family(name)) return wrong("unknown command \"" + name + "\"" + meant(name, command_names()), nullptr);
  std::string out = row ? help_of(*row, defaults.config, defaults.columns) : "";
  for (const std::string& member : members_of_family(name)) {
    out += (out.empty() ? "" : "\n") + help_of(*find_command(name + " " + member), defaults.config, defaults.columns);
  }
  return {0, out};
}

/// A line without a command: `muster`, `muster --help`, `muster --version`.
Message without_command(const std::vector<std::string>& words, const ProgramDefaults& defaults) {
  Invocation invocation;
  auto given = split(words, global_rows());
  if (auto* sentence = std::get_if<std::string>(&given)) return wrong(*sentence, nullptr);
  if (auto fault = collect(std::get<0>(given), global_rows(), invocation)) return wrong(*fault, nullptr);
  if (invocation.has("version")) return version();
  const std::string help = help_overview(defaults.config, defaults.columns);
  return invocation.has("help") ? Message{0, help} : Message{kWrongUsage, help};
}

ParseResult with_command(const CommandRow& command, const std::vector<std::string>& words, const ProgramDefaults& defaults) {
  const std::vector<OptionRow> rows = options_of(command);
  auto given = split(words, rows);
  if (auto* sentence = std::get_if<std::string>(&given)) return wrong(*sentence, &command);
  Invocation invocation;
  invocation.command = command.name;
  if (auto fault = collect(std::get<0>(given), rows, invocation)) return wrong(*fault, &command);
  if (invocation.has("version")) return version();
  if (command.name == "help") return help_command(invocation, defaults);
  if (invocation.has("help")) return Message{0, help_of(command, defaults.config, defaults.columns)};
  if (auto fault = shortfall(command, invocation)) return wrong(*fault, &command);
  settle_globals(invocation, defaults);
  return invocation;
}

}  // namespace

std::string Invocation::value(const std::string& option) const {
  const auto found = options.find(option);
  return found == options.end() || found->second.empty() ? std::string() : found->second.front();
}

std::vector<std::string> Invocation::values(const std::string& option) const {
  const auto found = options.find(option);
  return found == options.end() ? std::vector<std::string>() : found->second;
}

ParseResult parse_command_line(std::span<const char* const> words, const ProgramDefaults& defaults) {
  std::vector<std::string> line(words.begin(), words.end());
  if (auto fault = settle_dashes(line)) return wrong(*fault, nullptr);
  const std::size_t at = first_plain_word(line);
  if (at == line.size()) return without_command(line, defaults);
  auto command = take_command(line, at);
  if (auto* message = std::get_if<Message>(&command)) return *message;
  return with_command(*std::get<const CommandRow*>(command), line, defaults);
}

}  // namespace muster
