// The manual page and what shells complete, made from the command table like the help.
#pragma once

#include <string>

namespace muster {

/// roff, for man(1): muster(1). `date`: "2026-11-26".
std::string manual_page(const std::string& version, const std::string& date);
/// For bash-completion's folder.
std::string bash_completion();
/// For a folder of $fpath: _muster.
std::string zsh_completion();

}  // namespace muster
