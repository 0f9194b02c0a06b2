// What `muster status` says.
#include <algorithm>
#include <utility>

#include "agent/gatekeeper.h"
#include "agent/health.h"
#include "agent/live_status.h"
#include "agent/report.h"

namespace muster {

using nlohmann::json;

namespace {

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

json grants_status(Store& store) {
  std::size_t running = 0, waiting = 0;
  for (const AccessGrantRow& g : store.access_grants(true)) ++(g.state == "running" ? running : waiting);
  json j = {{"running", running}, {"waiting", waiting}};
  if (const auto next = store.next_grant_end()) j["next ends"] = iso_time(*next);
  return j;
}

std::optional<Instant> oldest_event(Store& store, const std::string& sink, const LiveStatus& live) {
  const auto first = store.outbox(store.upstream_position(sink), 1);
  return first.empty() ? std::nullopt : arrival_of(first.front(), live.lag());
}

std::optional<Instant> oldest_touch(Store& store, const std::string& follower, const LiveStatus& live) {
  const Row position = store.follower_position(follower);
  if (position < 0) return live.lag().touched_arrival(0);
  const auto first = store.touched(position, 1);
  return first.empty() ? std::nullopt : std::optional(live.lag().touched_arrival(first.front().seq));
}

json age_of(std::optional<Instant> since, Instant now) {
  if (!since) return nullptr;
  return {{"since", iso_time(*since)}, {"seconds", std::max(0.0, std::chrono::duration<double>(now - *since).count())}};
}

/// What is there of one upstream, whatever was acknowledged yet.
json lane_of(const json& measured, const json& told, std::optional<Instant> probe, std::optional<Instant> oldest, Instant now) {
  json lane = measured.is_object() ? measured : json{{"seconds", Measurements().figures()}, {"last acknowledged", nullptr}};
  lane["oldest unsent"] = age_of(oldest, now);
  lane["last probe"] = told.is_object() && told.contains("verified") ? told["verified"] : json();
  if (probe && (lane["last probe"].is_null() || lane["last probe"] < iso_time(*probe))) lane["last probe"] = iso_time(*probe);
  return lane;
}

/// What every upstream that can be asked has acknowledged; null: one has not.
json last_probe_of_all(const std::map<std::string, LiveStatus::ProbeAnswer>& answers) {
  std::optional<Instant> oldest;
  for (const auto& [name, answer] : answers) {
    if (!answer.last) return nullptr;
    oldest = std::min(oldest.value_or(*answer.last), *answer.last);
  }
  return oldest ? json(iso_time(*oldest)) : json();
}

struct Upstreams {
  json lag;
  std::vector<Vitals::Waiting> waiting;
};

Upstreams upstreams_of(Store& store, const LiveStatus& live, const json& said, Instant now) {
  Upstreams found{live.lag().figures(), {}};
  json& lag = found.lag;
  const json measured = std::exchange(lag["upstreams"], json::object());  // one that was taken away is shown no more
  std::optional<Instant> oldest_of_all;
  json verified;
  const auto answers = live.probe_answers();
  const auto aside = store.set_aside();
  const auto add = [&](const std::string& name, std::optional<Instant> oldest, json waiting) {
    const auto answer = answers.contains(name) ? answers.at(name) : LiveStatus::ProbeAnswer{};
    if (answer.asked_since) oldest = std::min(oldest.value_or(*answer.asked_since), *answer.asked_since);
    const json told = said.contains("upstream") ? said["upstream"].value(name, json()) : json();
    json lane = lane_of(measured.value(name, json()), told, answer.last, oldest, now);
    lane["waiting"] = std::move(waiting);
    lane["set aside"] = std::count_if(aside.begin(), aside.end(), [&](const SetAsideRow& r) { return r.upstream == name; });
    if (lane["last probe"].is_string() && (verified.is_null() || verified < lane["last probe"])) verified = lane["last probe"];
    lag["upstreams"][name] = std::move(lane);
    if (!oldest) return;
    oldest_of_all = std::min(oldest_of_all.value_or(*oldest), *oldest);
    found.waiting.push_back({name, *oldest, told.is_object() ? told.value("error", "") : ""});
  };
  for (const std::string& name : live.sinks())
    add(name, oldest_event(store, name, live), store.outbox_length(store.upstream_position(name)));
  for (const std::string& name : store.followers()) {
    const Row position = store.follower_position(name);
    add(name, oldest_touch(store, name, live), position < 0 ? json("everything") : json(store.count_touched(position)));
  }
  lag["oldest unsent"] = age_of(oldest_of_all, now);
  lag["last probe"] = answers.empty() ? std::move(verified) : last_probe_of_all(answers);
  return found;
}

std::string text_in(const json& object, const char* part, const char* name) {
  const json found = object.value(part, json::object()).value(name, json());
  return found.is_string() ? found.get<std::string>() : "";
}

std::string watch_trouble(const json& said) {
  const json watches = said.value("watch", json::object());
  for (const json& w : watches) {
    if (w.contains("error") && w["error"].is_string()) return w["error"];
  }
  return "";
}

Vitals vitals_of(Store& store, const LiveStatus& live, const json& said) {
  Vitals v;
  v.signs = live.signs();
  v.feed_error = text_in(said, "feed", "error");
  v.is_feed_refused = !v.feed_error.empty();
  v.watch_error = said.value("feed watch error", "");
  v.directory_error = text_in(said, "directory", "error");
  if (v.directory_error.empty()) v.directory_error = watch_trouble(said);
  for (const HoldRow& h : store.holds(true)) v.holds.push_back({short_id(h.id), h.created, ""});
  return v;
}

/// Without a service nothing is well.
void add_no_service(json& status) {
  status["healthy"] = false;
  status["unhealthy"] = {{{"what", "not running"},
                          {"since", nullptr},
                          {"sentence", "the service does not run, so nothing is watched, changed or told; start muster run"}}};
}

void add_health_and_lag(json& status, Store& store, const LiveStatus& live) {
  const Instant now = system_now().utc;
  const json said = live.get();
  Upstreams upstreams = upstreams_of(store, live, said, now);
  Vitals vitals = vitals_of(store, live, said);
  if (const auto [since, error] = live.probe_owed(); since) vitals.probe = {text_in(said, "probe", "entry"), *since, error};
  vitals.upstreams = std::move(upstreams.waiting);
  status["unhealthy"] = unhealthy(vitals, live.limits(), now);
  status["healthy"] = status["unhealthy"].empty();
  status["lag"] = std::move(upstreams.lag);
  status["live"] = said;
}

}  // namespace

json status_report(Store& store, const LiveStatus* live) {
  std::size_t drift = 0, parked = 0;
  for (const ProblemRow& p : store.problems()) {
    drift += p.drift;
    parked += !p.drift && (!p.person.empty() || !p.dn.empty());
  }
  json status = {{"service", live ? "running" : "not running"},
                 {"people", {{"listed", store.count_people(true)}, {"known", store.count_people(false)}}},
                 {"entries", store.count_entries()},
                 {"groups", store.count_groups()},
                 {"holds", holds_report(store, "")["holds"]},
                 {"problems", store.count_problems()},
                 {"drift", drift},
                 {"parked", parked},
                 {"set aside upstream", store.set_aside().size()},
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
  if (live)
    add_health_and_lag(status, store, *live);
  else
    add_no_service(status);
  for (const ProblemRow& p : store.problems("directory")) status["error"] = p.what;
  for (const ProblemRow& p : store.problems("feed")) status["feed error"] = p.what;
  return status;
}

}  // namespace muster
