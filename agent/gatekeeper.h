// The safety gate at work: counts the journal, holds what is too much, remembers what was approved.
#pragma once

#include <set>
#include <string>

#include "agent/context.h"
#include "agent/recent_commands.h"
#include "mapping/gate.h"
#include "schema/calendar.h"

namespace muster {

/// One run's gate. Counts add up over the rounds of the run, and begin with what commands did lately. Engine thread only.
class Gatekeeper {
 public:
  Gatekeeper(Context& context, Instant now) : context_(context), by_commands_(RecentCommands(context.store).done(now)) {}

  /// Open holds that the plan in the journal concerns: their subjects must be planned again before pass() may judge, so that a
  /// hold is always the whole of its kind. True: some were marked dirty.
  bool reopen_touched();
  /// Takes out of the journal what is held, and makes, keeps or ends holds. Inside one transaction of its own.
  void pass(Instant now);

 private:
  struct Tally;
  Tally tally() const;
  void hold_kind(Kind kind, const Verdict& verdict, Instant now);
  void end_hold(HoldRow hold, const std::string& status, Instant now);
  std::size_t released(Kind kind) const;
  std::string sentence(const Verdict& verdict) const;

  Context& context_;
  KindCounts by_commands_;          ///< done before this run
  KindCounts passed_{};             ///< let through in earlier rounds of this run
  std::set<std::string> reopened_;  ///< ids of holds whose subjects were all planned again in this round
};

/// What an operator says about a hold. Each is audited. Errors: Errc::not_found (no such open hold), Errc::conflict (the plan has
/// changed since).
struct Verdicts {
  std::string by, reason;
  std::string person;  ///< approve only this person; empty: all
};
/// Compares the hold with the plan that is in the journal now (its subjects were planned again) and records the approval.
Status approve(Context& context, const std::string& hold, const Verdicts& verdict, Instant now);
Status reject(Context& context, const std::string& hold, const Verdicts& verdict, Instant now);
/// What was said of a hold as a whole is kept and audited, with `details` beside what every such record has. Inside the caller's
/// transaction.
void close_hold(Context& context, HoldRow hold, const Verdicts& verdict, bool approved, nlohmann::json details, Instant now);
/// The first limit that these changes together are above, were they made in one run; none: the gate lets all of them pass.
std::optional<Verdict> first_held(const std::vector<JournalRow>& changes, Context& context);
/// A hold of all of them: its id covers `subject` and the exact changes, which are sorted for that. `kind` is no Kind's name.
HoldRow whole_hold(const std::string& kind, const std::string& subject, std::vector<JournalRow>& changes, Instant now);
/// The open hold that `prefix` names. Errc::not_found otherwise.
Result<HoldRow> find_open_hold(Store& store, const std::string& prefix);
/// First 12 digits.
std::string short_id(const std::string& hold);

}  // namespace muster
