// The safety gate: counts before the first write, holds what is too much. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mapping/settings.h"
#include "schema/change.h"

namespace muster {

/// What the thresholds count. `other` is never held.
enum class Kind : std::uint8_t { disable, remove_member, clear, create, move, remove, other };
inline constexpr std::size_t kKindCount = 7;
std::string_view to_string(Kind kind);
bool parse_kind(std::string_view text, Kind& kind);

/// disable -> disable; rename and move -> move; create_disabled counts as create only.
Kind kind_of(Action action);

using KindCounts = std::array<std::size_t, kKindCount>;

struct Verdict {
  Kind kind{};
  std::size_t count = 0;
  std::size_t allowed = 0;
  std::string limit;  ///< "max-disables-percent=5 of 500 people"
  bool held() const { return count > allowed; }
  std::string sentence() const;  ///< "31 disables are more than the 25 that max-disables allows"
};

/// One verdict per kind that has changes. A count equal to the limit passes.
std::vector<Verdict> judge(const KindCounts& counts, std::size_t people_in_scope, const SafetySettings& safety);

/// What is decided together with a person's disable, and never without it.
bool goes_with_disable(Decision decision);
/// Whether `change` waits when the kinds in `held` are held: its own kind is, or it follows from a leaver's decision, or an
/// order's, whose disable is held (a person is never half a leaver because a limit was hit). A disable never waits for another
/// kind. `person_disable_held`: this person has a disable in this run that is held.
bool waits(const Change& change, const std::array<bool, kKindCount>& held, bool person_disable_held);

}  // namespace muster
