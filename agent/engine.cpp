#include "agent/engine.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>

#include "agent/applier.h"
#include "agent/effective_records.h"
#include "agent/feed_intake.h"
#include "agent/grants.h"
#include "agent/guarded.h"
#include "agent/planner.h"
#include "agent/sha256.h"
#include "agent/upstream/upstreams.h"
#include "mapping/zone.h"
#include "service/secret_store.h"

namespace muster {

namespace {

constexpr int kRounds = 6;

std::string day_stamp(const Now& now) { return iso_date(now.today); }

std::string joins_stamp(const Rules& rules) {
  Sha256 sum;
  for (const JoinRule& j : rules.joins) sum.add(j.attribute).add(j.value.source());
  if (rules.rehire) sum.add(rules.rehire->match);
  for (const std::string& name : rules.unique_attributes()) sum.add("unique").add(name);
  return sum.hex();
}

bool same_server(const DirectorySettings& a, const DirectorySettings& b) {
  const auto all = [](const DirectorySettings& s) {
    return std::tie(s.urls, s.site, s.family, s.bind, s.bind_dn, s.keytab, s.principal, s.secret, s.tls_ca, s.tls_cert, s.tls_key,
                    s.start_tls);
  };
  return all(a) == all(b);
}

Error all_of(const std::vector<Complaint>& complaints) {
  std::string text;
  for (const Complaint& c : complaints) text += (text.empty() ? "" : "\n") + c.str();
  return {Errc::config, std::move(text), ""};
}

/// True for feeds of files, too: those are watched whatever they hold.
bool same_source(const FeedSettings& a, const FeedSettings& b) {
  if (!a.is_fetched() && !b.is_fetched()) return true;
  return a.type == b.type && a.output == b.output && a.command == b.command && a.server == b.server && a.mode == b.mode;
}

}  // namespace

Engine::Engine(std::unique_ptr<Context> context, Options options, std::string state_path)
    : context_(std::move(context)), options_(std::move(options)), state_path_(std::move(state_path)) {}

Engine::~Engine() {
  context_.reset();
  if (copy_path_.empty()) return;
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(copy_path_ + suffix, ignored);
}

Result<std::unique_ptr<Engine>> Engine::open(std::unique_ptr<Config> config, Options options) {
  return guarded([&]() -> Result<std::unique_ptr<Engine>> {
    const std::string path = options.copy_of.empty() ? config->settings.state_path : options.copy_of;
    std::string copy;
    std::error_code ignored;
    if (options.dry_run) copy = path + ".plan-" + random_uuid();
    const bool exists = std::filesystem::exists(path, ignored);
    Store store = !options.dry_run ? Store::open(path) : exists ? Store::copy_of(path, copy) : Store::open(copy);
    std::unique_ptr<Engine> engine(new Engine(std::make_unique<Context>(std::move(store)), std::move(options), path));
    auto feed = engine->open_feed_of(config->settings.feed);
    if (!feed) return std::move(feed).error();
    engine->copy_path_ = std::move(copy);
    engine->context_->config = std::move(config);
    engine->context_->alive = engine->options_.alive;
    engine->context_->stop = engine->options_.stop;
    engine->feed_ = std::move(*feed);
    engine->context_->restored = !engine->context_->store.meta("restored").empty();
    if (!engine->options_.dry_run) MUSTER_TRY(engine->declare_followers(follower_names(engine->settings().upstream)));
    engine->context_->store.drop_planned();
    engine->context_->store.planned_to(1);
    return engine;
  });
}

Status Engine::declare_followers(const std::vector<std::string>& names) {
  return guarded([&]() -> Status {
    Store::Transaction transaction(context_->store);
    context_->store.declare_followers(names);
    transaction.commit();
    return ok();
  });
}

void Engine::progress(const std::string& what, std::size_t done, std::size_t total) const {
  if (options_.progress) options_.progress(what, done, total);
}

Now Engine::now() const { return options_.on ? now_at(Zone().end_of(*options_.on) - std::chrono::milliseconds(1)) : system_now(); }

/// A stop lets what is under way be finished, but not by a directory that does not answer: service managers wait for ten seconds.
bool Engine::has_patience() {
  constexpr std::chrono::seconds kFarewell{5};
  if (context_->alive) context_->alive();
  if (!context_->stop.stop_requested()) return true;
  const auto now = std::chrono::steady_clock::now();
  if (!stopping_since_) stopping_since_ = now;
  return now - *stopping_since_ < kFarewell;
}

Status Engine::connect() {
  std::unique_ptr<Config> config;
  const Status done = guarded([&]() -> Status {
    const Settings& s = pending_ ? pending_->settings : settings();
    Secret password;
    if (s.directory.bind == BindMethod::simple) {
      auto secret = read_secret(s.directory.secret, s.directory_of_file);
      if (!secret) return std::move(secret).error();
      password = std::move(*secret);
    }
    Endpoint endpoint = endpoint_of(s, std::move(password));
    endpoint.waiting = [this] { return has_patience(); };
    auto opened = Connection::open(endpoint);
    if (!opened) return std::move(opened).error();
    connection_ = std::move(*opened);
    const bool first = context_->streams.empty();
    config = std::move(first ? context_->config : pending_);
    Status ready = config ? adopt_or_hold(config) : ok();
    if (ready && !options_.dry_run) {
      if (context_->recorder.run().empty()) context_->recorder.begin_run(context_->store.meta("run"));
      auto recovered = Applier(*context_, *connection_).recover();
      if (!recovered) ready = std::move(recovered).error();
    }
    if (!ready) connection_.reset();
    if (ready && !options_.dry_run) remember_file();
    return ready;
  });
  if (!done) connection_.reset();
  if (!done && config && !context_->config) context_->config = std::move(config);  // for the next attempt, and for who reports this
  return done;
}

Status Engine::use(std::unique_ptr<Config>& config) {
  const ServerInfo& server = connection_->server();
  config->rules.logon_suffix = logon_suffix_of(server);
  if (const auto complaints = check_against_schema(*config, server.types); !complaints.empty()) return all_of(complaints);
  auto accounts = AccountControl::choose(server, account_settings_of(config->settings.directory.disable));
  if (!accounts) return std::move(accounts).error();
  context_->accounts = std::move(*accounts);
  context_->types = server.types;
  context_->server = ServerTraits::of(server);
  context_->streams = streams_of(*config, *context_->accounts, server.family);
  context_->config = std::move(config);
  return rejoin();
}

/// For whoever compares other rules with those in force.
void Engine::remember_file() {
  std::error_code ignored;
  const std::string file = std::filesystem::absolute(options_.config_file, ignored).lexically_normal().string();
  if (context_->store.meta("config.file") != file) context_->store.set_meta("config.file", file);
}

/// Join rules that changed look at the mirror with other eyes.
Status Engine::rejoin() {
  Store& store = context_->store;
  const std::string stamp = joins_stamp(context_->rules());
  if (store.meta("joins") == stamp) return ok();
  Store::Transaction transaction(store);
  for (Row after = 0;;) {
    const auto page = store.entries(after, 256);
    if (page.empty()) break;
    for (const EntryRow& row : page) store.set_join_values(row.id, join_values_of(row.entry, *context_));
    after = page.back().id;
  }
  store.set_meta("joins", stamp);
  store.mark_all_dirty();
  transaction.commit();
  return ok();
}

Status Engine::reload() {
  return guarded([&]() -> Status {
    LoadResult loaded = load_config(options_.config_file);
    if (!loaded.config) return all_of(loaded.errors);
    auto feed = open_feed_of(loaded.config->settings.feed);
    if (!feed) return std::move(feed).error();
    if (options_.feed_runs == FeedRuns::by_watch && !same_source(settings().feed, loaded.config->settings.feed)) {
      return Error{Errc::config, "the source of <feed> changed; a running agent cannot change it", "restart the service"};
    }
    if (loaded.config->settings.state_path != state_path_) {
      return Error{Errc::config, "<state path> changed; a running agent cannot change its state file", "restart the service"};
    }
    if (!connection_) {
      // Rules are held against a server's schema, so they wait for one: the one that the new files name.
      (context_->streams.empty() ? context_->config : pending_) = std::move(loaded.config);
    } else {
      const DirectorySettings before = settings().directory;
      MUSTER_TRY(adopt_or_hold(loaded.config));
      if (!same_server(before, settings().directory)) connection_.reset();
    }
    feed_ = std::move(*feed);
    return ok();
  });
}

Result<std::unique_ptr<Feed>> Engine::open_feed_of(const FeedSettings& settings) {
  return open_feed(settings, options_.feed_runs, [this, settings] { return feed_position(context_->store, settings); });
}

Status Engine::read_feed(bool force) {
  return guarded([&]() -> Status {
    progress("reading the feed", 0, 0);
    if (settings().feed.type == "events") {
      auto kept = take_resources(*context_, force, system_now().utc);
      if (!kept) return std::move(kept).error();
      return ok();
    }
    auto counts = take_feed(*context_, *feed_, force, system_now().utc);
    if (!counts) return std::move(counts).error();
    return ok();
  });
}

Result<std::vector<SetAnswer>> Engine::take_commands(const UpstreamSettings::Events::Trust& trust,
                                                     const std::vector<ReceivedSet>& sets) {
  return guarded([&]() -> Result<std::vector<SetAnswer>> {
    const Instant at = system_now().utc;
    auto answers = muster::take_commands(*context_, trust, sets, at);
    // Now everybody may have been delivered; why people do not count yet is a problem that everybody sees.
    if (settings().feed.type == "events" && !people_fit(*context_)) (void)take_resources(*context_, true, at);
    return answers;
  });
}

bool Engine::ready() {
  if (!connection_ || !people_fit(*context_)) return false;
  for (std::size_t i = 0; i < context_->streams.size(); ++i) {
    if (!has_read(i)) return false;
  }
  return true;
}

bool Engine::has_read(std::size_t stream) {
  const Stream& s = context_->streams[stream];
  const auto cursor = context_->store.cursor(s.name);
  return cursor && cursor->params == s.params();
}

Status Engine::everybody() {
  return guarded([&]() -> Status {
    Store::Transaction transaction(context_->store);
    context_->store.mark_all_dirty();
    transaction.commit();
    return ok();
  });
}

Status Engine::retry_now() {
  return guarded([&]() -> Status {
    Store::Transaction transaction(context_->store);
    context_->store.retry_due(Instant::max());
    transaction.commit();
    return ok();
  });
}

Status Engine::only(const std::string& person) {
  return guarded([&]() -> Status {
    Store& store = context_->store;
    const auto row = store.person(PersonKey(person));
    if (!row) return Error{Errc::not_found, "HR knows no person '" + person + "'", "the key is the feed's key field"};
    Store::Transaction transaction(store);
    if (row->entry) {
      const auto entry = store.entry_by_row(*row->entry);
      if (entry && entry->gone) store.unlink(row->id);
      store.forget_contests(*row->entry);
    }
    store.set_attempts(row->id, row->attempts, std::nullopt);
    store.mark_person_dirty(row->id);
    transaction.commit();
    return ok();
  });
}

Result<Instant> Engine::due(Instant now) {
  return guarded([&]() -> Result<Instant> {
    Store& store = context_->store;
    const Now today = now_at(now);
    Store::Transaction transaction(store);
    store.retry_due(now);
    if (people_fit(*context_)) bring_into_force(*context_, today);
    store.mark_due_dirty(now);
    // What was planned while the clock was ahead may be due later than it should.
    const bool was_set_back = now + std::chrono::seconds(2) < looked_at_;
    looked_at_ = now;
    if (was_set_back) store.mark_all_dirty();
    const auto grant_ends = end_grants_due(*context_, now);
    store.end_quiet_contests(now);
    if (store.meta("day") != day_stamp(today)) {
      store.mark_all_dirty();
      store.set_meta("day", day_stamp(today));
    }
    transaction.commit();
    const Instant at_most = now + std::chrono::minutes(1);
    return std::min({at_most, store.next_retry().value_or(at_most), store.next_due().value_or(at_most),
                     store.next_record(now).value_or(at_most), grant_ends.value_or(at_most)});
  });
}

bool Engine::anything_to_do() { return context_->store.count_dirty() > 0 || !context_->store.dirty_groups().empty(); }

Result<bool> Engine::round(int number, RunReport& report, Gatekeeper& gate) {
  Context& c = *context_;
  const Now moment = now();
  Planner planner(c, *connection_);
  MUSTER_TRY(planner.plan_dirty(moment, false));
  if (gate.reopen_touched()) MUSTER_TRY(planner.plan_dirty(moment, true));
  gate.pass(moment.utc);
  const std::size_t todo = c.store.count_planned();
  if (options_.dry_run || todo == 0) return false;
  if (number == 0) c.store.set_meta("run", c.recorder.run());  // for what a crash leaves to recover()
  Applier applier(c, *connection_,
                  [&](std::size_t applied) { progress("applying", report.applied + applied, report.applied + todo); });
  auto counts = applier.run(number == kRounds - 1);
  if (!counts) return std::move(counts).error();
  report.applied += counts->applied;
  report.failed += counts->failed;
  return counts->any();
}

Result<RunReport> Engine::settle() {
  return guarded([&]() -> Result<RunReport> {
    Context& c = *context_;
    const auto begun = std::chrono::steady_clock::now();
    if (!connection_) return Error{Errc::unreachable, "there is no connection to the directory", "muster status says why"};
    MUSTER_TRY(end_restoration());
    RunReport report = carried_.value_or(RunReport{});
    if (const auto last = c.store.last_audit(); last && !carried_) report.audit_before = last->seq;
    carried_.reset();
    MUSTER_TRY(resume_undo());
    MUSTER_TRY(due(now().utc));
    c.recorder.begin_run(random_uuid());
    Gatekeeper gate(c, system_now().utc);
    for (int i = 0; i < kRounds; ++i) {
      progress("planning", 0, 0);
      auto more = round(i, report, gate);
      if (!more) return std::move(more).error();
      if (!*more) break;
    }
    {
      Store::Transaction transaction(c.store);
      c.store.planned_to(0);
      if (!options_.dry_run) c.store.set_meta("settled", iso_time(system_now().utc));
      RecentCommands(c.store).end_run();
      transaction.commit();
    }
    report.people = c.store.count_people(true);
    report.entries = c.store.count_entries();
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    return report;
  });
}

void Engine::directory_trouble(const std::optional<Error>& error) {
  (void)guarded([&]() -> Status {
    std::vector<ProblemRow> problems;
    if (error) problems.push_back({"", settings().directory.base.str(), "directory", error->text(), "", "", false, {}});
    Store::Transaction transaction(context_->store);
    set_problems(*context_, "directory", problems, system_now().utc);
    transaction.commit();
    return ok();
  });
}

Status Engine::drop_events() {
  return guarded([&]() -> Status {
    context_->store.prune_outbox(std::numeric_limits<Row>::max());
    return ok();
  });
}

Status Engine::acknowledge(const std::string& upstream, Row position, const std::vector<std::string>& all) {
  return guarded([&]() -> Status {
    Store& store = context_->store;
    Store::Transaction transaction(store);
    store.set_upstream_position(upstream, position);
    store.forget_counted(upstream, position);
    Row least = position;
    for (const std::string& name : all) least = std::min(least, store.upstream_position(name));
    store.prune_outbox(least);
    end_condensed(least);
    transaction.commit();
    return ok();
  });
}

}  // namespace muster
