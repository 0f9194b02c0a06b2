// A local time zone that does not depend on the machine: Central Europe, by POSIX rules.
#pragma once

#include <ctime>
#include <string>

#include "tests/support/variable.h"

namespace muster::test {

/// As POSIX spells it.
inline void use_time_zone(const std::string& zone) {
  set_variable("TZ", zone);
#ifdef _WIN32
  _tzset();
#else
  tzset();
#endif
}

inline void use_central_european_time() { use_time_zone("CET-1CEST,M3.5.0,M10.5.0/3"); }

}  // namespace muster::test
