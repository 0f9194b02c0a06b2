// <access>
#include <algorithm>

#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"

namespace muster {
namespace {

using Membership = ManagedRule::Membership;

constexpr std::array<std::pair<std::string_view, Membership>, 2> kMemberships{
    {{"exclusive", Membership::exclusive}, {"granted", Membership::granted}}};

/// Memberships are written only below the groups' base.
void check_fence(const Element& element, std::string_view attribute, const Dn& group, const DirectorySettings& directory) {
  if (directory.groups_base) must_be_under(element, attribute, group, *directory.groups_base, "the base of the groups");
}

const SafetySettings::ProtectGroup* protected_group(const Dn& group, const SafetySettings& safety) {
  const auto found = std::find_if(safety.protect_groups.begin(), safety.protect_groups.end(), [&](const auto& p) { return p.group == group; });
  return found == safety.protect_groups.end() ? nullptr : &*found;
}

void check_managed(const Element& element, const ManagedRule& rule, const RuleContext& context) {
  const std::string_view attribute = rule.is_base ? "base" : "group";
  check_fence(element, attribute, rule.dn, context.settings.directory);
  for (const ManagedRule& other : context.rules.managed) {
    if (other.is_base != rule.is_base || !(other.dn == rule.dn)) continue;
    element.wrong_in(attribute, "'" + rule.dn.str() + "' is managed twice: here and at " + other.at.str(), "keep one of the two");
    break;
  }
  const auto* shield = rule.is_base ? nullptr : protected_group(rule.dn, context.settings.safety);
  if (!shield) return;
  element.wrong_in(attribute, "'" + rule.dn.str() + "' is managed here and protected at " + shield->at.str(),
                   "a protected group is never written: remove one of the two");
}

void load_managed(const Element& element, RuleContext& context) {
  if (element.has("base") == element.has("group")) {
    return element.wrong(element.has("base") ? "<managed> has both 'base' and 'group'" : "<managed> says neither 'base' nor 'group'",
                         "write one of the two; repeat <managed> for more");
  }
  const bool is_base = element.has("base");
  auto dn = read_dn(element, is_base ? "base" : "group");
  if (!dn) return;
  ManagedRule rule{std::move(*dn), is_base, element.choice("membership", Membership::exclusive, kMemberships), element.at()};
  check_managed(element, rule, context);
  context.rules.managed.push_back(std::move(rule));
}

/// Names that a misspelt group may have meant: groups that are managed by name, or this one's name below a managed base.
std::vector<std::string> candidates_for(const Dn& group, const Rules& rules) {
  std::vector<std::string> names;
  for (const ManagedRule& rule : rules.managed) names.push_back(rule.is_base ? group.rdn() + "," + rule.dn.str() : rule.dn.str());
  return names;
}

void load_group(const Element& element, RoleRule& role, const RuleContext& context) {
  auto dn = read_dn(element, "dn");
  if (!dn) return;
  const std::string text = dn->str();
  if (context.complete && !context.rules.managed_group(*dn)) {
    element.wrong_in("dn", "role '" + role.name + "' gives '" + text + "', which is not managed",
                     did_you_mean(text, candidates_for(*dn, context.rules), "add <managed group=\"" + text + "\" membership=\"granted\"/>"));
  }
  if (const auto* shield = protected_group(*dn, context.settings.safety)) {
    element.wrong_in("dn", "role '" + role.name + "' gives '" + text + "', which is protected at " + shield->at.str(),
                     "a protected group is never written: remove one of the two");
  }
  for (const RoleRule::Group& other : role.groups) {
    if (other.dn == *dn) element.wrong_in("dn", "role '" + role.name + "' gives '" + text + "' twice: here and at " + other.at.str(), "keep one of the two");
  }
  role.groups.push_back({std::move(*dn), element.at()});
}

void load_role(const Element& element, RuleContext& context) {
  auto when = read_condition(element, "when", context.scope);
  // Groups of a role whose condition is broken are checked all the same.
  std::vector<ExpressionFault> none;
  if (!when) when = Expression::compile("false()", context.scope, none);
  RoleRule role{element.text("name"), std::move(*when), {}, element.at()};
  for (const RoleRule& other : context.rules.roles) {
    if (other.name != role.name || role.name.empty()) continue;
    element.wrong_in("name", "a second role '" + role.name + "'; the first is at " + other.at.str(), "give each role a name of its own");
    break;
  }
  const std::vector<Element> groups = element.children("group");
  if (groups.empty()) element.wrong("role '" + role.name + "' gives no group", "add <group dn=\"...\"/>, or remove the role");
  for (const Element& group : groups) load_group(group, role, context);
  context.rules.roles.push_back(std::move(role));
}

}  // namespace

void load_access(const std::vector<Element>& mappings, RuleContext& context) {
  const std::vector<Element> managed = collect_rules(mappings, "access", "managed");
  for (const Element& element : managed) load_managed(element, context);
  for (const Element& element : collect_rules(mappings, "access", "role")) load_role(element, context);
  if (managed.empty() || context.settings.directory.groups_base || context.muster.children("directory").empty()) return;
  if (!context.muster.children("directory").front().children("groups").empty()) return;
  managed.front().wrong("groups are managed, but <directory> declares none", "add <groups base=\"...\"/> to <directory>");
}

}  // namespace muster
