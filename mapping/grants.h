// Access for a time, outside the roles (`muster grant`), and accounts that are off by order (`muster disable`): what plan() is told
// of them, and who may ask for what.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "mapping/rules.h"
#include "schema/calendar.h"
#include "schema/change.h"
#include "schema/person.h"
#include "schema/result.h"

namespace muster {

/// A membership that somebody gave a person until an instant.
struct Grant {
  std::int64_t id = 0;
  Dn group;
  std::string by, approver, reason;
  Instant until{};   ///< by the trusted clock (agent/trusted_clock.h)
  std::string over;  ///< why it no longer runs: "it ended at ..."; empty: it runs
};

/// An account that somebody had switched off at once; it stays off until somebody lifts that.
struct Order {
  std::int64_t id = 0;
  std::string by, reason;
  Instant since{};
  std::string lifted_by, lifted_reason;  ///< empty: it stands
  bool is_upstream = false;              ///< a command, which the safety limits count; nobody here approved it
};

/// "grant 17", "order 3": how they are named as causes and approvals.
std::string grant_name(std::int64_t id);
std::string order_name(std::int64_t id);
/// 17; 0: it is no grant that is named.
std::int64_t grant_number(std::string_view cause);

/// Why a membership is there that a grant gives.
Reason grant_reason_of(const Rules& rules, const Grant& grant);

struct GrantRequest {
  const Person& person;
  Dn group;
  std::chrono::seconds duration{};
  std::string by;
};

/// Whether the rules allow it: true where somebody else must agree first, false where it may begin. Errc::refused with the place of
/// the rule otherwise: the group is not managed or protected, too long, `by` is no approver, the person is a leaver, absent, not
/// here yet, or a role gives that group anyway. Same scratch memory as plan().
Result<bool> judge_grant(const GrantRequest& request, const Rules& rules, const Now& now);

/// Whether `by` may agree to what `first` asked for: another person, and an approver where the rule names them.
Status judge_second(const Dn& group, const std::string& first, const std::string& by, const Rules& rules);

}  // namespace muster
