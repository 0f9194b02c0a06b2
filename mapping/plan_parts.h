// Private to plan(): what its parts share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mapping/plan.h"

namespace muster::planning {

/// What HR's record makes of a person today.
struct State {
  enum class Kind {
    stranger,  ///< an entry of nobody HR knows
    leaver,
    absent,
    waiting,  ///< before the first day
    active,
    unknown,  ///< HR lists the person; <joiner when> does not hold
  } kind = Kind::unknown;
  const LeaverRule* leaver = nullptr;  ///< null for a leaver by absence from the feed where no rule is declared
  const AbsenceRule* absence = nullptr;
  const ContractorRule* contractor = nullptr;
  std::optional<Day> last_day;  ///< of a contractor; none: HR names none
  bool may_create = false;      ///< within days-before of the first day
  bool has_access = false;      ///< what the roles ask for is kept
  bool is_over = false;         ///< a contractor whose last day has passed or is not known: nothing is created, enabled, added
  Reason why;                   ///< of a leaver, an absence
};

/// One plan in the making. The record is loaded into the rules' scope.
struct Draft {
  const Subject& subject;
  const Rules& rules;
  const Now& now;
  State state;
  Plan plan;
  bool will_be_enabled = false;  ///< the account works once the plan is carried out

  Change& add(Action action, Decision decision, Reason because);
  void problem(std::string code, const std::string& what, const std::string& where, std::string attribute = {}, bool drift = false);
  std::string who() const;  ///< "person 1042", or the DN of a stranger
  Reason reason(const Location& at, std::string text) const;
  /// What was settled under a name; null: nothing, or no values.
  const Values* settled(std::string_view key) const;
};

/// "department='Engineering', status='active'": the fields that a condition names, as they are. A condition without fields: its
/// text.
std::string named(const Expression& condition, const Person& person, const Rules& rules);

State state_of(const Person* person, const Rules& rules, const Now& now, Plan& plan);
void plan_lifecycle(Draft& draft);
void plan_create(Draft& draft);
void plan_attributes(Draft& draft);
void plan_access(Draft& draft);

/// True where others changed this back so often that it is left to them (Subject::fights); raises the problem "fight". `name`: as
/// Fight::name.
bool is_given_up(Draft& draft, std::string_view name, const std::string& shown, const std::string& rule);
/// Groups with on-drift="report": remembers who was a member as the roles ask, so that a loss is told from a membership that is due
/// for the first time, and a mover from a stranger. `due`: the groups that the roles ask for.
void note_members(Draft& draft, const std::vector<Dn>& due);
/// True where a member whom no role explains stays all the same: reported, or given up. `why`: why it should not be one.
bool is_left_in(Draft& draft, const ManagedRule& rule, const Membership& membership, const std::string& why);
/// True where a membership that a role asks for is not given all the same: its loss is reported, or given up.
bool is_left_out(Draft& draft, const ManagedRule& rule, const Dn& group, const std::string& why);

/// The values that HR wants an attribute to have (none: cleared). nullopt: nothing is to be written; a problem is raised where one
/// is due.
std::optional<Values> wanted_values(Draft& draft, const AttributeRule& rule);

/// Values that no directory should get: control characters (RFC 4518 maps them to nothing or refuses them).
bool has_control_characters(std::string_view text);
/// Nothing but blanks: no value of a directory (RFC 4518 section 2.6.1 makes one blank of it).
bool is_blank(std::string_view text);
/// The attribute's own part of an RDN; null: it is not part of it.
Ava* rdn_part(std::vector<Ava>& avas, std::string_view lower_case_name);

}  // namespace muster::planning
