// Variables of the environment, for tests.
#pragma once

#include <cstdlib>
#include <string>

namespace muster::test {

/// An empty value may remove it: Windows knows no empty variables.
inline void set_variable(const std::string& name, const std::string& value) {
#ifdef _WIN32
  _putenv_s(name.c_str(), value.c_str());
#else
  setenv(name.c_str(), value.c_str(), 1);
#endif
}

inline void unset_variable(const std::string& name) {
#ifdef _WIN32
  _putenv_s(name.c_str(), "");
#else
  unsetenv(name.c_str());
#endif
}

}  // namespace muster::test
