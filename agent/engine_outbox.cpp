// Engine: events that an upstream refuses, and more of them than may wait.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/engine.h"
#include "agent/guarded.h"
#include "agent/planner.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr const char* kCondensedTo = "outbox.condensed";  ///< the last event that was removed; empty: all have caught up
constexpr std::size_t kStep = 20'000;

std::string subject_of(const std::string& upstream, const OutboxRow& event) { return "set aside " + upstream + " " + event.id; }

std::string kind_of(const OutboxRow& event) {
  const json read = json::parse(event.body, nullptr, false);
  return read.is_object() ? read.value("kind", "") : "";
}

json details_of(const SetAsideRow& row) {
  return {{"upstream", row.upstream}, {"event", row.event.id}, {"event kind", kind_of(row.event)}, {"event seq", row.event.seq}};
}

ProblemRow problem_of(const SetAsideRow& row) {
  ProblemRow p;
  p.code = "set-aside";
  p.what = row.upstream + " refused event " + row.event.id + " (" + kind_of(row.event) + ") " + std::to_string(row.count) +
           " times, so it is set aside: " + row.why + "; muster upstream retry sends it again, muster upstream forget drops it";
  return p;
}

}  // namespace

Result<bool> Engine::refuse(const std::string& upstream, const OutboxRow& event, const std::string& why) {
  return guarded([&]() -> Result<bool> {
    Store& store = context_->store;
    const Instant now = system_now().utc;
    Store::Transaction transaction(store);
    SetAsideRow row = store.set_aside(upstream, event.seq).value_or(SetAsideRow{upstream, event, "", 0, now, {}});
    if (row.state == SetAsideRow::State::aside) return true;
    row.why = why;
    // Who was asked for once more has had its chances.
    const bool is_over = ++row.count >= kMostRefusals || row.state == SetAsideRow::State::again;
    if (is_over) row.state = SetAsideRow::State::aside;
    store.put_set_aside(row);
    if (is_over) {
      json details = details_of(row);
      details["reason"] = why;
      // Whoever refuses everything refuses this, too: that would have no end.
      if (kind_of(event) != "set-aside") context_->recorder.event("set-aside", std::move(details), now);
      set_problems(*context_, subject_of(upstream, event), {problem_of(row)}, now);
    }
    transaction.commit();
    return is_over;
  });
}

Status Engine::accepted(const std::string& upstream, Row seq) {
  return guarded([&]() -> Status {
    Store& store = context_->store;
    const auto row = store.set_aside(upstream, seq);
    if (!row) return ok();
    Store::Transaction transaction(store);
    store.drop_set_aside(upstream, seq);
    set_problems(*context_, subject_of(upstream, row->event), {}, system_now().utc);
    transaction.commit();
    return ok();
  });
}

namespace {

Result<std::vector<SetAsideRow>> named(Store& store, const std::string& id) {
  auto rows = store.set_aside();
  std::erase_if(rows, [&](const SetAsideRow& r) { return !id.empty() && r.event.id != id; });
  if (!rows.empty()) return rows;
  return Error{Errc::not_found, id.empty() ? "nothing is set aside" : "no event " + id + " is set aside",
               "muster upstream lists them"};
}

}  // namespace

Result<std::size_t> Engine::send_again(const std::string& id, const Verdicts& who) {
  return guarded([&]() -> Result<std::size_t> {
    Store& store = context_->store;
    auto rows = named(store, id);
    if (!rows) return std::move(rows).error();
    Store::Transaction transaction(store);
    for (SetAsideRow& row : *rows) {
      row.state = SetAsideRow::State::again;
      store.put_set_aside(row);
      json details = details_of(row);
      details.update({{"actor", who.by}, {"reason", who.reason}});
      context_->recorder.decided("set-aside-retried", std::move(details), system_now().utc);
    }
    transaction.commit();
    return rows->size();
  });
}

