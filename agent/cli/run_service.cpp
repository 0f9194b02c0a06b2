// muster run.
#include <spdlog/spdlog.h>

#include <future>
#include <thread>

#include "agent/cli/service_log.h"
#include "agent/cli/session.h"
#include "agent/control.h"
#include "agent/daemon.h"
#include "agent/feed/feed.h"
#include "agent/feed_intake.h"
#include "agent/guarded.h"
#include "agent/metrics.h"
#include "agent/upstream/file_sink.h"
#include "agent/upstream/poller.h"
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

/// Runs `work` on the engine's thread and waits for what it gives. Events that come of it are told at once.
template <class T>
Result<T> on_engine_thread(Engine& engine, Daemon& daemon, std::function<Result<T>()> work) {
  auto answer = std::make_shared<std::promise<Result<T>>>();
  auto given = answer->get_future();
  const auto tell = [&engine, &daemon, work = std::move(work)]() -> Result<T> {
    Store& store = engine.context().store;
    const Row before = store.newest_event();
    auto done = work();
    if (store.newest_event() > before) daemon.tell_upstream();
    return done;
  };
  // Whoever posts before the mailbox closes gets an answer.
  if (!daemon.post([answer, tell] { answer->set_value(guarded(tell)); }))
    return Error{Errc::cancelled, "the service is stopping", ""};
  return given.get();
}

Follower::Hands hands_of(Engine& engine, Daemon& daemon) {
  return {[&](FollowerProgress progress) {
            return on_engine_thread<std::monostate>(engine, daemon,
                                                    [&engine, progress = std::move(progress)] { return engine.keep(progress); });
          },
          [&] { return on_engine_thread<std::optional<Bearings>>(engine, daemon, [&engine] { return engine.bearings(); }); }};
}

int serve(Session& session, Engine& engine, Host& host) {
  LiveStatus live;
  live.set_limits(health_limits(engine.settings()));
  if (const Status learnt = learn_from_upstream(engine); !learnt) return fail(session, learnt.error());
  auto upstreams = open_upstreams(engine.settings());
  if (!upstreams) return fail(session, upstreams.error());
  Pump pump(engine.state_path(), std::move(*upstreams), live);
  const auto names = pump.names();
  Daemon daemon(engine, host, pump, live);
  Control control(engine, daemon, live);
  control.log_from(kept_lines);
  auto server =
      LocalServer::open(control_path(engine.state_path()), [&](const std::string& request) { return control.answer(request); });
  if (!server) return fail(session, server.error());
  std::unique_ptr<LoopbackHttp> metrics;
  if (const auto port = engine.settings().metrics_port) {
    auto listening = serve_metrics(*port, engine.state_path(), live);
    if (!listening) return fail(session, std::move(listening).error().within("<metrics>"));
    metrics = std::move(*listening);
  }
  const auto acknowledge = [&](const std::string& name, Row position) {
    // A position that is lost at the end is found again in the file.
    (void)daemon.post([&engine, name, position, names] {
      if (const Status s = engine.acknowledge(name, position, names); !s) spdlog::error("{}", s.error().text());
    });
  };
  const auto refuse = [&](const std::string& name, const OutboxRow& event, const std::string& why) {
    return on_engine_thread<bool>(engine, daemon, [&engine, name, event, why] { return engine.refuse(name, event, why); });
  };
  const auto accepted = [&](const std::string& name, Row seq) -> Status {
    return on_engine_thread<std::monostate>(engine, daemon, [&engine, name, seq] { return engine.accepted(name, seq); });
  };
  pump.start({acknowledge, refuse, accepted, hands_of(engine, daemon)});
  Polls polls(engine.settings(), live);
  polls.start([&](const UpstreamSettings::Events::Trust& trust, std::vector<ReceivedSet> sets) {
    auto answers = on_engine_thread<std::vector<SetAnswer>>(
        engine, daemon, [&engine, trust, sets = std::move(sets)] { return engine.take_commands(trust, sets); });
    pump.wake();
    return answers;
  });
  host.on_reload([&] { daemon.reload(); });
  const bool has_file = engine.settings().feed.type != "events";
  const std::jthread feed = has_file ? watch_feed(engine.settings().feed, engine.state_path(), daemon, live) : std::jthread();
  spdlog::info("muster runs with {}", session.call.config);
  const Status ended = daemon.run(host.stopping());
  host.on_reload({});
  server->reset();
  metrics.reset();
  polls.stop();
  pump.stop();
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
