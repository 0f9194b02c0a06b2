#include "agent/outside.h"

#include <spdlog/spdlog.h>

#include <future>

#include "agent/guarded.h"
#include "agent/metrics.h"
#include "agent/upstream/upstreams.h"

namespace muster {

namespace {

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

}  // namespace

Outside::Outside(Engine& engine, Daemon& daemon, Pump& pump, LiveStatus& live)
    : engine_(engine),
      daemon_(daemon),
      pump_(pump),
      live_(live),
      upstream_(engine.settings().upstream),
      last_upstream_(upstream_),
      last_port_(engine.settings().metrics_port) {}

Outside::~Outside() { end(); }

Status Outside::begin() {
  MUSTER_TRY(renew_metrics(engine_.settings().metrics_port));
  begin_upstream(engine_.settings());
  thread_ = std::jthread([this](std::stop_token stop) { renew_as_wished(std::move(stop)); });
  return ok();
}

void Outside::end() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  metrics_.reset();
  if (polls_) polls_->stop();
  pump_.stop();
}

Pump::Reached Outside::reached() {
  const auto acknowledge = [this](const std::string& name, Row position) {
    // A position that is lost at the end is found again in the file.
    (void)daemon_.post([this, name, position] {
      if (const Status s = engine_.acknowledge(name, position, pump_.names()); !s) spdlog::error("{}", s.error().text());
    });
  };
  const auto refuse = [this](const std::string& name, const OutboxRow& event, const std::string& why) {
    return on_engine_thread<bool>(engine_, daemon_, [this, name, event, why] { return engine_.refuse(name, event, why); });
  };
  const auto accepted = [this](const std::string& name, Row seq) -> Status {
    return on_engine_thread<std::monostate>(engine_, daemon_, [this, name, seq] { return engine_.accepted(name, seq); });
  };
  return {acknowledge, refuse, accepted, hands_of(engine_, daemon_)};
}

void Outside::begin_upstream(const Settings& settings) {
  pump_.start(reached());
  polls_ = std::make_unique<Polls>(settings, live_);
  polls_->start([this](const UpstreamSettings::Events::Trust& trust, std::vector<ReceivedSet> sets) {
    auto answers = on_engine_thread<std::vector<SetAnswer>>(
        engine_, daemon_, [this, trust, sets = std::move(sets)] { return engine_.take_commands(trust, sets); });
    pump_.wake();
    return answers;
  });
}

void Outside::follow(const Settings& settings) {
  if (settings.upstream == last_upstream_ && settings.metrics_port == last_port_) return;
  last_upstream_ = settings.upstream;
  last_port_ = settings.metrics_port;
  const std::lock_guard lock(mutex_);
  wished_ = settings;
  bell_.notify_all();
}

void Outside::renew_as_wished(std::stop_token stop) {
  for (;;) {
    std::optional<Settings> settings;
    {
      std::unique_lock lock(mutex_);
      if (!bell_.wait(lock, stop, [&] { return wished_.has_value(); })) return;
      settings.swap(wished_);
    }
    const Status renewed = guarded([&] { return renew(*settings); });
    if (!renewed && renewed.error().code == Errc::cancelled) return;
    live_.set("reload error", renewed ? "" : renewed.error().text());
    if (!renewed) spdlog::error("reload: {}", renewed.error().text());
  }
}

Status Outside::renew(const Settings& settings) {
  Status metrics = renew_metrics(settings.metrics_port);
  MUSTER_TRY(renew_upstream(settings));
  return metrics;
}

Status Outside::renew_metrics(std::optional<std::uint16_t> port) {
  if (port == port_) return ok();
  std::unique_ptr<LoopbackHttp> metrics;
  if (port) {
    auto listening = serve_metrics(*port, engine_.state_path(), live_);
    if (!listening) return std::move(listening).error().within("<metrics>");
    metrics = std::move(*listening);
  }
  metrics_ = std::move(metrics);
  port_ = port;
  return ok();
}

Status Outside::renew_upstream(const Settings& settings) {
  if (settings.upstream == upstream_) return ok();
  auto upstreams = open_upstreams(settings);
  if (!upstreams) return std::move(upstreams).error();
  polls_->stop();
  pump_.stop();
  live_.forget_upstreams();
  pump_.replace(std::move(*upstreams));
  // Behind everything that the old ones have told the engine, so that the new ones go on from there.
  const auto declared = on_engine_thread<std::monostate>(
      engine_, daemon_, [this, names = follower_names(settings.upstream)] { return engine_.declare_followers(names); });
  if (!declared && declared.error().code == Errc::cancelled) return declared.error();
  begin_upstream(settings);
  upstream_ = settings.upstream;
  if (!declared) return declared.error();
  spdlog::info("<upstream> is taken over from the configuration");
  return ok();
}

}  // namespace muster
