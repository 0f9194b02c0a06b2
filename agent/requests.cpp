#include "agent/requests.h"

#include <algorithm>

#include "agent/grants.h"
#include "agent/guarded.h"
#include "agent/report.h"

namespace muster {

using nlohmann::json;

namespace {

Engine::Wish wish_of(const json& request) {
  return {request.value("person", ""), request.value("group", ""), std::chrono::seconds(request.value("seconds", std::int64_t{0})),
          request.value("by", ""), request.value("reason", "")};
}

/// Who is meant, as reports name him.
struct Meant {
  std::string key, dn;
};

Meant meant_by(Store& store, const std::string& text) {
  Meant m;
  std::optional<PersonRow> person = store.person(PersonKey(text));
  std::optional<Row> entry;
  if (!person) {
    const auto dn = Dn::parse(text);
    entry = dn ? store.entry_row_by_dn(*dn) : std::nullopt;
    if (entry) person = store.person_of_entry(*entry);
  } else {
    entry = person->entry;
  }
  if (person) m.key = person->person.key.rep();
  if (const auto row = entry ? store.entry_by_row(*entry) : std::nullopt) m.dn = row->entry.dn.str();
  return m;
}

/// A run may do other people's work too; it is not what was asked for.
json only_about(json report, const Meant& who) {
  for (const char* part : {"changes", "problems"}) {
    json kept = json::array();
    for (json& item : report[part]) {
      const bool is_theirs = who.key.empty() ? item.value("dn", "") == who.dn : item.value("person", "") == who.key;
      if (is_theirs) kept.push_back(std::move(item));
    }
    report[part] = std::move(kept);
  }
  report.update({{"person", who.key}, {"dn", who.dn}});
  return report;
}

json settled_report(Store& store, const RunReport& run, const std::string& person) {
  return only_about(resync_report(store, run), meant_by(store, person));
}

Result<json> give(Engine& engine, const json& request, const Surroundings& around, bool revoke) {
  MUSTER_TRY(around.ready());
  const Engine::Wish wish = wish_of(request);
  const auto person = revoke ? engine.revoke(wish) : engine.grant(wish);
  auto run = around.settle();
  if (!person) return person.error();
  if (!run) return std::move(run).error();
  Store& store = engine.context().store;
  json report = settled_report(store, *run, wish.person);
  const auto group = find_group(store, wish.group);
  json waits = json::array();
  for (const AccessGrantRow& g : store.access_grants_of(*person)) {
    if (!group || g.group != group->id) continue;
    report["grant"] = grant_details(g);
    if (!g.hold.empty() && g.state == "waiting") waits.push_back(holds_report(store, g.hold)["holds"].front());
  }
  report["holds"] = std::move(waits);
  return report;
}

Result<json> rehire(Engine& engine, const json& request, const Surroundings& around) {
  const Engine::Wish wish = wish_of(request);
  MUSTER_TRY(around.ready());
  MUSTER_TRY(engine.choose_former(wish));
  auto run = around.settle();
  if (!run) return std::move(run).error();
  json report = settled_report(engine.context().store, *run, wish.person);
  report["holds"] = json::array();
  return report;
}

Result<json> order(Engine& engine, const json& request, const Surroundings& around, bool lift) {
  const Engine::Wish wish = wish_of(request);
  const Status ready = around.ready();
  if (ready && !lift) {
    auto shield = engine.protection_of(wish.person);
    if (!shield) return std::move(shield).error();
    if (!shield->empty())
      return Error{Errc::refused, "'" + wish.person + "' is protected by " + *shield + ", so nothing is written and no order noted",
                   "take the protection away first, or disable the account by hand"};
  }
  MUSTER_TRY(lift ? engine.lift_order(wish) : engine.order_disable(wish));
  if (!ready)
    return Error{ready.error().code, "the order is noted and stands, but it could not be carried out yet: " + ready.error().what,
                 "a running service carries it out as soon as it can; without one, muster resync does"};
  auto run = around.settle();
  if (!run) return std::move(run).error();
  Store& store = engine.context().store;
  json report = settled_report(store, *run, wish.person);
  const auto entry = Dn::parse(report["dn"].get<std::string>());
  const auto row = entry ? store.entry_row_by_dn(*entry) : std::nullopt;
  const auto known = row ? store.entry_by_row(*row) : std::nullopt;
  report["disabled"] = known ? json(engine.context().accounts->is_disabled(known->entry, system_now().utc)) : json();
  report["holds"] = json::array();
  return report;
}

}  // namespace

bool is_about_a_person(const std::string& command) {
  return command == "grant" || command == "revoke" || command == "disable" || command == "enable" || command == "rehire";
}

Result<json> act_on_person(Engine& engine, const json& request, const Surroundings& around) {
  return guarded([&]() -> Result<json> {
    const std::string command = request.value("command", "");
    if (command == "grant" || command == "revoke") return give(engine, request, around, command == "revoke");
    if (command == "rehire") return rehire(engine, request, around);
    return order(engine, request, around, command == "enable");
  });
}

Result<json> decide_set_aside(Engine& engine, const json& request) {
  const Verdicts who{request.value("by", ""), request.value("reason", ""), ""};
  const std::string id = request.value("id", "");
  const auto count = request.value("action", "") == "retry" ? engine.send_again(id, who) : engine.forget_event(id, who);
  if (!count) return count.error();
  return json{{"events", *count}};
}

}  // namespace muster
