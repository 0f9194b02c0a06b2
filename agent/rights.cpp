#include "agent/rights.h"

#include <algorithm>
#include <map>

namespace muster {

namespace {

using Kind = Right::Kind;

std::string joined(const std::vector<std::string>& words, const std::string& with) {
  std::string text;
  for (const std::string& w : words) text += (text.empty() ? "" : with) + w;
  return text;
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  const auto same = [&](const std::string& n) { return to_lower(n) == to_lower(name); };
  if (!name.empty() && std::none_of(names.begin(), names.end(), same)) names.push_back(name);
}

std::vector<std::string> written_attributes(const Config& config, const RightsScope& scope) {
  std::vector<std::string> names;
  for (const AttributeRule& rule : config.rules.attributes) {
    if (rule.owner == Owner::hr) add_once(names, rule.name);
  }
  const DisableSettings& disable = config.settings.directory.disable;
  add_once(names, disable.method == DisableSettings::Method::attribute ? disable.attribute : scope.disable_method);
  if (scope.family == Family::active_directory && !config.rules.contractors.empty()) add_once(names, "accountExpires");
  return names;
}

/// Where accounts live, come to and go to.
std::vector<Dn> account_bases(const Config& config) {
  std::vector<Dn> bases{config.settings.directory.people_base};
  const auto add = [&](const Dn& dn) {
    if (!dn.empty() && std::none_of(bases.begin(), bases.end(), [&](const Dn& b) { return dn.is_under(b); })) bases.push_back(dn);
  };
  for (const LeaverRule& l : config.rules.leavers) add(l.move_to.value_or(Dn()));
  add(config.settings.directory.disable.move_to);
  if (config.rules.joiner) add(config.rules.joiner->create.value_or(Dn()));
  return bases;
}

bool moves(const Config& config) {
  return !config.settings.directory.disable.move_to.empty() ||
         std::any_of(config.rules.leavers.begin(), config.rules.leavers.end(), [](const LeaverRule& l) { return l.move_to; });
}

bool deletes(const Config& config) {
  return std::any_of(config.rules.leavers.begin(), config.rules.leavers.end(), [](const LeaverRule& l) { return l.delete_after; });
}

/// The attribute that an expression for an RDN begins with: "concat('CN=', ...)".
std::string rdn_attribute(const Config& config, Family family) {
  const std::string& source = config.rules.joiner && config.rules.joiner->rdn ? config.rules.joiner->rdn->source() : "";
  const auto equals = source.find('=');
  auto begin = equals;
  while (begin != std::string::npos && begin > 0 && std::isalnum(static_cast<unsigned char>(source[begin - 1]))) --begin;
  if (equals != std::string::npos && begin < equals) return source.substr(begin, equals - begin);
  return family == Family::active_directory ? "cn" : "uid";
}

/// What a rename or a move writes besides.
std::vector<std::string> name_attributes(const Config& config, Family family) {
  std::vector<std::string> names{rdn_attribute(config, family)};
  if (family == Family::active_directory) add_once(names, "name");
  return names;
}

std::vector<Right> rights_for_accounts(const Config& config, const RightsScope& scope) {
  std::vector<Right> all;
  const bool creates = config.rules.joiner && config.rules.joiner->create;
  for (const Dn& base : account_bases(config)) {
    const std::string where = base.str();
    all.push_back({Kind::read, "seeing who is below " + where, where, {}, true});
    all.push_back(
        {Kind::write, "writing what HR owns, and disabling, below " + where, where, written_attributes(config, scope), true});
    const bool here = creates && config.rules.joiner->create->is_under(base);
    if (here || moves(config)) all.push_back({Kind::create, "creating accounts below " + where, where, {}, true});
    if (deletes(config) || moves(config))
      all.push_back({Kind::remove, "deleting or moving accounts below " + where, where, {}, true});
    if (moves(config))
      all.push_back(
          {Kind::write, "moving and renaming accounts below " + where, where, name_attributes(config, scope.family), true});
    if (here && scope.family == Family::active_directory)
      all.push_back({Kind::reset_password, "giving new accounts below " + where + " a password", where, {}, true});
  }
  return all;
}

std::vector<Right> rights_for_groups(const Config& config) {
  std::vector<Right> all;
  const auto& base = config.settings.directory.groups_base;
  if (!base) return all;
  all.push_back({Kind::read, "seeing groups and their members below " + base->str(), base->str(), {}, true});
  for (const ManagedRule& m : config.rules.managed)
    all.push_back(
        {Kind::members, "members of " + std::string(m.is_base ? "the groups below " : "") + m.dn.str(), m.dn.str(), {}, m.is_base});
  return all;
}

// --- Active Directory: dsacls

std::string dsacls_of(const Right& r, const RightsScope& scope) {
  const std::string head = "dsacls \"" + r.where + "\" ", below = r.subtree ? "/I:S " : "", who = "/G \"" + scope.account + ":";
  std::string text;
  switch (r.kind) {
    case Kind::read: return head + "/I:T " + who + "LCRP\"\n";
    case Kind::write:
      for (const std::string& a : r.attributes) text += head + below + who + "RPWP;" + a + ";user\"\n";
      return text;
    case Kind::create: return head + "/I:T " + who + "CC;user\"\n";
    case Kind::remove: return head + "/I:T " + who + "DC;user\"\n";
    case Kind::reset_password: return head + below + who + "CA;Reset Password;user\"\n";
    case Kind::members: return head + below + who + "RPWP;member" + (r.subtree ? ";group" : "") + "\"\n";
    case Kind::replicate: return head + who + "CA;Replicating Directory Changes\"\n";
    case Kind::see_deleted: return head + "/takeownership\n" + head + who + "LCRP\"\n";
    case Kind::changelog: break;
  }
  return {};
}

// --- 389 Directory Server: ACIs

std::string aci(const std::string& target, const std::string& name, const std::string& allow, const RightsScope& scope) {
  return "aci: " + target + "(version 3.0; acl \"muster: " + name + "\"; allow (" + allow + ") userdn=\"ldap:///" + scope.account +
         "\";)\n";
}

std::string acis_of(const Right& r, const RightsScope& scope) {
  switch (r.kind) {
    case Kind::read:
      return aci("(targetattr=\"* || nsUniqueId || entryUSN || nsAccountLock || modifyTimestamp\")", "read", "read,search,compare",
                 scope);
    case Kind::write: return aci("(targetattr=\"" + joined(r.attributes, " || ") + "\")", "write", "write", scope);
    // The values of a new entry are written, too.
    case Kind::create: return aci("(targetattr=\"*\")", "create", "add", scope);
    case Kind::remove: return aci("(targetattr=\"*\")", "delete", "delete", scope);
    case Kind::members: return aci("(targetattr=\"member || uniqueMember || memberUid\")", "members", "write", scope);
    case Kind::changelog: return aci("(targetattr=\"*\")", "changelog", "read,search,compare", scope);
    case Kind::reset_password:
    case Kind::replicate:
    case Kind::see_deleted: break;
  }
  return {};
}

std::string ds389_text(const std::vector<Right>& rights, const RightsScope& scope) {
  std::vector<std::string> order;
  std::map<std::string, std::string> acis;
  std::vector<std::string> movable;
  for (const Right& r : rights) {
    if (!acis.contains(r.where)) order.push_back(r.where);
    acis[r.where] += "# " + r.feature + "\n" + acis_of(r, scope);
    if (r.kind == Kind::remove) movable.push_back(r.where);
  }
  std::string text = "# ldapmodify -x -W -D \"cn=Directory Manager\" -H URL -f THIS\n";
  for (const std::string& where : order) {
    std::string lines = acis[where];
    for (const std::string& to : movable) {
      const bool from = std::find(movable.begin(), movable.end(), where) != movable.end();
      if (from && to != where)
        lines += aci("(target_from=\"ldap:///" + where + "\")(target_to=\"ldap:///" + to + "\")", "move", "moddn", scope);
    }
    // LDIF takes no comment between the lines of a change.
    std::string comments, values;
    for (std::size_t at = 0; at < lines.size();) {
      const auto end = lines.find('\n', at) + 1;
      (lines[at] == '#' ? comments : values) += lines.substr(at, end - at);
      at = end;
    }
    text += "\n" + comments + "dn: " + where + "\nchangetype: modify\nadd: aci\n" + values;
  }
  return text;
}

// --- OpenLDAP: olcAccess

std::string access_of(const Right& r, const RightsScope& scope) {
  const std::string who = " by dn.exact=\"" + scope.account + "\" ", rest = " by * break\n";
  const std::string to = std::string("to dn.") + (r.subtree ? "subtree" : "base") + "=\"" + r.where + "\"";
  switch (r.kind) {
    case Kind::read: return to + who + "read" + rest;
    case Kind::write: return to + " attrs=" + joined(r.attributes, ",") + who + "write" + rest;
    case Kind::create:  // its values are written as it is made
      return to + " attrs=children,entry" + who + "write" + rest + to + who + "write" + rest;
    case Kind::remove: return to + " attrs=children,entry" + who + "write" + rest;
    case Kind::members: return to + " attrs=member,uniqueMember,memberUid" + who + "write" + rest;
    case Kind::reset_password:
    case Kind::replicate:
    case Kind::see_deleted:
    case Kind::changelog: break;
  }
  return {};
}

std::string openldap_text(const std::vector<Right>& rights, const RightsScope& scope) {
  // The first rule that fits an attribute decides, so the wide ones come last.
  std::string text = "# As olcAccess values of the database, before the others (in slapd.conf: \"access\" in front of each line)\n";
  for (const bool reading : {false, true}) {
    for (const Right& r : rights) {
      if ((r.kind == Kind::read) == reading) text += "# " + r.feature + "\n" + access_of(r, scope);
    }
  }
  return text + "# no limits on reading\nlimits dn.exact=\"" + scope.account + "\" size=unlimited time=unlimited\n";
}

}  // namespace

std::vector<Right> rights_needed(const Config& config, const RightsScope& scope) {
  std::vector<Right> all = rights_for_accounts(config, scope);
  for (Right& r : rights_for_groups(config)) all.push_back(std::move(r));
  if (scope.watch == "dirsync") all.push_back({Kind::replicate, "being told of every change (DirSync)", scope.domain, {}, false});
  if (scope.watch == "dirsync" || scope.watch == "usn")
    all.push_back({Kind::see_deleted, "being told of deletes at once", "CN=Deleted Objects," + scope.domain, {}, false});
  if (scope.watch == "psearch") all.push_back({Kind::changelog, "catching up after a restart", "cn=changelog", {}, true});
  return all;
}

std::string delegation_text(const std::vector<Right>& rights, const RightsScope& scope) {
  if (scope.family == Family::ds389) return ds389_text(rights, scope);
  if (scope.family != Family::active_directory) return openldap_text(rights, scope);
  std::string text = "rem as a domain administrator, once\n";
  for (const Right& r : rights) text += "rem " + r.feature + "\n" + dsacls_of(r, scope);
  return text;
}

}  // namespace muster
