// The one function that decides.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mapping/grants.h"
#include "mapping/names.h"
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
  std::int64_t grant = 0;      ///< and because of this grant; 0: of none
};

/// What a reviewer took away: no role gives it back until a review says that it may be kept.
struct Refusal {
  Dn group;
  std::string by, comment;
  Instant at{};
};
/// "refused in a review by Ann on 2026-11-25: no longer needed"
std::string to_text(const Refusal& refusal);

/// What the agent remembers of an entry; all of it comes from the store.
struct Ledger {
  /// Values that the agent last wrote or confirmed for HR-owned attributes, by lower-case name. An attribute that is not
  /// here was never settled. Names that end in ";muster" are notes that plan() leaves for itself.
  std::map<std::string, Values, std::less<>> settled;
  std::optional<Instant> disabled_at;    ///< set while the account is disabled by the agent
  std::optional<Decision> disabled_for;  ///< leaver, absence or joiner (pre-hire)
};

/// What is known of a person whom another one's record names: a manager, an owner.
struct Reference {
  bool known = false;     ///< HR lists this key
  bool leaving = false;   ///< and says that the person has left
  bool circular = false;  ///< the chain of references leads back to where it began
  Dn dn{};                ///< of the person's entry; empty: there is none (yet)
};
/// The note that the first password of an account is still to be handed over.
inline constexpr std::string_view kPasswordDue = "password;muster";

/// Where somebody else's entry, or a group, names a person's entry: as its manager, as its owner.
struct Mention {
  std::string attribute;
  Dn dn;  ///< of the entry or group that does
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
  std::vector<Dn> left_behind{};  ///< groups that muster gave, and that have the entry under its former name
  Ledger ledger;
  std::vector<Grant> grants;             ///< those that run, and those that are over and whose membership is still there
  std::optional<Order> order;            ///< `muster disable`: switched off whatever HR says
  std::optional<Order> lifted;           ///< the last one that was, where the account is still off because of it
  bool is_protected = false;             ///< nothing is written; the plan says so once, when there would be something
  std::string protected_by;              ///< the rule, for the sentence
  std::vector<Mention> mentions{};       ///< of a leaver: what is to be handed over
  std::optional<Instant> known_since{};  ///< since when HR's record is known as it is
  std::map<std::string, Reference, std::less<>> references{};  ///< by key: whom person_keys() names
  const Names* names = nullptr;                                ///< null: every name is free
  std::vector<Refusal> refusals{};
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

/// Something that is to be told upstream once, and changes nothing.
struct PlanNotice {
  std::string kind;  ///< of the event: "expiry-warning"
  std::string what, rule;
};

struct Plan {
  std::vector<Change> changes;  ///< in the order in which they must be carried out
  std::vector<PlanProblem> problems;
  /// Values that agree with HR now: the store settles them (Ledger::settled) without any write.
  std::vector<std::pair<std::string, Values>> agreed;
  std::vector<PlanNotice> notices{};
  /// The earliest instant at which the plan for this person may be another one although nothing was changed; none: never.
  std::optional<Instant> due{};
  /// Grants that end now, by number, because the person leaves: the store closes them.
  std::vector<std::pair<std::int64_t, std::string>> ended{};
  /// Names that `changes` give: they are the subject's until it is planned again.
  std::vector<NameWish> names = {};
};

/// Which groups a person should be in, and by which role; for `why` and `who`.
struct Entitlement {
  Dn group;
  std::string role;
  Location at;
  std::string condition;
};
std::vector<Entitlement> entitlements(const Person& person, const Rules& rules, const Now& now);

/// Names of the roles that apply to a person who has access, in rule order, also of roles without groups.
std::vector<std::string> applied_roles(const Person& person, const Rules& rules, const Now& now);
/// Until when a role that stopped to apply leaves its members in a group; none: it does not.
std::optional<Instant> grace_until(const Ledger& ledger, const Rules& rules, const Dn& group);

/// The only place that decides. Same arguments, same plan: disable, removals, values, additions (Action's order).
/// Pure but for the scratch memory inside Rules::scope: one thread per Rules.
Plan plan(const Subject& subject, const Rules& rules, const Now& now);

/// What a joiner is given as soon as the entry that `create` makes is there: the plan for it.
Plan plan_once_created(const Change& create, const Person& person, const Rules& rules, const Now& now);

/// Keys of the people whom this one's record names by rules (refers-to, owner), each once.
std::vector<std::string> person_keys(const Person& person, const Rules& rules, const Now& now);
/// HR says that this person has left, by a <leaver> rule or by no longer listing them.
bool is_leaving(const Person& person, const Rules& rules, const Now& now);

/// The values of the join rules for a person, in rule order; empty strings where HR has none.
std::vector<std::string> join_values(const Person& person, const Rules& rules, const Now& now);

}  // namespace muster
