#include "agent/init.h"

#include <algorithm>

#include "schema/dn.h"

namespace muster {

namespace {

const std::vector<std::string> kJoins{"employeeNumber", "employeeID", "sAMAccountName", "uid", "mail"};
const std::vector<std::string> kTold{"givenName", "sn", "displayName", "title"};

/// What most entries of a kind stand directly below.
class Places {
 public:
  void add(const Dn& dn) { ++counts_[dn.parent().str()]; }
  std::string fullest() const {
    const auto at =
        std::max_element(counts_.begin(), counts_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return at == counts_.end() ? "" : at->first;
  }

 private:
  std::map<std::string, std::size_t> counts_;
};

class Surveyor {
 public:
  Surveyor(Connection& connection, std::string base) : connection_(connection) { found_.base = std::move(base); }

  Result<Survey> look() {
    const ServerInfo& server = connection_.server();
    found_.family = server.family;
    found_.vendor = server.vendor;
    if (found_.base.empty()) found_.base = server.default_context;
    for (const std::string& context : server.naming_contexts) {
      if (found_.base.empty() && to_lower(context) != "cn=changelog") found_.base = context;
    }
    if (found_.base.empty())
      return Error{Errc::not_found, server.url + " names no naming context", "give it: --base DC=corp,DC=example"};
    found_.department = is_ad() ? "department" : "departmentNumber";
    if (!server.types.find(found_.department)) found_.department.clear();
    MUSTER_TRY(people());
    MUSTER_TRY(groups());
    if (found_.family == Family::openldap) MUSTER_TRY(policy());
    found_.join = best_join();
    return std::move(found_);
  }

 private:
  bool is_ad() const { return found_.family == Family::active_directory; }

  Status search(const std::string& filter, std::vector<std::string> attributes, const std::function<void(Entry&&)>& each) {
    SearchRequest request;
    request.base = found_.base;
    request.filter = filter;
    request.attributes = std::move(attributes);
    return connection_.search(request, [&](Entry&& e) {
      each(std::move(e));
      return ok();
    });
  }

  Status people() {
    found_.people_filter = is_ad() ? "(&(objectCategory=person)(objectClass=user))" : "(objectClass=inetOrgPerson)";
    std::vector<std::string> wanted = kJoins;
    wanted.insert(wanted.end(), kTold.begin(), kTold.end());
    if (!found_.department.empty()) wanted.push_back(found_.department);
    std::vector<Entry> seen;
    const std::string ordinary =
        is_ad() ? "(&" + found_.people_filter + "(!(adminCount=1))(!(isCriticalSystemObject=TRUE)))" : found_.people_filter;
    Places places;
    MUSTER_TRY(search(ordinary, wanted, [&](Entry&& e) {
      if (to_lower(e.dn.str()) == to_lower(connection_.server().bound_as)) return;
      places.add(e.dn);
      seen.push_back(std::move(e));
    }));
    found_.people_base = places.fullest();
    if (found_.people_base.empty()) found_.people_base = likely({"ou=people", "ou=users", "cn=users"}).value_or(found_.base);
    const auto base = Dn::parse(found_.people_base);
    for (Entry& e : seen) {
      if (base && e.dn.is_under(*base)) found_.people.push_back(std::move(e.attributes));
    }
    return ok();
  }

  Status groups() {
    found_.groups_filter =
        is_ad() ? "(objectClass=group)" : "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))";
    const std::string ordinary = is_ad() ? "(&(objectClass=group)(!(isCriticalSystemObject=TRUE)))" : found_.groups_filter;
    Places places;
    MUSTER_TRY(search(ordinary, {"objectClass"}, [&](Entry&& e) {
      places.add(e.dn);
      ++found_.groups;
    }));
    found_.groups_base = places.fullest();
    if (found_.groups_base.empty()) found_.groups_base = likely({"ou=groups", "cn=users"}).value_or("");
    return ok();
  }

  Status policy() {
    std::vector<std::string> policies;
    if (!connection_.server().classes.find("pwdPolicy")) return ok();
    MUSTER_TRY(search("(objectClass=pwdPolicy)", {"objectClass"}, [&](Entry&& e) { policies.push_back(e.dn.str()); }));
    if (policies.size() == 1) found_.policy = policies.front();
    return ok();
  }

