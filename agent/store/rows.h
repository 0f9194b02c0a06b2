// What the state file holds, row by row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "mapping/gate.h"
#include "mapping/plan.h"
#include "schema/change.h"
#include "schema/entry.h"
#include "schema/person.h"

namespace muster {

using Row = std::int64_t;

/// One entry of the mirror.
struct EntryRow {
  Row id = 0;
  int stream = 0;  ///< which watched base it was last seen under
  Entry entry;
  Ledger ledger;
  bool gone = false;  ///< deleted or out of scope; kept, so that its return is recognised
};
struct PersonRow {
  Row id = 0;
  Person person;
  std::optional<Row> entry;
  int attempts = 0;  ///< failed writes in a row
  std::optional<Instant> retry_at;
  std::optional<Instant> known_at;  ///< when the feed was read that says what the record says now
  std::optional<Row> successor;     ///< the person who took the entry over: a rehire under another key
};
/// One of several records of a person (<feed effective>).
struct RecordRow {
  std::string day;  ///< from which it counts, "20261201"; empty: always
  Person record;
  std::string known;          ///< the day on which HR told it first, "20261120"; empty: before anybody looked
  std::optional<Instant> at;  ///< when it comes into force, or did; none: it always counted
};
enum class GroupKind : std::uint8_t { member, unique_member, member_uid };
struct GroupRow {
  Row id = 0;
  EntryId uuid;
  Dn dn;
  GroupKind kind = GroupKind::member;
  std::string version, digest;
  bool placeholder = false;  ///< the declared placeholder is among its values (and not in the member table)
  bool gone = false;
  std::int64_t rid = 0;     ///< Active Directory: the last part of its SID, which primaryGroupID names; 0: none
  bool is_guarded = false;  ///< Active Directory protects it, or it is part of the system: never written
};
/// A membership of one entry, with what the agent knows about how it came to be.
struct MembershipRow {
  Row group = 0;
  Dn dn;
  bool granted = false;
  std::optional<Instant> since;
  Reason because;
};
struct ProblemRow {
  std::string person, dn, code, what, where, attribute;
  bool drift = false;
  Instant since{};
};
struct JournalRow {
  Row seq = 0;
  Row person = 0, entry = 0, group = 0;  ///< 0: none
  Change change;
  std::string hash;
  std::string hold;  ///< the approval that lets it pass; empty: none needed
};
struct HoldRow {
  std::string id;      ///< SHA-256 of the sorted canonical lines, hex; shown as its first 12 digits
  std::string kind;    ///< a Kind's name, or "rules"
  std::string status;  ///< open, approved, rejected, superseded
  std::string sentence;
  std::size_t count = 0, people = 0;
  Instant created{};
  std::string by, reason;
  std::optional<Instant> decided;
  std::size_t released = 0;  ///< changes of this hold and its predecessors that were released one person at a time
};
/// `muster grant`: a membership for a time.
struct AccessGrantRow {
  Row id = 0;
  Row person = 0, group = 0;
  PersonKey key;  ///< of the person, and
  Dn dn;          ///< of the group, as they are now
  std::string by, reason, approver;
  std::chrono::seconds duration{};
  Instant created{};
  std::optional<Instant> until;  ///< by the trusted clock; none: it waits
  std::string state;             ///< waiting, running, ended, revoked, replaced, rejected
  std::string hold;              ///< the one that it waits in
  std::string over;              ///< why it is over, for sentences
};
/// `muster disable`.
struct OrderRow {
  Row id = 0;
  Row person = 0, entry = 0;  ///< 0: HR does not know the person; there is no entry
  std::string by, reason;
  Instant since{};
  std::optional<Instant> lifted;
  std::string lifted_by, lifted_reason;
  std::string upstream;     ///< the issuer whose command it is; empty: somebody here gave it
  std::int64_t issued = 0;  ///< iat of the command that gave it or, once it is lifted, that lifted it; 0: somebody here did
};
/// What became of a token with a command.
struct InboxRow {
  std::string issuer;  ///< empty: nobody knows, for it was not believed
  std::string jti;
  std::string digest;            ///< SHA-256 of the token, hex
  std::string err, description;  ///< empty: it was accepted
  Instant at{};
};
/// A person as commands left them (<feed type="events">).
struct ResourceRow {
  std::string key;
  std::string body;          ///< the SCIM resource; empty: it was deleted
  std::string source;        ///< which command said so, for reasons
  std::int64_t full_at = 0;  ///< iat of the newest command that said everything
};
struct AuditRow {
  Row seq = 0;
  std::string body, hash;
};
struct OutboxRow {
  Row seq = 0;
  std::string id, body;
};

/// An event that an upstream refused.
struct SetAsideRow {
  enum class State : std::uint8_t {
    counting,  ///< it is sent again
    aside,     ///< it was refused too often, and is passed over
    again      ///< somebody wants it to be sent once more
  };
  std::string upstream;
  OutboxRow event;
  std::string why;
  int count = 0;
  Instant since{};
  State state = State::counting;
};

}  // namespace muster
