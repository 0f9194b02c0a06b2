// What an access review consists of, for whoever writes it down (agent/cli/review_*.h). Plain data.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace muster {

/// One membership of one group, or one that a reviewer refused. Texts come from HR and the directory: escape them.
struct ReviewRow {
  std::string id;           ///< stands for exactly this membership with exactly this reason; what `review import` decides about
  std::string person;       ///< HR's key; empty: nobody HR knows
  std::string name;         ///< for people
  std::string dn;           ///< of the account; of what is none: the member value
  std::string group;        ///< DN
  std::string managed;      ///< "exclusive", "granted", "no"
  std::string basis;        ///< "role", "grant" (for a time), "grace", "granted", "unknown", "stranger", "group", "refused"
  std::string reason;       ///< a sentence
  std::string rule;         ///< file:line, or empty
  std::string cause;        ///< the feed record or approval behind it, or empty
  std::string since;        ///< ISO 8601, UTC; empty: before muster looked first
  std::string approver;     ///< who let it through the safety gate, or empty
  std::string last_used;    ///< of the account, ISO 8601; "never"; empty: the directory does not say
  std::string account;      ///< "enabled", "disabled", or empty: not known
  std::string finding;      ///< what stands out: "outlier: 1 of 40 ..."
  bool is_member = true;    ///< false: refused, and gone
  bool is_granted = false;  ///< muster gave it
};

/// Something that a reviewer should look at.
struct ReviewFinding {
  std::string kind;  ///< one of kReviewFindings
  std::string person, name, dn, group, what, since, rule;
};

/// A kind of finding, and the sentence that heads its list.
struct ReviewKind {
  const char* kind;
  const char* title;
  const char* meaning;
};
/// Most urgent first.
inline constexpr ReviewKind kReviewFindings[] = {
    {"leaver-enabled", "Leavers whose account works", "HR says that they have left, and the account is not switched off."},
    {"late-disable", "Disabled late", "The account was switched off more than an hour after HR's record asked for it."},
    {"stranger", "Strangers in managed groups", "Members of a group that muster manages, whom HR does not know."},
    {"orphan", "Orphaned accounts", "Accounts below the declared bases that belong to nobody HR knows."},
    {"unexplained", "Unexplained memberships",
     "Members of a managed group for whom no role asks, and whom muster did not put there."},
    {"outlier", "Unusual memberships", "Fewer than one in ten of the people with the same roles are in this group."},
    {"grant", "Access for a time", "What was given by muster grant, and runs."},
    {"dormant", "Dormant accounts", "The account works, and nobody used it for long."},
    {"drift", "Drift", "Somebody else changed what HR owns, and the rules only report it."},
    {"problem", "Problems", "What could not be done."},
    {"hold", "On hold", "What waits for an approval."},
    {"refused", "Refused", "What a reviewer took away; no role gives it back."},
};

struct ReviewGroup {
  std::string dn, managed, rule;
  std::vector<std::string> roles;  ///< that give it
  std::size_t members = 0;
};

struct ReviewTotals {
  std::size_t groups = 0, managed_groups = 0, memberships = 0, people = 0, accounts = 0;
  std::map<std::string, std::size_t> by_basis;  ///< memberships of managed groups
  std::map<std::string, std::size_t> findings;
};

/// What a review was made of.
struct ReviewHead {
  std::string time, directory, config, version;
  std::string scope;                 ///< what it was limited to, as a sentence; empty: everything
  std::vector<std::string> caveats;  ///< what it cannot tell, as sentences
  std::string dormant;               ///< "90 d"
};

/// Is given rows as they are read: nothing is kept in memory. Findings and memberships come mixed; a group comes before its rows.
class ReviewSink {
 public:
  virtual ~ReviewSink() = default;
  virtual void finding(const ReviewFinding& finding) = 0;
  virtual void group(const ReviewGroup& group) = 0;
  virtual void membership(const ReviewRow& row) = 0;
};

}  // namespace muster
