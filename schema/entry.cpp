#include "schema/entry.h"

#include <algorithm>

namespace muster {

namespace {

bool before(const Attributes::Item& item, std::string_view name) { return item.first < name; }

bool is_lower(std::string_view name) {
  return std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

const Values* Attributes::find(std::string_view name) const {
  if (!is_lower(name)) return find(to_lower(name));
  const auto it = std::lower_bound(items_.begin(), items_.end(), name, before);
  return it != items_.end() && it->first == name ? &it->second : nullptr;
}

std::string_view Attributes::first(std::string_view name) const {
  const Values* values = find(name);
  return values && !values->empty() ? std::string_view(values->front()) : std::string_view();
}

void Attributes::set(std::string_view name, Values values) {
  std::string key = to_lower(name);
  const auto it = std::lower_bound(items_.begin(), items_.end(), key, before);
  const bool there = it != items_.end() && it->first == key;
  if (values.empty()) {
    if (there) items_.erase(it);
  } else if (there) {
    it->second = std::move(values);
  } else {
    items_.insert(it, {std::move(key), std::move(values)});
  }
}

bool is_older(std::string_view version, std::string_view than) {
  const auto count_of = [](std::string_view v) { return v.substr(0, v.find(':') + 1); };
  return !version.empty() && count_of(version) == count_of(than) && version < than;
}

}  // namespace muster
