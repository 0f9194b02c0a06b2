// Engine: what a comparison of everything found, for whoever has to answer for it.
#include <nlohmann/json.hpp>
#include <set>

#include "agent/change_json.h"
#include "agent/engine.h"
#include "agent/guarded.h"
#include "agent/planner.h"
#include "agent/resync_schedule.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr const char* kSubject = "resync";

/// People about whom anything was done, waits, or could not be done.
std::set<std::string> people_who_differ(Store& store, Row audit_before) {
  std::set<std::string> keys;
  store.each_audit(audit_before, [&](const AuditRow& row) {
    const json record = json::parse(row.body, nullptr, false);
    if (record.value("kind", "") == "applied") keys.insert(record.value("person", ""));
    return true;
  });
  for (const HoldRow& h : store.holds(true)) {
    for (const JournalRow& r : store.hold_changes(h.id)) keys.insert(r.change.person.rep());
  }
  for (const ProblemRow& p : store.problems()) keys.insert(p.person);
  keys.erase("");
  return keys;
}

std::size_t count_agreeing(Store& store, Row audit_before) {
  std::size_t differing = 0;
  for (const std::string& key : people_who_differ(store, audit_before)) {
    const auto person = store.person(PersonKey(key));
    differing += person && person->person.listed;
  }
  return store.count_people(true) - differing;
}

}  // namespace

Result<Instant> Engine::next_resync(Instant now) {
  return guarded([&]() -> Result<Instant> {
    Store& store = context_->store;
    auto last = parse_iso_time(store.meta("resync.last"));
    if (!last) last = parse_iso_time(store.meta("resync.since"));
    if (!last) store.set_meta("resync.since", iso_time(now));  // a first start has just read everything
    return muster::next_resync(settings().resync, last.value_or(now), now);
  });
}

Status Engine::reconciled(const RunReport& run, Instant begun) {
  return guarded([&]() -> Status {
    Store& store = context_->store;
    std::size_t held = 0, drift = 0;
    for (const HoldRow& h : store.holds(true)) held += h.count;
    for (const ProblemRow& p : store.problems()) drift += p.drift;
    json figures = {{"entries", run.entries},
                    {"people", run.people},
                    {"agreeing", count_agreeing(store, run.audit_before)},
                    {"repaired", run.applied},
                    {"failed", run.failed},
                    {"drift", drift},
                    {"held", held},
                    {"problems", store.count_problems() - drift},
                    {"seconds", run.seconds}};
    Store::Transaction transaction(store);
    set_problems(*context_, kSubject, {}, system_now().utc);
    store.set_meta("resync.last", iso_time(begun));
    store.set_meta("resync.figures", dump(figures));
    figures["reason"] = "feed and directory were read whole and compared";
    context_->recorder.event("reconciled", std::move(figures), system_now().utc);
    transaction.commit();
    return ok();
  });
}

void Engine::resync_trouble(const Error& error) {
  (void)guarded([&]() -> Status {
    Store::Transaction transaction(context_->store);
    set_problems(*context_, kSubject,
                 {{"",
                   "",
                   "not-reconciled",
                   "the comparison of everything did not end: " + error.text(),
                   settings().resync.where.rule(),
                   "",
                   false,
                   {}}},
                 system_now().utc);
    transaction.commit();
    return ok();
  });
}

}  // namespace muster
