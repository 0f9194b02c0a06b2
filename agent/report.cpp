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

/// From HR's word, or its date, to the disabled account; null: nobody left yet.
json leaver_waits(Store& store) {
  auto waits = store.leaver_waits();
  if (waits.empty()) return nullptr;
  const auto seconds = [](std::chrono::milliseconds w) { return std::chrono::duration<double>(w).count(); };
  json j = {{"last", seconds(waits.back())}, {"of", waits.size()}};
  std::sort(waits.begin(), waits.end());
  j.update({{"median", seconds(waits[waits.size() / 2])}, {"longest", seconds(waits.back())}});
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

namespace {

json grants_status(Store& store) {
  std::size_t running = 0, waiting = 0;
  for (const AccessGrantRow& g : store.access_grants(true)) ++(g.state == "running" ? running : waiting);
  json j = {{"running", running}, {"waiting", waiting}};
  if (const auto next = store.next_grant_end()) j["next ends"] = iso_time(*next);
  return j;
}

}  // namespace

json status_report(Store& store, const json& live) {
  json holds = json::array();
  for (const HoldRow& h : store.holds(true)) holds.push_back(hold_item(h));
  std::size_t drift = 0;
  for (const ProblemRow& p : store.problems()) drift += p.drift;
  json status = {{"service", live.is_null() ? json("not running") : json("running")},
                 {"people", {{"listed", store.count_people(true)}, {"known", store.count_people(false)}}},
                 {"entries", store.count_entries()},
                 {"groups", store.count_groups()},
                 {"holds", std::move(holds)},
                 {"problems", store.count_problems()},
                 {"drift", drift},
                 {"grants", grants_status(store)},
                 {"disabled by order", store.orders().size()},
                 {"commands", {{"taken", store.count_inbox(true)}, {"refused", store.count_inbox(false)}}},
                 {"feed taken", store.meta("feed.taken")},
                 {"last settled", store.meta("settled")},
                 {"audit records", store.last_audit() ? store.last_audit()->seq : 0},
                 {"waiting upstream", store.outbox_waiting()}};
  for (const std::string& name : store.followers()) {
    const Row position = store.follower_position(name);
    status["upstream"][name] = {{"people", store.count_told_objects(name, Store::Touched::entry)},
                                {"groups", store.count_told_objects(name, Store::Touched::group)},
                                {"waiting", position < 0 ? json("everything") : json(store.count_touched(position))}};
  }
  if (json waits = leaver_waits(store); !waits.is_null()) status["seconds to disable a leaver"] = std::move(waits);
  if (const std::string last = store.meta("resync.last"); !last.empty()) {
    status["last resync"] = json::parse(store.meta("resync.figures"), nullptr, false);
    status["last resync"]["began"] = last;
  }
  if (!live.is_null()) status["live"] = live;
  for (const ProblemRow& p : store.problems("directory")) status["error"] = p.what;
  for (const ProblemRow& p : store.problems("feed")) status["feed error"] = p.what;
  return status;
}

}  // namespace muster
