// The engine: one decision, four triggers. Owns the store and the rules; every change to the directory goes through settle().
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/commands.h"
#include "agent/condenser.h"
#include "agent/context.h"
#include "agent/feed/feed.h"
#include "agent/gatekeeper.h"
#include "agent/mirror.h"
#include "agent/undo.h"
#include "agent/upstream/follower.h"
#include "ldap/change_source.h"
#include "ldap/connection.h"

namespace muster {

/// What one run did, or would do.
struct RunReport {
  std::size_t people = 0, entries = 0;
  std::size_t applied = 0, failed = 0;
  Row audit_before = 0;  ///< audit rows after this one are this run's changes
  double seconds = 0;    ///< settle() counts its own; who reads before adds that
};

/// How far long work is: what, done so far, of how many (0: unknown).
using Progress = std::function<void(const std::string& what, std::size_t done, std::size_t total)>;

/// No exception leaves it: a failing state file comes back as an Error (Errc::io, Errc::corrupt). One thread uses it at a time.
class Engine {
 public:
  struct Options {
    std::string config_file;
    bool dry_run = false;  ///< works on a private copy of the state, which is deleted in the end; apply() is never reached
    Progress progress;
    std::string copy_of{};    ///< of a dry run: the state that is copied; empty: the configuration's
    std::optional<Day> on{};  ///< of a dry run: the plan as of the last instant of that day, in the machine's zone
    FeedRuns feed_runs = FeedRuns::when_read;
    std::function<void()> alive{};  ///< Context::alive
    std::stop_token stop{};         ///< Context::stop
  };
  /// Opens the state. Errc::io when it cannot be opened.
  static Result<std::unique_ptr<Engine>> open(std::unique_ptr<Config> config, Options options);
  ~Engine();

  /// Connects, binds the rules to the server's schema, decides about changed rules, and settles what a crash left open. May be
  /// called again after the connection was lost.
  Status connect();
  bool connected() const { return connection_.has_value(); }
  void disconnect() { connection_.reset(); }
  Connection& connection() { return *connection_; }

  /// New files from disk (SIGHUP, or before a resync). Errc::config: the old ones stay in force. Without a connection they are
  /// taken over with the next one. Where they name another server, or another account, the connection is given up.
  Status reload();

  /// Commands from upstream (agent/commands.h); settle() follows.
  Result<std::vector<SetAnswer>> take_commands(const UpstreamSettings::Events::Trust& trust, const std::vector<ReceivedSet>& sets);
  /// Reads the feed when it changed, or when `force`.
  Status read_feed(bool force);
  /// Full read of every base, each checked before it is believed. Errc::cancelled when Options::stop is requested.
  Status read_directory();

  /// A watcher's batch of live changes.
  Status take_live(const Stream& stream, Batch batch);
  /// A watcher's refresh: pulls batches until it ends; all in one transaction, believed or rolled back.
  Status take_refresh(const Stream& stream, Batch first, const std::function<Result<Batch>()>& next);
  std::optional<Cookie> cookie_of(const Stream& stream);
  /// What the mirror has of a stream, by id and version, for a watcher that must compare; null where that would not help: nothing
  /// was read yet, or there is too much of it to hold in memory.
  std::shared_ptr<const std::map<EntryId, std::string>> known_of(const Stream& stream);
  /// A server no longer honours a cookie.
  Status forget_cookie(const Stream& stream);

  /// Events up to `newest` were sent by this agent. Where the state does not know of them, it was restored from a backup:
  /// everything is compared with the directory, and what upstream was told (`told` reads what comes behind an event) says what of
  /// the differences was the agent's own work.
  Status learn(Row newest, const std::function<Status(Row after, const std::function<void(const OutboxRow&)>& each)>& told);

  /// True when every base was read and HR's people are known: only then is anything planned.
  bool ready();
  /// One base was read, at some time, with what is asked for now.
  bool has_read(std::size_t stream);
  /// Everybody is to be looked at (a full resync, new rules, a new day).
  Status everybody();
  /// Whatever was refused is tried again without waiting for its time: whoever asks for a resync may just have mended it.
  Status retry_now();
  /// One person; an account that vanished may be created anew. Errc::not_found.
  Status only(const std::string& person);
  /// Marks due what time has brought: retries, a new day. The instant at which to look again.
  Result<Instant> due(Instant now);
  bool anything_to_do();

  /// Plans what is dirty, passes the gate, applies, and plans again until nothing is left (a dry run stops before applying).
  Result<RunReport> settle();
  /// Everything was compared, from `begun` to the end of `run`: remembers that, and reports the figures upstream.
  Status reconciled(const RunReport& run, Instant begun);
  /// A comparison that the schedule asked for did not end well; over with the next that does.
  void resync_trouble(const Error& error);
  /// When the next one is due by <resync>, which must be declared.
  Result<Instant> next_resync(Instant now);

  /// Takes back what `request` selects, through gate, journal and audit like everything else. A dry run, and what is above a limit,
  /// changes nothing. Errc::not_found, Errc::config: the request names nothing, or not one thing.
  Result<UndoReport> undo(UndoRequest request);

  /// Decisions of an operator; settle() follows.
  Status approve(const std::string& hold, const Verdicts& verdict);
  Status reject(const std::string& hold, const Verdicts& verdict);

