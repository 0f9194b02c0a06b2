#include "agent/name_book.h"

#include <algorithm>

#include "schema/filter.h"

namespace muster {

NameBook::NameBook(Context& context, Connection* connection, Instant now)
    : context_(context), connection_(connection), now_(now), unique_(context.rules().unique_attributes()) {}

void NameBook::about(Row person, const EntryRow* entry) {
  person_ = person;
  entry_ = entry ? entry->id : 0;
  entry_id_ = entry ? entry->entry.id : EntryId{};
}

void NameBook::keep(Row person, const EntryRow* row) {
  if (unique_.empty()) return;
  std::vector<std::pair<std::string, std::string>> has;
  for (const std::string& name : unique_) {
    const Values* values = !row || row->gone ? nullptr : row->entry.attributes.find(name);
    if (!values) continue;
    for (const std::string& v : *values) has.emplace_back(name, normalise(context_.types.equality_of(name), v));
  }
  context_.store.keep_names(person, has, now_);
}

void NameBook::promise(Row person, const std::vector<NameWish>& names) {
  std::vector<std::pair<std::string, std::string>> promised;
  for (const NameWish& n : names) promised.emplace_back(n.attribute, n.normal);
  context_.store.promise_names(person, promised);
}

std::string NameBook::promised(std::string_view attribute) const { return context_.store.promised(attribute, person_); }

bool NameBook::is_taken(const NameWish& wish) const {
  Store& store = context_.store;
  if (store.is_promised(wish.attribute, wish.normal, person_)) return true;
  const auto since = wish.reuse_after ? std::optional(now_ - *wish.reuse_after) : std::nullopt;
  if (wish.attribute != NameWish::kRdn && store.had_name(wish.attribute, wish.normal, person_, since)) return true;
  return is_in_mirror(wish) || is_in_directory(wish);
}

bool NameBook::is_in_mirror(const NameWish& wish) const {
  if (wish.attribute == NameWish::kRdn) return context_.store.any_entry_called(wish.normal, entry_);
  const auto found = std::find(unique_.begin(), unique_.end(), wish.attribute);
  if (found == unique_.end()) return false;
  const auto rows = context_.store.entries_with_join_value(unique_ordinal(found - unique_.begin()), wish.normal);
  return std::any_of(rows.begin(), rows.end(), [&](Row row) { return row != entry_; });
}

Result<std::vector<EntryId>> NameBook::find(const NameWish& wish) const {
  std::vector<EntryId> ids;
  if (wish.attribute == NameWish::kRdn) {
    auto entry = connection_->read(wish.dn.str(), {"1.1"});
    if (!entry) return std::move(entry).error();
    if (*entry) ids.push_back((*entry)->id);
    return ids;
  }
  SearchRequest request;
  request.base = context_.server.domain.empty() ? context_.directory().base.str() : context_.server.domain;
  request.filter = "(" + wish.attribute + "=" + escape_filter_value(wish.value) + ")";
  request.attributes = {"1.1"};
  MUSTER_TRY(connection_->search(request, [&](Entry&& e) {
    ids.push_back(e.id);
    return ok();
  }));
  return ids;
}

bool NameBook::is_in_directory(const NameWish& wish) const {
  if (!connection_ || !trouble_) return false;
  const std::pair<std::string, std::string> key{wish.attribute, wish.attribute == NameWish::kRdn ? wish.dn.normal() : wish.normal};
  auto known = asked_.find(key);
  if (known == asked_.end()) {
    auto found = find(wish);
    if (!found) {
      trouble_ = std::move(found).error();
      return false;
    }
    known = asked_.emplace(key, std::move(*found)).first;
  }
  return std::any_of(known->second.begin(), known->second.end(), [&](const EntryId& id) { return id != entry_id_; });
}

}  // namespace muster
