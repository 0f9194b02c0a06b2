// A state file from a backup: it knows less than upstream does. The directory is compared with it as after any lost cookie; but who
// was given a membership by the agent, and whom it disabled, is written nowhere but in what upstream was told.
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "agent/engine.h"
#include "agent/guarded.h"
#include "agent/mirror.h"

namespace muster {

using nlohmann::json;

namespace {

/// Brings the ledger up to one change that the agent made. What is not known yet is passed over, and comes again when it is.
class Learner {
 public:
  /// `compared`: the mirror is true again. Until then memberships follow what upstream was told, too, so that the comparison does
  /// not take the agent's own work for somebody else's.
  Learner(Context& context, bool compared) : context_(context), compared_(compared) {}

  void learn(const json& event) {
    Action action{};
    if (!parse_action(event.value("action", ""), action)) return;
    const auto entry = entry_of(event);
    if (!entry) return;
    const Instant at = parse_iso_time(event.value("time", "")).value_or(system_now().utc);
    if (action == Action::add_member || action == Action::remove_member) {
      membership(event, *entry, action == Action::add_member, at);
    } else {
      account(event, *entry, action, at);
    }
  }

 private:
  std::optional<EntryRow> entry_of(const json& event) {
    EntryId id;
    if (parse_entry_id(event.value("entry", ""), id) && id != EntryId{}) return context_.store.entry(id);
    const auto dn = Dn::parse(event.value("dn", ""));  // a create has no id
    const auto row = dn ? context_.store.entry_row_by_dn(*dn) : std::nullopt;
    return row ? context_.store.entry_by_row(*row) : std::nullopt;
  }

  void membership(const json& event, const EntryRow& entry, bool added, Instant at) {
    const auto dn = Dn::parse(event.value("group", ""));
    const auto group = dn ? context_.store.group_by_dn(*dn) : std::nullopt;
    if (!group) return;
    const std::string key = member_key(group->kind, member_value(group->kind, entry.entry));
    if (!compared_) Mirror(context_).own_membership(group->id, entry.id, key, added);
    if (added && context_.store.is_member(group->id, key))
      context_.store.set_granted(entry.id, group->id, at,
                                 {event.value("rule", ""), event.value("reason", ""), event.value("cause", "")});
  }

  void account(const json& event, const EntryRow& entry, Action action, Instant at) {
    Decision decision = Decision::leaver;
    (void)parse_decision(event.value("decision", ""), decision);
    if (action == Action::disable) context_.store.set_disabled(entry.id, at, decision);
    if (action == Action::enable) context_.store.set_disabled(entry.id, std::nullopt, std::nullopt);
    auto settled = entry.ledger.settled;
    if (action == Action::set || action == Action::clear)
      settled[to_lower(event.value("attribute", ""))] = event.value("after", Values{});
    if (const auto initial = event.find("initial"); initial != event.end()) {
      for (const auto& [name, values] : initial->items()) settled[name] = values.get<Values>();
    }
    if (settled != entry.ledger.settled) context_.store.set_settled(entry.id, settled);
  }

  Context& context_;
  bool compared_;
};

void learn_all(Context& context, bool compared) {
  Learner learner(context, compared);
  context.store.each_told([&](const std::string& body) {
    // A line that somebody edited teaches nothing.
    try {
      learner.learn(json::parse(body));
    } catch (const json::exception& e) {
      spdlog::warn("an event in the upstream file cannot be read and is passed over: {}", e.what());
    }
  });
}

}  // namespace

Status Engine::learn(Row newest, const std::function<Status(Row, const std::function<void(const OutboxRow&)>&)>& told) {
  return guarded([&]() -> Status {
    Context& c = *context_;
    const Row known = c.store.newest_event();
    if (newest <= known) return ok();
    Store::Transaction transaction(c.store);
    MUSTER_TRY(told(known, [&](const OutboxRow& event) {
      if (event.body.find("\"applied\"") != std::string::npos) c.store.keep_told(event.seq, event.body);
    }));
    c.store.number_events_after(newest);
    c.store.forget_cookies();
    c.restored = true;
    const std::string sentence = "the state file knows of " + std::to_string(known) + " events, and upstream was told " +
                                 std::to_string(newest) +
                                 ": it is from a backup. Everything is compared with the directory before anything is changed";
    spdlog::warn("{}", sentence);
    c.recorder.decided("restored", {{"known", known}, {"told", newest}, {"reason", sentence}}, system_now().utc);
    c.store.set_meta("restored", iso_time(system_now().utc));
    learn_all(c, false);
    transaction.commit();
    return ok();
  });
}

Status Engine::end_restoration() {
  Context& c = *context_;
  if (!c.restored) return ok();
  Store::Transaction transaction(c.store);
  learn_all(c, true);
  c.store.forget_told();
  c.store.set_meta("restored", "");
  c.store.mark_all_dirty();
  transaction.commit();
  c.restored = false;
  return ok();
}

}  // namespace muster
