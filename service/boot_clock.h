// Time that nobody can set: since the machine started.
#pragma once

#include <chrono>
#include <string>

namespace muster {

struct BootTime {
  std::string boot;                   ///< a name for this start of the machine; another start, another name. Empty: unknown
  std::chrono::milliseconds since{};  ///< since then, sleep included; goes on whatever is done to the clock
};
/// Thread-safe.
BootTime boot_time();

}  // namespace muster
