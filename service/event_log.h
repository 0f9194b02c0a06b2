// The platform's own log, for what administrators are to see without looking into files.
#pragma once

#include <memory>
#include <string>

namespace muster {

enum class EventSeverity { information, warning, error };

/// The Windows event log, "Application", source "muster". Thread-safe.
class EventLog {
 public:
  /// Null where the service manager itself keeps what is written to standard error, as systemd does.
  static std::unique_ptr<EventLog> open();
  virtual ~EventLog() = default;
  virtual void write(EventSeverity severity, const std::string& line) = 0;
};

}  // namespace muster
