#include "mapping/rules.h"

#include <algorithm>

namespace muster {

std::string_view to_string(Owner owner) {
  switch (owner) {
    case Owner::hr: return "hr";
    case Owner::directory: return "directory";
    case Owner::upstream: return "upstream";
  }
  return "";
}

const AttributeRule* Rules::attribute(std::string_view name) const {
  const std::string key = to_lower(name);
  const auto found = std::find_if(attributes.begin(), attributes.end(), [&](const AttributeRule& rule) { return rule.key == key; });
  return found == attributes.end() ? nullptr : &*found;
}

std::vector<std::string> Rules::unique_attributes() const {
  std::vector<std::string> names;
  if (logon_suffix) names = {"samaccountname", "userprincipalname"};
  for (const AttributeRule& rule : attributes) {
    if (rule.unique && std::find(names.begin(), names.end(), rule.key) == names.end()) names.push_back(rule.key);
  }
  return names;
}

const ManagedRule* Rules::managed_group(const Dn& group) const {
  const ManagedRule* best = nullptr;
  for (const ManagedRule& rule : managed) {
    if (!rule.is_base && rule.dn == group) return &rule;
    if (!rule.is_base || !group.is_under(rule.dn)) continue;
    if (!best || rule.dn.normal().size() > best->dn.normal().size()) best = &rule;
  }
  return best;
}

void Rules::bind(const AttributeTypes& types) {
  for (AttributeRule& rule : attributes) {
    const AttributeType* type = types.find(rule.key);
    rule.equality = types.equality_of(rule.key);
    rule.single_valued = type && type->single_valued;
  }
  for (LeaverRule& leaver : leavers) {
    for (LeaverWrite& write : leaver.writes) write.equality = types.equality_of(write.key);
  }
}

}  // namespace muster