Result<std::size_t> Engine::forget_event(const std::string& id, const Verdicts& who) {
  return guarded([&]() -> Result<std::size_t> {
    Store& store = context_->store;
    auto rows = named(store, id);
    if (!rows) return std::move(rows).error();
    const Instant now = system_now().utc;
    Store::Transaction transaction(store);
    for (const SetAsideRow& row : *rows) {
      store.drop_set_aside(row.upstream, row.event.seq);
      set_problems(*context_, subject_of(row.upstream, row.event), {}, now);
      json details = details_of(row);
      details.update({{"actor", who.by}, {"reason", who.reason}});
      context_->recorder.decided("set-aside-forgotten", std::move(details), now);
    }
    transaction.commit();
    return rows->size();
  });
}

namespace {

/// The newest event that may be removed: what a working upstream is about to fetch stays whole.
Row newest_to_condense(Store& store, const std::vector<std::string>& upstreams) {
  const Row newest = store.newest_event();
  Row upto = newest, least = newest;
  for (const std::string& name : upstreams) least = std::min(least, store.upstream_position(name));
  for (const std::string& name : upstreams) {
    const Row position = store.upstream_position(name);
    const bool works = (newest - position) * 10 <= newest - least;
    if (works) upto = std::min(upto, position);
  }
  return upto;
}

std::string megabytes(std::int64_t bytes) { return std::to_string((bytes + 524'288) / 1'048'576) + " MiB"; }

}  // namespace

Result<bool> Engine::condense(const std::vector<std::string>& upstreams) {
  return guarded([&]() -> Result<bool> {
    Store& store = context_->store;
    const auto most = static_cast<std::int64_t>(settings().upstream.most_bytes);
    const std::int64_t bytes = store.outbox_bytes();
    // What could not be made smaller is looked at again when there is a tenth more.
    if (!condenser_ && (bytes <= most || bytes < condensed_bytes_ + condensed_bytes_ / 10)) return false;
    if (!condenser_) condenser_.emplace(newest_to_condense(store, upstreams));
    const Instant now = system_now().utc;
    Store::Transaction transaction(store);
    const auto removed = condenser_->step(store, kStep);
    std::vector<ProblemRow> problems;
    if (removed.count > 0) {
      context_->recorder.event(
          "condensed",
          {{"reason", "more waited upstream than <upstream max-bytes> allows; of what was overtaken the newest is kept"},
           {"removed", removed.kinds},
           {"from", removed.from},
           {"to", removed.upto},
           {"since", removed.since},
           {"until", removed.until}},
          now);
      store.set_meta(kCondensedTo, std::to_string(std::max<Row>(removed.upto, std::atoll(store.meta(kCondensedTo).c_str()))));
    }
    if (condenser_->is_done()) {
      condenser_.reset();
      condensed_bytes_ = store.outbox_bytes();
      ProblemRow p;
      p.code = condensed_bytes_ > most ? "upstream-full" : "upstream-condensed";
      p.what = condensed_bytes_ > most ? megabytes(condensed_bytes_) +
                                             " wait for systems upstream, more than max-bytes, and all of it is needed: nothing "
                                             "more is thrown away. Bring the "
                                             "upstream back, give <upstream> a larger max-bytes, or take away the element of an "
                                             "upstream that will not come back"
                                       : "so much waited for systems upstream that overtaken events were removed (event "
                                         "condensed); muster upstream says which one is away";
      problems.push_back(std::move(p));
    }
    if (!condenser_) set_problems(*context_, "outbox", problems, now);
    transaction.commit();
    return condenser_.has_value();
  });
}

/// All upstreams have what was condensed.
void Engine::end_condensed(Row delivered) {
  Store& store = context_->store;
  const std::string upto = store.meta(kCondensedTo);
  const bool has_caught_up = upto.empty() || delivered >= std::atoll(upto.c_str());
  const bool fits = store.outbox_bytes() <= static_cast<std::int64_t>(settings().upstream.most_bytes);
  if (!has_caught_up || !fits || store.problems("outbox").empty()) return;
  store.set_meta(kCondensedTo, "");
  condensed_bytes_ = 0;
  set_problems(*context_, "outbox", {}, system_now().utc);
}

}  // namespace muster
