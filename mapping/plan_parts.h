// Private to plan(): what its parts share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mapping/plan.h"
#include "mapping/zone.h"

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
  const WorkerRule* worker = nullptr;
  std::optional<Day> first_day;  ///< while it is still to come
  std::optional<Day> last_day;   ///< of a worker whose account expires; none: HR names none
  bool may_create = false;       ///< within days-before of the first day
  bool has_access = false;       ///< what the roles ask for is kept
  bool is_over = false;        ///< the worker's last day has passed or must be known and is not: nothing is created, enabled, added
  bool without_owner = false;  ///< a worker for whom nobody answers: nothing is created, enabled, added
  Reason why;                  ///< of a leaver, an absence
  std::optional<Instant> since;  ///< the instant at which a leaver's last hour was over, where that made them one
  std::string no_access_why;     ///< why has_access is false
};

/// A note among the settled values: when a leaver was first seen whose account no leaver's disable switched off.
inline constexpr const char* kLeft = "left;muster";

/// One plan in the making. The record is loaded into the rules' scope.
struct Draft {
  const Subject& subject;
  const Rules& rules;
  const Now& now;  ///< in the person's zone
  Zone zone{};
  State state{};
  Plan plan{};
  bool is_broken = false;        ///< HR's record has a fault: nothing is done but to switch off
  bool password_is_due = false;  ///< so the account stays disabled for now
  bool will_be_enabled = false;  ///< the account works once the plan is carried out

  Change& add(Action action, Decision decision, Reason because);
  void problem(std::string code, const std::string& what, const std::string& where, std::string attribute = {}, bool drift = false);
  std::string who() const;  ///< "person 1042", or the DN of a stranger
  Reason reason(const Location& at, std::string text) const;
  /// What was settled under a name; null: nothing, or no values.
  const Values* settled(std::string_view key) const;
  /// The plan may be another one at `at`.
  void due(Instant at);
  /// A fault of HR's record: a problem, and nothing is done for this person until it is mended.
  void broken(std::string code, const std::string& what, const std::string& where, std::string attribute = {});
};

/// "department='Engineering', status='active'": the fields that a condition names, as they are. A condition without fields: its
/// text.
std::string named(const Expression& condition, const Person& person, const Rules& rules);

/// What the record makes of the person of `draft`: sets draft.state. The record is loaded.
void find_state(Draft& draft);
/// Where rules want the entry of somebody who is here; none: where it is.
struct Home {
  const Dn* base = nullptr;
  const Location* at = nullptr;
  const PlaceRule* place = nullptr;  ///< null: the joiner's `create`
};
Home home_of(const Draft& draft);
/// Loads the record at the person's own day, and says which that is. Problems go to `draft`, where there is one.
Now local_now(const Person& person, const Rules& rules, const Now& now, Zone& zone, Draft* draft);
void plan_lifecycle(Draft& draft);
/// <set> and <clear> of a leaver; undone for whoever is none (any more).
void plan_leaver_values(Draft& draft);
/// Tells what a leaver leaves behind: groups without their owner, people without their manager.
void list_hand_over(Draft& draft);
/// Since when the account of a leaver should be off: since HR's record says so, or since its date came.
std::optional<Instant> owed_since(const Draft& draft);
void plan_password(Draft& draft);
void plan_create(Draft& draft);
void plan_attributes(Draft& draft);
void plan_access(Draft& draft);

// Grants and orders (plan_grants.cpp).
/// A grant that runs keeps this membership.
bool is_granted(const Draft& draft, const Membership& membership);
/// `decision`, `why`: where the grant itself still runs.
void remove_granted(Draft& draft, const Membership& membership, Decision decision, const std::string& why);
void remove_all_granted(Draft& draft, Decision decision, const std::string& why);
void add_granted(Draft& draft);
/// No grant survives its person's leaving: it ends when the account is off.
void end_grants(Draft& draft);
void disable_by_order(Draft& draft);
void strip_by_order(Draft& draft);
/// Why the end of an order gives an account back; none (and a problem): nobody is known to have lifted it.
std::optional<Reason> lifted_reason(Draft& draft);
/// An entry that nobody HR knows has: what an order switched off, its end switches on.
void enable_after_order(Draft& draft);
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

/// A value that nobody else has: what the account has or had, or a new one. nullopt as for wanted_values().
std::optional<Values> unique_values(Draft& draft, const AttributeRule& rule);
/// What stays or becomes the value of an attribute that names the entry, where <joiner rdn> places $number: `wanted` as HR has it.
Values numbered_name(Draft& draft, const AttributeRule& rule, const Ava& part, Values wanted);
/// The name that <joiner rdn> gives a new entry, not numbered yet. nullopt: there is none, and a problem says so.
std::optional<Ava> wished_rdn(Draft& draft);
/// Makes of it the name that the entry will keep: what HR owns goes before, and is numbered with it. False: as above.
bool settle_rdn(Draft& draft, Attributes& initial, Ava& rdn);
/// sAMAccountName and userPrincipalName of a new entry in Active Directory, where no rule gives them. False: there is none, and a
/// problem says so.
bool give_logon_names(Draft& draft, Attributes& initial, const Ava& rdn);

/// Values that no directory should get: control characters (RFC 4518 maps them to nothing or refuses them).
bool has_control_characters(std::string_view text);
/// Nothing but blanks: no value of a directory (RFC 4518 section 2.6.1 makes one blank of it).
bool is_blank(std::string_view text);
/// The attribute's own part of an RDN; null: it is not part of it.
Ava* rdn_part(std::vector<Ava>& avas, std::string_view lower_case_name);

/// What the rules make of HR's record alone, whatever the directory has. Leaves the person's fields, and the hour where they are,
/// loaded into the rules' scope.
class Outlook {
 public:
  Outlook(const Person& person, const Rules& rules, const Now& now);
  const State& state() const { return draft_.state; }

 private:
  Subject subject_;
  Now here_;
  Draft draft_;
};

}  // namespace muster::planning
