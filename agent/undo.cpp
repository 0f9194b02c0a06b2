#include "agent/undo.h"

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/change_json.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr std::size_t kRunDigits = 8;  // digits of a run's identifier

AppliedChange applied_of(json record) {
  record["from"] = record.value("before", json::array());
  record["to"] = record.value("after", json::array());
  if (record.value("actor", "") == "muster") record.erase("actor");
  return {record.value("run", ""), change_from_json(record)};
}

bool is_asked_for(const json& record, const UndoRequest& request) {
  const auto fits = [&](const char* name, const std::string& wanted) { return wanted.empty() || record.value(name, "") == wanted; };
  return record.value("kind", "") == "applied" && fits("run", request.run) && fits("person", request.person) &&
         fits("action", request.action);
}

std::vector<AppliedChange> selected(Store& store, const UndoRequest& request) {
  const std::string mark = "\"run\":\"" + request.run;  // spares the reading of all others
  std::vector<AppliedChange> changes;
  store.each_audit_back(request.upto, [&](const AuditRow& row) {
    if (row.body.find(mark) == std::string::npos) return true;
    const json record = json::parse(row.body, nullptr, false);
    if (request.since) {
      const auto at = parse_iso_time(record.value("time", ""));
      if (at && *at < *request.since) return false;
    }
    if (is_asked_for(record, request)) changes.push_back(applied_of(record));
    return true;
  });
  std::reverse(changes.begin(), changes.end());
  return changes;
}

/// Entries by the names that they had before they were renamed or moved.
using FormerNames = std::map<std::string, EntryId>;

std::optional<EntryRow> entry_of_change(Store& store, const Change& c, const FormerNames& former) {
  if (c.entry != EntryId{}) return store.entry(c.entry);
  // Where a server leaves references to the old name, muster takes that for a member that does not exist, and adds the new one.
  if (const auto found = former.find(c.dn.normal()); found != former.end()) return store.entry(found->second);
  if (const auto row = store.entry_row_by_dn(c.dn)) return store.entry_by_row(*row);
  const auto person = store.person(c.person);  // a create has no identifier, and its entry may have been renamed
  return person && person->entry ? store.entry_by_row(*person->entry) : std::nullopt;
}

/// All changes of one entry.
struct Case {
  std::optional<EntryRow> entry;
  std::vector<AppliedChange> changes;
};

std::vector<Case> cases_of(Store& store, std::vector<AppliedChange> changes) {
  std::vector<Case> all;
  std::map<std::string, std::size_t> known;
  FormerNames former;
  for (AppliedChange& c : changes) {
    if (c.change.action == Action::rename || c.change.action == Action::move) former[c.change.dn.normal()] = c.change.entry;
    auto entry = entry_of_change(store, c.change, former);
    const std::string key = entry ? std::to_string(entry->id) : to_string(c.change.entry) + c.change.dn.normal();
    const auto [at, fresh] = known.emplace(key, all.size());
    if (fresh) all.push_back({std::move(entry), {}});
    all[at->second].changes.push_back(std::move(c));
  }
  return all;
}

json listed_changes(const std::vector<Change>& changes) {
  json all = json::array();
  for (const Change& c : changes) all.push_back(plan_item(c));
  return all;
}

/// "feed hris, line 1042": what caused a run, without the line.
std::string cause_of(const json& record, Store& store) {
  if (const std::string actor = record.value("actor", "muster"); actor != "muster")
    return record.contains("undo") ? "undo by " + actor : actor;
  if (const std::string approval = record.value("approval", ""); !approval.empty()) {
    const auto hold = store.hold(approval);
    return "approved by " + (hold ? hold->by : approval);
  }
  const std::string cause = record.value("cause", "");
  return cause.substr(0, cause.find(", line"));
}

struct RunSummary {
  std::string began;
  std::map<std::string, std::size_t> actions;
  std::set<std::string> people, causes;
};

}  // namespace

json undo_to_json(const UndoRequest& r) {
  return {{"run", r.run},       {"since", r.since ? iso_time(*r.since) : ""},
          {"person", r.person}, {"action", r.action},
          {"by", r.by},         {"reason", r.reason},
          {"upto", r.upto},     {"approval", r.approval}};
}

UndoRequest undo_from_json(const json& j) {
  return {j.value("run", ""),      parse_iso_time(j.value("since", "")),
          j.value("person", ""),   j.value("action", ""),
          j.value("by", ""),       j.value("reason", ""),
          j.value("upto", Row{0}), j.value("approval", "")};
}

