#include "agent/control.h"

#include <spdlog/spdlog.h>

#include <future>

#include "agent/change_json.h"
#include "agent/guarded.h"
#include "agent/report.h"
#include "agent/requests.h"
#include "agent/review.h"
#include "service/local_socket.h"

namespace muster {

using nlohmann::json;

namespace {

Verdicts verdict_of(const json& request) {
  return {request.value("by", ""), request.value("reason", ""), request.value("person", "")};
}

json result_of(json value) { return {{"result", std::move(value)}}; }

}  // namespace

json error_to_json(const Error& error) {
  return {{"error", {{"code", static_cast<int>(error.code)}, {"what", error.what}, {"hint", error.hint}}}};
}

std::string control_path(const std::string& state_path) { return state_path + ".sock"; }

Result<json> ask_service(const std::string& state_path, const json& request) {
  auto line = ask_local(control_path(state_path), dump(request), std::chrono::hours(12));
  if (!line) return std::move(line).error();
  json answer = json::parse(*line, nullptr, false);
  if (answer.is_object() && answer.contains("result")) return std::move(answer["result"]);
  if (!answer.is_object() || !answer.contains("error"))
    return Error{Errc::io, "the service gave an answer that is none", "look at its log"};
  const json& e = answer["error"];
  return Error{static_cast<Errc>(e.value("code", 0)), e.value("what", ""), e.value("hint", "")};
}

json Control::on_engine(std::function<json()> work) {
  auto promise = std::make_shared<std::promise<json>>();
  auto answer = promise->get_future();
  if (!daemon_.post([work = std::move(work), promise] { promise->set_value(work()); })) {
    return error_to_json({Errc::unreachable, "the service is stopping", "ask again when it runs"});
  }
  return answer.get();
}

json Control::resync(const json& request) {
  const bool full = request.value("full", false);
  const auto people = request.value("people", std::vector<std::string>{});
  return on_engine([this, full, people]() -> json {
    auto run = daemon_.resync(full, people);
    if (!run) return error_to_json(run.error());
    return result_of(resync_report(engine_.context().store, *run));
  });
}

json Control::decide(const json& request, bool approve) {
  return on_engine([this, request, approve]() -> json {
    if (const Status ready = daemon_.require_ready(); !ready) return error_to_json(ready.error());
    const std::string hold = request.value("hold", "");
    const Status decided = approve ? engine_.approve(hold, verdict_of(request)) : engine_.reject(hold, verdict_of(request));
    auto run = daemon_.settle();
    if (!decided) return error_to_json(decided.error());
    if (!run) return error_to_json(run.error());
    return result_of(resync_report(engine_.context().store, *run));
  });
}

json Control::act(const json& request) {
  return on_engine([this, request]() -> json {
    auto answer = act_on_person(engine_, request, {[&] { return daemon_.require_ready(); }, [&] { return daemon_.settle(); }});
    return answer ? result_of(std::move(*answer)) : error_to_json(answer.error());
  });
}

json Control::upstream(const json& request) {
  return on_engine([this, request]() -> json {
    auto answer = decide_set_aside(engine_, request);
    daemon_.tell_upstream();
    return answer ? result_of(std::move(*answer)) : error_to_json(answer.error());
  });
}

json Control::review(const json& request) {
  return on_engine([this, request]() -> json {
    if (const Status ready = daemon_.require_ready(); !ready) return error_to_json(ready.error());
    std::vector<ReviewDecision> decisions;
    for (const json& d : request.value("decisions", json::array())) decisions.push_back({d.at(0), d.at(1), d.at(2), d.at(3)});
    auto taken = take_review(engine_.context(), decisions, request.value("by", ""), system_now());
    auto run = daemon_.settle();
    if (!taken) return error_to_json(taken.error());
    if (!run) return error_to_json(run.error());
    json report = resync_report(engine_.context().store, *run);
    report["review"] = std::move(*taken);
    return result_of(std::move(report));
  });
}

json Control::undo(const json& request) {
  return on_engine([this, request]() -> json {
    if (const Status ready = daemon_.require_ready(); !ready) return error_to_json(ready.error());
    if (const Status read = engine_.read_directory(); !read) return error_to_json(read.error());
    const auto done = engine_.undo(undo_from_json(request));
    const auto run = daemon_.settle();
    if (!done) return error_to_json(done.error());
    if (!run) return error_to_json(run.error());
    return result_of(undone_report(*done));
  });
}

json Control::log_level(const std::string& level) {
  const auto wanted = spdlog::level::from_str(level);  // a word that it does not know means off
  if (wanted == spdlog::level::off && level != "off")
    return error_to_json({Errc::config, "there is no log level '" + level + "'", "one of trace, debug, info, warning, error, off"});
  spdlog::set_level(wanted);
  return result_of({{"level", level}});
}

json Control::dispatch(const json& request) {
  const std::string command = request.is_object() ? request.value("command", "") : "";
  if (command == "status") {
    Store store = Store::open_read_only(state_path_);
    return result_of(status_report(store, &live_));
  }
  if (command == "resync") return resync(request);
  if (command == "undo") return undo(request);
  if (command == "approve") return decide(request, true);
  if (command == "reject") return decide(request, false);
  if (is_about_a_person(command)) return act(request);
  if (command == "review") return review(request);
  if (command == "upstream") return upstream(request);
  if (command == "log") return result_of(log_lines_ ? log_lines_() : std::vector<std::string>());
  if (command == "log-level") return log_level(request.value("level", ""));
  return error_to_json({Errc::config, "the service does not know the request '" + command + "'",
                        "the command and the service are of different versions"});
}

std::string Control::answer(const std::string& request) {
  const auto done = guarded([&]() -> Result<std::string> { return dump(dispatch(json::parse(request))); });
  return done ? *done : dump(error_to_json(done.error()));
}

}  // namespace muster
