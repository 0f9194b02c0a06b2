#include "agent/cli/manual.h"

#include <algorithm>
#include <vector>

#include "agent/cli/commands.h"
#include "agent/cli/help.h"

namespace muster {
namespace {

/// Text that roff leaves alone.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '-') out += '\\';
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    out += c == '\\' ? 'e' : c;
  }
  return out;
}

std::string option_list(const std::vector<OptionRow>& options) {
  std::string out;
  for (const OptionRow& o : options) {
    out += ".TP\n\\fB" + roff("--" + std::string(o.name)) + "\\fR";
    if (!o.value.empty()) out += " \\fI" + roff(o.value) + "\\fR";
    out += "\n" + roff(o.help);
    for (std::size_t i = 0; i < o.choices.size(); ++i) out += (i == 0 ? ": " : ", ") + roff(o.choices[i]);
    out += "\n";
  }
  return out;
}

std::string command_entry(const CommandRow& command) {
  std::string out = ".SS " + roff(usage_of(command)) + "\n" + roff(command.summary) + ".\n";
  if (!command.details.empty()) out += ".PP\n" + roff(command.details) + "\n";
  for (const ArgumentRow& a : command.arguments) out += ".TP\n\\fI" + roff(a.name) + "\\fR\n" + roff(a.help) + "\n";
  return out + option_list(command.options);
}

/// 'it''s' as shells read it.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

bool names_file(const OptionRow& option) { return option.value == "FILE" || option.value == "LIVE"; }

std::string options_of(const CommandRow& command) {
  std::string out;
  for (const auto* rows : {&command.options, &global_rows()}) {
    for (const OptionRow& o : *rows) out += (out.empty() ? "--" : " --") + std::string(o.name);
  }
  return out;
}

std::vector<OptionRow> all_options() {
  std::vector<OptionRow> all = global_rows();
  for (const CommandRow& c : command_rows()) {
    for (const OptionRow& o : c.options) {
      if (std::none_of(all.begin(), all.end(), [&](const OptionRow& seen) { return seen.name == o.name; })) all.push_back(o);
    }
  }
  return all;
}

/// Words that may come second, by the first: "audit" -> "verify export".
std::string second_words(std::string_view first) {
  std::string out;
  for (const CommandRow& c : command_rows()) {
    if (c.name.starts_with(std::string(first) + " "))
      out += (out.empty() ? "" : " ") + std::string(c.name.substr(first.size() + 1));
  }
  return out;
}

std::vector<std::string> first_words() {
  std::vector<std::string> words;
  for (const CommandRow& c : command_rows()) {
    const std::string word(c.name.substr(0, c.name.find(' ')));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

}  // namespace

std::string manual_page(const std::string& version, const std::string& date) {
  std::string out =
      ".TH MUSTER 1 \"" + date + "\" \"muster " + roff(version) + "\" \"User Commands\"\n" +
      ".SH NAME\nmuster \\- joiner\\-mover\\-leaver agent for LDAP directories\n" +
      ".SH SYNOPSIS\n.B muster\n\\fICOMMAND\\fR [\\fIoptions\\fR]\n" +
      ".SH DESCRIPTION\nmuster runs next to one LDAP directory. It puts HR's decisions (who joins, moves, leaves) into "
      "effect there, hears every change within milliseconds, and tells the systems upstream what happened and why.\n" +
      ".SH COMMANDS\n";
  for (const CommandRow& c : command_rows()) out += command_entry(c);
  out += ".SH OPTIONS OF EVERY COMMAND\n" + option_list(global_rows());
  out += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exit_codes()) out += ".TP\n" + std::string(code) + "\n" + roff(meaning) + "\n";
  out +=
      ".SH FILES\n.TP\n.I /etc/muster/muster.xml\nThe configuration; the rules are in \\fImapping.d\\fR beside it.\n"
      ".TP\n.I /etc/muster/secrets\nOne file for each secret, for root alone; \\fBmuster secret set\\fR writes them.\n"
      ".TP\n.I /var/lib/muster\nThe state. Back it up with the directory.\n"
      ".SH SEE ALSO\n.BR systemctl (1),\n.BR ldapsearch (1)\n";
  return out;
}

