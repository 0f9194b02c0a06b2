// Where something stands in a configuration file.
#pragma once

#include <string>

namespace muster {

/// 1-based line and column (in characters); 0 where unknown. `file` is as the user would name it.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
  std::string str() const;   ///< "mapping.d/access.xml:14:7"
  std::string rule() const;  ///< "mapping.d/access.xml:14"
  friend bool operator==(const Location&, const Location&) = default;
};

}  // namespace muster
