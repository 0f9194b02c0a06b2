// Whether a person is looking.
#pragma once

#include <optional>
#include <string>

namespace muster {

enum class Output { standard, error };
bool is_terminal(Output output);
/// Columns of the terminal; 0: not a terminal, or unknown.
int terminal_width(Output output);
/// A terminal, no $NO_COLOR, and $TERM is not "dumb".
bool colour_wanted(Output output);
/// A line of standard input, of which nothing is shown where that is a terminal; `prompt` goes there, too. None: there is none.
std::optional<std::string> read_hidden_line(const std::string& prompt);
/// What is written to standard error goes to the journal, which knows the time and understands sd-daemon(3)'s prefixes:
/// $JOURNAL_STREAM is this very file (systemd.exec(5)).
bool is_journal();

}  // namespace muster
