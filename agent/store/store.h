// The state file: a mirror of the directory, HR's people, the links between them, and everything that must not be lost.
// All SQL is behind this interface. One process writes (service/process_lock.h); any number may read.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/store/failure.h"
#include "agent/store/rows.h"
#include "mapping/gate.h"
#include "mapping/plan.h"
#include "schema/change.h"
#include "schema/entry.h"
#include "schema/person.h"

namespace muster {

class Store {
 public:
  /// Opens or creates; brings an older schema up to date. Throws StoreFailure, as every member does.
  static Store open(const std::string& path);
  static Store open_read_only(const std::string& path);
  /// A private copy for `plan`: what is done to it changes nothing.
  static Store copy_of(const std::string& path, const std::string& copy);
  Store(Store&&) noexcept;
  ~Store();

  /// What belongs together is committed together; undone unless committed.
  class Transaction {
   public:
    explicit Transaction(Store& store);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

   private:
    Store* store_;
  };

  std::string meta(std::string_view key);
  void set_meta(std::string_view key, std::string_view value);

  // --- cursors
  struct Cursor {
    std::string cookie, params;
  };
  std::optional<Cursor> cursor(const std::string& stream);
  void set_cursor(const std::string& stream, const std::string& cookie, const std::string& params);
  void forget_cursors();
  void forget_cookies();

  // --- entries (store_entries.cpp)
  std::optional<EntryRow> entry(const EntryId& uuid);
  std::optional<EntryRow> entry_by_row(Row id);
  /// Not the gone ones.
  std::optional<Row> entry_row_by_dn(const Dn& dn);
  Row insert_entry(int stream, const Entry& entry, std::string_view image);
  void update_entry(Row id, int stream, const Entry& entry, std::string_view image);
  void touch_entry(Row id, int stream, std::string_view version);
  void mark_gone(Row id);
  void mark_entry_dirty(Row id);
  void clear_entry_dirty(Row id);
  void set_settled(Row id, const std::map<std::string, Values, std::less<>>& settled);
  void set_disabled(Row id, std::optional<Instant> at, std::optional<Decision> why);
  std::size_t count_entries(int stream);
  std::size_t count_entries();
  /// Rows of one stream that are not gone, for the absence rule.
  void each_entry_id(int stream, const std::function<void(Row, const EntryId&)>& each);
  Row highest_entry_row();
  void set_join_values(Row entry, const std::vector<std::pair<int, std::string>>& values);
  std::vector<Row> entries_with_join_value(int ordinal, const std::string& value);
  /// Entries that belong to nobody and need a look, by growing row; at most `limit` after `after`.
  /// True when the join rules lead some unlinked person to this entry: it is disputed, not a stranger.
  bool is_claimed(Row entry);
  std::vector<EntryRow> dirty_strangers(Row after, std::size_t limit);
  std::vector<EntryRow> entries_without_person();
  /// All that are not gone, by growing row.
  std::vector<EntryRow> entries(Row after, std::size_t limit);

  /// Reads the mirror in the order in which entries were first seen, to compare a full read without one look-up per entry.
  class Scan {
   public:
    explicit Scan(Store& store);
    ~Scan();
    struct Item {
      Row id;
      int stream;
      std::string_view uuid, dn, version, image;
      bool gone;
    };
    /// The next row when it is `uuid`; null otherwise (the caller looks it up). Its views are valid until the next write.
    const Item* match(const EntryId& uuid);
    /// After a look-up that found `id`: goes on behind it.
    void skip_past(Row id);

   private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
  };

