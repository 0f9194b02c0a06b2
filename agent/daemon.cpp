#include "agent/daemon.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/status_line.h"
#include "service/secret_store.h"

namespace muster {

namespace {

using std::chrono::milliseconds;

/// People, groups, and the few places to which rules move people.
constexpr std::size_t kMostStreams = 16;
constexpr milliseconds kPatience{1000};
constexpr milliseconds kStatusEvery{1000};

/// 200 ms, doubled with every failure, up to a minute.
milliseconds reconnect_pause(int failures) {
  return std::min(milliseconds(200) * (1 << std::min(failures, 9)), milliseconds(60000));
}

bool says_nothing(const Batch& b) { return b.notices.empty() && !b.resume_at && b.stage != Batch::Stage::refreshed; }

const char* word_for(Batch::Stage stage) { return stage == Batch::Stage::following ? "following" : "refreshing"; }

}  // namespace

Daemon::Daemon(Engine& engine, Host& host, Pump& pump, LiveStatus& live)
    : engine_(engine),
      host_(host),
      pump_(pump),
      live_(live),
      mailbox_(kMostStreams),
      watchers_(kMostStreams),
      probe_(engine, live) {}

Daemon::~Daemon() { stop_watchers(); }

void Daemon::look_at_feed() {
  feed_due_ = true;
  (void)mailbox_.post([] {});
}

void Daemon::reload() {
  reload_due_ = true;
  (void)mailbox_.post([] {});
}

void Daemon::stop_watchers() {
  for (Watcher& w : watchers_) {
    if (w.thread.joinable()) w.thread.request_stop();
  }
  for (std::size_t lane = 0; lane < watchers_.size(); ++lane) {
    if (watchers_[lane].thread.joinable()) watchers_[lane].thread.join();
    mailbox_.clear(lane);
    watchers_[lane].running = false;
  }
}

void Daemon::start(std::size_t lane) {
  const Stream& stream = engine_.context().streams[lane];
  const Settings& s = engine_.settings();
  Secret password;
  if (s.directory.bind == BindMethod::simple) {
    auto secret = read_secret(s.directory.secret, s.directory_of_file);
    if (!secret) return watcher_failed(lane, secret.error());
    password = std::move(*secret);
  }
  const auto method = choose_watch_method(engine_.connection().server(), s.directory.watch);
  if (!method) return watcher_failed(lane, method.error());
  Watcher& w = watchers_[lane];
  if (w.thread.joinable()) w.thread.join();
  mailbox_.clear(lane);
  w.running = true;
  w.fresh = false;
  const unsigned generation = ++w.generation;
  WatchRequest request;
  request.base = stream.base.str();
  request.filter = stream.filter;
  request.attributes = stream.attributes;
  request.resume_at = engine_.cookie_of(stream);
  request.groups = stream.groups;
  if (!request.resume_at) request.known = engine_.known_of(stream);
  live_.set_watch(stream.name, {{"method", method->name}, {"stage", "opening"}});
  w.thread = std::jthread([this, lane, generation, request = std::move(request), name = method->name,
                           endpoint = endpoint_of(s, std::move(password))](std::stop_token stop) {
    auto source = open_change_source(endpoint, name, request);
    if (!source) {
      mailbox_.send(lane, {generation, std::move(source).error()}, stop);
      return;
    }
    for (;;) {
      auto batch = (*source)->next(stop, kPatience);
      const bool failed = !batch;
      if (!failed && says_nothing(*batch)) continue;
      if (failed && batch.error().code == Errc::cancelled) return;
      if (!mailbox_.send(lane, {generation, std::move(batch)}, stop) || failed) return;
    }
  });
}

void Daemon::start_due_watchers() {
  if (!engine_.connected()) return;
  const auto now = Mailbox::Clock::now();
  for (std::size_t lane = 0; lane < engine_.context().streams.size(); ++lane) {
    // Groups wait until people are known: their members are entries.
    const bool people_first = engine_.context().streams[lane].groups && !engine_.has_read(lane ? lane - 1 : 0);
    if (!watchers_[lane].running && watchers_[lane].retry_at <= now && !people_first) start(lane);
  }
}

void Daemon::watcher_failed(std::size_t lane, const Error& error) {
  Watcher& w = watchers_[lane];
  const Stream& stream = engine_.context().streams[lane];
  w.running = false;
  w.retry_at = Mailbox::Clock::now() + reconnect_pause(w.failures++);
  live_.set_watch(stream.name, {{"stage", "waiting"}, {"error", error.text()}});
  spdlog::warn("watching {}: {}", stream.base.str(), error.text());
  if (error.code == Errc::stale_cursor) {
    w.retry_at = {};
    (void)engine_.forget_cookie(stream);
  } else if (error.code == Errc::unreachable) {
    lost_directory(error);
  } else {
    engine_.directory_trouble(error);
    trouble_ = true;
    pump_.wake();
  }
}

void Daemon::lost_directory(const Error& error) {
  if (!engine_.connected()) return;
  if (engine_.connection().ping()) return;
  engine_.directory_trouble(error);
  trouble_ = true;
  engine_.disconnect();
  connect_at_ = Mailbox::Clock::now() + reconnect_pause(failures_++);
  live_.set("directory", {{"connected", false}, {"error", error.text()}});
  pump_.wake();
}

void Daemon::connect_if_due() {
  if (engine_.connected() || connect_at_ > Mailbox::Clock::now()) return;
  if (const Status connected = engine_.connect(); !connected) {
    spdlog::warn("{}", connected.error().text());
    engine_.directory_trouble(connected.error());
    trouble_ = true;
    connect_at_ = Mailbox::Clock::now() + reconnect_pause(failures_++);
    live_.set("directory", {{"connected", false}, {"error", connected.error().text()}});
    pump_.wake();
    return;
  }
  failures_ = 0;
  say_settings();  // those that waited for a connection
  const ServerInfo& server = engine_.connection().server();
  live_.set(
      "directory",
      {{"connected", true}, {"url", server.url}, {"server", server.vendor}, {"tls", server.tls}, {"bound as", server.bound_as}});
  spdlog::info("connected to {} ({}) as {}", server.url, server.vendor, server.bound_as);
}

Status Daemon::take_batch(std::size_t lane, Batch batch, std::stop_token stop) {
  const Stream& stream = engine_.context().streams[lane];
  const unsigned generation = watchers_[lane].generation;
  const auto arrived = batch.received;
  const auto stage = batch.stage;
  Status taken = ok();
  if (stage == Batch::Stage::following) {
    taken = engine_.take_live(stream, std::move(batch));
  } else {
    live_.set_watch(stream.name, {{"stage", "refreshing"}});
    taken = engine_.take_refresh(stream, std::move(batch), [&]() -> Result<Batch> {
      host_.alive();
      const auto until = Mailbox::Clock::now() + engine_.settings().directory.timeout + kPatience;
      auto message = mailbox_.wait_for(lane, until, stop);
      if (!message || message->generation != generation)
        return Error{stop.stop_requested() ? Errc::cancelled : Errc::unreachable,
                     "the refresh of " + stream.base.str() + " stopped half-way", ""};
      live_.directory_was_heard();
      return std::move(message->batch);
    });
  }
  if (!taken) return taken;
  note_arrival(arrived);
  live_.directory_was_heard();
  watchers_[lane].fresh = true;
  watchers_[lane].failures = 0;
  const auto lag = std::chrono::duration_cast<milliseconds>(Mailbox::Clock::now() - arrived).count();
  live_.set_watch(stream.name, {{"stage", "following"},
                                {"error", nullptr},
                                {"last change", iso_time(system_now().utc)},
                                {"lag ms", stage == Batch::Stage::following ? lag : 0}});
  spdlog::debug("{}: {} batch taken in {} ms", stream.name, word_for(stage), lag);
  if (const auto arrived_again = probe_.look(stream); !arrived_again) return arrived_again.error();
  return taken;
}

void Daemon::take(std::size_t lane, Mailbox::Message message, std::stop_token stop) {
  if (message.generation != watchers_[lane].generation || !watchers_[lane].running) return;
  Status taken = message.batch ? take_batch(lane, std::move(*message.batch), stop) : Status(message.batch.error());
  if (taken) {
    pump_.wake();
    return;
  }
  if (taken.error().code != Errc::cancelled) restart(lane, taken.error());
}

void Daemon::restart(std::size_t lane, const Error& error) {
  if (watchers_[lane].thread.joinable()) watchers_[lane].thread.request_stop();
  watcher_failed(lane, error);
}

bool Daemon::drain(std::stop_token stop) {
  bool any = false;
  for (std::size_t lane = 0; lane < mailbox_.lanes(); ++lane) {
    while (!stop.stop_requested()) {
      auto message = mailbox_.take(lane);
      if (!message) break;
      host_.alive();
      take(lane, std::move(*message), stop);
      any = true;
    }
  }
  while (auto request = mailbox_.take_request()) {
    (*request)();
    any = true;
  }
  return any;
}

void Daemon::note_feed(const Status& status) {
  live_.set("feed", status ? nlohmann::json{{"ok", true}, {"looked at", iso_time(system_now().utc)}}
                           : nlohmann::json{{"ok", false}, {"error", status.error().text()}});
  if (status) live_.feed_was_seen();
  if (!status) spdlog::warn("feed: {}", status.error().text());
  pump_.wake();
}

Result<RunReport> Daemon::settle() {
  const auto began = Mailbox::Clock::now();
  auto report = engine_.settle();
  note_arrival(began);
  if (pump_.empty()) (void)engine_.drop_events();
  pump_.wake();
  if (!report) return report;
  if (report->applied + report->failed > 0)
    spdlog::info("applied {} changes, {} failed, in {:.3f} s", report->applied, report->failed, report->seconds);
  live_.set("last run", {{"time", iso_time(system_now().utc)},
                         {"applied", report->applied},
                         {"failed", report->failed},
                         {"seconds", report->seconds}});
  return report;
}

/// What came in at `arrived` is noted now.
void Daemon::note_arrival(Mailbox::Clock::time_point arrived) {
  const auto now = Mailbox::Clock::now();
  const auto ago =
      arrived == Mailbox::Clock::time_point{} ? milliseconds(0) : std::chrono::duration_cast<milliseconds>(now - arrived);
  Store& store = engine_.context().store;
  live_.lag().arrived(store.newest_event(), store.newest_touch(), system_now().utc - ago);
}

/// A server may be gone without a word; whoever follows it hears nothing then, which is also what peace sounds like.
void Daemon::listen_to_directory() {
  if (!engine_.connected() || listen_at_ > Mailbox::Clock::now()) return;
  listen_at_ = Mailbox::Clock::now() + std::chrono::duration_cast<milliseconds>(live_.limits().directory) / 3;
  if (const Status heard = engine_.connection().ping(); !heard) return lost_directory(heard.error());
  if (all_fresh()) live_.directory_was_heard();
}

bool Daemon::all_fresh() const {
  const auto end = watchers_.begin() + static_cast<std::ptrdiff_t>(engine_.context().streams.size());
  return std::all_of(watchers_.begin(), end, [](const Watcher& w) { return w.running && w.fresh; });
}

void Daemon::probe() {
  if (!engine_.connected() || !all_fresh()) return;
  const Stream* stream = probe_.stream();
  if (stream && probe_.is_lost())
    return restart(static_cast<std::size_t>(stream->index),
                   {Errc::io, "what muster wrote into " + engine_.settings().health.probe->entry.str() + " was not reported", ""});
  if (const Status written = probe_.write_if_due(); !written) lost_directory(written.error());
}

void Daemon::settle_if_needed() {
  if (!engine_.ready() || !all_fresh()) return;
  if (trouble_) {
    engine_.directory_trouble(std::nullopt);
    trouble_ = false;
  }
  const auto next = engine_.due(system_now().utc);
  if (next) look_at_ = Mailbox::Clock::now() + (*next - system_now().utc);
  if (!engine_.anything_to_do()) return;
  if (const auto report = settle(); !report) {
    if (report.error().code == Errc::cancelled) return;
    spdlog::error("{}", report.error().text());
    if (report.error().code == Errc::unreachable) lost_directory(report.error());
    look_at_ = Mailbox::Clock::now() + std::chrono::seconds(5);
  }
}

Status Daemon::require_ready() {
  if (!engine_.connected()) {
    connect_at_ = {};
    connect_if_due();
  }
  if (!engine_.connected())
    return Error{Errc::unreachable, "the service has no connection to the directory", "muster status says why"};
  return ok();
}

Result<RunReport> Daemon::compare(bool full, const std::vector<std::string>& people, Instant begun) {
  if (Status read = engine_.read_directory(); !read) {
    if (read.error().code == Errc::unreachable) lost_directory(read.error());
    return std::move(read).error();
  }
  if (!engine_.ready())
    return Error{Errc::untrusted, "nothing is planned before HR's people are known", "muster problems says why"};
  // Whoever asks for a resync may know better than a watch that does not believe the server (one set back to a backup).
  for (std::size_t lane = 0; lane < engine_.context().streams.size(); ++lane) {
    if (watchers_[lane].running) continue;
    MUSTER_TRY(engine_.forget_cookie(engine_.context().streams[lane]));
    watchers_[lane].retry_at = {};
  }
  MUSTER_TRY(engine_.retry_now());
  for (const std::string& p : people) MUSTER_TRY(engine_.only(p));
  if (full) MUSTER_TRY(engine_.everybody());
  auto report = settle();
  if (!report) return report;
  report->seconds = std::chrono::duration<double>(system_now().utc - begun).count();
  if (full) MUSTER_TRY(engine_.reconciled(*report, begun));
  pump_.wake();
  return report;
}

Result<RunReport> Daemon::resync(bool full, const std::vector<std::string>& people) {
  const Instant begun = system_now().utc;
  MUSTER_TRY(reload_engine());
  if (!engine_.connected()) stop_watchers();
  MUSTER_TRY(require_ready());
  Status fed = engine_.read_feed(full);
  note_feed(fed);
  auto report = compare(full, people, begun);
  if (!report && !fed && !engine_.ready()) return std::move(fed).error();
  return report;  // with a feed that was refused, what HR said before stays in force, and the report tells
}

/// Without new rules, and with HR's last good file where the present one cannot be believed: what was applied must be true anyway.
Result<RunReport> Daemon::reconcile() {
  const Instant begun = system_now().utc;
  note_feed(engine_.read_feed(true));
  return compare(true, {}, begun);
}

void Daemon::reconcile_if_due() {
  using std::chrono::minutes;
  const bool is_declared = engine_.settings().resync.declared();
  if (!is_declared || !engine_.ready() || !all_fresh() || reconcile_at_ > Mailbox::Clock::now()) return;
  const Instant now = system_now().utc;
  const auto next = engine_.next_resync(now);
  if (!next) return;
  if (*next > now) {
    live_.set("next resync", iso_time(*next));
    reconcile_at_ = Mailbox::Clock::now() + std::min<milliseconds>(*next - now, minutes(1));  // somebody may set the clock
    return;
  }
  spdlog::info("comparing everything: due since {}", iso_time(*next));
  live_.set("next resync", "now");
  if (const auto report = reconcile(); !report) {
    if (report.error().code == Errc::cancelled) return;
    spdlog::error("comparing everything: {}", report.error().text());
    engine_.resync_trouble(report.error());
    pump_.wake();
    reconcile_at_ = Mailbox::Clock::now() + std::min(minutes(1) * (1 << std::min(reconcile_failures_++, 6)), minutes(60));
    return;
  }
  reconcile_failures_ = 0;
  reconcile_at_ = Mailbox::Clock::now() + milliseconds(20);  // to say when the next one is
}

Mailbox::Clock::time_point Daemon::next_wake() const {
  if (is_condensing_) return Mailbox::Clock::now();
  auto at = Mailbox::Clock::now() + host_.heartbeat();
  if (is_status_late_) at = std::min<Mailbox::Clock::time_point>(at, said_at_ + kStatusEvery);
  if (!engine_.connected()) return std::min(at, connect_at_);
  at = std::min(at, std::max(listen_at_, Mailbox::Clock::now() + milliseconds(20)));
  at = std::min(at, std::max(look_at_, Mailbox::Clock::now() + milliseconds(20)));
  if (engine_.settings().health.probe && engine_.ready())
    at = std::min(at, std::max(probe_.due(), Mailbox::Clock::now() + milliseconds(20)));
  if (engine_.settings().resync.declared() && reconcile_at_ > Mailbox::Clock::now()) at = std::min(at, reconcile_at_);
  for (std::size_t lane = 0; lane < engine_.context().streams.size(); ++lane) {
    if (!watchers_[lane].running) at = std::min(at, std::max(watchers_[lane].retry_at, Mailbox::Clock::now() + milliseconds(20)));
  }
  return at;
}

/// A part at a time, so that nothing waits for it.
void Daemon::make_room() {
  const auto more = engine_.condense(pump_.names());
  if (!more) spdlog::error("making room in the outbox: {}", more.error().text());
  is_condensing_ = more && *more;
}

void Daemon::announce_if_at_work(bool is_ready) {
  // Waiting for a directory that is away, or for people whom HR has not named yet, is work, too: whoever starts the service shall
  // not have to wait for that.
  const bool waits = failures_ > 0 || trouble_ || (engine_.connected() && all_fresh());
  if (is_announced_ || (!is_ready && !waits)) return;
  is_announced_ = true;
  host_.ready();
}

void Daemon::say_settings() {
  if (tell_settings_) tell_settings_(engine_.settings());
}

Status Daemon::reload_engine() {
  Status reloaded = engine_.reload();
  reload_error_ = reloaded ? "" : reloaded.error().what;
  say_settings();
  return reloaded;
}

void Daemon::read_configuration() {
  // A manager that still waits for the start would take the end of a reload for its end.
  if (is_announced_) host_.reloading();
  stop_watchers();
  const Status reloaded = reload_engine();
  spdlog::log(reloaded ? spdlog::level::info : spdlog::level::err, "reload: {}", reloaded ? "done" : reloaded.error().text());
  live_.set_limits(health_limits(engine_.settings()));
  probe_.start_anew();
  feed_due_ = true;
  connect_at_ = {};
  if (is_announced_) host_.ready();
}

void Daemon::say_status() {
  const auto now = Mailbox::Clock::now();
  is_status_late_ = now < said_at_ + kStatusEvery;
  if (is_status_late_) return;
  said_at_ = now;
  Store& store = engine_.context().store;
  const nlohmann::json live = live_.get();
  const std::string error = reload_error_.empty() ? live.value("reload error", "") : reload_error_;
  host_.status(status_line(live, store.count_people(true), store.holds(true).size(), error));
}

void Daemon::tell_upstream() { pump_.wake(); }

Status Daemon::run(std::stop_token stop) {
  bool is_ready = false;
  while (!stop.stop_requested()) {
    host_.alive();
    connect_if_due();
    listen_to_directory();
    if (reload_due_.exchange(false)) read_configuration();
    if (feed_due_.exchange(false)) note_feed(engine_.read_feed(false));
    start_due_watchers();
    drain(stop);
    if (!is_ready && engine_.ready()) {
      is_ready = true;
      live_.set("ready", true);
    }
    // Before the first long work: a manager that waits for its end would think that the start takes too long.
    announce_if_at_work(is_ready);
    settle_if_needed();
    reconcile_if_due();
    probe();
    make_room();
    say_status();
    live_.set("queue", mailbox_.waiting());
    live_.set_changes(engine_.context().recorder.changes());
    mailbox_.wait(next_wake(), stop);
  }
  stop_watchers();
  // Whoever waits for an answer gets one.
  mailbox_.close();
  drain(stop);
  return ok();
}

}  // namespace muster
