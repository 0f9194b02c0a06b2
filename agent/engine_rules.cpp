// Engine: rules that changed are gated like the changes they would make; and what operators decide about holds.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/applier.h"
#include "agent/change_json.h"
#include "agent/engine.h"
#include "agent/guarded.h"
#include "agent/planner.h"
#include "agent/sha256.h"

namespace muster {

using nlohmann::json;

namespace {

std::map<std::string, std::string> mapping_texts(const Config& config) {
  std::map<std::string, std::string> texts;
  for (const std::string& path : config.settings.mapping_files) {
    if (const auto found = config.sources.find(path); found != config.sources.end()) texts[path] = found->second;
  }
  return texts;
}

/// Plans everybody as the store stands, on a copy of it.
Result<std::vector<JournalRow>> plan_all(const std::string& state, std::unique_ptr<Config>& config, Connection& connection,
                                         const Context& like) {
  const std::string copy = state + ".rules-" + random_uuid();
  const ServerInfo& server = connection.server();
  std::vector<JournalRow> rows;
  Status done = ok();
  {
    Context scratch(Store::copy_of(state, copy));
    auto accounts = AccountControl::choose(server, account_settings_of(config->settings.directory.disable));
    if (accounts) {
      scratch.accounts = std::move(*accounts);
      scratch.types = server.types;
      scratch.alive = like.alive;
      scratch.stop = like.stop;
      scratch.server = ServerTraits::of(server);
      scratch.streams = streams_of(*config, *scratch.accounts, server.family);
      scratch.config = std::move(config);
      const std::shared_ptr<void> give_back(nullptr, [&](void*) { config = std::move(scratch.config); });
      scratch.store.drop_planned();
      scratch.store.mark_all_dirty();
      done = Planner(scratch, connection).plan_dirty(system_now(), false);
      scratch.store.each_planned_change([&](const JournalRow& r) { rows.push_back(r); });
    } else {
      done = std::move(accounts).error();
    }
  }
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(copy + suffix, ignored);
  if (!done) return std::move(done).error();
  return rows;
}

/// What the new rules would do that the old ones would not.
std::vector<JournalRow> difference(const std::vector<JournalRow>& before, std::vector<JournalRow> after) {
  std::set<std::string> known;
  for (const JournalRow& r : before) known.insert(r.hash);
  std::erase_if(after, [&](const JournalRow& r) { return known.count(r.hash) > 0; });
  return after;
}

HoldRow rules_hold(const std::string& digest, std::vector<JournalRow>& rows, const Verdict& verdict, Instant now) {
  HoldRow h = whole_hold("rules", digest, rows, now);
  h.sentence = "the changed mapping files would lead to " + verdict.sentence() + "; the old rules stay in force";
  return h;
}

}  // namespace

Status Engine::keep_old_rules(std::unique_ptr<Config>& config, const std::string& accepted) {
  const auto texts = json::parse(accepted).get<std::map<std::string, std::string>>();
  LoadResult old = load_config(options_.config_file, ConfigFiles::with_mappings(texts));
  if (!old.config) {
    return Error{Errc::config,
                 "the changed mapping files are held, and the old ones do not fit muster.xml any more: " + old.errors.front().str(),
                 "undo the change of muster.xml, or approve the hold"};
  }
  config = std::move(old.config);
  return ok();
}

/// One hold for the rules at a time; what was rejected is not asked again.
void Engine::hold_rules(const HoldRow& hold, const std::vector<JournalRow>& changes, const std::string& digest) {
  Store& store = context_->store;
  Store::Transaction transaction(store);
  const auto known = store.hold(hold.id);
  if (!known || known->status != "open") {
    end_rules_holds("superseded");
    if (!known || known->status != "rejected") {
      store.put_hold(hold);
      store.set_hold_changes(hold.id, changes);
      context_->recorder.decided("hold",
                                 {{"hold", short_id(hold.id)},
                                  {"held", "rules"},
                                  {"count", hold.count},
                                  {"people", hold.people},
                                  {"reason", hold.sentence}},
                                 system_now().utc);
    }
  }
  store.set_meta("rules.held", digest);
  transaction.commit();
}

void Engine::end_rules_holds(const std::string& status) {
  for (HoldRow& h : context_->store.holds(true)) {
    if (h.kind != "rules") continue;
    h.status = status;
    context_->store.put_hold(h);
  }
}

/// True: `config` would change too much, and is held.
Result<bool> Engine::too_different(std::unique_ptr<Config>& old, std::unique_ptr<Config>& config) {
  const ServerInfo& server = connection_->server();
  for (const std::unique_ptr<Config>* c : {&config, &old}) {
    (*c)->rules.logon_suffix = logon_suffix_of(server);
    if (const auto complaints = check_against_schema(**c, server.types); !complaints.empty())
      return Error{Errc::config, complaints.front().str(), ""};
  }
  auto before = plan_all(state_path_, old, *connection_, *context_);
  if (!before) return std::move(before).error();
  auto after = plan_all(state_path_, config, *connection_, *context_);
  if (!after) return std::move(after).error();
  auto rows = difference(*before, std::move(*after));
  const bool borrowed = !context_->config;  // the limits are those of the rules in force
  if (borrowed) context_->config = std::move(old);
  const auto verdict = first_held(rows, *context_);
  if (verdict) hold_rules(rules_hold(config->rules.digest, rows, *verdict, system_now().utc), rows, config->rules.digest);
  if (borrowed) old = std::move(context_->config);
  return verdict.has_value();
}

Status Engine::adopt_or_hold(std::unique_ptr<Config>& config) {
  Store& store = context_->store;
  const std::string digest = config->rules.digest, accepted = store.meta("rules.texts");
  const bool fresh = accepted.empty() || options_.dry_run, same = store.meta("rules.digest") == digest;
  const bool approved = store.meta("rules.approved") == digest;
  if (!fresh && !approved && !same) {
    std::unique_ptr<Config> old;
    MUSTER_TRY(keep_old_rules(old, accepted));
    const auto held = too_different(old, config);
    if (!held) return held.error();
    if (*held) return use(old);
  }
  const std::string texts = json(mapping_texts(*config)).dump();
  MUSTER_TRY(use(config));
  if (same && !accepted.empty()) return ok();
  Store::Transaction transaction(store);
  store.set_meta("rules.digest", digest);
  store.set_meta("rules.texts", texts);
  store.set_meta("rules.held", "");
  end_rules_holds(approved ? "approved" : "superseded");
  context_->recorder.decided("rules", {{"digest", digest}, {"reason", "mapping files taken over"}}, system_now().utc);
  store.mark_all_dirty();
  transaction.commit();
  return ok();
}

Result<bool> Engine::approve_rules(const std::string& id, const Verdicts& verdict, bool approved) {
  Store& store = context_->store;
  auto hold = find_open_hold(store, id);
  if (!hold) return std::move(hold).error();
  if (hold->kind != "rules") return false;
  if (!verdict.person.empty())
    return Error{Errc::config, "a change of the rules cannot be approved for one person", "approve or reject it as a whole"};
  const LoadResult loaded = load_config(options_.config_file);
  if (!loaded.config) return Error{Errc::config, loaded.errors.front().str(), ""};
  if (approved && store.meta("rules.held") != loaded.config->rules.digest) {
    return Error{Errc::conflict, "the mapping files have changed since hold " + short_id(hold->id) + " was made",
                 "look at the new one with muster holds"};
  }
  const Instant now = system_now().utc;
  Store::Transaction transaction(store);
  if (approved) store.set_meta("rules.approved", loaded.config->rules.digest);
  close_hold(*context_, *hold, verdict, approved, json::object(), now);
  transaction.commit();
  if (approved) MUSTER_TRY(reload());
  return true;
}

Status Engine::approve(const std::string& id, const Verdicts& verdict) {
  return guarded([&]() -> Status {
    for (const auto decide : {&Engine::approve_rules, &Engine::decide_grant, &Engine::decide_undo}) {
      auto decided = (this->*decide)(id, verdict, true);
      if (!decided) return std::move(decided).error();
      if (*decided) return ok();
    }
    Store& store = context_->store;
    auto hold = find_open_hold(store, id);
    if (!hold) return std::move(hold).error();
    {
      Store::Transaction transaction(store);
      store.mark_held_people_dirty(hold->id);
      transaction.commit();
    }
    MUSTER_TRY(Planner(*context_, *connection_).plan_dirty(system_now(), true));
    const Status approved = muster::approve(*context_, id, verdict, system_now().utc);
    store.drop_planned();
    store.planned_to(1);
    return approved;
  });
}

Status Engine::reject(const std::string& id, const Verdicts& verdict) {
  return guarded([&]() -> Status {
    for (const auto decide : {&Engine::approve_rules, &Engine::decide_grant, &Engine::decide_undo}) {
      auto decided = (this->*decide)(id, verdict, false);
      if (!decided) return std::move(decided).error();
      if (*decided) return ok();
    }
    return muster::reject(*context_, id, verdict, system_now().utc);
  });
}

}  // namespace muster
