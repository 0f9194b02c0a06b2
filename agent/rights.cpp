#include "agent/rights.h"

#include <algorithm>

#include "schema/filter.h"

namespace muster {

namespace {

void add_once(std::vector<std::string>& names, const std::string& name) {
  const auto same = [&](const std::string& n) { return to_lower(n) == to_lower(name); };
  if (!name.empty() && std::none_of(names.begin(), names.end(), same)) names.push_back(name);
}

std::vector<std::string> written_attributes(const Config& config, const RightsScope& scope) {
  std::vector<std::string> names;
  for (const AttributeRule& rule : config.rules.attributes) {
    if (rule.owner == Owner::hr) add_once(names, rule.name);
  }
  for (const LeaverRule& leaver : config.rules.leavers) {
    for (const LeaverWrite& w : leaver.writes) add_once(names, w.name);
  }
  add_once(names, scope.disabling);
  if (scope.family != Family::active_directory && config.rules.hands_over()) add_once(names, "userPassword");
  if (scope.family == Family::active_directory && !config.rules.workers.empty()) add_once(names, "accountExpires");
  return names;
}

bool moves(const Config& config) {
  return !config.rules.places.empty() || !config.settings.directory.disable.move_to.empty() ||
         std::any_of(config.rules.leavers.begin(), config.rules.leavers.end(), [](const LeaverRule& l) { return l.move_to; });
}

bool deletes(const Config& config) {
  return std::any_of(config.rules.leavers.begin(), config.rules.leavers.end(), [](const LeaverRule& l) { return l.delete_after; });
}

/// The attribute that an expression for an RDN begins with: "concat('CN=', ...)".
std::string rdn_attribute(const Config& config, Family family) {
  const std::string source = config.rules.joiner && config.rules.joiner->rdn ? config.rules.joiner->rdn->source() : "";
  const auto equals = source.find('=');
  auto begin = equals;
  while (begin != std::string::npos && begin > 0 && std::isalnum(static_cast<unsigned char>(source[begin - 1]))) --begin;
  if (equals != std::string::npos && begin < equals) return source.substr(begin, equals - begin);
  return family == Family::active_directory ? "cn" : "uid";
}

/// What a move writes besides.
std::vector<std::string> name_attributes(const Config& config, Family family) {
  std::vector<std::string> names{rdn_attribute(config, family)};
  if (family == Family::active_directory) add_once(names, "name");
  return names;
}

std::vector<std::string> read_attributes(const Stream& stream, Family family) {
  std::vector<std::string> names{"objectClass"};
  for (const std::string& a : stream.attributes) add_once(names, a);
  if (const auto filter = Filter::parse(stream.filter)) {
    for (const std::string& a : filter->attributes()) add_once(names, a);
  }
  const bool is_389 = family == Family::ds389;
  for (const char* a : {is_389 ? "nsUniqueId" : "entryUUID", is_389 ? "entryUSN" : "entryCSN", "modifyTimestamp"})
    add_once(names, a);
  return names;
}

/// Where people are, come to and go to.
void rights_for_accounts(const Config& config, const RightsScope& scope, std::vector<Right>& all) {
  const bool creates = config.rules.joiner && config.rules.joiner->create;
  std::vector<std::string> places;
  for (const Stream& s : scope.streams) {
    if (!s.groups) places.push_back(s.base.str());
  }
  for (const PlaceRule& p : config.rules.places) add_once(places, p.base.str());
  for (const Stream& s : scope.streams) {
    const std::string where = s.base.str();
    all.push_back({RightKind::read, "seeing who is below " + where, where, read_attributes(s, scope.family), true, ""});
    if (s.groups) continue;
    all.push_back({RightKind::write, "writing what HR owns and disabling, below " + where, where, written_attributes(config, scope),
                   true, ""});
    const auto& placed = config.rules.places;
    const bool here =
        creates && (config.rules.joiner->create->is_under(s.base) ||
                    std::any_of(placed.begin(), placed.end(), [&](const PlaceRule& p) { return p.base.is_under(s.base); }));
    if (here) all.push_back({RightKind::create, "creating accounts below " + where, where, {}, true, ""});
    if (here && scope.family == Family::active_directory)
      all.push_back({RightKind::reset_password, "giving new accounts below " + where + " a password", where, {}, true, ""});
    if (deletes(config)) all.push_back({RightKind::remove, "deleting accounts below " + where, where, {}, true, ""});
    for (const std::string& to : places) {
      if (moves(config) && to != where)
        all.push_back({RightKind::move, "moving accounts from " + where + " to " + to, where, name_attributes(config, scope.family),
                       true, to});
    }
  }
}

void rights_for_groups(const Config& config, const RightsScope& scope, std::vector<Right>& all) {
  std::vector<std::pair<Dn, bool>> groups;
  const auto add = [&](const Dn& dn, bool is_base) {
    const bool covered =
        std::any_of(groups.begin(), groups.end(), [&](const auto& g) { return g.second ? dn.is_under(g.first) : dn == g.first; });
    if (!covered) groups.emplace_back(dn, is_base);
  };
  for (const ManagedRule& m : config.rules.managed) add(m.dn, m.is_base);
  for (const RoleRule& r : config.rules.roles) {
    for (const RoleRule::Group& g : r.groups) add(g.dn, false);
  }
  for (const auto& [dn, is_base] : groups)
    all.push_back({RightKind::members, "members of " + std::string(is_base ? "the groups below " : "") + dn.str(), dn.str(),
                   scope.member_attributes, is_base, ""});
}

/// What says whether an agent that suddenly sees nothing lost its rights, and whether a disable would have any effect.
void rights_for_itself(const Config& config, const RightsScope& scope, std::vector<Right>& all) {
  if (const auto& probe = config.settings.health.probe)
    all.push_back({RightKind::write, "the end-to-end probe", probe->entry.str(), {probe->attribute}, false, ""});
  if (scope.family == Family::active_directory) return;
  const DirectorySettings& d = config.settings.directory;
  const std::string id = scope.family == Family::ds389 ? "nsUniqueId" : "entryUUID";
  if (const auto own = Dn::parse(d.bind_dn); own && !own->empty())
    all.push_back({RightKind::read, "noticing the loss of its rights", own->str(), {"objectClass", id}, false, ""});
  for (const std::string& group : scope.streams.empty() ? std::vector<std::string>() : scope.streams.front().scoping_groups)
    all.push_back(
        {RightKind::read, "seeing that a group that decides who is watched is there", group, {"objectClass", id}, false, ""});
  if (d.disable.policy)
    all.push_back({RightKind::read,
                   "seeing that a disable has an effect",
                   d.disable.policy->str(),
                   {"objectClass", id, "pwdLockout"},
                   false,
                   ""});
}

}  // namespace

std::vector<Right> rights_needed(const Config& config, const RightsScope& scope) {
  std::vector<Right> all;
  rights_for_accounts(config, scope, all);
  rights_for_groups(config, scope, all);
  rights_for_itself(config, scope, all);
  if (scope.watch == "dirsync")
    all.push_back({RightKind::replicate, "changes of every entry at once (DirSync)", scope.domain, {}, false, ""});
  if (scope.watch == "dirsync" || scope.watch == "usn")
    all.push_back({RightKind::see_deleted, "deletes at once", "CN=Deleted Objects," + scope.domain, {}, false, ""});
  if (scope.watch == "psearch")
    all.push_back({RightKind::changelog, "catching up after a restart without reading everything", "cn=changelog", {}, true, ""});
  return all;
}

}  // namespace muster
