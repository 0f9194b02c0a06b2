// Who is in a group, and why: for `who`, `why` and reviews.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "agent/review_rows.h"
#include "agent/store/store.h"
#include "ldap/account.h"
#include "mapping/rules.h"

namespace muster {

/// A row, and what it stands for in the state. Rows of the store are 0 where there is none.
struct MembershipView {
  ReviewRow row;
  Row group = 0, entry = 0;
  std::optional<PersonRow> person;
};

/// Reads memberships one by one. Needs a Store::Snapshot while it lives.
class Memberships {
 public:
  /// `accounts`: how the directory switches accounts off; null: not known, and states are left out.
  Memberships(Store& store, const Rules& rules, const AccountControl* accounts, const Now& now);

  /// The members of a group in the order of their values, then what reviewers refused there.
  void each(const GroupRow& group, const std::function<void(MembershipView&&)>& take);
  /// "enabled", "disabled" or empty.
  std::string state_of(const EntryRow& entry) const;

 private:
  MembershipView member(const GroupRow& group, const std::string& key);
  void explain(MembershipView& view, const GroupRow& group, const std::string& key);
  void refused(const GroupRow& group, const std::function<void(MembershipView&&)>& take, const std::vector<std::string>& present);
  void describe(ReviewRow& row, const EntryRow& entry) const;

  Store& store_;
  const Rules& rules_;
  const AccountControl* accounts_;
  const Now& now_;
};

/// Notes who approved which membership, for Memberships: one reading of the audit trail. `other` is given every record that is no
/// such approval.
void note_approvals(Store& store, const std::function<void(const nlohmann::json& record)>& other = {});
/// Of what was noted: who let this membership through the safety gate; empty: nobody had to.
std::string approver_of(Store& store, const EntryId& entry, const Dn& group);
/// How a rule manages a group: "exclusive", "granted", "no".
std::string managed_how(const ManagedRule* rule);
/// A name for people: displayName, cn, else the first value of the DN.
std::string name_of(const Entry& entry);

}  // namespace muster
