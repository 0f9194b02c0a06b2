// A clock that does not go back: when access ends that was given for a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/store/store.h"
#include "schema/calendar.h"
#include "service/boot_clock.h"

namespace muster {

/// What was seen last.
struct ClockMemory {
  Instant trusted{};
  Instant wall{};
  BootTime boot;

  std::string str() const;
  /// None: not what str() gives.
  static std::optional<ClockMemory> parse(std::string_view text);
};

/// The machine's clock, but never behind what was seen before, with the time counted that has passed since: by the time since the
/// machine started, or, over a restart of the machine, by its clock as far as that went on. So a clock that is set back prolongs
/// nothing, and one that is set forward and back gives nothing back. Pure.
Instant trusted_time(const std::optional<ClockMemory>& memory, Instant wall, const BootTime& boot);

/// As the state file remembers it. Without running grants nothing is remembered: it is the machine's clock.
Instant trusted_now(Store& store);
/// trusted_now(), and remembers it once a minute. In the caller's transaction.
Instant tick_trusted_clock(Store& store);

}  // namespace muster