  // --- groups
  std::optional<GroupRow> group(const EntryId& uuid);
  std::optional<GroupRow> group_by_dn(const Dn& dn);
  std::optional<GroupRow> group_by_row(Row id);
  /// Those that are not gone, in the order of their ids. Of a group whose members were not read whole: no version.
  void each_entry_version(int stream, const std::function<void(const EntryId&, std::string_view)>& each);
  void each_group_version(const std::function<void(const EntryId&, std::string_view)>& each);
  std::optional<GroupRow> group_by_rid(std::int64_t rid);
  std::vector<GroupRow> groups();
  Row put_group(const GroupRow& group);  ///< inserts when id is 0
  void mark_group_gone(Row id);
  void set_placeholder(Row group, bool present);
  void touch_group(Row group, std::string_view version);
  /// The members are not those that were read last: the next complete look compares them all.
  void forget_group_digest(Row id);
  void mark_members_dirty(Row group);
  /// Those who wait for a group that did not exist.
  void mark_waiting_for_groups_dirty();
  std::vector<GroupRow> dirty_groups();  ///< whose membership changed since it was last planned
  std::vector<GroupRow> gone_groups_with_problems();
  void clear_group_dirty(Row group);
  void mark_groups_of_value_dirty(std::string_view value);
  void each_group_id(const std::function<void(Row, const EntryId&)>& each);
  std::size_t count_groups();
  /// In order of value.
  void each_member(Row group, const std::function<void(std::string_view value)>& each);
  std::size_t count_members(Row group);
  bool is_member(Row group, std::string_view value);
  void add_member(Row group, std::string_view value);
  void remove_member(Row group, std::string_view value);
  /// In every group.
  void rename_member(std::string_view from, std::string_view to);
  /// Memberships by any of the entry's member values.
  std::vector<MembershipRow> memberships(Row entry, const std::vector<std::string>& values);
  void set_granted(Row entry, Row group, Instant since, const Reason& because);
  void forget_granted(Row entry, Row group);
  std::vector<GroupRow> granted_groups(Row entry);
  /// The group may still have a value that muster put there, and whose entry is called otherwise now.
  void leave_behind(Row group, std::string_view value);
  /// Those values that are members still, and nobody's.
  std::vector<std::string> left_behind(Row group);
  /// Values of `group` that are no entry's DN and no entry's uid.
  std::vector<std::string> unresolved_members(Row group);

  // --- who else writes (store_contests.cpp)
  /// By name: an attribute in lower case, or the normal form of a group's DN.
  struct OtherWriter {
    std::string name;
    std::size_t count = 0;
    Instant first{}, last{};
    std::string by;  ///< the last that was known; empty: the server does not say
  };
  void count_other_writer(const std::string& name, Instant at, const std::string& by);
  std::vector<OtherWriter> other_writers();
  /// Somebody changed what is the agent's; an own write that follows puts it back. The third within an hour gives it up.
  void note_foreign(Row entry, const std::string& name, Instant at, const std::string& by);
  void note_revert(Row entry, const std::string& name, Instant at);
  std::vector<Fight> fights(Row entry);
  /// Who was given up and then was left in peace for an hour is due again.
  void end_quiet_contests(Instant now);
  void forget_contests(Row entry);

  // --- people
  std::optional<PersonRow> person(const PersonKey& key);
  std::optional<PersonRow> person_by_row(Row id);
  std::optional<PersonRow> person_of_entry(Row entry);
  /// Inserts or updates; marks dirty. `known_at`: when HR's feed was read.
  Row put_person(const Person& person, std::optional<Instant> known_at = {});
  void set_source(Row id, std::string_view source);
  void set_unlisted(Row id, std::optional<Instant> known_at = {});
  std::size_t count_people(bool listed_only);
  Row highest_person_row();
  void each_person_id(const std::function<void(Row id, std::string_view key, bool listed)>& each);
  /// Records of a feed that is being read: staged, until all of it was read. Of one key and day the last counts.
  void stage_record(const Person& record, std::string_view day);
  void forget_staged(const PersonKey& key);
  void forget_staged();
  std::vector<std::string> staged_keys(const std::string& after, std::size_t limit);
  /// In the order of their days.
  std::vector<RecordRow> records(const PersonKey& key, bool staged);
  void set_records(const PersonKey& key, const std::vector<RecordRow>& records);  ///< replaces them
  void forget_records(std::string_view key);
  void forget_records();
  /// Of whom a record comes into force after `after` and by `until`, and when one does next.
  std::vector<std::string> keys_with_records_due(Instant after, Instant until);
  std::optional<Instant> next_record(Instant after);
  void link(Row person, Row entry);
  void unlink(Row person);
  void mark_person_dirty(Row id);  ///< also one who was planned in this run
  void clear_person_dirty(Row id);
  void mark_all_dirty();
  /// While a run is under way its subjects are "planned": neither dirty nor clean. planned_to(0) ends that, planned_to(1) starts
  /// again.
  void mark_person_planned(Row id);
  void mark_stranger_planned(Row id);
  void planned_to(int dirty);
  void mark_owner_dirty(Row entry);  ///< the entry and the person linked to it
  std::size_t count_dirty();
  void set_attempts(Row id, int attempts, std::optional<Instant> retry_at);
  void retry_due(Instant now);  ///< marks dirty whose retry_at has come
  std::optional<Instant> next_retry();
  /// When the plan for a person may change by itself; replaces what was said before.
  void set_due(Row id, std::optional<Instant> at);
  void mark_due_dirty(Instant now);  ///< marks dirty whose time has come
  std::optional<Instant> next_due();
  /// Whom the record of a person names; replaces what was said before.
  void set_references(Row id, const std::vector<std::string>& keys);
  std::vector<std::string> references_of(Row id);
  /// What others who name this person look at (entry's DN, leaving or not). True: it is another than before; then those who name
  /// the person are dirty.
  bool set_standing(Row id, const std::string& standing);
  /// What the fields of <rehire match> hold, in one text; empty: a returning person cannot be known by them.
  void set_rehire_key(Row id, const std::string& key);
  /// Others than `not_this` with an entry that is not gone.
  std::vector<PersonRow> people_by_rehire_key(const std::string& key, Row not_this);
  /// The entry of `former` becomes that of `person`.
  void take_over(Row former, Row person);
  void forget_successor(Row id);
  std::vector<PersonRow> dirty_people(Row after, std::size_t limit);
  std::vector<PersonRow> unlinked_dirty_people(Row after, std::size_t limit);
  void set_person_join(Row person, const std::vector<std::pair<int, std::string>>& values);
  void mark_claimants_dirty(int ordinal, const std::string& value);
  void claim(Row person, Row entry, int ordinal);  ///< one linking pass's claims
  struct Claim {
    Row person, entry;
    int ordinal;
    std::size_t rivals;
  };
  std::vector<Claim> claims();
  void forget_claims();

