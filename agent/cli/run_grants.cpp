// muster grant, revoke, grants, disable, enable, rehire.
#include <iostream>

#include "agent/cli/session.h"
#include "agent/cli/table.h"
#include "agent/control.h"
#include "agent/report.h"
#include "agent/requests.h"
#include "agent/upstream/file_sink.h"

namespace muster {

using nlohmann::json;

namespace {

/// A read of the directory that is not believed keeps nobody from being disabled who is known.
Status see(Engine& engine, bool is_order) {
  MUSTER_TRY(engine.connect());
  if (Status read = engine.read_directory(); !read && !(is_order && engine.connected() && engine.ready())) return read;
  return ok();
}

/// Without a service: the directory is read first.
Result<json> act_alone(Session& session, const json& request) {
  auto alone = work_alone(session);
  if (!alone) return std::move(alone).error();
  Engine& engine = *alone->engine;
  const bool is_order = request["command"] == "disable" || request["command"] == "enable";
  auto answer = act_on_person(engine, request, {[&] { return see(engine, is_order); }, [&] { return engine.settle(); }});
  const Status delivered = deliver_now(engine);
  if (!answer) return answer;
  if (!delivered) return delivered.error();
  return answer;
}

std::string named(const json& answer) {
  const std::string key = answer.value("person", "");
  return key.empty() ? answer.value("dn", "") : "person " + key;
}

std::string sentence_of(const json& request, const json& answer) {
  const std::string command = request["command"], who = named(answer);
  if (command == "grant") {
    const json& g = answer["grant"];
    const std::string what = who + ": " + g.value("group", "");
    if (g.value("state", "") == "waiting")
      return what + " waits for somebody else: muster approve " + g.value("hold", "") + " --by NAME --reason TEXT";
    return what + " until " + g.value("until", "");
  }
  if (command == "rehire") return who + " has " + answer.value("dn", "");
  if (command == "revoke") return who + " no longer has what was given";
  const json& off = answer["disabled"];
  const std::string state = off.is_null() ? "has no account" : off.get<bool>() ? "is disabled" : "is enabled";
  return who + " " + state +
         (command == "disable" ? "; the order stands until muster enable lifts it" : "; no order stands any more");
}

int finish(const Session& session, const json& request, const json& answer) {
  const bool is_off = answer.contains("disabled") && answer["disabled"] == json(true);
  const bool went_wrong = !answer["problems"].empty() && answer.value("failed", std::size_t{0}) > 0;
  if (session.json()) {
    print_json(answer);
  } else {
    if (!answer["changes"].empty()) print_changes(session, answer["changes"]);
    print_problems(session, answer["problems"]);
    std::cout << (answer["changes"].empty() ? "" : "\n") << sentence_of(request, answer) << ".\n";
  }
  if (!answer["holds"].empty()) return kHeld;
  if (request["command"] == "disable" && !is_off && answer.contains("disabled") && !answer["disabled"].is_null()) return kFailed;
  return went_wrong ? kFailed : kDone;
}

int act(Session& session, const char* command) {
  json request = {{"command", command},
                  {"person", session.call.argument(0)},
                  {"group", session.call.argument(1)},
                  {"by", session.call.value("by")},
                  {"reason", session.call.value("reason")}};
  if (session.call.has("for")) {
    const auto span = parse_duration(session.call.value("for"));
    if (!span)
      return fail(session, {Errc::config, "'" + session.call.value("for") + "' is no duration", "write 30m, 8h, 30d or PT8H"});
    request["seconds"] = span->count();
  }
  for (const char* needed : {"by", "reason"}) {
    if (request[needed].get<std::string>().find_first_not_of(" \t") == std::string::npos)
      return fail(session, {Errc::config, std::string("--") + needed + " is empty", "it is what the audit trail will say"});
  }
  if (const auto code = load(session)) return *code;
  auto answer = ask_service(session.config->settings.state_path, request);
  if (!answer && answer.error().what.find("no service listens") != std::string::npos) answer = act_alone(session, request);
  if (!answer) return fail(session, answer.error());
  return finish(session, request, *answer);
}

std::string state_of_grant(const json& g) {
  const std::string state = g["state"];
  if (state == "running") return human_duration(std::chrono::seconds(g["seconds left"].get<std::int64_t>())) + " left";
  if (state == "waiting") return "waits: " + g.value("hold", "");
  return g.value("over", state);
}

void print_grants(const Session& session, const json& report) {
  Table table({{"person"}, {"group"}, {"by"}, {"until"}, {"state"}, {"reason"}}, "Nothing was given for a time.");
  for (const json& g : report["grants"]) {
    table.add({g["person"].get<std::string>(), g["group"].get<std::string>(),
               g["by"].get<std::string>() + (g.contains("agreed by") ? ", " + g["agreed by"].get<std::string>() : ""),
               g.value("until", ""), state_of_grant(g), g["reason"].get<std::string>()});
  }
  std::cout << table.render(session.out, session.out_terminal.columns);
  if (report.contains("clock behind seconds"))
    std::cout << "\nThe machine's clock was set back by "
              << human_duration(std::chrono::seconds(report["clock behind seconds"].get<std::int64_t>()))
              << "; what was given ends as if it had not been.\n";
}

}  // namespace

int run_grant(Session& session) { return act(session, "grant"); }
int run_revoke(Session& session) { return act(session, "revoke"); }
int run_disable(Session& session) { return act(session, "disable"); }
int run_enable(Session& session) { return act(session, "enable"); }
int run_rehire(Session& session) { return act(session, "rehire"); }

int run_grants(Session& session) {
  return with_state(session, [&](Store& store) {
    const json report = grants_report(store, session.call.has("all"));
    if (session.json()) {
      print_json(report);
    } else {
      print_grants(session, report);
    }
    return static_cast<int>(kDone);
  });
}

}  // namespace muster
