// The rules of mapping.d: immutable once loaded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/expression.h"
#include "mapping/location.h"
#include "schema/attribute.h"
#include "schema/calendar.h"
#include "schema/dn.h"

namespace muster {

/// Who decides about an attribute (guarantee 1). Exactly one.
enum class Owner : std::uint8_t { hr, directory, upstream };
std::string_view to_string(Owner owner);

/// <match>: tried in order; the first that finds exactly one entry wins.
struct JoinRule {
  std::string attribute;
  Expression value;
  Location at;
};

/// <attribute>
struct AttributeRule {
  std::string name;  ///< as spelled in the file
  std::string key;   ///< lower case
  Owner owner = Owner::hr;
  std::optional<Expression> value;  ///< of another owner: what HR sends in vain; never written
  enum class OnDrift : std::uint8_t { report, revert } on_drift = OnDrift::report;
  enum class WhenEmpty : std::uint8_t { clear, keep, problem } when_empty = WhenEmpty::clear;
  std::string upstream;                       ///< path for upstream; empty: not sent
  Matching equality = Matching::case_ignore;  ///< set by Rules::bind
  bool single_valued = false;
  Location at;
  bool refers_to_person = false;                    ///< the value is a person's key; written is the DN of that person's entry
  bool unique = false;                              ///< given once and numbered; nobody else has it
  std::size_t max_length = 0;                       ///< of a unique value, in characters; 0: any
  std::optional<std::chrono::seconds> reuse_after;  ///< when somebody else may get it again; none: never
};

/// <managed>: a group, or every group under a base, whose membership the agent owns.
struct ManagedRule {
  Dn dn;
  bool is_base = false;
  enum class Membership : std::uint8_t { exclusive, granted } membership = Membership::exclusive;
  Location at;
  /// <grant>: who may give the membership for a time. Absent: everybody, for any time.
  struct ForATime {
    bool allowed = true;
    std::optional<std::chrono::seconds> max_duration;
    std::vector<std::string> approvers;  ///< who may ask and agree; empty: everybody
    bool two_person = false;             ///< somebody else must agree
    Location at;
  };
  std::optional<ForATime> for_a_time{};
  AttributeRule::OnDrift on_drift = AttributeRule::OnDrift::revert;
};

/// <role>
struct RoleRule {
  std::string name;
  Expression when;
  struct Group {
    Dn dn;
    Location at;
  };
  std::vector<Group> groups;
  Location at;
  std::optional<std::chrono::seconds> grace{};  ///< how long its groups are kept once it no longer applies; none: not at all
};

/// <place>: where the entries of people live. The first that applies counts.
struct PlaceRule {
  Expression when;
  Dn base;
  Location at;
};

/// The first password of accounts that <joiner> makes.
struct PasswordRule {
  enum class Kind : std::uint8_t {
    by_family,  ///< what the directory needs: `random` on Active Directory, else `none`
    none,
    random,    ///< nobody learns it
    hand_over  ///< to `command` or, encrypted, to whoever has the key of `encrypt_to`
  } kind = Kind::by_family;
  std::size_t length = 20;           ///< of one that is handed over, in characters
  std::vector<std::string> command;  ///< absolute path and arguments
  std::string encrypt_to;            ///< absolute path of a public key
  std::chrono::milliseconds timeout{10000};
  Location at;
};

/// <joiner>
struct JoinerRule {
  Expression when;
  std::optional<Dn> create;  ///< parent of new entries; none: never create
  std::optional<Expression> rdn;
  std::vector<std::string> object_classes;  ///< of created entries; default by family
  int days_before = 0;
  Location at;
  std::chrono::minutes hour{0};  ///< of the first day, from which the account is on
  PasswordRule password = {};
};
/// <leaver><set>, <leaver><clear>
struct LeaverWrite {
  std::string name;                 ///< as spelled in the file
  std::string key;                  ///< lower case
  std::optional<Expression> value;  ///< none: cleared
  Location at;
  Matching equality = Matching::case_ignore;  ///< set by Rules::bind
};
/// <leaver>
struct LeaverRule {
  Expression when;
  bool disable = true;
  enum class Strip : std::uint8_t { none, managed, all } strip = Strip::none;
  std::optional<Dn> move_to;
  std::optional<std::chrono::seconds> delete_after;  ///< none: never
  Location at;
  int on_index = -1;                              ///< field of the last day; -1: by `when` alone
  std::optional<std::chrono::minutes> on_hour{};  ///< of that day; none: when it is over
  std::vector<LeaverWrite> writes{};
};
/// <absence>
struct AbsenceRule {
  Expression when;
  bool disable = true;
  Location at;
  bool suspend = false;  ///< access is taken away until they are back
};
/// <worker>, and <contractor>, its short form. The first that applies counts.
struct WorkerRule {
  std::string name;  ///< "contractor"
  Expression when;
  std::string expires_field;  ///< empty: no expiry
  int expires_index = -1;
  Location at;
  bool expiry_required = true;
  std::vector<std::chrono::seconds> warn_before{};  ///< longest first
  std::optional<std::chrono::days> max_term{};      ///< of the end, from the field "start" or, without one, from today
  std::string owner_field{};                        ///< names the person who answers for a non-human identity; empty: none needed
  int owner_index = -1;
  bool disable_without_owner = false;
};
/// <rehire>
struct RehireRule {
  std::string match;  ///< names of fields, separated by blanks
  bool enable = true;
  Location at;
  std::vector<std::size_t> fields{};  ///< by which a new key is known as a former leaver; empty: the key alone
};

/// All rules together. One thread uses a Rules object at a time (expressions share scratch memory).
struct Rules {
  std::vector<std::string> fields;         ///< names of the feed's fields, as Person::fields
  std::size_t effective_index = npos;      ///< <feed effective>: the day from which a record counts
  std::size_t start_index = npos;          ///< field "start", where declared: the joiner's first day
  std::shared_ptr<ExpressionScope> scope;  ///< owns the variables of all expressions
  std::vector<JoinRule> joins;
  std::vector<AttributeRule> attributes;
  std::vector<ManagedRule> managed;
  std::vector<RoleRule> roles;
  std::optional<JoinerRule> joiner;
  std::vector<LeaverRule> leavers;
  std::vector<AbsenceRule> absences;
  std::vector<WorkerRule> workers;
  std::vector<PlaceRule> places;
  std::optional<Expression> zone;  ///< gives the IANA name of a person's time zone
  Location zone_at;
  std::optional<RehireRule> rehire;
  std::vector<Dn> protected_groups;  ///< <protect member-of>: never written
  bool missing_is_leaver = true;     ///< FeedSettings::missing
  Location feed_at;                  ///< the rule named when somebody leaves by absence
  /// Active Directory: "@corp.example", which follows the name in userPrincipalName (may be empty). None: another family.
  std::optional<std::string> logon_suffix;
  std::string digest;  ///< hex digest-like stamp of the mapping files' text; equal text, equal digest

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  const AttributeRule* attribute(std::string_view name) const;
  /// The rule that owns a group: the exact one, else the longest base. Null: not ours.
  const ManagedRule* managed_group(const Dn& group) const;
  /// True where accounts stay disabled until their first password is in somebody's hands.
  bool hands_over() const { return joiner && joiner->password.kind == PasswordRule::Kind::hand_over; }
  /// Lower-case names of the attributes whose values are nobody else's.
  std::vector<std::string> unique_attributes() const;
  /// Positions of the feed's fields that no rule looks at.
  std::vector<std::size_t> unused_fields() const;
  /// Takes equality and single-valuedness from the server's schema.
  void bind(const AttributeTypes& types);
};

}  // namespace muster