  // --- leavers
  /// Who names whom: managers of people, owners of groups (store_mentions.cpp).
  struct MentionTarget {
    std::string attribute;
    std::string value;  ///< normal form of the DN
    friend auto operator<=>(const MentionTarget&, const MentionTarget&) = default;
  };
  /// Whom an entry or group names; replaces what was known of it. The values that came or went.
  std::vector<std::string> set_mentions(const EntryId& source, const Dn& dn, std::vector<MentionTarget> targets);
  /// An entry has another name from now on: who names it by the old one means it all the same.
  void rename_mentions(std::string_view old_name, Row entry);
  /// Where others name this entry, but for those who have left themselves.
  std::vector<Mention> mentions_of(Row entry);
  /// The entry that is, or was, called so.
  std::optional<Row> mentioned_entry(std::string_view name);
  /// From HR's word, or its date, to the disabled account; the last hundred are kept.
  void add_leaver_wait(std::chrono::milliseconds waited);
  std::vector<std::chrono::milliseconds> leaver_waits();  ///< oldest first
  // --- names that are nobody else's (store_names.cpp): an attribute's lower-case name and a value's normal form
  /// What the person's account has now; what it had before, and has not any more, ended now.
  void keep_names(Row person, const std::vector<std::pair<std::string, std::string>>& has, Instant now);
  /// Whether anybody `but` one has it, or had it after `since`; none: had it ever.
  bool had_name(std::string_view attribute, std::string_view value, Row but, std::optional<Instant> since);
  /// In place of what the person was promised before.
  void promise_names(Row person, const std::vector<std::pair<std::string, std::string>>& names);
  bool is_promised(std::string_view attribute, std::string_view value, Row but);
  std::string promised(std::string_view attribute, Row person);
  /// Whether an entry other than `but` has this RDN, given in its normal form.
  bool any_entry_called(const std::string& rdn, Row but);

  // --- problems: a subject's problems are replaced as a whole
  struct ProblemDiff {
    std::vector<ProblemRow> raised, cleared;
  };
  ProblemDiff set_problems(const std::string& subject, const std::vector<ProblemRow>& problems, Instant now);
  std::vector<ProblemRow> problems(std::string_view subject = {});
  /// The subjects that begin with `prefix` and have problems.
  std::vector<std::string> problem_subjects(std::string_view prefix);
  std::size_t count_problems();

