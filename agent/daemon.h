// `muster run`: watch, feed, apply, report, until stopped.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/end_to_end.h"
#include "agent/engine.h"
#include "agent/live_status.h"
#include "agent/mailbox.h"
#include "agent/upstream/pump.h"
#include "service/host.h"

namespace muster {

/// Owns the watcher threads; run() is the engine's thread. Requests of other threads come by post().
class Daemon {
 public:
  Daemon(Engine& engine, Host& host, Pump& pump, LiveStatus& live);
  ~Daemon();

  /// Until `stop`. An Error only for what no waiting can mend (the state file).
  Status run(std::stop_token stop);

  /// Runs `request` on the engine's thread between two pieces of work. Thread-safe.
  /// False: the daemon has stopped.
  bool post(Mailbox::Request request) { return mailbox_.post(std::move(request)); }
  /// The feed may have changed. Thread-safe.
  void look_at_feed();
  /// Read the configuration again. Thread-safe.
  void reload();
  /// Called on the engine's thread with the settings in force, whenever they may have become others. Before run().
  void on_settings(std::function<void(const Settings&)> tell) { tell_settings_ = std::move(tell); }

  /// On the engine's thread: reads everything and settles; what `muster resync` asks for.
  Result<RunReport> resync(bool full, const std::vector<std::string>& people);
  /// On the engine's thread: connected and every base read.
  Status require_ready();
  /// Something is there for the systems upstream. Engine thread only.
  void tell_upstream();
  Result<RunReport> settle();

 private:
  struct Watcher {
    unsigned generation = 0;
    bool running = false;
    bool fresh = false;  ///< has caught up since it was started: only then is its part of the mirror planned with
    int failures = 0;
    Mailbox::Clock::time_point retry_at{};
    std::jthread thread;
  };
  void connect_if_due();
  void start_due_watchers();
  void start(std::size_t lane);
  void stop_watchers();
  bool drain(std::stop_token stop);
  void take(std::size_t lane, Mailbox::Message message, std::stop_token stop);
  Status take_batch(std::size_t lane, Batch batch, std::stop_token stop);
  void watcher_failed(std::size_t lane, const Error& error);
  void lost_directory(const Error& error);
  void note_arrival(Mailbox::Clock::time_point arrived);
  void listen_to_directory();
  bool all_fresh() const;
  void probe();
  void restart(std::size_t lane, const Error& error);
  void settle_if_needed();
  void reconcile_if_due();
  Result<RunReport> reconcile();
  /// Compares with the directory as it is now, and settles.
  Result<RunReport> compare(bool full, const std::vector<std::string>& people, Instant begun);
  void note_feed(const Status& status);
  Mailbox::Clock::time_point next_wake() const;

  Engine& engine_;
  Host& host_;
  void make_room();
  void read_configuration();
  Status reload_engine();
  void announce_if_at_work(bool is_ready);
  void say_status();
  Mailbox::Clock::time_point said_at_{};
  bool is_status_late_ = false, is_announced_ = false;
  void say_settings();
  std::string reload_error_;
  std::function<void(const Settings&)> tell_settings_;
  bool is_condensing_ = false;
  Pump& pump_;
  LiveStatus& live_;
  Mailbox mailbox_;
  std::vector<Watcher> watchers_;
  std::atomic<bool> feed_due_{true};
  std::atomic<bool> reload_due_{false};
  int failures_ = 0;
  Mailbox::Clock::time_point connect_at_{};
  Mailbox::Clock::time_point look_at_{};
  Mailbox::Clock::time_point listen_at_{};
  Mailbox::Clock::time_point reconcile_at_{};
  int reconcile_failures_ = 0;
  EndToEndProbe probe_;
  bool trouble_ = false;
};

}  // namespace muster
