// Engine: takes back what was done. The request is durable before the first write and is gone when all of it is done, so that a
// crash in the middle is followed by the rest.
#include <map>
#include <nlohmann/json.hpp>

#include "agent/applier.h"
#include "agent/change_json.h"
#include "agent/engine.h"
#include "agent/guarded.h"
#include "agent/planner.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr const char* kPending = "undo.pending";
constexpr const char* kHeld = "undo.held";

std::vector<Change> changes_of(const std::vector<JournalRow>& rows) {
  std::vector<Change> changes;
  for (const JournalRow& r : rows) changes.push_back(r.change);
  return changes;
}

std::size_t count_done(const std::vector<UndoStep>& steps) {
  return static_cast<std::size_t>(std::count_if(steps.begin(), steps.end(), [](const UndoStep& s) { return s.is_done; }));
}

json undo_details(const UndoRequest& r) {
  json details = {{"undo", r.run}, {"what", title_of(r)}, {"actor", r.by}, {"reason", r.reason}};
  if (!r.approval.empty()) details["approval"] = short_id(r.approval);
  return details;
}

HoldRow undo_hold(const UndoRequest& request, std::vector<JournalRow> rows, const std::string& verdict) {
  HoldRow h = whole_hold("undo", title_of(request), rows, system_now().utc);
  h.sentence = "undo of " + title_of(request) + ": " + verdict;
  return h;
}

void end_undo_holds(Store& store) {
  for (HoldRow& h : store.holds(true)) {
    if (h.kind != "undo") continue;
    h.status = "superseded";
    store.put_hold(h);
  }
}

}  // namespace

void Engine::hold_undo(const UndoRequest& request, const HoldRow& hold, const std::vector<JournalRow>& rows) {
  Store& store = context_->store;
  Store::Transaction transaction(store);
  end_undo_holds(store);
  store.put_hold(hold);
  store.set_hold_changes(hold.id, rows);
  store.set_meta(kHeld, dump(undo_to_json(request)));
  context_->recorder.decided("hold",
                             {{"hold", short_id(hold.id)},
                              {"held", "undo"},
                              {"count", hold.count},
                              {"people", hold.people},
                              {"actor", request.by},
                              {"reason", hold.sentence}},
                             system_now().utc);
  transaction.commit();
}

Result<UndoReport> Engine::undo(UndoRequest request) {
  return guarded([&]() -> Result<UndoReport> {
    if (!ready())
      return Error{Errc::untrusted, "directory and feed were not read yet, so nothing can be taken back", "muster status"};
    Store& store = context_->store;
    MUSTER_TRY(complete(request, store));
    Planner planner(*context_, *connection_);
    auto made = reverse(request, *context_, planner, system_now());
    if (!made) return std::move(made).error();
    UndoReport report;
    report.title = title_of(request);
    report.as_before = count_done(made->steps);
    report.changes = changes_of(made->rows);
    report.left = std::move(made->left);
    if (const auto verdict = first_held(made->rows, *context_)) report.hold = undo_hold(request, made->rows, verdict->sentence());
    if (options_.dry_run || made->steps.empty()) return report;
    if (report.hold) {
      hold_undo(request, *report.hold, made->rows);
      return report;
    }
    MUSTER_TRY(begin_undo(request));
    MUSTER_TRY(finish_undo(request, report));
    return report;
  });
}

Status Engine::begin_undo(const UndoRequest& request) {
  Context& c = *context_;
  if (const auto last = c.store.last_audit(); !carried_ && last) carried_ = RunReport{.audit_before = last->seq};
  c.recorder.begin_run(random_uuid());
  Store::Transaction transaction(c.store);
  c.store.set_meta("run", c.recorder.run());
  c.store.set_meta(kPending, dump(undo_to_json(request)));
  c.store.set_meta(kHeld, "");
  c.recorder.decided("undo", undo_details(request), system_now().utc);
  transaction.commit();
  return ok();
}

Status Engine::finish_undo(const UndoRequest& request, UndoReport& report) {
  Context& c = *context_;
  Planner planner(c, *connection_);
  auto todo = reverse(request, c, planner, system_now());
  if (!todo) return std::move(todo).error();
  {
    Store::Transaction transaction(c.store);
    c.store.drop_planned();
    c.store.planned_to(1);
    for (const JournalRow& r : todo->rows) c.store.add_planned(r);
    transaction.commit();
  }
  auto counts = Applier(c, *connection_).run(true);
  if (!counts) return std::move(counts).error();
  report.applied += counts->applied;
  report.failed += counts->failed;
  if (carried_) {
    carried_->applied += counts->applied;
    carried_->failed += counts->failed;
  }
  return keep_undone(request, report);
}

/// What the rules would do once more at once is rejected in the name of whoever took it back, until they want something else.
Status Engine::keep_undone(const UndoRequest& request, UndoReport& report) {
  Store& store = context_->store;
  const Now now = system_now();
  Planner planner(*context_, *connection_);
  auto made = reverse(request, *context_, planner, now);
  if (!made) return std::move(made).error();
  std::map<EntryId, std::vector<const UndoStep*>> done;
  for (const UndoStep& s : made->steps) {
    if (s.is_done) done[s.change.entry].push_back(&s);
  }
  for (const auto& [entry, steps] : done) {
    if (const auto row = store.entry(entry)) store.mark_owner_dirty(row->id);
  }
  MUSTER_TRY(planner.plan_dirty(now, true));
  std::vector<JournalRow> again;
  store.each_planned_change([&](const JournalRow& r) {
    const auto found = done.find(r.change.entry);
    if (found == done.end()) return;
    const auto& steps = found->second;
    if (std::any_of(steps.begin(), steps.end(), [&](const UndoStep* s) { return repeats(r.change, *s, context_->types); }))
      again.push_back(r);
  });
  Store::Transaction transaction(store);
  for (const JournalRow& r : again) store.decide_change(r, "undo", false, request.by);
  store.drop_planned();
  store.planned_to(1);
  store.set_meta(kPending, "");
  transaction.commit();
  report.again = changes_of(again);
  return ok();
}

Status Engine::resume_undo() {
  const std::string pending = context_->store.meta(kPending);
  if (pending.empty() || options_.dry_run || !ready()) return ok();
  UndoReport report;
  return finish_undo(undo_from_json(json::parse(pending)), report);
}

Result<bool> Engine::decide_undo(const std::string& id, const Verdicts& verdict, bool approved) {
  Store& store = context_->store;
  auto hold = find_open_hold(store, id);
  if (!hold) return std::move(hold).error();
  if (hold->kind != "undo") return false;
  if (!verdict.person.empty())
    return Error{Errc::config, "an undo cannot be approved for one person",
                 "approve or reject it as a whole, or undo with --person"};
  UndoRequest request = undo_from_json(json::parse(store.meta(kHeld)));
  Planner planner(*context_, *connection_);
  auto made = reverse(request, *context_, planner, system_now());
  if (!made) return std::move(made).error();
  if (approved && undo_hold(request, made->rows, "").id != hold->id) {
    return Error{Errc::conflict,
                 "hold " + short_id(hold->id) + ": the directory has changed since it was made, so the approval does not count",
                 "ask for the undo again"};
  }
  const Instant now = system_now().utc;
  Store::Transaction transaction(store);
  close_hold(*context_, *hold, verdict, approved, json::object(), now);
  transaction.commit();
  if (!approved) return true;
  request.approval = hold->id;
  UndoReport report;
  MUSTER_TRY(begin_undo(request));
  MUSTER_TRY(finish_undo(request, report));
  return true;
}

}  // namespace muster
