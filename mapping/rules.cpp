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

std::vector<std::size_t> Rules::unused_fields() const {
  std::vector<bool> used(fields.size());
  const auto see = [&](std::size_t i) {
    if (i < used.size()) used[i] = true;
  };
  const auto look = [&](const Expression& e) {
    for (const std::size_t i : e.fields()) see(i);
  };
  for (const JoinRule& j : joins) look(j.value);
  for (const AttributeRule& a : attributes) {
    if (a.value) look(*a.value);
  }
  for (const RoleRule& r : roles) look(r.when);
  if (joiner) {
    look(joiner->when);
    if (joiner->rdn) look(*joiner->rdn);
    see(start_index);
  }
  // An index of -1, where a rule names no field, is beyond all of them.
  for (const LeaverRule& l : leavers) {
    look(l.when);
    see(static_cast<std::size_t>(l.on_index));
    for (const LeaverWrite& w : l.writes) {
      if (w.value) look(*w.value);
    }
  }
  for (const AbsenceRule& a : absences) look(a.when);
  for (const WorkerRule& w : workers) {
    look(w.when);
    see(static_cast<std::size_t>(w.expires_index));
    see(static_cast<std::size_t>(w.owner_index));
  }
  for (const PlaceRule& p : places) look(p.when);
  if (zone) look(*zone);
  see(effective_index);
  if (rehire) {
    for (const std::size_t i : rehire->fields) see(i);
  }
  std::vector<std::size_t> unused;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i] && !(rehire && rehire->match == fields[i])) unused.push_back(i);
  }
  return unused;
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
