// Writes what packages hold beside the program: muster_manual page|bash|zsh. It is not installed itself.
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "agent/cli/manual.h"

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "page")
    std::cout << muster::manual_page(MUSTER_VERSION, argc > 2 ? argv[2] : "");
  else if (what == "bash")
    std::cout << muster::bash_completion();
  else if (what == "zsh")
    std::cout << muster::zsh_completion();
  else
    return 2;
  return std::cout.flush() ? 0 : 1;
}