std::string bash_completion() {
  std::string out =
      "# bash completion for muster, made of its command table\n_muster() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words='' i word command='' second=''\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n    word=${COMP_WORDS[i]}\n    [[ $word == -* ]] && continue\n"
      "    if [ -z \"$command\" ]; then command=$word; elif [ -z \"$second\" ]; then second=$word; fi\n  done\n"
      "  case $previous in\n";
  for (const OptionRow& o : all_options()) {
    const std::string name(o.name);
    if (names_file(o)) out += "    --" + name + ") compopt -o default; return ;;\n";
    if (o.choices.empty()) continue;
    out += "    --" + name + ") words='";
    for (const std::string& c : o.choices) out += c + " ";
    out += "' ;;\n";
  }
  out += "  esac\n  if [ -z \"$words\" ]; then case $command in\n    '') words='";
  for (const std::string& w : first_words()) out += w + " ";
  out += "' ;;\n";
  for (const std::string& w : first_words()) {
    const CommandRow* alone = find_command(w);
    const std::string members = second_words(w);
    if (members.empty()) {
      out += "    " + w + ") words='" + options_of(*alone) + "' ;;\n";
      continue;
    }
    out += "    " + w + ") case $second in\n";
    for (const CommandRow& c : command_rows()) {
      if (c.name.starts_with(w + " "))
        out += "      " + std::string(c.name.substr(w.size() + 1)) + ") words='" + options_of(c) + "' ;;\n";
    }
    out += "      *) words='" + members + (alone ? " " + options_of(*alone) : "") + "' ;;\n    esac ;;\n";
  }
  return out + "  esac; fi\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n}\ncomplete -F _muster muster\n";
}

std::string zsh_completion() {
  // _arguments takes a word that it knows nothing of for the end of the options, so it does not see the command's own.
  std::string out =
      "#compdef muster\n# made of muster's command table\n"
      "_muster_options() {\n  local -i name=$1\n  shift\n  shift $name words\n  (( CURRENT -= name ))\n"
      "  _arguments \"$@\" '*:argument: '\n}\n"
      "_muster() {\n  local -a commands\n  commands=(\n";
  for (const std::string& w : first_words()) {
    const CommandRow* alone = find_command(w);
    const std::string text = alone ? std::string(alone->summary) : second_words(w);
    out += "    " + quoted(w + ":" + text) + "\n";
  }
  out += "  )\n  if (( CURRENT == 2 )); then _describe command commands; return; fi\n  case $words[2] in\n";
  const auto options = [&](const CommandRow& c) {
    std::string list;
    for (const auto* rows : {&c.options, &global_rows()}) {
      for (const OptionRow& o : *rows) {
        std::string text(o.help);
        std::replace_if(
            text.begin(), text.end(), [](char x) { return x == '[' || x == ']' || x == ':'; }, ' ');
        std::string spec = std::string(o.repeated ? "*" : "") + "--" + std::string(o.name) + "[" + text + "]";
        if (!o.choices.empty()) {
          spec += ":" + std::string(o.value) + ":(";
          for (const std::string& choice : o.choices) spec += choice + " ";
          spec += ")";
        } else if (!o.value.empty()) {
          spec += ":" + std::string(o.value) + ":" + (names_file(o) ? "_files" : "");
        }
        list += " " + quoted(spec);
      }
    }
    return list;
  };
  for (const std::string& w : first_words()) {
    const std::string members = second_words(w);
    const CommandRow* alone = find_command(w);
    out += "    " + w + ")";
    if (!members.empty()) {
      out += " if (( CURRENT == 3 )); then compadd " + members + "; fi; case $words[3] in\n";
      for (const CommandRow& c : command_rows()) {
        if (c.name.starts_with(w + " "))
          out += "      " + std::string(c.name.substr(w.size() + 1)) + ") _muster_options 2" + options(c) + " ;;\n";
      }
      out += "      *) " + (alone ? "_muster_options 1" + options(*alone) : std::string(":")) + " ;;\n    esac ;;\n";
    } else {
      out += " _muster_options 1" + options(*alone) + " ;;\n";
    }
  }
  return out + "  esac\n}\n_muster \"$@\"\n";
}

}  // namespace muster
