// A folder of the test's own, and the environment as the test wants it.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "tests/support/folder.h"
#include "tests/support/variable.h"

namespace muster::service_test {

/// Longer than any machine needs for what must happen; and how long to look for what must not.
constexpr std::chrono::milliseconds kLong{20000};
constexpr std::chrono::milliseconds kShort{300};

using test::Folder;

/// Sets a variable, or removes it, until it dies.
class Variable {
 public:
  Variable(const char* name, std::optional<std::string> value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const std::optional<std::string>& value) const {
    if (value)
      test::set_variable(name_, *value);
    else
      test::unset_variable(name_);
  }
  const char* name_;
  std::optional<std::string> before_;
};

inline void put(const std::string& path, const std::string& bytes, int mode = 0644) {
  std::ofstream(path, std::ios::binary) << bytes;
  std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
}

inline std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline int mode_of(const std::string& path) { return static_cast<int>(std::filesystem::status(path).permissions()); }

}  // namespace muster::service_test
