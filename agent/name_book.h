// Which names are taken: by what the state remembers, and by what the directory has beyond the watched bases.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/context.h"
#include "ldap/connection.h"
#include "mapping/names.h"

namespace muster {

/// Engine thread only. Without a connection the directory is not asked.
class NameBook final : public Names {
 public:
  NameBook(Context& context, Connection* connection, Instant now);

  /// Questions are about this person from now on; null: no account yet.
  void about(Row person, const EntryRow* entry);
  /// Notes what the person's account has now; without one, and of one that is gone: nothing.
  void keep(Row person, const EntryRow* entry);
  void promise(Row person, const std::vector<NameWish>& names);

  bool is_taken(const NameWish& wish) const override;
  std::string promised(std::string_view attribute) const override;

  /// Why the directory could not be asked; answers since then are worth nothing.
  const Status& trouble() const { return trouble_; }

 private:
  bool is_in_mirror(const NameWish& wish) const;
  bool is_in_directory(const NameWish& wish) const;
  Result<std::vector<EntryId>> find(const NameWish& wish) const;

  Context& context_;
  Connection* connection_;
  Instant now_;
  std::vector<std::string> unique_;
  Row person_ = 0, entry_ = 0;
  EntryId entry_id_{};
  mutable std::map<std::pair<std::string, std::string>, std::vector<EntryId>> asked_;
  mutable Status trouble_ = ok();
};

}  // namespace muster
