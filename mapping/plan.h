// The one function that decides.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mapping/rules.h"
#include "schema/change.h"
#include "schema/entry.h"
#include "schema/person.h"

namespace muster {

/// Whether an account can be used, as the directory family says it (ldap/account.h reads it from the entry).
struct AccountState {
  bool disabled = false;
  std::optional<Instant> expires;  ///< first instant at which it no longer works
};

/// One membership that the entry has now.
struct Membership {
  Dn group;
  bool granted_by_us = false;  ///< the agent added it, and nobody took it away since
};

/// What the agent remembers of an entry; all of it comes from the store.
struct Ledger {
  /// Values that the agent last wrote or confirmed for HR-owned attributes, by lower-case name. An attribute that is not
  /// here was never settled. Names that end in ";muster" are notes that plan() leaves for itself.
  std::map<std::string, Values, std::less<>> settled;
  std::optional<Instant> disabled_at;    ///< set while the account is disabled by the agent
  std::optional<Decision> disabled_for;  ///< leaver, absence or joiner (pre-hire)
};

/// A value or a membership that muster put back again and again, and others changed each time.
struct Fight {
  std::string name;  ///< the attribute in lower case, or the normal form of the group's DN
  Instant since{};   ///< when muster gave it up
  std::string by;    ///< who wrote the entry last before that; empty: the server does not say
};

/// Everything that is known about one person, or about one entry that is nobody's.
struct Subject {
  const Person* person = nullptr;  ///< null: HR does not know the owner of this entry
  const Entry* entry = nullptr;    ///< null: the person has no entry (and none matches the join rules)
  AccountState account;
  std::vector<Membership> memberships;
  Ledger ledger;
  bool is_protected = false;    ///< nothing is written; the plan says so once, when there would be something
  std::string protected_by;     ///< the rule, for the sentence
  std::vector<Fight> fights{};  ///< what is left to the others for now
};

/// A reason why something that the rules want is not done.
struct PlanProblem {
  std::string code;       ///< stable: "empty-value", "no-end-date", "drift", "not-ours-to-enable", "protected", ...
  std::string what;       ///< sentence with person or DN
  std::string where;      ///< rule "file:line", or the feed record
  std::string attribute;  ///< where it is about one
  /// True for drift that is only reported.
  bool drift = false;
};

struct Plan {
  std::vector<Change> changes;  ///< in the order in which they must be carried out
  std::vector<PlanProblem> problems;
  /// Values that agree with HR now: the store settles them (Ledger::settled) without any write.
  std::vector<std::pair<std::string, Values>> agreed;
};

/// Which groups a person should be in, and by which role; for `why` and `who`.
struct Entitlement {
  Dn group;
  std::string role;
  Location at;
  std::string condition;
};
std::vector<Entitlement> entitlements(const Person& person, const Rules& rules, const Now& now);

/// The only place that decides. Same arguments, same plan: disable, removals, values, additions (Action's order).
/// Pure but for the scratch memory inside Rules::scope: one thread per Rules.
Plan plan(const Subject& subject, const Rules& rules, const Now& now);

/// What a joiner is given as soon as the entry that `create` makes is there: the plan for it.
Plan plan_once_created(const Change& create, const Person& person, const Rules& rules, const Now& now);

/// The values of the join rules for a person, in rule order; empty strings where HR has none.
std::vector<std::string> join_values(const Person& person, const Rules& rules, const Now& now);

}  // namespace muster
