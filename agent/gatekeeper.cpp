#include "agent/gatekeeper.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/sha256.h"

namespace muster {

using nlohmann::json;

std::string short_id(const std::string& hold) { return hold.substr(0, 12); }

namespace {

std::string digest_of(const std::vector<std::string>& sorted_hashes) {
  Sha256 sum;
  for (const std::string& h : sorted_hashes) sum.add(h);
  return sum.hex();
}

std::optional<HoldRow> open_hold_of(Store& store, std::string_view kind) {
  for (HoldRow& h : store.holds(true)) {
    if (h.kind == kind) return std::move(h);
  }
  return std::nullopt;
}

json hold_details(const HoldRow& h) {
  return {{"hold", short_id(h.id)}, {"held", h.kind}, {"count", h.count}, {"people", h.people}, {"reason", h.sentence}};
}

std::size_t at(const KindCounts& counts, Kind kind) { return counts[static_cast<std::size_t>(kind)]; }

}  // namespace

/// What the journal holds that nobody approved, by kind; what depends on a leaver's disable counts with nothing of its own.
struct Gatekeeper::Tally {
  KindCounts counts{};
  std::vector<Row> disabled;  ///< people with an unapproved disable, sorted
  bool disables(Row person) const { return person != 0 && std::binary_search(disabled.begin(), disabled.end(), person); }
};

Gatekeeper::Tally Gatekeeper::tally() const {
  Tally t;
  context_.store.each_planned([&](const Store::PlannedKey& k) {
    if (k.approved) return;
    ++t.counts[static_cast<std::size_t>(k.kind)];
    if (k.kind == Kind::disable) t.disabled.push_back(k.person);
  });
  std::sort(t.disabled.begin(), t.disabled.end());
  return t;
}

bool Gatekeeper::reopen_touched() {
  Store& store = context_.store;
  const Tally t = tally();
  bool any = false;
  Store::Transaction transaction(store);
  for (const HoldRow& h : store.holds(true)) {
    Kind kind{};
    if (!parse_kind(h.kind, kind) || reopened_.count(h.id)) continue;
    if (at(t.counts, kind) == 0 && !store.hold_touched(h.id)) continue;
    store.mark_held_people_dirty(h.id);
    reopened_.insert(h.id);
    any = true;
  }
  transaction.commit();
  return any;
}

std::size_t Gatekeeper::released(Kind kind) const {
  const auto open = open_hold_of(context_.store, to_string(kind));
  return open ? open->released : 0;
}

std::string Gatekeeper::sentence(const Verdict& verdict) const {
  const std::size_t before = at(by_commands_, verdict.kind);
  return verdict.sentence() + (before ? ", with the " + std::to_string(before) + " that commands brought within an hour" : "");
}

void Gatekeeper::end_hold(HoldRow hold, const std::string& status, Instant now) {
  hold.status = status;
  hold.decided = now;
  context_.store.put_hold(hold);
  context_.recorder.decided("hold-ended",
                            {{"hold", short_id(hold.id)},
                             {"held", hold.kind},
                             {"status", status},
                             {"reason", "the plan has changed since, and no longer contains exactly these changes"}},
                            now);
}

void Gatekeeper::hold_kind(Kind kind, const Verdict& verdict, Instant now) {
  Store& store = context_.store;
  const auto hashes = store.held_hashes(kind);
  const std::string id = digest_of(hashes);
  const auto open = open_hold_of(store, to_string(kind));
  if (!open || open->id != id) {
    HoldRow h;
    h.id = id;
    h.kind = to_string(kind);
    h.status = "open";
    h.sentence = sentence(verdict);
    h.count = hashes.size();
    h.created = now;
    if (open) {
      h.released = open->released;
      end_hold(*open, "superseded", now);
    }
    store.move_to_hold(kind, id);
    std::set<std::pair<Row, Row>> subjects;
    for (const JournalRow& r : store.hold_changes(id)) subjects.insert({r.person, r.person ? 0 : r.entry});
    h.people = subjects.size();
    store.put_hold(h);
    context_.recorder.decided("hold", hold_details(h), now);
  } else {
    store.move_to_hold(kind, id);
  }
  store.rest_held_people(id);
}

void Gatekeeper::pass(Instant now) {
  Store& store = context_.store;
  Store::Transaction transaction(store);
  Tally t = tally();
  const auto judge_now = [&] {
    KindCounts counts = t.counts;
    for (std::size_t k = 0; k < kKindCount; ++k) {
      if (t.counts[k]) counts[k] += by_commands_[k] + passed_[k] + released(static_cast<Kind>(k));
    }
    return judge(counts, store.count_people(true), context_.safety());
  };
  std::array<bool, kKindCount> held{};
  std::array<Verdict, kKindCount> verdicts{};
  const auto take = [&](const Verdict& v) {
    const auto k = static_cast<std::size_t>(v.kind);
    verdicts[k] = v;
    held[k] = v.held() && t.counts[k] > 0;
  };
  for (const Verdict& v : judge_now()) {
    if (v.kind == Kind::disable) take(v);
  }
  const bool disables_held = held[static_cast<std::size_t>(Kind::disable)];
  if (disables_held) {
    store.each_planned([&](const Store::PlannedKey& k) {
      if (!k.approved && k.kind != Kind::disable && goes_with_disable(k.decision) && t.disables(k.person))
        --t.counts[static_cast<std::size_t>(k.kind)];
    });
  }
  for (const Verdict& v : judge_now()) {
    if (v.kind != Kind::disable) take(v);
  }
  std::vector<std::pair<Row, Kind>> out;
  store.each_planned([&](const Store::PlannedKey& k) {
    if (k.approved) return;
    Change c;
    c.action = k.action;
    c.decision = k.decision;
    const bool with_disable = disables_held && t.disables(k.person);
    if (!waits(c, held, with_disable)) return;
    const bool dependent = with_disable && goes_with_disable(k.decision);
    out.emplace_back(k.seq, dependent ? Kind::disable : k.kind);
  });
  for (const auto& [seq, kind] : out) store.set_held(seq, kind);
  for (std::size_t k = 0; k < kKindCount; ++k) {
    const Kind kind = static_cast<Kind>(k);
    if (held[k]) {
      hold_kind(kind, verdicts[k], now);
    } else {
      passed_[k] += t.counts[k];
      if (auto open = open_hold_of(store, to_string(kind)); open && reopened_.count(open->id)) end_hold(*open, "superseded", now);
    }
  }
  reopened_.clear();
  transaction.commit();
}

std::optional<Verdict> first_held(const std::vector<JournalRow>& changes, Context& context) {
  KindCounts counts{};
  for (const JournalRow& r : changes) ++counts[static_cast<std::size_t>(kind_of(r.change.action))];
  for (const Verdict& v : judge(counts, context.store.count_people(true), context.safety())) {
    if (v.held()) return v;
  }
  return std::nullopt;
}

HoldRow whole_hold(const std::string& kind, const std::string& subject, std::vector<JournalRow>& changes, Instant now) {
  std::sort(changes.begin(), changes.end(), [](const JournalRow& a, const JournalRow& b) { return a.hash < b.hash; });
  Sha256 sum;
  sum.add(subject);
  std::set<std::pair<Row, Row>> subjects;
  for (const JournalRow& r : changes) {
    sum.add(r.hash);
    subjects.insert({r.person, r.person ? 0 : r.entry});
  }
  HoldRow h;
  h.id = sum.hex();
  h.kind = kind;
  h.status = "open";
  h.count = changes.size();
  h.people = subjects.size();
  h.created = now;
  return h;
}

Result<HoldRow> find_open_hold(Store& store, const std::string& prefix) {
  const auto hold = store.hold(prefix);
  if (!hold) return Error{Errc::not_found, "there is no hold '" + prefix + "'", "muster holds lists them"};
  if (hold->status != "open") {
    return Error{Errc::not_found,
                 "hold " + short_id(hold->id) + " is " + hold->status + (hold->by.empty() ? "" : " (by " + hold->by + ")"),
                 "muster holds lists the open ones"};
  }
  return *hold;
}

namespace {

/// The unapproved changes of the journal that the gate would hold under this kind, for one person or for all; sorted hashes.
std::vector<JournalRow> matching(Store& store, const HoldRow& hold, Row person) {
  std::set<std::string> held;
  for (const JournalRow& r : store.hold_changes(hold.id)) {
    if (!person || r.person == person) held.insert(r.hash);
  }
  std::vector<JournalRow> rows;
  store.each_planned_change([&](const JournalRow& r) {
    if (held.erase(r.hash)) rows.push_back(r);
  });
  if (!held.empty()) rows.clear();
  return rows;
}

bool has_more(Store& store, const HoldRow& hold) {
  Kind kind{};
  if (!parse_kind(hold.kind, kind)) return false;
  std::set<std::string> held;
  for (const JournalRow& r : store.hold_changes(hold.id)) held.insert(r.hash);
  bool more = false;
  store.each_planned([&](const Store::PlannedKey& k) { more |= !k.approved && k.kind == kind; });
  if (!more) return false;
  more = false;
  store.each_planned_change(
      [&](const JournalRow& r) { more |= r.hold.empty() && kind_of(r.change.action) == kind && !held.count(r.hash); });
  return more;
}

}  // namespace

void close_hold(Context& context, HoldRow hold, const Verdicts& verdict, bool approved, json details, Instant now) {
  hold.status = approved ? "approved" : "rejected";
  hold.by = verdict.by;
  hold.reason = verdict.reason;
  hold.decided = now;
  context.store.put_hold(hold);
  details.update(
      {{"hold", short_id(hold.id)}, {"held", hold.kind}, {"actor", verdict.by}, {"reason", verdict.reason}, {"digest", hold.id}});
  details.emplace("count", hold.count);
  context.recorder.decided(approved ? "approval" : "rejection", std::move(details), now);
}

Status approve(Context& context, const std::string& id, const Verdicts& verdict, Instant now) {
  Store& store = context.store;
  auto hold = find_open_hold(store, id);
  if (!hold) return std::move(hold).error();
  Row person = 0;
  if (!verdict.person.empty()) {
    const auto row = store.person(PersonKey(verdict.person));
    const auto changes = store.hold_changes(hold->id);
    if (!row || std::none_of(changes.begin(), changes.end(), [&](const JournalRow& r) { return r.person == row->id; })) {
      return Error{Errc::not_found, "hold " + short_id(hold->id) + " has no change of person " + verdict.person,
                   "muster holds " + short_id(hold->id) + " lists its people"};
    }
    person = row->id;
  }
  const auto rows = matching(store, *hold, person);
  if (rows.empty() || (!person && has_more(store, *hold))) {
    return Error{Errc::conflict,
                 "hold " + short_id(hold->id) + ": the plan has changed since it was made, so the approval does not count",
                 "look at it again with muster holds, and approve the new one"};
  }
  Store::Transaction transaction(store);
  for (const JournalRow& r : rows) store.decide_change(r, hold->id, true, verdict.by);
  hold->by = verdict.by;
  hold->reason = verdict.reason;
  if (person) {
    hold->released += static_cast<std::size_t>(std::count_if(
        rows.begin(), rows.end(), [&](const JournalRow& r) { return to_string(kind_of(r.change.action)) == hold->kind; }));
  } else {
    hold->status = "approved";
    hold->decided = now;
  }
  store.put_hold(*hold);
  json details = hold_details(*hold);
  details.update({{"actor", verdict.by}, {"reason", verdict.reason}, {"count", rows.size()}, {"digest", hold->id}});
  if (person) details["person"] = verdict.person;
  context.recorder.decided("approval", std::move(details), now);
  transaction.commit();
  return ok();
}

Status reject(Context& context, const std::string& id, const Verdicts& verdict, Instant now) {
  Store& store = context.store;
  auto hold = find_open_hold(store, id);
  if (!hold) return std::move(hold).error();
  Store::Transaction transaction(store);
  for (const JournalRow& r : store.hold_changes(hold->id)) store.decide_change(r, hold->id, false, verdict.by);
  store.mark_held_people_dirty(hold->id);
  hold->status = "rejected";
  hold->by = verdict.by;
  hold->reason = verdict.reason;
  hold->decided = now;
  store.put_hold(*hold);
  json details = hold_details(*hold);
  details.update({{"actor", verdict.by}, {"reason", verdict.reason}, {"digest", hold->id}});
  context.recorder.decided("rejection", std::move(details), now);
  transaction.commit();
  return ok();
}

}  // namespace muster
