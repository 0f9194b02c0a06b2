#include "agent/recent_commands.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace muster {
namespace {

using nlohmann::json;
constexpr const char *kFresh = "commands.fresh", *kPassed = "commands.passed";

/// [[ISO time of a minute, {kind: count}]...], oldest first; only what is younger than an hour.
json young(Store& store, Instant now) {
  json all = json::parse(store.meta(kPassed), nullptr, false), kept = json::array();
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

KindCounts RecentCommands::passed(Instant now) const {
  KindCounts counts{};
  for (const json& part : young(store_, now)) {
    for (const auto& [name, count] : part.at(1).items()) {
      Kind kind{};
      if (parse_kind(name, kind)) counts[static_cast<std::size_t>(kind)] += count.get<std::size_t>();
    }
  }
  return counts;
}

void RecentCommands::add(const KindCounts& more, Instant now) {
  if (store_.meta(kFresh) != "1" || std::all_of(more.begin(), more.end(), [](std::size_t n) { return n == 0; })) return;
  json all = young(store_, now);
  const std::string minute = iso_time(std::chrono::floor<std::chrono::minutes>(now));
  if (all.empty() || all.back().at(0) != minute) all.push_back(json::array({minute, json::object()}));
  json& counts = all.back().at(1);
  for (std::size_t k = 0; k < kKindCount; ++k) {
    if (more[k] == 0) continue;
    const std::string name(to_string(static_cast<Kind>(k)));
    counts[name] = counts.value(name, std::size_t{0}) + more[k];
  }
  store_.set_meta(kPassed, all.dump());
}

}  // namespace muster