  /// What an operator asks for about one person (engine_grants.cpp); settle() follows.
  struct Wish {
    std::string person;  ///< HR's key, or the DN of the account
    std::string group;   ///< grant, revoke: its DN or name
    std::chrono::seconds duration{};
    std::string by, reason;
  };
  /// Access for a time; it begins now, or waits in a hold for somebody else to agree. Needs the connection. The person's row.
  /// Errc::refused with the rule or the reason against it.
  Result<Row> grant(const Wish& wish);
  Result<Row> revoke(const Wish& wish);
  /// An account is switched off whatever HR says, and on again. Need no connection: the order stands until it can be carried out.
  Status order_disable(const Wish& wish);
  Status lift_order(const Wish& wish);
  /// `muster rehire`: of several former leavers this one comes back, or none of them (Wish::group: the key, or "new").
  Status choose_former(const Wish& wish);
  /// What protects the account from being written; empty: nothing. Needs the connection.
  Result<std::string> protection_of(const std::string& person);

  /// Notes a trouble of the directory connection (shown by status and problems), or that it is over.
  void directory_trouble(const std::optional<Error>& error);
  /// Without any upstream nobody waits for events.
  Status drop_events();
  /// Whose progress is kept from now on; that of others is forgotten.
  Status declare_followers(const std::vector<std::string>& names);
  Status acknowledge(const std::string& upstream, Row position, const std::vector<std::string>& all_upstreams);
  /// An upstream will not have an event as it is. True: it did so kMostRefusals times, so the event is set aside for it, which is
  /// shown, and told to all.
  static constexpr int kMostRefusals = 5;
  Result<bool> refuse(const std::string& upstream, const OutboxRow& event, const std::string& why);
  /// What was set aside arrived after all.
  Status accepted(const std::string& upstream, Row seq);
  /// `muster upstream retry` and `forget`. `id`: of one event; empty: of all. How many it was; Errc::not_found: none.
  Result<std::size_t> send_again(const std::string& id, const Verdicts& who);
  Result<std::size_t> forget_event(const std::string& id, const Verdicts& who);
  /// What waits for an upstream is above <upstream max-bytes>: of events that are overtaken, the newest is kept. A part of it; call
  /// again while true.
  Result<bool> condense(const std::vector<std::string>& upstreams);

  /// For followers (engine_followers.cpp).
  Status keep(const FollowerProgress& progress);
  /// None: the directory was not reached since the start.
  Result<std::optional<Bearings>> bearings();

  Context& context() { return *context_; }
  const Settings& settings() const { return context_->config->settings; }
  const std::string& state_path() const { return state_path_; }
  /// Of a dry run's private copy of the state; gone with the engine.
  const std::string& copy_path() const { return copy_path_; }

 private:
  /// Asks the directory anew about what the agent wrote since `batch` was read.
  Status renew(const Stream& stream, Batch& batch);
  Engine(std::unique_ptr<Context> context, Options options, std::string state_path);
  /// `config` is taken when it is in force, and stays with the caller otherwise.
  Status adopt_or_hold(std::unique_ptr<Config>& config);
  Result<bool> too_different(std::unique_ptr<Config>& old, std::unique_ptr<Config>& config);
  void hold_rules(const HoldRow& hold, const std::vector<JournalRow>& changes, const std::string& digest);
  void end_rules_holds(const std::string& status);
  Status use(std::unique_ptr<Config>& config);
  Status keep_old_rules(std::unique_ptr<Config>& config, const std::string& digest);
  void remember_file();
  Status rejoin();
  Status read_stream(const Stream& stream);
  Status check_sentinels();
  Result<bool> round(int number, RunReport& report, Gatekeeper& gate);
  Result<bool> approve_rules(const std::string& hold, const Verdicts& verdict, bool approved);
  Result<bool> decide_undo(const std::string& hold, const Verdicts& verdict, bool approved);
  void hold_undo(const UndoRequest& request, const HoldRow& hold, const std::vector<JournalRow>& rows);
  Status begin_undo(const UndoRequest& request);
  Status finish_undo(const UndoRequest& request, UndoReport& report);
  Status keep_undone(const UndoRequest& request, UndoReport& report);
  Status resume_undo();
  Status end_restoration();
  /// A person, an entry, or both.
  struct Target {
    std::optional<PersonRow> person;
    std::optional<EntryRow> entry;
    Row person_row() const { return person ? person->id : 0; }
    Row entry_row() const { return entry ? entry->id : 0; }
    std::string name() const { return person ? "person " + person->person.key.rep() : entry->entry.dn.str(); }
  };
  Result<Target> target_of(const std::string& text);
  Status check_grant(const AccessGrantRow& wish, const PersonRow& person, const EntryRow& entry, const GroupRow& group);
  void begin_grant(AccessGrantRow grant, Instant now);
  void hold_grant(AccessGrantRow grant, const EntryRow& entry, Instant now);
  /// False: the hold is no grant.
  Result<bool> decide_grant(const std::string& hold, const Verdicts& verdict, bool approved);
  void record_order(const std::string& kind, const Target& target, const Wish& wish, Row order);
  void progress(const std::string& what, std::size_t done, std::size_t total) const;
  bool has_patience();
  /// The moment for which is planned.
  Now now() const;

  std::unique_ptr<Context> context_;
  Options options_;
  std::string state_path_;
  std::string copy_path_;  ///< of a dry run
  std::optional<Connection> connection_;
  std::optional<RunReport> carried_;  ///< what an undo did, for the report of settle(), which follows
  std::unique_ptr<Config> pending_;   ///< reloaded without a connection
  std::optional<std::chrono::steady_clock::time_point> stopping_since_;
  void end_condensed(Row delivered);
  Result<std::unique_ptr<Feed>> open_feed_of(const FeedSettings& settings);
  std::unique_ptr<Feed> feed_;
  std::optional<Condenser> condenser_;  ///< at work
  std::int64_t condensed_bytes_ = 0;    ///< what was left by the last one
  Instant looked_at_{};                 ///< the newest moment for which due() was asked
};

}  // namespace muster
