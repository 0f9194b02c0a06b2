#include "ldap/write_order.h"

#include <string>
#include <unordered_map>
#include <unordered_set>

namespace muster::wire {
namespace {

Dn parent_after(const RenameOp& rename, const Dn& dn) {
  if (!rename.new_parent) return dn.parent();
  auto parent = Dn::parse(*rename.new_parent);
  return parent ? std::move(*parent) : dn.parent();
}

/// The names that an operation touches. The server refuses a name that cannot be parsed; it then depends on nothing.
std::vector<Dn> touched(const WriteOp& op) {
  auto dn = Dn::parse(op.dn);
  if (!dn) return {};
  std::vector<Dn> names{*dn};
  if (const auto* rename = std::get_if<RenameOp>(&op.op)) {
    const Dn parent = parent_after(*rename, *dn);
    auto renamed = Dn::parse(rename->new_rdn + (parent.empty() ? "" : "," + parent.str()));
    if (renamed) names.push_back(std::move(*renamed));
  }
  return names;
}

/// True for what makes names appear or vanish.
bool is_structural(const WriteOp& op) {
  return !std::holds_alternative<ModifyOp>(op.op) && !std::holds_alternative<PasswordOp>(op.op);
}

}  // namespace

/// Who touched which names so far.
class WriteOrder::Names {
 public:
  explicit Names(std::span<const WriteOp> ops) {
    for (const WriteOp& op : ops) {
      if (!is_structural(op)) continue;
      for (const Dn& name : touched(op)) structural_names_.insert(name.normal());
    }
  }

  /// Calls `depends_on` for each earlier operation that `op` must wait for.
  template <class Callback>
  void take(std::size_t i, const WriteOp& op, const Callback& depends_on) {
    for (const Dn& name : touched(op)) {
      if (const auto last = last_.find(name.normal()); last != last_.end() && last->second != i) depends_on(last->second);
      if (is_structural(op)) take_structural(i, name.normal(), depends_on);
      last_[name.normal()] = i;
      if (!structural_names_.empty()) take_ancestors(i, name, depends_on);
    }
  }

 private:
  template <class Callback>
  void take_structural(std::size_t i, const std::string& name, const Callback& depends_on) {
    structural_[name] = i;
    const auto below = below_.find(name);
    if (below == below_.end()) return;
    for (const std::size_t earlier : below->second) {
      if (earlier != i) depends_on(earlier);
    }
    below_.erase(below);  // whoever comes later waits for this one, which waits for them
  }

  template <class Callback>
  void take_ancestors(std::size_t i, const Dn& name, const Callback& depends_on) {
    for (Dn above = name.parent(); !above.empty(); above = above.parent()) {
      if (!structural_names_.contains(above.normal())) continue;
      below_[above.normal()].push_back(i);
      if (const auto last = structural_.find(above.normal()); last != structural_.end() && last->second != i)
        depends_on(last->second);
    }
  }

  std::unordered_set<std::string> structural_names_;                 ///< of all operations, also later ones
  std::unordered_map<std::string, std::size_t> last_, structural_;   ///< the last operation on a name; the last structural one
  std::unordered_map<std::string, std::vector<std::size_t>> below_;  ///< of structural_names_: what was done below since
};

WriteOrder::WriteOrder(std::span<const WriteOp> ops) : nodes_(ops.size()) {
  Names names(ops);
  for (std::size_t i = 0; i < ops.size(); ++i) {
    names.take(i, ops[i], [this, i](std::size_t earlier) {
      nodes_[earlier].before.push_back(i);
      ++nodes_[i].waits_for;
    });
    if (nodes_[i].waits_for == 0) ready_.insert(ready_.end(), i);
  }
}

std::optional<std::size_t> WriteOrder::next() {
  if (ready_.empty()) return std::nullopt;
  return ready_.extract(ready_.begin()).value();
}

void WriteOrder::done(std::size_t op) {
  for (const std::size_t later : nodes_[op].before) {
    if (--nodes_[later].waits_for == 0) ready_.insert(later);
  }
}

}  // namespace muster::wire
