// Everything that is wrong with a configuration, collected.
#pragma once

#include <string>
#include <vector>

#include "mapping/loader.h"

namespace muster {

class Complaints {
 public:
  void error(Location at, std::string what, std::string hint = "");
  void warning(Location at, std::string what, std::string hint = "");
  /// Whether an error stands at exactly this place.
  bool has_error_at(const Location& at) const;
  bool has_errors() const { return !errors_.empty(); }

  /// By file, line, column; each once.
  std::vector<Complaint> sorted_errors() const;
  std::vector<Complaint> sorted_warnings() const;

 private:
  std::vector<Complaint> errors_, warnings_;
};

}  // namespace muster