std::string title_of(const UndoRequest& r) {
  std::string text = r.run.empty() ? "" : "run " + r.run.substr(0, kRunDigits);
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  if (r.since) add("since " + iso_time(*r.since));
  if (!r.person.empty()) add("person " + r.person);
  if (!r.action.empty()) add("every " + r.action);
  return text;
}

Status complete(UndoRequest& request, Store& store) {
  if (request.run.empty() && !request.since)
    return Error{Errc::config, "nothing says which changes are to be taken back",
                 "name a run, or --since a time; muster undo lists the runs"};
  const auto last = store.last_audit();
  request.upto = last ? last->seq : 0;
  if (request.run.empty()) return ok();
  std::set<std::string> found;
  const std::string mark = "\"run\":\"" + request.run;
  store.each_audit_back(request.upto, [&](const AuditRow& row) {
    if (row.body.find(mark) == std::string::npos) return true;
    const json record = json::parse(row.body, nullptr, false);
    const std::string run = record.value("run", "");
    if (record.value("kind", "") == "applied" && run.starts_with(request.run)) found.insert(run);
    return found.size() < 2;
  });
  if (found.empty()) return Error{Errc::not_found, "no run '" + request.run + "' changed anything", "muster undo lists the runs"};
  if (found.size() > 1) return Error{Errc::config, "more than one run begins with '" + request.run + "'", "give more of it"};
  request.run = *found.begin();
  return ok();
}

Result<Reversal> reverse(const UndoRequest& request, Context& context, Planner& planner, const Now& now) {
  Reversal all;
  for (const Case& c : cases_of(context.store, selected(context.store, request))) {
    const bool is_there = c.entry && !c.entry->gone;
    const auto owner = is_there ? context.store.person_of_entry(c.entry->id) : std::nullopt;
    const Subject subject = is_there ? Planner::subject_of(context, owner ? &*owner : nullptr, &*c.entry, now) : Subject{};
    Undo made = undo(c.changes, subject, context.types);
    std::move(made.left.begin(), made.left.end(), std::back_inserter(all.left));
    for (UndoStep& step : made.steps) {
      step.change.actor = request.by;
      if (!request.by.empty()) step.change.because.cause = "undo by " + request.by + ": " + request.reason;
      auto row = planner.admit(step.change, *c.entry, now);
      if (!row && row.error().code != Errc::refused) return std::move(row).error();
      if (!row) {
        if (!step.is_done) all.left.push_back({step.change, row.error().what});
        continue;
      }
      row->hold = request.approval;
      if (!step.is_done) all.rows.push_back(std::move(*row));
      all.steps.push_back(std::move(step));
    }
  }
  return all;
}

json undo_report(const UndoReport& report) {
  json left = json::array();
  for (const NotUndone& n : report.left) {
    left.push_back(plan_item(n.change));
    left.back()["why"] = n.why;
  }
  json holds = json::array();
  if (const auto& h = report.hold) {
    holds.push_back({{"id", short_id(h->id)},
                     {"digest", h->id},
                     {"kind", h->kind},
                     {"status", h->status},
                     {"count", h->count},
                     {"people", h->people},
                     {"why", h->sentence},
                     {"since", iso_time(h->created)}});
  }
  return {{"undo", report.title},          {"changes", listed_changes(report.changes)},
          {"left", std::move(left)},       {"again", listed_changes(report.again)},
          {"as before", report.as_before}, {"holds", std::move(holds)}};
}

json undone_report(const UndoReport& report) {
  json j = undo_report(report);
  j["applied"] = report.applied;
  j["failed"] = report.failed;
  return j;
}

json runs_report(Store& store, std::size_t most) {
  std::vector<std::string> order;
  std::map<std::string, RunSummary> runs;
  store.each_audit_back(std::numeric_limits<Row>::max(), [&](const AuditRow& row) {
    const json record = json::parse(row.body, nullptr, false);
    const std::string run = record.value("run", "");
    if (record.value("kind", "") != "applied" || run.empty()) return true;
    if (!runs.count(run)) {
      if (order.size() == most) return false;
      order.push_back(run);
    }
    RunSummary& summary = runs[run];
    summary.began = record.value("time", "");
    ++summary.actions[record.value("action", "")];
    if (const std::string person = record.value("person", ""); !person.empty()) summary.people.insert(person);
    if (const std::string cause = cause_of(record, store); !cause.empty()) summary.causes.insert(cause);
    return true;
  });
  json all = json::array();
  for (const std::string& run : order) {
    const RunSummary& r = runs[run];
    all.push_back({{"run", run}, {"began", r.began}, {"changes", r.actions}, {"people", r.people.size()}, {"by", r.causes}});
  }
  return {{"runs", std::move(all)}};
}

}  // namespace muster
