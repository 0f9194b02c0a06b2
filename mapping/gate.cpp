#include "mapping/gate.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace muster {
namespace {

constexpr std::array<std::string_view, kKindCount> kNames{"disable", "remove-member", "clear", "create", "move", "delete", "other"};

struct Words {
  std::string_view one, many;
};
constexpr std::array<Words, kKindCount> kWords{{{"disable", "disables"},
                                                {"membership removal", "membership removals"},
                                                {"clear", "clears"},
                                                {"create", "creates"},
                                                {"move", "moves"},
                                                {"delete", "deletes"},
                                                {"other change", "other changes"}}};

std::size_t index_of(Kind kind) { return static_cast<std::size_t>(kind); }

/// "5", "2.5": the shortest text that is this number.
std::string percent_text(double percent) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), percent).ptr;
  return {buffer.data(), end};
}

/// Never less than one person, so that a small company can let somebody go. The summand keeps 29 % of 100 from being 28.
std::size_t share_of(double percent, std::size_t people) {
  const double share = std::floor(percent * static_cast<double>(people) / 100 + 1e-9);
  return share < 1 ? 1 : static_cast<std::size_t>(share);
}

void limit_disables(Verdict& verdict, std::size_t people, const SafetySettings& safety) {
  const std::size_t share = share_of(safety.max_disables_percent, people);
  verdict.allowed = std::min(safety.max_disables, share);
  verdict.limit = safety.max_disables <= share ? "max-disables=" + std::to_string(safety.max_disables)
                                               : "max-disables-percent=" + percent_text(safety.max_disables_percent) + " of " +
                                                     std::to_string(people) + (people == 1 ? " person" : " people");
}

void limit_count(Verdict& verdict, std::string_view setting, std::size_t limit) {
  verdict.allowed = limit;
  verdict.limit = std::string(setting) + "=" + std::to_string(limit);
}

void set_limit(Verdict& verdict, std::size_t people, const SafetySettings& safety) {
  switch (verdict.kind) {
    case Kind::disable: return limit_disables(verdict, people, safety);
    case Kind::remove_member: return limit_count(verdict, "max-membership-removals", safety.max_membership_removals);
    case Kind::clear: return limit_count(verdict, "max-clears", safety.max_clears);
    case Kind::create: return limit_count(verdict, "max-creates", safety.max_creates);
    case Kind::move: return limit_count(verdict, "max-moves", safety.max_moves);
    case Kind::remove: return limit_count(verdict, "max-deletes", safety.max_deletes);
    case Kind::other: verdict.allowed = std::numeric_limits<std::size_t>::max(); return;
  }
}

}  // namespace

std::string_view to_string(Kind kind) { return kNames[index_of(kind)]; }

bool parse_kind(std::string_view text, Kind& kind) {
  const auto found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return false;
  kind = static_cast<Kind>(found - kNames.begin());
  return true;
}

Kind kind_of(Action action) {
  switch (action) {
    case Action::disable: return Kind::disable;
    case Action::remove_member: return Kind::remove_member;
    case Action::create: return Kind::create;
    case Action::rename:
    case Action::move: return Kind::move;
    case Action::clear: return Kind::clear;
    case Action::remove: return Kind::remove;
    case Action::enable:
    case Action::set:
    case Action::expire:
    case Action::add_member: return Kind::other;
  }
  return Kind::other;
}

std::string Verdict::sentence() const {
  const Words& words = kWords[index_of(kind)];
  const std::string counted = std::to_string(count) + " " + std::string(count == 1 ? words.one : words.many);
  if (limit.empty()) return counted + ", which have no limit";
  const std::string bound = std::to_string(allowed) + " that " + limit + " allows";
  if (!held()) return counted + ", within the " + bound;
  return counted + (count == 1 ? " is more than the " : " are more than the ") + bound;
}

std::vector<Verdict> judge(const KindCounts& counts, std::size_t people_in_scope, const SafetySettings& safety) {
  std::vector<Verdict> verdicts;
  for (std::size_t i = 0; i < kKindCount; ++i) {
    if (counts[i] == 0) continue;
    Verdict verdict{static_cast<Kind>(i), counts[i], 0, ""};
    set_limit(verdict, people_in_scope, safety);
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

bool goes_with_disable(Decision decision) { return decision == Decision::leaver || decision == Decision::order; }

bool waits(const Change& change, const std::array<bool, kKindCount>& held, bool person_disable_held) {
  const Kind kind = kind_of(change.action);
  const bool own = kind != Kind::other && held[index_of(kind)];
  if (kind == Kind::disable) return own;
  return own || (goes_with_disable(change.decision) && person_disable_held);
}

}  // namespace muster
