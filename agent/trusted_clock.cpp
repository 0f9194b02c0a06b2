#include "agent/trusted_clock.h"

#include <algorithm>
#include <sstream>

namespace muster {

namespace {

using std::chrono::milliseconds;

constexpr const char* kMemory = "clock";

Instant wall_now() { return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()); }

}  // namespace

std::string ClockMemory::str() const {
  std::ostringstream out;
  out << trusted.time_since_epoch().count() << ' ' << wall.time_since_epoch().count() << ' ' << boot.since.count() << ' '
      << (boot.boot.empty() ? "-" : boot.boot);
  return out.str();
}

std::optional<ClockMemory> ClockMemory::parse(std::string_view text) {
  std::istringstream in{std::string(text)};
  long long trusted = 0, wall = 0, since = 0;
  ClockMemory m;
  if (!(in >> trusted >> wall >> since >> m.boot.boot)) return std::nullopt;
  if (m.boot.boot == "-") m.boot.boot.clear();
  m.trusted = Instant(milliseconds(trusted));
  m.wall = Instant(milliseconds(wall));
  m.boot.since = milliseconds(since);
  return m;
}

Instant trusted_time(const std::optional<ClockMemory>& memory, Instant wall, const BootTime& boot) {
  if (!memory) return wall;
  const bool same_boot = !boot.boot.empty() && boot.boot == memory->boot.boot;
  const milliseconds passed = same_boot ? boot.since - memory->boot.since : wall - memory->wall;
  return std::max(wall, memory->trusted + std::max(passed, milliseconds(0)));
}

Instant trusted_now(Store& store) { return trusted_time(ClockMemory::parse(store.meta(kMemory)), wall_now(), boot_time()); }

Instant tick_trusted_clock(Store& store) {
  const std::string text = store.meta(kMemory);
  const auto memory = ClockMemory::parse(text);
  const Instant wall = wall_now();
  if (!store.next_grant_end()) {
    if (!text.empty()) store.set_meta(kMemory, "");
    return wall;
  }
  const BootTime boot = boot_time();
  const Instant now = trusted_time(memory, wall, boot);
  const bool is_due = !memory || memory->boot.boot != boot.boot || now - memory->trusted >= std::chrono::minutes(1);
  if (is_due) store.set_meta(kMemory, ClockMemory{now, wall, boot}.str());
  return now;
}

}  // namespace muster