  // --- journal (store_journal.cpp)
  /// Members that are no known entry will be looked for again; everybody else: planned_to(1).
  void drop_planned();
  void add_planned(const JournalRow& row);
  std::vector<JournalRow> planned(Action action, std::size_t limit);
  struct PlannedKey {
    Row seq;
    Action action;
    Kind kind;
    Decision decision;
    Row person;
    bool approved;
    int held;
  };
  void each_planned(const std::function<void(const PlannedKey&)>& each);
  void each_planned_change(const std::function<void(const JournalRow&)>& each);
  void set_held(Row seq, Kind kind);
  std::vector<std::string> held_hashes(Kind kind);  ///< sorted
  void move_to_hold(Kind kind, const std::string& hold);
  void set_intent(Row seq);
  std::vector<JournalRow> intents();
  void forget_change(Row seq);
  void forget_planned_of(Row person, Row entry);  ///< of a person, or (person 0) of a stranger
  void forget_planned_members(Row group);         ///< of members that are no known entry
  std::size_t count_planned();

  // --- holds (store_holds.cpp)
  std::vector<HoldRow> holds(bool open_only);
  std::optional<HoldRow> hold(std::string_view prefix);  ///< by a unique prefix of its id
  void put_hold(const HoldRow& hold);
  void set_hold_changes(const std::string& hold, const std::vector<JournalRow>& changes);
  std::vector<JournalRow> hold_changes(const std::string& hold);
  void mark_held_people_dirty(const std::string& hold);
  /// The subjects of a hold are clean until something about them changes.
  void rest_held_people(const std::string& hold);
  /// True when a subject of this hold was planned again in the run under way.
  bool hold_touched(const std::string& hold);
  void decide_change(const JournalRow& change, const std::string& hold, bool approved, const std::string& by);
  /// What was decided about one subject: a person, or (person 0) an entry that is nobody's.
  std::vector<std::string> decided_hashes(Row person, Row entry);
  /// The hold that approved / rejected this exact change; empty: none did.
  std::string approved_by(const std::string& hash);
  std::string rejected_by(const std::string& hash);
  void forget_decision(const std::string& hash);
  bool any_decisions();

  // --- access for a time, orders to disable (store_grants.cpp)
  Row put_access_grant(const AccessGrantRow& grant);  ///< inserts when id is 0
  std::optional<AccessGrantRow> access_grant(Row id);
  std::optional<AccessGrantRow> access_grant_of_hold(const std::string& hold);
  std::vector<AccessGrantRow> access_grants(bool open_only);
  /// Waiting and running ones.
  std::vector<AccessGrantRow> access_grants_of(Row person);
  /// Running ones whose end has come.
  std::vector<AccessGrantRow> access_grants_over(Instant now);
  std::optional<Instant> next_grant_end();
  Row add_order(const OrderRow& order);
  void lift_order(Row id, const std::string& by, const std::string& reason, Instant at);
  /// The order that stands about a person or an entry; 0: none.
  /// `iat` of the command that lifted it.
  void set_order_issued(Row id, std::int64_t iat);
  std::optional<OrderRow> order_on(Row person, Row entry);
  std::optional<OrderRow> last_lifted_order(Row person, Row entry);
  std::vector<OrderRow> orders();  ///< those that stand

  // --- audit and outbox
  /// Appends a record: its hash covers the previous hash and the body. Returns the row.
  AuditRow append_audit(const std::string& body);
  void each_audit(Row after, const std::function<bool(const AuditRow&)>& each);
  /// From the newest that is not behind `upto` to the oldest, until `each` answers false.
  void each_audit_back(Row upto, const std::function<bool(const AuditRow&)>& each);
  std::optional<AuditRow> last_audit();
  Row append_event(const std::string& id, const std::string& body);
  std::vector<OutboxRow> outbox(Row after, std::size_t limit);
  std::size_t outbox_length(Row after);
  /// Events that the slowest upstream has not confirmed yet.
  std::size_t outbox_waiting();
  Row upstream_position(const std::string& upstream);
  void set_upstream_position(const std::string& upstream, Row seq);
  void prune_outbox(Row upto);
  /// The number of the newest event that ever was; 0: there was none.
  Row newest_event();
  /// The next event gets a number behind `seq`.
  void number_events_after(Row seq);
  /// Events that upstream has and this state does not know, until they are learnt from.
  void keep_told(Row seq, const std::string& body);
  void each_told(const std::function<void(const std::string& body)>& each);
  void forget_told();
  /// The row of an event that is still in the outbox; 0: none.
  Row outbox_row_of(const std::string& id);

