// What the agent decides to do, and why: the vocabulary of plans, holds, the journal and the audit trail.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/calendar.h"
#include "schema/dn.h"
#include "schema/entry.h"
#include "schema/ids.h"

namespace muster {

/// cli.md's `action`. The order is the order in which a person's changes are carried out.
enum class Action : std::uint8_t {
  disable,
  remove_member,
  create,
  rename,
  move,
  enable,
  set,
  clear,
  expire,
  add_member,
  remove,  ///< of the whole entry: "delete"
};
inline constexpr std::array kActions{Action::disable, Action::remove_member, Action::create, Action::rename,
                                     Action::move,    Action::enable,        Action::set,    Action::clear,
                                     Action::expire,  Action::add_member,    Action::remove};
/// One for each of kActions, in the order of the enumeration, which is also theirs.
using ActionCounts = std::array<std::size_t, kActions.size()>;
std::string_view to_string(Action action);
/// False: no such action.
bool parse_action(std::string_view text, Action& action);

/// Why: the rule as "file:line", the sentence, and the record or approval that caused it.
struct Reason {
  std::string rule;   ///< "mapping.d/access.xml:14"
  std::string text;   ///< "role engineering: department='Engineering' and status='active'"
  std::string cause;  ///< "feed hris, line 1042"
};

/// Which decision a change belongs to. What follows from a held disable waits with it.
enum class Decision : std::uint8_t { joiner, mover, leaver, absence, drift, stranger, order, grant };
std::string_view to_string(Decision decision);
bool parse_decision(std::string_view text, Decision& decision);

/// One change to one entry or one membership.
struct Change {
  Action action{};
  PersonKey person;       ///< empty: an entry that belongs to nobody HR knows
  EntryId entry;          ///< the person's entry; all zero for a create
  Dn dn;                  ///< of that entry, as it is before the change; of a create: the new DN
  std::string attribute;  ///< set, clear, expire
  Dn group;               ///< add_member, remove_member
  Values from, to;        ///< set, clear: values; rename: RDNs; move: parents; create: see `initial`
  Attributes initial;     ///< create: the attributes of the new entry, without objectClass
  bool create_disabled = false;
  bool password_due = false;  ///< create: its first password is still to be handed over
  Reason because;
  Decision decision = Decision::mover;
  /// "order 3", "grant 17": somebody's decision about this very person, which no limit holds; empty: the gate counts it.
  std::string approval{};
  /// A leaver's disable: since when it is owed, by HR's record or by its date. Not part of canonical().
  std::optional<Instant> owed_since{};
  std::string actor{};   ///< who asked for it; empty: the rules did
  std::string undoes{};  ///< the run of which it takes a change back; empty: none
};

/// True for the change that gives an account its first password; it has no values that anybody may see.
bool is_password(const Change& change);

/// The exact change as one line of text: what an approval covers. Leaves out the reason and everything that moves with
/// time. Equal changes have equal lines.
std::string canonical(const Change& change);

}  // namespace muster
