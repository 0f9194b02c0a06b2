// Being a service: what the platform's service manager and the process tell each other.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "schema/result.h"

namespace muster {

/// One for each process, made by main before any other thread. On Linux: signals, and sd_notify(3) where $NOTIFY_SOCKET is set. On
/// Windows: the Service Control Manager, or the console.
class Host {
 public:
  static Result<std::unique_ptr<Host>> open();
  virtual ~Host() = default;

  /// Requested once the service manager or the terminal asks for an end (SIGTERM, SIGINT; stop, shutdown, Ctrl+C).
  virtual std::stop_token stopping() = 0;
  /// Ends the process's work from inside.
  virtual void stop() = 0;
  /// Called on a thread of the host when the configuration is to be read again (SIGHUP; paramchange, Ctrl+Break); by on_reload()
  /// itself where that was asked for before.
  virtual void on_reload(std::function<void()> reload) = 0;
  /// The service does its work now; also after reloading().
  virtual void ready() = 0;
  /// The configuration is being read again; ready() follows, whatever came of it (sd_notify(3), RELOADING=1).
  virtual void reloading() = 0;
  /// One line for `systemctl status`. What was said last is not said again. One thread.
  virtual void status(const std::string& line) = 0;
  /// Tells the watchdog, where one is set, that the calling loop still runs. Costs next to nothing when it is called for every
  /// small step. One thread.
  virtual void alive() = 0;
  /// How often alive() is to be called at least.
  virtual std::chrono::milliseconds heartbeat() const = 0;
  /// A service manager started this process, and nobody reads its standard error. On Linux: never, the manager reads it.
  virtual bool managed() const = 0;
};

}  // namespace muster
