// One pass of a ScimFollower. Private to it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "agent/upstream/follower.h"
#include "agent/upstream/scim/client.h"

namespace muster {

/// Stands for an id until the other side has said which it is. No server gives such a one (RFC 7643 section 3.1: it is for URLs).
inline constexpr const char* kTried = "?";

/// Brings objects of the state to a SCIM server. What was reached is kept batch by batch, also when an Error ends the pass.
class ScimPass {
 public:
  using Kind = Store::Touched;
  struct Setting {
    const UpstreamSettings::Scim& settings;
    const std::string& follower;
    const Bearings& bearings;
    const Follower::Hands& hands;
  };
  ScimPass(Store& store, scim::Client& client, const scim::Provider& provider, Setting setting, std::stop_token stop);

  /// Everything, compared with what the other side holds. `comparison` is remembered as the one that was followed.
  Status everything(const std::string& comparison);
  /// What was touched behind `position`.
  Status touched(Row position);

 private:
  using Told = Store::ToldObject;
  struct MemberChanges {
    std::set<std::string> add, remove;  ///< ids of the other side
  };

  // people (scim_people.cpp)
  scim::Ours person(const EntryRow& row);
  void say_user_name(const EntryRow& row, scim::Ours& ours) const;
  std::string external_id(const EntryRow& row);
  std::vector<std::string> values_of(const EntryRow& row, const Bearings::Sent& sent);
  Status put_people(std::vector<EntryRow> rows);
  /// Who is about to be made there.
  struct Fresh {
    std::vector<EntryRow> rows;
    std::vector<scim::Ours> ours;
    std::vector<std::string> resources;
  };
  using Made = Result<std::vector<scim::Outcome>>;
  Result<Fresh> prepare(std::vector<EntryRow> rows);
  /// Durable before the first byte is sent: should the answer be lost and the entry go meanwhile, they are looked for.
  Status note(const Fresh& fresh);
  Status take(const Fresh& fresh, const Made& made);
  Status create_people(std::vector<EntryRow> rows);
  void leavers_first(std::vector<EntryRow>& rows) const;
  Status compare_person(const EntryRow& row, const scim::json& current);
  Status entry_is_gone(const EntryRow& row);
  Result<std::string> lost_id_of(const EntryRow& row);
  void belongs_to_groups(const EntryRow& row, const std::string& id);
  Status list_people();
  Status load_people();
  Status all_people();
  Status those_who_went();

  // groups (scim_groups.cpp)
  scim::Ours group(const GroupRow& row) const;
  Status put_group(const GroupRow& row, bool with_members);
  Status make_group(const GroupRow& row, const scim::Ours& ours);
  Status group_is_gone(Row row);
  Status list_groups();
  Status all_groups();
  Status compare_members(const GroupRow& row, const std::string& id);
  void touch_member(Row group, const std::string& key);
  Status send_members();
  Status send_members(const std::string& id, const MemberChanges& changes, const GroupRow& row);
  Status look_again(const std::string& id, const GroupRow& row, const scim::Outcome& outcome);
  Status replace_members(const std::string& id, const GroupRow& row);
  std::optional<std::string> id_of_member(const std::string& key);
  std::vector<std::string> ids_of_members(Row group);

  // both
  /// The resource that is this object: by externalId, then by the attribute that is unique. Null: there is none.
  Result<scim::json> locate(const std::string& path, const scim::Ours& ours, const std::string& unique, const std::string& value);
  /// Makes a resource that was read what it must be, and remembers it.
  Status settle(Kind kind, Row row, const std::string& dn, const scim::Ours& ours, scim::json current, bool& is_missing);
  std::optional<Told> told(Kind kind, Row row);
  bool is_anothers(Kind kind, Row row, const std::string& id);
  void remember(Kind kind, Row row, const std::string& id, const scim::Ours& ours);
  /// What was remembered is not all: an empty digest says so to the next pass, should this one end before settled().
  void owe(Kind kind, Row row);
  void settled();
  void forget(Kind kind, Row row);
  void trouble(Kind kind, Row row, const std::string& dn, const std::string& what);
  void no_trouble(Kind kind, Row row);
  Status flush(std::optional<Row> position = {});
  const std::string& path(Kind kind) const { return kind == Kind::entry ? provider_.users : provider_.groups; }
  Status delta(const std::vector<Store::TouchedRow>& rows);
  Status kept(Status status);

  Store& store_;
  scim::Client& client_;
  const scim::Provider& provider_;
  Setting in_;
  std::stop_token stop_;
  FollowerProgress progress_;
  std::map<std::pair<Kind, Row>, std::optional<Told>> pending_;  ///< of progress_
  std::map<std::pair<Kind, Row>, Told> owed_;                    ///< known there, but their memberships are not
  std::map<Row, MemberChanges> members_;
  std::vector<bool> seen_;         ///< rows of the object kind that is being listed
  std::vector<Row> wanting_;       ///< who name somebody that the other side does not know yet
  bool is_fresh_ = false;          ///< the other side has nothing of the kind
  bool is_looking_again_ = false;  ///< at a group whose members were refused
  bool is_complete_ = false;       ///< everything() is at work: memberships come last
};

/// The subject under which what the other side refuses stands among the problems.
std::string trouble_subject(const std::string& follower, Store::Touched kind, Row row);

}  // namespace muster
