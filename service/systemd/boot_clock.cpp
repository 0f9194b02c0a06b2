#include "service/boot_clock.h"

#include <ctime>
#include <fstream>

namespace muster {

BootTime boot_time() {
  BootTime t;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> t.boot;
  timespec now{};
  if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) t.boot.clear();
  t.since = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::seconds(now.tv_sec) +
                                                                  std::chrono::nanoseconds(now.tv_nsec));
  return t;
}

}  // namespace muster
