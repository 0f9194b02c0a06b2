// What takes back changes that were made: the reverse of audit records, against the directory as it is now. Pure.
#pragma once

#include <string>
#include <vector>

#include "mapping/plan.h"
#include "schema/attribute.h"
#include "schema/change.h"

namespace muster {

/// An applied change, as its audit record has it: `change.from` and `change.to` are what was before and after.
struct AppliedChange {
  std::string run;
  Change change;
};

/// One thing about an entry that is to be as it was: its state, its name, one value, one membership.
struct UndoStep {
  Change change;         ///< what takes it back, but for `actor`
  Values undone;         ///< set, clear, rename, move, expire: what it is not to become again at once
  bool is_done = false;  ///< it is as it was already: nothing is to be written
};
/// A change that stays, wholly or in part, and why.
struct NotUndone {
  Change change;
  std::string why;
};
struct Undo {
  std::vector<UndoStep> steps;
  std::vector<NotUndone> left;
};

/// `changes`: of one entry, in the order in which they were made; not empty. Only their net effect is taken back, and only what is
/// still as they left it. `now`: the entry as the directory has it; without an entry: it is gone.
Undo undo(const std::vector<AppliedChange>& changes, const Subject& now, const AttributeTypes& types);

/// True where `planned`, of the same entry, would do once more what `step` takes back.
bool repeats(const Change& planned, const UndoStep& step, const AttributeTypes& types);

}  // namespace muster
