// Access reviews: who has what, why, and what stands out; and what reviewers decide about it.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/context.h"
#include "agent/memberships.h"
#include "agent/review_rows.h"

namespace muster {

struct ReviewOptions {
  std::vector<std::string> groups;  ///< DNs or names; empty: all
  std::string role;                 ///< only people of this role; empty: everybody
  std::chrono::seconds dormant{std::chrono::days(90)};
};

/// What only the directory knows: how it switches accounts off, and when they were used.
struct DirectoryView {
  std::optional<AccountControl> accounts;  ///< none: it was not reached
  std::vector<std::string> used_by;        ///< attributes of its schema that say when an account was used
  bool knows_use = false;                  ///< at least one account has such a value
  std::vector<std::string> caveats;        ///< what is not known, and how that can be mended
};

/// Asks the directory for the last use of every account, into notes of the store. A directory that cannot be reached is a caveat.
/// Needs a Store::Snapshot.
DirectoryView look_at_directory(Store& store, const Config& config);

/// Hands the review to `sink` as it is read; memory does not grow with the number of people, only with the largest group.
/// Errc::not_found: no such group or role. Needs the Store::Snapshot of look_at_directory().
Result<ReviewTotals> review(Store& store, const Config& config, const DirectoryView& directory, const ReviewOptions& options,
                            ReviewSink& sink);

/// What a reviewer decided about one row.
struct ReviewDecision {
  std::string id;
  bool revoke = false;
  std::string comment;
  std::string label;  ///< person and group as the file has them, for sentences about rows that no longer apply
};

/// Takes decisions over: what is revoked becomes a refusal that plan() honours, what is kept again ends one. Everything in one
/// transaction, each decision in the audit trail under the reviewer's name; settle() follows. The answer: {"revoked", "kept",
/// "rows": [{"id", "person", "dn", "group", "outcome": revoked, already, stale, impossible, "what"}]}.
Result<nlohmann::json> take_review(Context& context, const std::vector<ReviewDecision>& decisions, const std::string& by,
                                   const Now& now);

nlohmann::json to_json(const ReviewRow& row);
nlohmann::json to_json(const ReviewFinding& finding);

}  // namespace muster
