// What only a server's schema can tell about a configuration.
#include <algorithm>
#include <set>

#include "mapping/complaints.h"
#include "mapping/loader.h"

namespace muster {
namespace {

class SchemaCheck {
 public:
  SchemaCheck(const Config& config, const AttributeTypes& types) : config_(config), types_(types) {}

  std::vector<Complaint> run() {
    for (const AttributeRule& rule : config_.rules.attributes) owned(rule);
    for (const JoinRule& join : config_.rules.joins) exists(join.attribute, join.at);
    for (const LeaverRule& leaver : config_.rules.leavers) {
      for (const LeaverWrite& write : leaver.writes) exists(write.name, write.at);
    }
    settings(config_.settings);
    return complaints_.sorted_errors();
  }

 private:
  const AttributeType* exists(const std::string& name, const Location& at) {
    const AttributeType* type = types_.find(name);
    if (type) return type;
    const std::string near = types_.nearest(name);
    complaints_.error(at, "the directory's schema has no attribute '" + name + "'",
                      near.empty() ? "" : "did you mean '" + near + "'?");
    return nullptr;
  }

  void owned(const AttributeRule& rule) {
    const AttributeType* type = exists(rule.name, rule.at);
    if (!type) return;
    if (type->read_only && rule.owner != Owner::directory) {
      complaints_.error(
          rule.at,
          "'" + rule.name + "' cannot be owned by " + std::string(to_string(rule.owner)) + ": the server itself computes it",
          "write owner=\"directory\", or remove the rule");
    }
    // Options make attributes of their own (RFC 4512 section 2.5.2).
    const std::size_t option = rule.key.find(';');
    const std::string identity = type->oid + (option == std::string::npos ? "" : rule.key.substr(option));
    const auto [first, fresh] = owners_.emplace(identity, &rule);
    if (fresh) return;
    complaints_.error(
        rule.at,
        "'" + rule.name + "' is another name of '" + first->second->name + "', which has an owner at " + first->second->at.str(),
        "an attribute has one owner: keep one of the two");
  }

  void settings(const Settings& s) {
    const auto place = [&](const std::string& key) {
      const auto found = s.directory.places.find(key);
      return found == s.directory.places.end() ? s.directory.at : found->second;
    };
    filter(s.directory.people_filter, place("people.filter"));
    if (s.directory.groups_base) filter(s.directory.groups_filter, place("groups.filter"));
    for (const auto& protect : s.safety.protect_filters) filter(protect.filter.str(), protect.at);
    if (!s.directory.disable.attribute.empty()) exists(s.directory.disable.attribute, place("disable.attribute"));
    if (s.health.probe) exists(s.health.probe->attribute, s.health.probe->at);
  }

  void filter(const std::string& text, const Location& at) {
    const auto parsed = Filter::parse(text);
    if (!parsed) return;
    for (const std::string& name : parsed->attributes()) exists(name, at);
  }

  const Config& config_;
  const AttributeTypes& types_;
  Complaints complaints_;
  std::map<std::string, const AttributeRule*> owners_;
};

/// The attribute that new entries are named by: what stands before '=' in the first text of the rdn expression, concat('CN=', ...).
std::string naming_attribute(const std::string& rdn) {
  const std::size_t open = rdn.find_first_of("'\"");
  const std::size_t equals = rdn.find('=', open);
  if (open == std::string::npos || equals == std::string::npos) return "";
  const std::string name = to_lower(rdn.substr(open + 1, equals - open - 1));
  const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
  return plain ? name : "";
}

}  // namespace

std::vector<Complaint> check_against_schema(Config& config, const AttributeTypes& types) {
  config.rules.bind(types);
  return SchemaCheck(config, types).run();
}

std::vector<std::string> attributes_needed(const Config& config) {
  std::vector<std::string> names = attributes_of_rules(config);
  if (const auto& probe = config.settings.health.probe) names.push_back(to_lower(probe->attribute));
  return names;
}

std::vector<std::string> attributes_of_rules(const Config& config) {
  std::set<std::string> names{"objectclass"};
  const auto add = [&](const std::string& name) {
    if (!name.empty()) names.insert(to_lower(name));
  };
  for (const AttributeRule& rule : config.rules.attributes) add(rule.key);
  for (const JoinRule& join : config.rules.joins) add(join.attribute);
  for (const LeaverRule& leaver : config.rules.leavers) {
    for (const LeaverWrite& write : leaver.writes) add(write.key);
  }
  for (const auto& protect : config.settings.safety.protect_filters) {
    for (const std::string& name : protect.filter.attributes()) add(name);
  }
  add(config.settings.directory.disable.attribute);
  for (const UpstreamSettings::Scim& scim : config.settings.upstream.scims) add(scim.user_name);
  if (config.rules.joiner && config.rules.joiner->rdn) add(naming_attribute(config.rules.joiner->rdn->source()));
  return {names.begin(), names.end()};
}

}  // namespace muster
