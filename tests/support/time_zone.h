// A local time zone that does not depend on the machine: Central Europe, by POSIX rules.
#pragma once

#include <cstdlib>
#include <ctime>

namespace muster::test {

inline void use_central_european_time() {
  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  tzset();
}

}  // namespace muster::test
