// What is at the other end of a stream.
#pragma once

#include <cstddef>

namespace muster {

struct Terminal {
  bool is_terminal = false;
  std::size_t columns = 0;  ///< 0: unlimited
};

/// Standard output and standard error as they are now; the width follows the window (or COLUMNS where the terminal does not say).
Terminal output_terminal();
Terminal error_terminal();

}  // namespace muster
