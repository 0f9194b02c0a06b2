#include "agent/upstream/scim_follower.h"

#include <spdlog/spdlog.h>

#include "agent/guarded.h"
#include "agent/upstream/scim_pass.h"

namespace muster {

namespace {

HttpClient http_of(const HttpSettings& settings, const std::string& folder) { return {settings, folder}; }

/// A server's answer of another shape than JSON promised it.
template <class F>
auto understood(const std::string& name, F&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const nlohmann::json::exception& e) {
    return Error{Errc::unreachable, name + ": an answer is not as RFC 7644 says: " + e.what(), ""};
  }
}

}  // namespace

ScimFollower::ScimFollower(UpstreamSettings::Scim settings, const std::string& folder)
    : settings_(std::move(settings)), name_("scim " + settings_.http.url), client_(http_of(settings_.http, folder)) {}

Result<Follower::Probed> ScimFollower::probe(const std::vector<std::string>& paths, std::stop_token stop) {
  return understood(name_, [&]() -> Result<Probed> {
    const auto provider = client_.discover(stop);
    if (!provider) return provider.error();
    const auto people = client_.count((*provider)->users, stop);
    if (!people) return people.error();
    Probed probed{name_ + " holds " + std::to_string(*people) + " users, and has " + (*provider)->summary(), {}};
    for (const std::string& text : paths) {
      const auto path = ScimPath::parse(text);
      if (path && (*provider)->knows_schema && !(*provider)->schema.find(*path, true)) probed.lacking.push_back(text);
    }
    return probed;
  });
}

void ScimFollower::count(Store& store) {
  figures_["people"] = store.count_told_objects(name_, Store::Touched::entry);
  figures_["groups"] = store.count_told_objects(name_, Store::Touched::group);
  const Row position = store.follower_position(name_);
  figures_["waiting"] = position < 0 ? nlohmann::json("everything") : nlohmann::json(store.count_touched(position));
}

Status ScimFollower::follow_by(Store& store, const Hands& hands, const Bearings& bearings, std::stop_token stop) {
  const auto provider = client_.discover(stop);
  if (!provider) return provider.error();
  const std::string compared = store.meta("resync.last");
  ScimPass pass(store, client_, **provider, {settings_, name_, bearings, hands}, stop);
  if (store.follower_position(name_) < 0 || compared != store.follower_compared(name_)) {
    spdlog::info("{}: comparing everything", name_);
    MUSTER_TRY(pass.everything(compared));
    client_.forget();  // what the server can do is asked again before the next
  }
  return pass.touched(store.follower_position(name_));
}

Status ScimFollower::follow(Store& store, const Hands& hands, std::stop_token stop) {
  const Row position = store.follower_position(name_);
  const bool is_done =
      position >= 0 && store.newest_touch() <= position && store.meta("resync.last") == store.follower_compared(name_);
  if (is_done) {
    count(store);
    return ok();
  }
  auto bearings = hands.bearings();
  if (!bearings) return std::move(bearings).error();
  if (!*bearings) {
    figures_["waiting"] = "for the directory";
    return ok();
  }
  const Status done = understood(name_, [&] { return follow_by(store, hands, **bearings, stop); });
  if (!done) client_.forget();
  count(store);
  return done;
}

}  // namespace muster
