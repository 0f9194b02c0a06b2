// The same rights in the words of each family.
#include <algorithm>
#include <map>
#include <set>

#include "agent/rights.h"

namespace muster {

namespace {

std::string joined(const std::vector<std::string>& words, const std::string& with) {
  std::string text;
  for (const std::string& w : words) text += (text.empty() ? "" : with) + w;
  return text;
}

// --- Active Directory: dsacls. Created, deleted and written are users; MS-ADTS section 3.1.1.5 says what each operation needs.

std::string dsacls_of(const Right& r, const RightsScope& scope) {
  const auto on = [&](const std::string& dn, bool children_only) {
    return "dsacls \"" + dn + "\" " + (children_only ? "/I:S " : "") + "/G \"" + scope.account + ":";
  };
  std::string text;
  const auto write = [&](const std::string& dn) {
    for (const std::string& a : r.attributes) text += on(dn, true) + "RPWP;" + a + ";user\"\n";
  };
  const auto children = [&](const std::string& dn, const char* what) {
    text += "dsacls \"" + dn + "\" /I:T /G \"" + scope.account + ":" + what + ";user\"\n";
  };
  switch (r.kind) {
    case RightKind::read: return "dsacls \"" + r.where + "\" /I:T /G \"" + scope.account + ":LCRP\"\n";
    case RightKind::write: write(r.where); break;
    case RightKind::create: children(r.where, "CC"); break;
    case RightKind::remove: children(r.where, "DC"); break;
    case RightKind::move:
      children(r.where, "DC");
      children(r.to, "CC");
      write(r.where);
      break;
    case RightKind::reset_password: return on(r.where, true) + "CA;Reset Password;user\"\n";
    case RightKind::members: return on(r.where, r.subtree) + "RPWP;member" + (r.subtree ? ";group" : "") + "\"\n";
    case RightKind::replicate: return on(r.where, false) + "CA;Replicating Directory Changes\"\n";
    case RightKind::see_deleted: return "dsacls \"" + r.where + "\" /takeownership\n" + on(r.where, false) + "LCRP\"\n";
    case RightKind::changelog: break;
  }
  return text;
}

std::string dsacls_text(const std::vector<Right>& rights, const RightsScope& scope) {
  std::string text = "rem As a domain administrator, once. No group membership is needed, and none is wanted.\n";
  for (const Right& r : rights) text += "rem " + r.feature + "\n" + dsacls_of(r, scope);
  return text;
}

// --- 389 Directory Server: ACIs

std::string aci(const std::string& target, const std::string& name, const std::string& allow, const RightsScope& scope) {
  return "aci: " + target + "(version 3.0; acl \"muster: " + name + "\"; allow (" + allow + ") userdn=\"ldap:///" + scope.account +
         "\";)\n";
}

std::string acis_of(const Right& r, const RightsScope& scope) {
  const std::string one = r.subtree ? "" : "(target=\"ldap:///" + r.where + "\")", all = joined(r.attributes, " || ");
  switch (r.kind) {
    case RightKind::read: return aci(one + "(targetattr=\"" + all + "\")", "read", "read,search,compare", scope);
    case RightKind::write: return aci("(targetattr=\"" + all + "\")", "write", "write", scope);
    case RightKind::create: return aci("(targetattr=\"*\")", "create", "add", scope);
    case RightKind::remove: return aci("(targetattr=\"*\")", "delete", "delete", scope);
    case RightKind::move:
      return aci("(target_from=\"ldap:///" + r.where + "\")(target_to=\"ldap:///" + r.to + "\")", "move", "moddn", scope) +
             aci("(targetattr=\"" + all + "\")", "names", "write", scope);
    case RightKind::members: return aci(one + "(targetattr=\"" + all + "\")", "members", "write", scope);
    case RightKind::changelog: return aci("(targetattr=\"*\")", "changelog", "read,search,compare", scope);
    case RightKind::reset_password:
    case RightKind::replicate:
    case RightKind::see_deleted: break;
  }
  return {};
}

/// The ACI that lets an entry move stands above both places.
std::string aci_place(const Right& r) {
  if (r.kind != RightKind::move) return r.where;
  const auto from = Dn::parse(r.where);
  auto above = Dn::parse(r.to);
  while (above && !above->empty() && from && !from->is_under(*above)) above = above->parent();
  return above ? above->str() : r.to;
}

std::string aci_text(const std::vector<Right>& rights, const RightsScope& scope) {
  struct Change {
    std::string where, comments, values;
  };
  std::vector<Change> changes;
  for (const Right& r : rights) {
    const std::string where = aci_place(r);
    auto at = std::find_if(changes.begin(), changes.end(), [&](const Change& c) { return c.where == where; });
    if (at == changes.end()) at = changes.insert(changes.end(), {where, "", ""});
    at->comments += "# " + r.feature + "\n";
    std::string values = acis_of(r, scope);
    for (std::size_t begin = 0; begin < values.size();) {
      const std::size_t end = values.find('\n', begin) + 1;
      if (const std::string line = values.substr(begin, end - begin); at->values.find(line) == std::string::npos)
        at->values += line;
      begin = end;
    }
  }
  std::string text = "# ldapmodify -x -W -D \"cn=Directory Manager\" -H URL -f THIS\n";
  for (const Change& c : changes) text += "\n" + c.comments + "dn: " + c.where + "\nchangetype: modify\nadd: aci\n" + c.values;
  return text;
}

// --- OpenLDAP: olcAccess. The first rule that fits an attribute decides, so those that read come last.

std::string entry_rule(const std::string& dn, const char* scope_of_dn, const std::string& attributes, const std::string& grant) {
  return std::string("to dn.") + scope_of_dn + "=\"" + dn + "\" attrs=" + attributes + grant;
}

std::vector<std::string> access_of(const Right& r, const RightsScope& scope) {
  const char* deep = r.subtree ? "subtree" : "base";
  const auto grant = [&](const std::string& level) { return " by dn.exact=\"" + scope.account + "\" " + level + " by * break"; };
  switch (r.kind) {
    case RightKind::read: return {entry_rule(r.where, deep, "entry," + joined(r.attributes, ","), grant("read"))};
    case RightKind::write: return {entry_rule(r.where, deep, joined(r.attributes, ","), grant("write"))};
    case RightKind::create:
    case RightKind::remove: return {entry_rule(r.where, deep, "entry,children", grant("write"))};
    case RightKind::move:
      return {entry_rule(r.where, deep, "entry,children," + joined(r.attributes, ","), grant("write")),
              entry_rule(r.to, deep, "entry,children", grant("write"))};
    case RightKind::members: return {entry_rule(r.where, deep, joined(r.attributes, ","), grant("write"))};
    case RightKind::reset_password:
    case RightKind::replicate:
    case RightKind::see_deleted:
    case RightKind::changelog: break;
  }
  return {};
}

std::string access_text(const std::vector<Right>& rights, const RightsScope& scope) {
  std::string comments, values;
  std::set<std::string> seen;
  for (const bool reading : {false, true}) {
    for (const Right& r : rights) {
      if ((r.kind == RightKind::read) != reading) continue;
      comments += "# " + r.feature + "\n";
      for (const std::string& rule : access_of(r, scope)) {
        if (seen.insert(rule).second) values += "olcAccess: {" + std::to_string(seen.size() - 1) + "}" + rule + "\n";
      }
    }
  }
  return "# ldapmodify -Y EXTERNAL -H ldapi:/// -f THIS, with the name that the database has in your cn=config\n" + comments +
         "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nadd: olcAccess\n" + values +
         "-\nadd: olcLimits\nolcLimits: dn.exact=\"" + scope.account + "\" size=unlimited time=unlimited\n";
}

}  // namespace

std::string delegation_text(const std::vector<Right>& rights, const RightsScope& scope) {
  switch (scope.family) {
    case Family::active_directory: return dsacls_text(rights, scope);
    case Family::ds389: return aci_text(rights, scope);
    case Family::openldap:
    case Family::other: break;
  }
  return access_text(rights, scope);
}

}  // namespace muster
