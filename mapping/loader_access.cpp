// <access>
#include <algorithm>
#include <sstream>

#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"
#include "schema/attribute.h"

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
  const auto found =
      std::find_if(safety.protect_groups.begin(), safety.protect_groups.end(), [&](const auto& p) { return p.group == group; });
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

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;) words.push_back(std::move(word));
  return words;
}

/// Limits that could never be met are mistakes: nobody could give what two people must.
std::optional<ManagedRule::ForATime> load_for_a_time(const Element& managed) {
  const auto grant = only_child(managed, "grant");
  if (!grant) return std::nullopt;
  ManagedRule::ForATime rule;
  rule.at = grant->at();
  rule.allowed = grant->truth("allowed", true);
  rule.two_person = grant->truth("two-person", false);
  rule.approvers = words_of(grant->text("approvers"));
  if (grant->has("max-duration")) rule.max_duration = read_span(*grant, "max-duration");
  if (rule.max_duration && rule.max_duration->count() == 0)
    grant->wrong_in("max-duration", "'" + grant->text("max-duration") + "' is no time at all",
                    "write 30m, 8h or 30d; or allowed=\"false\"");
  for (const char* limit : {"max-duration", "approvers", "two-person"}) {
    if (!rule.allowed && grant->has(limit))
      grant->wrong_at(limit, std::string("'") + limit + "' has no meaning where allowed=\"false\"", "remove one of the two");
  }
  if (rule.allowed && rule.two_person && rule.approvers.size() == 1)
    grant->wrong_in("approvers", "two people must agree, and only one may: '" + rule.approvers.front() + "'",
                    "name another one, or remove two-person=\"true\"");
  return rule;
}

void load_managed(const Element& element, RuleContext& context) {
  const bool is_base = element.has("base");
  const char* const remedy = "write one of the two; repeat <managed> for more";
  if (is_base && element.has("group")) return element.wrong("<managed> has both 'base' and 'group'", remedy);
  if (!is_base && !element.has("group")) return element.lacks("<managed> says neither 'base' nor 'group'", remedy);
  auto dn = read_dn(element, is_base ? "base" : "group");
  if (!dn) return;
  ManagedRule rule{std::move(*dn), is_base, element.choice("membership", Membership::exclusive, kMemberships), element.at(),
                   load_for_a_time(element)};
  check_managed(element, rule, context);
  context.rules.managed.push_back(std::move(rule));
}

/// `dn` without the RDNs at its end that `other` has there too: where two long names really differ.
std::string own_part(const Dn& dn, const Dn& other) {
  std::vector<Dn> ours, theirs;
  for (Dn d = dn; !d.empty(); d = d.parent()) ours.push_back(d);
  for (Dn d = other; !d.empty(); d = d.parent()) theirs.push_back(d);
  std::size_t common = 0;
  while (common < ours.size() && common < theirs.size() &&
         *(ours.rbegin() + static_cast<std::ptrdiff_t>(common)) == *(theirs.rbegin() + static_cast<std::ptrdiff_t>(common)))
    ++common;
  std::string part;
  for (std::size_t i = 0; i + common < ours.size(); ++i) part += (i ? "," : "") + ours[i].rdn();
  return part;
}

/// What a misspelt group may have meant: a group that is managed by name, or this one's name below a managed base.
std::string meant_group(const Dn& group, const Rules& rules) {
  for (const ManagedRule& rule : rules.managed) {
    const auto candidate = rule.is_base ? Dn::parse(group.rdn() + "," + rule.dn.str()) : Result<Dn>(rule.dn);
    if (candidate && !nearest_of(own_part(group, *candidate), {own_part(*candidate, group)}).empty()) return candidate->str();
  }
  return "";
}

void load_group(const Element& element, RoleRule& role, const RuleContext& context) {
  auto dn = read_dn(element, "dn");
  if (!dn) return;
  const std::string text = dn->str();
  if (context.complete && !context.rules.managed_group(*dn)) {
    const std::string near = meant_group(*dn, context.rules);
    element.wrong_in(
        "dn", "role '" + role.name + "' gives '" + text + "', which is not managed",
        near.empty() ? "add <managed group=\"" + text + "\" membership=\"granted\"/>" : "did you mean '" + near + "'?");
  }
  if (const auto* shield = protected_group(*dn, context.settings.safety)) {
    element.wrong_in("dn", "role '" + role.name + "' gives '" + text + "', which is protected at " + shield->at.str(),
                     "a protected group is never written: remove one of the two");
  }
  for (const RoleRule::Group& other : role.groups) {
    if (other.dn == *dn)
      element.wrong_in("dn", "role '" + role.name + "' gives '" + text + "' twice: here and at " + other.at.str(),
                       "keep one of the two");
  }
  role.groups.push_back({std::move(*dn), element.at()});
}

void load_role(const Element& element, RuleContext& context) {
  auto when = read_condition(element, "when", context);
  // Groups of a role whose condition is broken are checked all the same.
  std::vector<ExpressionFault> none;
  if (!when) when = Expression::compile("false()", context.scope, none);
  RoleRule role{element.text("name"), std::move(*when), {}, element.at(), read_span(element, "grace")};
  for (const RoleRule& other : context.rules.roles) {
    if (other.name != role.name || role.name.empty()) continue;
    element.wrong_in("name", "a second role '" + role.name + "'; the first is at " + other.at.str(),
                     "give each role a name of its own");
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