  std::optional<std::string> likely(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      auto there = connection_.read(name + "," + found_.base, {"objectClass"});
      if (there && *there) return name + "," + found_.base;
    }
    return std::nullopt;
  }

  /// The one that most of them have; the earlier of two.
  std::string best_join() const {
    const auto having = [&](const std::string& name) {
      return std::count_if(found_.people.begin(), found_.people.end(),
                           [&](const Attributes& a) { return !a.first(to_lower(name)).empty(); });
    };
    std::string best = is_ad() ? "employeeID" : "employeeNumber";
    for (const std::string& name : kJoins) {
      if (connection_.server().types.find(name) && having(name) > having(best)) best = name;
    }
    return best;
  }

  Connection& connection_;
  Survey found_;
};

/// For attribute values, and for comments, in which two hyphens must not meet.
std::string xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '-': out += out.ends_with('-') ? "&#45;" : "-"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

std::string attribute(const std::string& name, const std::string& value) {
  return value.empty() ? "" : " " + name + "=\"" + xml(value) + "\"";
}

std::string cell(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : c == '\n' || c == '\r' ? " " : std::string(1, c);
  return out + "\"";
}

std::string bind_of(const Endpoint& e) {
  if (e.bind == Endpoint::Bind::gssapi)
    return "    <bind method=\"gssapi\"" + attribute("keytab", e.keytab) + attribute("principal", e.principal) + "/>\n";
  if (e.bind == Endpoint::Bind::external) return "    <bind method=\"external\"/>\n";
  if (e.bind != Endpoint::Bind::simple) return "    <bind method=\"anonymous\"/>\n";
  return "    <!-- The password is in secrets/ldap-bind, which nobody but its owner may read. -->\n    <bind method=\"simple\"" +
         attribute("dn", e.bind_dn) + " secret=\"ldap-bind\"/>\n";
}

std::string disable_of(const Survey& s) {
  if (!s.disable_attribute.empty())
    return "    <!-- This server switches nobody off by itself: whoever asks it must look at this attribute. -->\n    <disable" +
           attribute("attribute", s.disable_attribute) + " value=\"disabled\"/>\n";
  if (s.policy.empty()) return "";
  return "    <!-- The policy that makes a disabled account unable to bind. -->\n    <disable method=\"auto\"" +
         attribute("policy", s.policy) + "/>\n";
}

std::string main_file(const Survey& s, const Endpoint& e) {
  std::string urls;
  for (const std::string& u : e.urls) urls += (urls.empty() ? "" : " ") + u;
  const std::string tls = e.tls_ca.empty() && !e.start_tls
                              ? ""
                              : "    <tls" + attribute("ca", e.tls_ca) + (e.start_tls ? " start-tls=\"true\"" : "") + "/>\n";
  const std::string groups = s.groups_base.empty()
                                 ? ""
                                 : "    <groups" + attribute("base", s.groups_base) + attribute("filter", s.groups_filter) +
                                       attribute("placeholder", s.placeholder) + "/>\n";
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Written by `muster init` for " + xml(s.vendor) +
         ". docs/configuration.md explains each element.\n     `muster check` tests it, `muster plan` says what it would change, "
         "and neither changes anything. -->\n"
         "<muster xmlns=\"urn:muster:config:1\">\n"
         "  <!-- Nothing outside of this base is ever written. More URLs, separated by blanks, are tried in order. -->\n"
         "  <directory name=\"corp\"" +
         attribute("url", urls) + " family=\"" + std::string(to_string(s.family)) + "\"" + attribute("base", s.base) + ">\n" +
         bind_of(e) + tls + "    <people" + attribute("base", s.people_base) + attribute("filter", s.people_filter) + "/>\n" +
         groups + "    <watch method=\"auto\"/>\n" + disable_of(s) +
         "  </directory>\n\n"
         "  <!-- HR's file. The one here was made from the directory, so it agrees with it: put HR's in its place.\n"
         "       missing=\"keep\": who is not in it is left alone. Later, \"leaver\" takes them for leavers. -->\n"
         "  <feed name=\"hr\" path=\"feed\" missing=\"keep\">\n"
         "    <field name=\"id\" column=\"Id\" key=\"true\"/>\n"
         "    <field name=\"status\" column=\"Status\"/>\n"
         "    <field name=\"first\" column=\"First\"/>\n"
         "    <field name=\"last\" column=\"Last\"/>\n"
         "    <field name=\"display\" column=\"Display\"/>\n"
         "    <field name=\"title\" column=\"Title\"/>\n"
         "    <field name=\"department\" column=\"Department\"/>\n"
         "  </feed>\n"
         "  <state path=\"state.db\"/>\n\n"
         "  <!-- What is more than this waits for an approval (muster holds, muster approve). -->\n"
         "  <safety max-disables=\"5\" max-membership-removals=\"20\" max-clears=\"20\" max-creates=\"20\"/>\n"
         "  <upstream><file path=\"events.jsonl\"/></upstream>\n"
         "  <include path=\"mapping.d/*.xml\"/>\n"
         "</muster>\n";
}

std::string rules_file(const Survey& s) {
  const std::string department = s.department.empty() ? ""
                                                      : "    <attribute" + attribute("name", s.department) +
                                                            " owner=\"hr\" value=\"department\" when-empty=\"keep\"/>\n";
  const std::string group = "CN=all-staff," + (s.groups_base.empty() ? s.base : s.groups_base);
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<mapping xmlns=\"urn:muster:config:1\">\n"
         "  <!-- Whose account is whose: HR's key is in this attribute of the account. -->\n"
         "  <join><match" +
         attribute("attribute", s.join) +
         " value=\"id\"/></join>\n\n"
         "  <!-- Who owns what. Only what is owned by HR is written; the rest of an account is never touched. -->\n"
         "  <attributes>\n"
         "    <attribute name=\"givenName\" owner=\"hr\" value=\"first\" when-empty=\"keep\"/>\n"
         "    <attribute name=\"sn\" owner=\"hr\" value=\"last\" when-empty=\"keep\"/>\n"
         "    <attribute name=\"displayName\" owner=\"hr\" value=\"display\" when-empty=\"keep\"/>\n"
         "    <attribute name=\"title\" owner=\"hr\" value=\"title\" when-empty=\"keep\"/>\n" +
         department +
         "    <attribute name=\"telephoneNumber\" owner=\"directory\"/>\n"
         "  </attributes>\n\n"
         "  <!-- Who belongs into which group. \"granted\" removes only what muster granted itself.\n"
         "  <access>\n"
         "    <managed" +
         attribute("group", group) +
         " membership=\"granted\"/>\n"
         "    <role name=\"all-staff\" when=\"status='active'\"><group" +
         attribute("dn", group) +
         "/></role>\n"
         "  </access>\n  -->\n\n"
         "  <!-- What happens when people come, are away and go. Give <joiner> create=\"" +
         xml(s.people_base) +
         "\" to have accounts made. -->\n"
         "  <lifecycle>\n"
         "    <joiner when=\"status='active'\"/>\n"
         "    <leaver when=\"status='terminated'\" disable=\"true\"/>\n"
         "    <absence when=\"status='leave'\" disable=\"true\"/>\n"
         "    <rehire match=\"id\" enable=\"true\"/>\n"
         "  </lifecycle>\n"
         "</mapping>\n";
}

std::string feed_file(const Survey& s) {
  std::string text = "Id,Status,First,Last,Display,Title,Department\n";
  std::size_t told = 0;
  for (const Attributes& a : s.people) {
    const std::string_view id = a.first(to_lower(s.join));
    if (id.empty()) continue;
    text += cell(id) + ",active";
    for (const char* name : {"givenname", "sn", "displayname", "title"}) text += "," + cell(a.first(name));
    text += "," + cell(s.department.empty() ? "" : a.first(to_lower(s.department))) + "\n";
    ++told;
  }
  if (told == 0) text += "0,example,An,Example,An Example,,\n";
  return text;
}

}  // namespace

Result<Survey> survey(Connection& connection, const std::string& base) { return Surveyor(connection, base).look(); }

std::map<std::string, std::string> first_configuration(const Survey& s, const Endpoint& endpoint) {
  return {{"muster.xml", main_file(s, endpoint)}, {"mapping.d/rules.xml", rules_file(s)}, {"feed/hr.csv", feed_file(s)}};
}

}  // namespace muster
