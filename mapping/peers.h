// Who has what among people of the same roles: what stands out is worth a reviewer's look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace muster {

/// Counts people by the set of their roles. Memory grows with the number of different sets and their groups, not with the number
/// of people.
class Peers {
 public:
  struct Share {
    std::size_t peers = 0;    ///< people with exactly these roles
    std::size_t members = 0;  ///< of these, those who are in the group
  };

  /// One person; `group` is any number that stands for a group, each once.
  void add(const std::vector<std::string>& roles, const std::vector<std::int64_t>& groups);
  /// Nobody is a peer of people without a role.
  Share share(const std::vector<std::string>& roles, std::int64_t group) const;

 private:
  std::map<std::vector<std::string>, std::size_t> sets_;
  std::vector<std::size_t> people_;  ///< by the number of the set
  std::map<std::pair<std::size_t, std::int64_t>, std::size_t> members_;
};

/// Fewer than one in ten peers have it. So it takes eleven people for one of them to stand out.
bool is_outlier(const Peers::Share& share);

}  // namespace muster
