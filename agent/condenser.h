// Makes room in an outbox that nobody fetches: of what was overtaken by something newer, the newest is kept.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>

#include "agent/store/store.h"

namespace muster {

/// What an event is overtaken by: an event of the same person (entry, group), kind, and attribute, group or state. Two events with
/// different texts never overtake each other, so every kind stays. Empty: by nothing.
std::string overtaken_by(const std::string& event);

/// From the newest event to the oldest. Memory: a number for each event that is kept.
class Condenser {
 public:
  struct Removed {
    std::map<std::string, std::size_t> kinds;
    Row from = 0, upto = 0;
    std::string since, until;  ///< times of the oldest and the newest that was removed
    std::size_t count = 0;
  };

  /// Nothing behind `newest` is touched.
  explicit Condenser(Row newest) : before_(newest + 1) {}
  /// Removes from so many of the events that come next, in the caller's transaction.
  Removed step(Store& store, std::size_t limit);
  bool is_done() const { return before_ == 0; }

 private:
  Row before_;
  std::unordered_set<std::uint64_t> newer_;
};

}  // namespace muster
