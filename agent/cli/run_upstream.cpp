// muster upstream.
#include <iostream>

#include "agent/cli/session.h"
#include "agent/cli/table.h"
#include "agent/control.h"
#include "agent/upstream/file_sink.h"
#include "agent/upstream/upstreams.h"

namespace muster {

using nlohmann::json;

namespace {

json event_of(const SetAsideRow& row) {
  const json body = json::parse(row.event.body, nullptr, false);
  const bool is_read = body.is_object();
  return {{"upstream", row.upstream},
          {"id", row.event.id},
          {"seq", row.event.seq},
          {"kind", is_read ? body.value("kind", "") : ""},
          {"person", is_read ? body.value("person", json()) : json()},
          {"since", iso_time(row.since)},
          {"refused", row.count},
          {"why", row.why},
          {"again", row.state == SetAsideRow::State::again}};
}

json report_of(Store& store, const Settings& settings, const std::vector<std::string>& sinks) {
  json report = {{"upstreams", json::array()}, {"set aside", json::array()}};
  const auto aside = store.set_aside();
  for (const std::string& name : sinks) {
    const auto is_its = [&](const SetAsideRow& r) { return r.upstream == name; };
    const Row position = store.upstream_position(name);
    report["upstreams"].push_back({{"name", name},
                                   {"position", position},
                                   {"waiting", store.outbox_length(position)},
                                   {"set aside", std::count_if(aside.begin(), aside.end(), is_its)}});
  }
  for (const std::string& name : follower_names(settings.upstream)) {
    const Row position = store.follower_position(name);
    report["upstreams"].push_back(
        {{"name", name}, {"waiting", position < 0 ? json("everything") : json(store.count_touched(position))}});
  }
  for (const SetAsideRow& row : aside) report["set aside"].push_back(event_of(row));
  report["bytes"] = store.outbox_bytes();
  report["max bytes"] = settings.upstream.most_bytes;
  return report;
}

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

void print(const Session& session, const json& report) {
  Table upstreams({{"upstream"}, {"waiting"}, {"set aside"}}, "No system upstream is declared.");
  for (const json& u : report["upstreams"])
    upstreams.add({u["name"].get<std::string>(), text_of(u["waiting"]), u.contains("set aside") ? text_of(u["set aside"]) : ""});
  std::cout << upstreams.render(session.out, session.out_terminal.columns);
  if (report["set aside"].empty()) return;
  Table events({{"event"}, {"kind"}, {"person"}, {"since"}, {"why"}}, "");
  for (const json& e : report["set aside"]) {
    events.add({e["id"].get<std::string>(), e["kind"].get<std::string>(), e["person"].is_string() ? text_of(e["person"]) : "",
                e["since"].get<std::string>(), e["why"].get<std::string>() + (e["again"] == true ? " (to be sent again)" : "")});
  }
  std::cout << "\n" << events.render(session.out, session.out_terminal.columns);
}

Result<json> decide_alone(Session& session, const json& request) {
  auto alone = work_alone(session);
  if (!alone) return std::move(alone).error();
  auto answer = decide_set_aside(*alone->engine, request);
  const Status delivered = deliver_now(*alone->engine);
  if (!answer) return answer;
  if (!delivered) return delivered.error();
  return answer;
}

int decide(Session& session, const char* action) {
  if (const auto code = load(session)) return *code;
  const json request = {{"command", "upstream"},
                        {"action", action},
                        {"id", session.call.value("id")},
                        {"by", session.call.value("by")},
                        {"reason", session.call.value("reason")}};
  auto answer = ask_service(session.config->settings.state_path, request);
  if (!answer && answer.error().what.find("no service listens") != std::string::npos) answer = decide_alone(session, request);
  if (!answer) return fail(session, answer.error());
  if (session.json())
    print_json(*answer);
  else
    std::cout << (*answer)["events"].get<std::size_t>()
              << (std::string_view(action) == "retry" ? " to be sent again.\n" : " dropped.\n");
  return kDone;
}

}  // namespace

int run_upstream(Session& session) {
  return with_state(session, [&](Store& store) {
    std::vector<std::string> names;
    if (const auto sinks = open_sinks(session.config->settings)) {
      for (const auto& sink : *sinks) names.push_back(sink->name());
    }
    const json report = report_of(store, session.config->settings, names);
    if (session.json())
      print_json(report);
    else
      print(session, report);
    return static_cast<int>(kDone);
  });
}

int run_upstream_retry(Session& session) { return decide(session, "retry"); }
int run_upstream_forget(Session& session) { return decide(session, "forget"); }

}  // namespace muster
