#include "mapping/peers.h"

namespace muster {

void Peers::add(const std::vector<std::string>& roles, const std::vector<std::int64_t>& groups) {
  if (roles.empty()) return;
  const auto [set, fresh] = sets_.emplace(roles, people_.size());
  if (fresh) people_.push_back(0);
  ++people_[set->second];
  for (const std::int64_t group : groups) ++members_[{set->second, group}];
}

Peers::Share Peers::share(const std::vector<std::string>& roles, std::int64_t group) const {
  const auto set = sets_.find(roles);
  if (set == sets_.end()) return {};
  const auto members = members_.find({set->second, group});
  return {people_[set->second], members == members_.end() ? 0 : members->second};
}

bool is_outlier(const Peers::Share& share) { return share.members > 0 && share.members * 10 < share.peers; }

}  // namespace muster
