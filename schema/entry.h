// What a directory knows: entries.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/dn.h"
#include "schema/ids.h"

namespace muster {

using Values = std::vector<std::string>;

/// The attributes of an entry, by lower-case name (options kept: "cn;lang-de"), sorted by name; values in server order.
class Attributes {
 public:
  using Item = std::pair<std::string, Values>;

  /// Null: the entry has no such attribute. `name` in any case.
  const Values* find(std::string_view name) const;
  /// The first value; empty when absent.
  std::string_view first(std::string_view name) const;
  /// Puts `values` in place of what was there; an empty list removes the attribute.
  void set(std::string_view name, Values values);

  std::vector<Item>::const_iterator begin() const { return items_.begin(); }
  std::vector<Item>::const_iterator end() const { return items_.end(); }
  std::size_t size() const { return items_.size(); }
  friend bool operator==(const Attributes&, const Attributes&) = default;

 private:
  std::vector<Item> items_;
};

/// One entry as a server returned it.
struct Entry {
  EntryId id;
  Dn dn;
  /// Grows with every change of the entry: entryCSN, or "INCARNATION:" and uSNChanged or entryUSN in 20 digits, a count of one
  /// server's own. Empty where the server has none. See is_older().
  std::string version;
  Attributes attributes;
  /// Who wrote the entry last (modifiersName), where the server says so; not kept in the state.
  std::string modifier{};
};

/// True when both versions can be compared and `version` is the older one. Counts of different servers cannot be compared.
bool is_older(std::string_view version, std::string_view than);

}  // namespace muster
