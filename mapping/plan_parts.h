// Private to plan(): what its parts share.
#pragma once

#include <string>
#include <vector>

#include "mapping/plan.h"

namespace muster::planning {

/// What HR's record makes of a person today.
struct State {
  enum class Kind { stranger, leaver, absent, waiting, active, unknown } kind = Kind::unknown;
  const LeaverRule* leaver = nullptr;   ///< null for a leaver by absence from the feed where no rule is declared
  const AbsenceRule* absence = nullptr;
  const ContractorRule* contractor = nullptr;
  bool joiner_applies = false;          ///< <joiner when> holds, or there is none
  bool may_create = false;              ///< within days-before of the first day
  bool has_access = false;              ///< roles count
  Reason why;                           ///< of a leaver, an absence
};

/// One plan in the making. The record is loaded into the rules' scope.
struct Draft {
  const Subject& subject;
  const Rules& rules;
  const Now& now;
  State state;
  Plan plan;
  bool will_be_enabled = false;

  Change& add(Action action, Decision decision, Reason because);
  void problem(std::string code, const std::string& what, const std::string& where, std::string attribute = {}, bool drift = false);
  std::string who() const;    ///< "person 1042", or the DN of a stranger
  Reason reason(const Location& at, std::string text) const;
};

/// "department='Engineering', status='active'": the fields that a condition names, as they are.
std::string named(const Expression& condition, const Person& person, const Rules& rules);

State state_of(const Person* person, const Rules& rules, const Now& now, Plan& plan);
void plan_lifecycle(Draft& draft);
void plan_create(Draft& draft);
void plan_attributes(Draft& draft);
void plan_access(Draft& draft);

/// Values that no directory should get: control characters (RFC 4518 maps them to nothing or refuses them).
bool has_control_characters(std::string_view text);
/// The attribute's own value of an RDN; null: it is not part of it.
const std::string* rdn_value(const std::vector<Ava>& avas, std::string_view attribute);

}  // namespace muster::planning
