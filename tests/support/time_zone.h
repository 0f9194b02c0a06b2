// A local time zone that does not depend on the machine: Central Europe, by POSIX rules.
#pragma once

#include <ctime>
#include <string>

#include "tests/support/variable.h"

namespace muster::test {

/// As POSIX spells it. The C library of Windows knows only America's rules by name, so there it is the zone of the system; the
/// tests are run where that is Central European.
inline void use_time_zone([[maybe_unused]] const std::string& zone) {
#ifdef _WIN32
  unset_variable("TZ");
  _tzset();
#else
  set_variable("TZ", zone);
  tzset();
#endif
}

inline void use_central_european_time() { use_time_zone("CET-1CEST,M3.5.0,M10.5.0/3"); }

}  // namespace muster::test
