// Private to ldap/: which of many writes may be under way at the same time. No I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "ldap/connection.h"

namespace muster::wire {

/// Hands out operations in the order given, but none before what it depends on is done:
///  - an earlier operation on the same name (a rename has two: the old and the new);
///  - an earlier add, rename or delete of an entry above it;
///  - where it is itself an add, rename or delete: an earlier operation on any entry below.
class WriteOrder {
 public:
  explicit WriteOrder(std::span<const WriteOp> ops);

  /// The first that may go now. None: the others wait for what is under way, or there are none left.
  std::optional<std::size_t> next();
  void done(std::size_t op);

 private:
  class Names;
  struct Node {
    std::size_t waits_for = 0;
    std::vector<std::size_t> before;  ///< what waits for this one
  };
  std::vector<Node> nodes_;
  std::set<std::size_t> ready_;
};

}  // namespace muster::wire