  // --- what waits too long, and what is refused (store_outbox.cpp)
  /// Of the events in the outbox.
  std::int64_t outbox_bytes();
  /// Before `before`, the newest first.
  std::vector<OutboxRow> outbox_back(Row before, std::size_t limit);
  void drop_event(Row seq);
  std::optional<SetAsideRow> set_aside(const std::string& upstream, Row seq);
  void put_set_aside(const SetAsideRow& row);
  void drop_set_aside(const std::string& upstream, Row seq);
  /// Of what was delivered in the end.
  void forget_counted(const std::string& upstream, Row upto);
  /// Of all upstreams: what is set aside, and what is to be sent again.
  std::vector<SetAsideRow> set_aside();
  std::vector<OutboxRow> to_send_again(const std::string& upstream);

  // --- commands from upstream (store_inbox.cpp)
  /// The tokens under this name that were believed, or (`issuer` empty) were not.
  std::vector<InboxRow> inbox(const std::string& issuer, const std::string& jti);
  void add_inbox(const InboxRow& row);
  void forget_inbox(Instant before);
  std::size_t count_inbox(bool accepted);
  std::optional<ResourceRow> resource(const std::string& key);
  void put_resource(const ResourceRow& row);
  /// By growing key; the deleted ones, too.
  std::vector<ResourceRow> resources(const std::string& after, std::size_t limit);

  // --- followers: systems upstream that are to hold what the directory holds (store_followers.cpp)
  /// What a trigger noted as touched since. Of each object only the latest counts, so it never outgrows the directory.
  enum class Touched : std::uint8_t { entry, group, member };
  struct TouchedRow {
    Row seq = 0;
    Touched kind = Touched::entry;
    Row row = 0;        ///< of the entry or the group
    std::string value;  ///< of a member: its key
  };
  /// What a follower holds for an entry or a group.
  struct ToldObject {
    Touched kind = Touched::entry;
    Row row = 0;
    std::string id;      ///< the other side's
    std::string digest;  ///< of what was told last
  };
  /// Those that are declared now; nothing is noted where there is none. What others had reached is forgotten.
  void declare_followers(const std::vector<std::string>& names);
  std::vector<std::string> followers();
  Row follower_position(const std::string& name);  ///< -1: it was never told everything
  void set_follower_position(const std::string& name, Row position);
  /// The comparison of everything (meta "resync.last") that it followed last.
  std::string follower_compared(const std::string& name);
  void set_follower_compared(const std::string& name, std::string_view compared);
  Row newest_touch();
  std::vector<TouchedRow> touched(Row after, std::size_t limit);
  std::size_t count_touched(Row after);
  void prune_touched();
  std::optional<ToldObject> told_object(const std::string& follower, Touched kind, Row row);
  std::vector<ToldObject> told_objects(const std::string& follower, Touched kind, Row after, std::size_t limit);
  std::optional<ToldObject> told_object_by_id(const std::string& follower, Touched kind, const std::string& id);
  std::size_t count_told_objects(const std::string& follower, Touched kind);
  void put_told_object(const std::string& follower, const ToldObject& object);
  void forget_told_object(const std::string& follower, Touched kind, Row row);

  // --- reviews (store_review.cpp)
  /// A membership that a reviewer refused: of a person, or of an entry that is nobody's (person_subject(), entry_subject()).
  struct RefusalRow {
    std::string subject, id;  ///< the id of the row of the review that was decided about
    Row group = 0;
    Dn dn;
    std::string by, comment;
    Instant since{};
  };
  void put_refusal(const RefusalRow& refusal);
  void forget_refusal(const std::string& subject, Row group);
  std::vector<RefusalRow> refusals_of(const std::string& subject);
  std::vector<RefusalRow> refusals_in(Row group);
  std::optional<RefusalRow> refusal(const std::string& id);
  std::size_t count_refusals();
  /// What the agent knows of a membership that it gave; none: it did not.
  std::optional<MembershipRow> granted(Row entry, Row group);
  /// Live entries that belong to nobody, by growing row, `limit` after `after`.
  std::vector<EntryRow> strangers(Row after, std::size_t limit);
  std::vector<PersonRow> people(Row after, std::size_t limit);

  /// One reading of the state, as it is now whatever is written meanwhile. Also of a state that is open for reading only.
  class Snapshot {
   public:
    explicit Snapshot(Store& store);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

   private:
    Store& store_;
  };
  /// What a report must remember while its Snapshot lives, on the disk. `what` names the kind.
  void note(std::string_view what, std::string_view key, std::string_view value);
  std::optional<std::string> noted(std::string_view what, std::string_view key);
  void forget_notes(std::string_view what);

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The hash of an audit record (SHA-256 of previous hash and body).
std::string audit_hash(const std::string& previous, const std::string& body);

}  // namespace muster
