#include "agent/report.h"

#include <algorithm>

#include "agent/change_json.h"
#include "agent/gatekeeper.h"
#include "agent/planner.h"
#include "agent/trusted_clock.h"

namespace muster {

using nlohmann::json;

namespace {

json hold_item(const HoldRow& h) {
  json j = {{"id", short_id(h.id)}, {"digest", h.id},     {"kind", h.kind},    {"status", h.status},
            {"count", h.count},     {"people", h.people}, {"why", h.sentence}, {"since", iso_time(h.created)}};
  if (!h.by.empty()) j.update({{"by", h.by}, {"reason", h.reason}});
  return j;
}

json problem_item(const ProblemRow& p) {
  json j = {{"person", p.person}, {"dn", p.dn},       {"code", p.code},
            {"what", p.what},     {"where", p.where}, {"since", iso_time(p.since)}};
  if (!p.attribute.empty()) j["attribute"] = p.attribute;
  return j;
}

/// An audit record of an applied change, as its plan showed it.
json applied_item(const json& record) {
  json change = record;  // the decision is not told: any will do
  change.update(
      {{"decision", "mover"}, {"from", record.value("before", json::array())}, {"to", record.value("after", json::array())}});
  json j = plan_item(change_from_json(change));
  if (record.contains("approval")) j["approval"] = record["approval"];
  return j;
}

void add_common(Store& store, json& report) {
  report["holds"] = holds_report(store, "")["holds"];
  report["problems"] = problems_report(store)["problems"];
}

}  // namespace

json plan_report(Context& context) {
  Store& store = context.store;
  const Now now = system_now();
  json changes = json::array();
  store.each_planned_change([&](const JournalRow& r) {
    changes.push_back(plan_item(r.change));
    if (r.change.action != Action::create) return;
    const auto person = store.person(r.change.person);
    if (!person) return;
    for (const Change& c : plan_once_created(r.change, person->person, context.rules(), now).changes)
      changes.push_back(plan_item(c));
  });
  json report = {{"people", store.count_people(true)}, {"changes", std::move(changes)}};
  add_common(store, report);
  for (json& h : report["holds"]) {
    json held = json::array();
    for (const JournalRow& r : store.hold_changes(h["digest"])) held.push_back(plan_item(r.change));
    h["changes"] = std::move(held);
  }
  return report;
}

json resync_report(Store& store, const RunReport& run) {
  json changes = json::array();
  store.each_audit(run.audit_before, [&](const AuditRow& row) {
    const json record = json::parse(row.body, nullptr, false);
    if (record.value("kind", "") == "applied") changes.push_back(applied_item(record));
    return true;
  });
  json report = {{"people", run.people}, {"entries", run.entries}, {"applied", run.applied},
                 {"failed", run.failed}, {"seconds", run.seconds}, {"changes", std::move(changes)}};
  add_common(store, report);
  return report;
}

json holds_report(Store& store, const std::string& id) {
  json all = json::array();
  if (id.empty()) {
    for (const HoldRow& h : store.holds(true)) all.push_back(hold_item(h));
  } else if (const auto h = store.hold(id)) {
    json item = hold_item(*h);
    item["changes"] = json::array();
    for (const JournalRow& r : store.hold_changes(h->id)) item["changes"].push_back(plan_item(r.change));
    all.push_back(std::move(item));
  }
  return {{"holds", std::move(all)}};
}

json problems_report(Store& store) {
  json all = json::array();
  for (const ProblemRow& p : store.problems()) all.push_back(problem_item(p));
  return {{"problems", std::move(all)}};
}

namespace {

json grant_item(const AccessGrantRow& g, Instant trusted) {
  json j = {{"id", g.id},
            {"person", g.key.rep()},
            {"group", g.dn.str()},
            {"by", g.by},
            {"reason", g.reason},
            {"state", g.state},
            {"for", human_duration(g.duration)},
            {"created", iso_time(g.created)}};
  if (!g.approver.empty()) j["agreed by"] = g.approver;
  if (g.until) j["until"] = iso_time(*g.until);
  if (g.state == "running") j["seconds left"] = std::max<std::int64_t>(0, (*g.until - trusted).count() / 1000);
  if (g.state == "waiting") j["hold"] = short_id(g.hold);
  if (!g.over.empty()) j["over"] = g.over;
  return j;
}

}  // namespace

json grants_report(Store& store, bool all) {
  const Instant trusted = trusted_now(store);
  json items = json::array();
  for (const AccessGrantRow& g : store.access_grants(!all)) items.push_back(grant_item(g, trusted));
  json report = {{"grants", std::move(items)}};
  const auto behind = trusted - std::chrono::time_point_cast<std::chrono::milliseconds>(system_now().utc);
  if (behind > std::chrono::minutes(1)) report["clock behind seconds"] = behind.count() / 1000;
  return report;
}

AuditCheck verify_audit(Store& store) {
  AuditCheck check;
  std::string previous;
  Row expected = 1;
  store.each_audit(0, [&](const AuditRow& row) {
    if (row.seq != expected) check.why = "record " + std::to_string(expected) + " is missing";
    if (check.why.empty() && row.hash != audit_hash(previous, row.body))
      check.why = "record " + std::to_string(row.seq) + " is not as it was written";
    if (!check.why.empty()) {
      check.broken = expected;
      return false;
    }
    previous = row.hash;
    ++expected;
    ++check.records;
    return true;
  });
  const std::string head = store.meta("audit.head");
  if (!check.broken && !head.empty() && head != std::to_string(check.records) + " " + previous) {
    check.broken = expected;
    check.why = "the trail was cut short: its head says record " + head.substr(0, head.find(' ')) + " is the last";
  }
  return check;
}

}  // namespace muster
