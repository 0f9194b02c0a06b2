// From changed people and entries to planned changes in the journal: links, subjects, problems.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "agent/context.h"
#include "agent/name_book.h"
#include "ldap/connection.h"
#include "schema/calendar.h"

namespace muster {

/// Plans every dirty subject. Engine thread only; reads the directory for what the mirror does not cover.
class Planner {
 public:
  Planner(Context& context, Connection& connection)
      : context_(context), connection_(connection), names_(context, &connection, system_now().utc) {}

  /// Replaces the problems of each dirty subject and writes its changes to the journal as planned; in one transaction. `again`: a
  /// subject may already be in the journal and is replaced there.
  Status plan_dirty(const Now& now, bool again);
  std::size_t planned() const { return planned_; }

  /// Joins an unlinked person to an entry where the rules find exactly one.
  struct Candidate {
    std::optional<Row> entry;
    int ordinal = -1;
    std::size_t matches = 0;
  };
  static Candidate candidate_of(const Person& person, Context& context, const Now& now);

  /// What a person asked for instead of a rule: as a row for the journal, or why fence, protection or the group forbid it (always
  /// Errc::refused; Errc::unreachable and Errc::untrusted: nothing can be said). `change.entry` is `entry`'s.
  Result<JournalRow> admit(const Change& change, const EntryRow& entry, const Now& now);

  /// The subject of a person as the store knows it, for `why` too. `person` and `entry` must outlive it.
  static Subject subject_of(Context& context, const PersonRow* person, const EntryRow* entry, const Now& now);

  /// The rule that keeps an account from being written; empty: none.
  Result<std::string> protection(const PersonRow* person, const EntryRow* entry, const Now& now);
  /// The keys of the former leavers of whom this person may be the return, where several are; forgets what was decided about it.
  Result<std::vector<std::string>> returns_as(const PersonRow& row, const Now& now);

 private:
  void link_dirty(const Now& now);
  static bool by_fields(const Rules& rules);
  void link_rehired(const Now& now);
  void take_over(const PersonRow& former, const PersonRow& row, const Now& now);
  bool was_succeeded(const PersonRow& row, const Now& now);
  std::vector<PersonRow> former_selves(const PersonRow& row, const Now& now);
  static std::string ambiguity_of(const std::vector<PersonRow>& former);
  Status plan_people(const Now& now, bool again);
  Status plan_strangers(const Now& now, bool again);
  Status plan_unresolved(const Now& now);
  Status plan_unresolved_member(const GroupRow& group, const std::string& key, const Now& now);
  Result<bool> is_in_scope(const Entry& entry);
  Result<std::optional<Entry>> find_unresolved(const std::string& key);
  Status read_outside_protected();
  Status read_nested_members(const Dn& group);
  Status plan_page_by_page(const Now& now, bool again);
  void plan_person(const PersonRow& row, const Now& now, bool again);
  std::vector<ProblemRow> link_problem(const PersonRow& row, const EntryRow* entry, const Now& now);
  bool is_under_order(const EntryRow& row);
  void protect(Subject& subject, const EntryRow* row) const;
  void journal(const Plan& plan, Row person, Row entry, const std::string& subject, std::vector<ProblemRow> problems,
               const Now& now);
  bool journal_change(const Change& change, Row person, Row entry, std::vector<ProblemRow>& problems,
                      std::set<std::string>& hashes);
  void forget_old_decisions(Row person, Row entry, const std::set<std::string>& hashes);
  void settle_agreed(const EntryRow& row, const Plan& plan);
  bool inside_fence(const Change& change) const;
  std::string outside(const Change& change) const;
  std::optional<ProblemRow> group_trouble(JournalRow& row);
  std::string untouchable(const Change& change, const GroupRow& group, Row entry);

  Context& context_;
  Connection& connection_;
  NameBook names_;
  std::set<std::string> outside_protected_;  ///< members of protected groups that lie outside the groups base
  bool outside_read_ = false;
  std::size_t planned_ = 0;
};

/// Whom rules make people name: managers, owners (planner_references.cpp). True: some rule does.
bool uses_references(const Rules& rules);
/// Notes whom every dirty person names.
void note_references(Context& context, const Now& now);
/// What is known of those whom a person names.
std::map<std::string, Reference, std::less<>> references_of(Context& context, const PersonRow& person, const Now& now);
/// Tells those who name this person that something about them changed. True: somebody was told.
bool note_standing(Context& context, const PersonRow& person, const EntryRow* entry, const Now& now);

/// Replaces a subject's problems and reports what is new and what is over.
/// Where the store notes who returns as whom: a key, or kNobody.
std::string rehire_choice(const PersonKey& key);
inline constexpr const char* kNobody = "new";
void set_problems(Context& context, const std::string& subject, const std::vector<ProblemRow>& problems, Instant at);
std::string person_subject(Row person);
std::string entry_subject(Row entry);
/// Of the group itself; of one of its members: with ":" and the member's key behind it.
std::string group_subject(Row group);

}  // namespace muster
