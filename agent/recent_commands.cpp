#include "agent/recent_commands.h"

#include <nlohmann/json.hpp>

namespace muster {
namespace {

using nlohmann::json;
constexpr const char *kFresh = "commands.fresh", *kDone = "commands.done";

/// [[ISO time of a minute, {kind: count}]...], oldest first; only what is younger than an hour.
json young(Store& store, Instant now) {
  json all = json::parse(store.meta(kDone), nullptr, false), kept = json::array();
  if (!all.is_array()) return kept;
  for (json& part : all) {
    const auto at = parse_iso_time(part.at(0).get<std::string>());
    if (at && *at > now - RecentCommands::kLong) kept.push_back(std::move(part));
  }
  return kept;
}

}  // namespace

void RecentCommands::begin_run() { store_.set_meta(kFresh, "1"); }

void RecentCommands::end_run() {
  if (store_.meta(kFresh) == "1") store_.set_meta(kFresh, "");
}

KindCounts RecentCommands::done(Instant now) const {
  KindCounts counts{};
  for (const json& part : young(store_, now)) {
    for (const auto& [name, count] : part.at(1).items()) {
      Kind kind{};
      if (parse_kind(name, kind)) counts[static_cast<std::size_t>(kind)] += count.get<std::size_t>();
    }
  }
  return counts;
}

void RecentCommands::add(Kind kind, Instant now) {
  if (store_.meta(kFresh) != "1") return;
  json all = young(store_, now);
  const std::string minute = iso_time(std::chrono::floor<std::chrono::minutes>(now)), name(to_string(kind));
  if (all.empty() || all.back().at(0) != minute) all.push_back(json::array({minute, json::object()}));
  json& counts = all.back().at(1);
  counts[name] = counts.value(name, std::size_t{0}) + 1;
  store_.set_meta(kDone, all.dump());
}

}  // namespace muster
