// Time zones of people: the day and the hour that HR's dates mean.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "schema/calendar.h"

namespace date {
class time_zone;
}

namespace muster {

/// A time zone of the IANA database, or the machine's own. A value; any thread may use it.
class Zone {
 public:
  /// The machine's own (TZ, /etc/localtime).
  Zone() = default;
  /// By its IANA name, "Europe/Berlin". None: there is no such zone, or the system has no zone data (Debian: tzdata).
  static std::optional<Zone> named(const std::string& name);

  Day day_at(Instant at) const;
  /// The first instant whose local time is this or later on that day: where clocks skip it, when they do; where they show it twice,
  /// the first time.
  Instant instant_of(Day day, std::chrono::minutes time) const;
  /// The first instant after a local day.
  Instant end_of(Day day) const;
  /// "Europe/Berlin"; empty for the machine's own.
  std::string name() const;

 private:
  const date::time_zone* zone_ = nullptr;  ///< the library's, which lives as long as the process
};

}  // namespace muster
