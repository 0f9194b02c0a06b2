// <join> and <attributes>
#include <algorithm>
#include <set>

#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"
#include "mapping/scim_path.h"

namespace muster {
namespace {

constexpr std::array<std::pair<std::string_view, Owner>, 3> kOwners{
    {{"hr", Owner::hr}, {"directory", Owner::directory}, {"upstream", Owner::upstream}}};
constexpr std::array<std::pair<std::string_view, AttributeRule::OnDrift>, 2> kOnDrift{
    {{"report", AttributeRule::OnDrift::report}, {"revert", AttributeRule::OnDrift::revert}}};
constexpr std::array<std::pair<std::string_view, AttributeRule::WhenEmpty>, 3> kWhenEmpty{
    {{"clear", AttributeRule::WhenEmpty::clear},
     {"keep", AttributeRule::WhenEmpty::keep},
     {"problem", AttributeRule::WhenEmpty::problem}}};

void load_match(const Element& match, RuleContext& context) {
  auto value = read_expression(match, "value", context);
  const std::string attribute = match.text("attribute");
  if (!value || attribute.empty()) return;
  if (value->fields().empty()) {
    return match.wrong_in("value", "\"" + value->source() + "\" is the same for everybody, so it finds nobody's entry",
                          "name a field of the feed");
  }
  for (const JoinRule& other : context.rules.joins) {
    if (to_lower(other.attribute) != to_lower(attribute) || other.value.source() != value->source()) continue;
    return match.wrong("the same <match> as at " + other.at.str(), "keep one of the two");
  }
  context.rules.joins.push_back({attribute, std::move(*value), match.at()});
}

/// Attributes that other parts of muster write, and none may be given to HR.
struct Reserved {
  std::string_view name, what, instead;
};
constexpr std::array<Reserved, 10> kReserved{{
    {"member", "memberships are no values of HR", "use <access>"},
    {"uniquemember", "memberships are no values of HR", "use <access>"},
    {"memberuid", "memberships are no values of HR", "use <access>"},
    {"memberof", "memberships are no values of HR", "use <access>"},
    {"userpassword", "passwords stay untouched", "remove the rule"},
    {"unicodepwd", "passwords stay untouched", "remove the rule"},
    {"pwdendtime", "accounts are switched off by <lifecycle>", "remove the rule"},
    {"pwdaccountlockedtime", "accounts are switched off by <lifecycle>", "remove the rule"},
    {"useraccountcontrol", "accounts are switched off by <lifecycle>", "remove the rule"},
    {"objectclass", "object classes are given once, by <joiner object-class=...>", "remove the rule"},
}};

void check_reserved(const Element& element, const AttributeRule& rule) {
  if (rule.owner == Owner::directory) return;
  for (const Reserved& reserved : kReserved) {
    if (rule.key != reserved.name) continue;
    element.wrong_in(
        "name", "'" + rule.name + "' cannot be owned by " + std::string(to_string(rule.owner)) + ": " + std::string(reserved.what),
        std::string(reserved.instead));
  }
}

/// An attribute that does nothing is a mistake, not a decoration.
void only_for(const Element& element, std::string_view attribute, bool fits, const std::string& who, const std::string& why) {
  if (fits || !element.has(attribute)) return;
  element.wrong_at(attribute, "'" + std::string(attribute) + "' has no meaning for an attribute that " + who + " owns", why);
}

void check_fit(const Element& element, const AttributeRule& rule) {
  const bool hr = rule.owner == Owner::hr;
  const std::string who = hr ? "HR" : rule.owner == Owner::directory ? "the directory" : "the upstream system";
  only_for(element, "refers-to", hr, who, "remove it, or write owner=\"hr\"");
  only_for(element, "when-empty", hr, who, "remove it, or write owner=\"hr\"");
  only_for(element, "unique", hr, who, "remove it, or write owner=\"hr\"");
  only_for(element, "on-drift", hr, who, "only HR's values are compared: remove it, or write owner=\"hr\"");
  only_for(element, "upstream", !hr, who, "upstream hears from the directory only what the directory owns: remove it");
  if (hr && !element.has("value")) {
    element.lacks("'" + rule.name + "' is owned by HR, but there is no 'value'",
                  "add value=\"...\", an expression over the feed's fields");
  }
}

/// With <scim> the words of `upstream` are a place in a resource.
void check_path(const Element& element, const AttributeRule& rule, const RuleContext& context) {
  if (context.settings.upstream.scims.empty() || rule.upstream.empty()) return;
  const auto path = ScimPath::parse(rule.upstream);
  if (!path) return element.wrong_in("upstream", path.error().what, path.error().hint);
  static const std::set<std::string> kOwn{"active", "externalid", "groups", "id", "meta", "password", "schemas"};
  if (path->schema.empty() && kOwn.contains(to_lower(path->attribute)))
    element.wrong_in("upstream", "'" + path->attribute + "' of a SCIM user is not mapped: muster or the server says it itself",
                     "remove 'upstream', or name another attribute");
}

AttributeRule load_attribute(const Element& element, RuleContext& context) {
  AttributeRule rule;
  rule.at = element.at();
  rule.name = element.text("name");
  rule.key = to_lower(rule.name);
  rule.owner = element.choice("owner", Owner::hr, kOwners);
  rule.on_drift = element.choice("on-drift", rule.on_drift, kOnDrift);
  rule.when_empty = element.choice("when-empty", rule.when_empty, kWhenEmpty);
  rule.upstream = element.text("upstream");
  rule.value = read_expression(element, "value", context, element.truth("unique", false));
  rule.refers_to_person = element.has("refers-to");
  load_unique(element, rule);
  const bool owner_known =
      std::any_of(kOwners.begin(), kOwners.end(), [&](const auto& o) { return o.first == element.text("owner"); });
  if (!owner_known) return rule;
  check_fit(element, rule);
  check_path(element, rule, context);
  check_reserved(element, rule);
  return rule;
}

/// Guarantee 1, over all files.
void add_owned(const Element& element, AttributeRule rule, Rules& rules) {
  if (const AttributeRule* first = rules.attribute(rule.name)) {
    const std::string a(to_string(first->owner)), b(to_string(rule.owner));
    const std::string owners =
        a == b ? "is given to " + a + " twice: here and at " : "has two owners: " + b + " here, and " + a + " at ";
    return element.wrong_in("name", "'" + rule.name + "' " + owners + first->at.str(),
                            "an attribute has one owner: keep one of the two");
  }
  rules.attributes.push_back(std::move(rule));
}

/// The attribute that switches accounts off is the agent's own.
void check_disable_attribute(const Element& element, const AttributeRule& rule, const DisableSettings& disable) {
  if (disable.attribute.empty() || to_lower(disable.attribute) != rule.key) return;
  element.wrong_in("name",
                   "'" + rule.name + "' has two owners: " + std::string(to_string(rule.owner)) + " here, and the <disable> at " +
                       disable.at.str(),
                   "an attribute has one owner: keep one of the two");
}

}  // namespace

void check_reserved_for_leavers(const Element& element, std::string_view attribute, const std::string& key) {
  for (const Reserved& reserved : kReserved) {
    if (key != reserved.name) continue;
    element.wrong_in(attribute, "'" + element.text(attribute) + "' cannot be written for leavers: " + std::string(reserved.what),
                     std::string(reserved.instead));
  }
}

std::vector<Element> collect_rules(const std::vector<Element>& mappings, std::string_view section, std::string_view name) {
  std::vector<Element> all;
  for (const Element& mapping : mappings) {
    for (const Element& holder : mapping.children(section)) {
      for (const Element& element : holder.children(name)) all.push_back(element);
    }
  }
  return all;
}

void load_joins(const std::vector<Element>& mappings, RuleContext& context) {
  const std::vector<Element> matches = collect_rules(mappings, "join", "match");
  for (const Element& match : matches) load_match(match, context);
  if (!matches.empty() || !context.complete) return;
  context.muster.wrong("no file of rules says how people and entries are joined",
                       "add <join><match attribute=\"...\" value=\"...\"/></join>");
}

void load_attributes(const std::vector<Element>& mappings, RuleContext& context) {
  for (const Element& element : collect_rules(mappings, "attributes", "attribute")) {
    AttributeRule rule = load_attribute(element, context);
    if (rule.name.empty()) continue;
    check_disable_attribute(element, rule, context.settings.directory.disable);
    add_owned(element, std::move(rule), context.rules);
  }
}

}  // namespace muster
