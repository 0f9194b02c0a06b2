// muster run.
#include <spdlog/spdlog.h>

#include <thread>

#include "agent/cli/service_log.h"
#include "agent/cli/session.h"
#include "agent/control.h"
#include "agent/daemon.h"
#include "agent/feed/feed.h"
#include "agent/feed_intake.h"
#include "agent/guarded.h"
#include "agent/outside.h"
#include "agent/upstream/file_sink.h"
#include "agent/upstream/upstreams.h"
#include "ldap/connection.h"
#include "service/host.h"
#include "service/local_socket.h"
#include "service/process_lock.h"

namespace muster {

namespace {

/// Tells the daemon when the feed may have changed.
std::jthread watch_feed(const FeedSettings& settings, const std::string& state_path, Daemon& daemon, LiveStatus& live) {
  return std::jthread([settings, state_path, &daemon, &live](std::stop_token stop) {
    const auto position = [&] {
      const auto known = guarded([&]() -> Result<std::string> {
        Store store = Store::open_read_only(state_path);
        return feed_position(store, settings);
      });
      return known ? *known : std::string();
    };
    auto watch = FeedWatch::open(settings, position);
    if (!watch) {
      live.set("feed watch error", watch.error().text());
      spdlog::error("the feed cannot be watched, so it is only read on muster resync: {}", watch.error().text());
      return;
    }
    while (!stop.stop_requested()) {
      const auto changed = (*watch)->wait(stop, std::chrono::hours(1));
      if (changed && *changed) daemon.look_at_feed();
      if (!changed && changed.error().code != Errc::cancelled) {
        live.set("feed watch error", changed.error().text());
        spdlog::error("watching the feed: {}", changed.error().text());
        return;
      }
    }
  });
}

int serve(Session& session, Engine& engine, Host& host) {
  LiveStatus live;
  live.set_limits(health_limits(engine.settings()));
  if (const Status learnt = learn_from_upstream(engine); !learnt) return fail(session, learnt.error());
  auto upstreams = open_upstreams(engine.settings());
  if (!upstreams) return fail(session, upstreams.error());
  Pump pump(engine.state_path(), std::move(*upstreams), live);
  Daemon daemon(engine, host, pump, live);
  Control control(engine, daemon, live);
  control.log_from(kept_lines);
  auto server =
      LocalServer::open(control_path(engine.state_path()), [&](const std::string& request) { return control.answer(request); });
  if (!server) return fail(session, server.error());
  Outside outside(engine, daemon, pump, live);
  if (const Status begun = outside.begin(); !begun) return fail(session, begun.error());
  daemon.on_settings([&](const Settings& settings) { outside.follow(settings); });
  host.on_reload([&] { daemon.reload(); });
  const bool has_file = engine.settings().feed.type != "events";
  const std::jthread feed = has_file ? watch_feed(engine.settings().feed, engine.state_path(), daemon, live) : std::jthread();
  spdlog::info("muster runs with {}", session.call.config);
  const Status ended = daemon.run(host.stopping());
  host.on_reload({});
  server->reset();
  outside.end();
  if (!ended) return fail(session, ended.error());
  spdlog::info("stopped");
  return kDone;
}

}  // namespace

int run_service(Session& session) {
  auto host = Host::open();
  if (!host) return fail(session, host.error());
  keep_lines();
  if ((*host)->managed()) log_into_files();
  if (const auto code = load(session)) return *code;
  auto lock = ProcessLock::take(session.config->settings.state_path + ".lock");
  if (!lock) return fail(session, lock.error());
  // Long work is on the engine's thread, like its loop.
  const auto still_alive = [&] { (*host)->alive(); };
  const auto progress = [&](const std::string& what, std::size_t done, std::size_t total) {
    still_alive();
    (*host)->status(total > 0 ? fmt::format("{}, {} of {}", what, done, total) : what);
  };
  auto engine = Engine::open(std::move(session.config),
                             {session.call.config, false, progress, "", {}, FeedRuns::by_watch, still_alive, (*host)->stopping()});
  if (!engine) return fail(session, engine.error());
  initialise_ldap();
  return serve(session, **engine, **host);
}

}  // namespace muster
