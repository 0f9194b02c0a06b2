// Whether a person is looking.
#pragma once

namespace muster {

enum class Output { standard, error };
bool is_terminal(Output output);
/// Columns of the terminal; 0: not a terminal, or unknown.
int terminal_width(Output output);
/// A terminal, no $NO_COLOR, and $TERM is not "dumb".
bool colour_wanted(Output output);

}  // namespace muster
