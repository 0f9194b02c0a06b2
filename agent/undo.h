// Taking back what the audit trail says was done: what is asked for, what comes of it, and the runs that can be named.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/context.h"
#include "agent/gatekeeper.h"
#include "agent/planner.h"
#include "mapping/undo.h"

namespace muster {

/// Which changes are to be taken back, and who asks for it. What is empty selects everything.
struct UndoRequest {
  std::string run;  ///< a beginning of its identifier is enough, until complete() was here
  std::optional<Instant> since;
  std::string person, action;
  std::string by, reason;
  Row upto = 0;          ///< the newest audit record that counts; set by complete()
  std::string approval;  ///< the hold that lets it pass; empty: the gate is asked
};
nlohmann::json undo_to_json(const UndoRequest& request);
UndoRequest undo_from_json(const nlohmann::json& j);
/// "run 1f8a7c52, changes of person 1042"
std::string title_of(const UndoRequest& request);
/// Errc::not_found: no such run; Errc::config: more than one begins so, or nothing says what.
Status complete(UndoRequest& request, Store& store);

/// What comes of a request: as it would be done (a dry run, a hold), or as it was.
struct UndoReport {
  std::string title;            ///< title_of() the request
  std::vector<Change> changes;  ///< that take back
  std::vector<NotUndone> left;  ///< what stays, and why
  std::vector<Change> again;    ///< what the rules would have done again at once, and will not
  std::size_t as_before = 0;    ///< what was as before already
  std::optional<HoldRow> hold;  ///< the gate stopped it
  std::size_t applied = 0, failed = 0;
};
/// {"undo", "changes", "left", "again", "as before", "holds"}
nlohmann::json undo_report(const UndoReport& report);

/// The same of one that was carried out, with "applied" and "failed".
nlohmann::json undone_report(const UndoReport& report);

/// The newest runs that changed something, newest first: {"runs": [{"run", "began", "changes": {action: count}, "people", "by"}]}.
nlohmann::json runs_report(Store& store, std::size_t most);

/// A request against the directory as the mirror has it.
struct Reversal {
  std::vector<UndoStep> steps;
  std::vector<JournalRow> rows;  ///< of the steps that are not done
  std::vector<NotUndone> left;
};
/// Errc::unreachable, Errc::untrusted: the directory could not be asked who is protected.
Result<Reversal> reverse(const UndoRequest& request, Context& context, Planner& planner, const Now& now);

}  // namespace muster
