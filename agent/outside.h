// What the service has besides the directory: systems upstream, transmitters that are polled, metrics.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "agent/daemon.h"
#include "agent/upstream/poller.h"
#include "service/loopback_http.h"

namespace muster {

/// Runs them by the settings in force. Where others come into force, what they change is ended and begun anew on a thread of its
/// own, since what ends may wait for the engine's thread; upstream, each goes on where it was, as after a restart of the service.
class Outside {
 public:
  /// All of them must outlive it. `pump` has the systems of the engine's present settings.
  Outside(Engine& engine, Daemon& daemon, Pump& pump, LiveStatus& live);
  ~Outside();
  /// Errc::io: the port of <metrics> cannot be listened on.
  Status begin();
  /// On the engine's thread, as often as one likes: these are in force. What cannot be done is told by log and status, and what ran
  /// before goes on.
  void follow(const Settings& settings);
  /// After the daemon's end.
  void end();

 private:
  void begin_upstream(const Settings& settings);
  void renew_as_wished(std::stop_token stop);
  Status renew(const Settings& settings);
  Status renew_metrics(std::optional<std::uint16_t> port);
  Status renew_upstream(const Settings& settings);
  Pump::Reached reached();

  Engine& engine_;
  Daemon& daemon_;
  Pump& pump_;
  LiveStatus& live_;
  std::unique_ptr<LoopbackHttp> metrics_;
  std::unique_ptr<Polls> polls_;
  UpstreamSettings upstream_;          ///< what runs; of the thread that renews
  std::optional<std::uint16_t> port_;  /// the same
  UpstreamSettings last_upstream_;     ///< what follow() was last called with; of the engine's thread
  std::optional<std::uint16_t> last_port_;
  std::mutex mutex_;
  std::condition_variable_any bell_;
  std::optional<Settings> wished_;
  std::jthread thread_;
};

}  // namespace muster
