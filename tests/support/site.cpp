#include "tests/support/site.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "schema/dn.h"

namespace muster::test {

using Json = nlohmann::json;

namespace {

const std::set<std::string> kGroups{"all-staff", "sales", "engineering"};

std::unique_ptr<LabServer> started(Site::Kind kind, Environment wishes) {
  switch (kind) {
    case Site::Kind::openldap: return std::make_unique<Slapd>(std::move(wishes));
    case Site::Kind::ds389: return std::make_unique<Ds389>(std::move(wishes));
    case Site::Kind::active_directory: break;
  }
  return std::make_unique<Samba>(std::move(wishes));
}

std::string normal(const std::string& dn) {
  const auto parsed = Dn::parse(dn);
  if (!parsed) FAIL(dn);
  return parsed->normal();
}

/// "cn=sales,ou=groups,..." to "sales".
std::string name_of_group(const std::string& dn) {
  const std::string all = normal(dn);
  return all.substr(3, all.find(',') - 3);
}

std::string cell(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string first_of(const LabServer::Found& entry, const std::string& name) {
  const auto at = entry.find(name);
  return at == entry.end() ? std::string() : at->second.front();
}

std::string first_of(const Json& values) { return values.is_array() && !values.empty() ? values.front().get<std::string>() : ""; }

/// Folds events into accounts.
class EventReader {
 public:
  void read(const Json& e) {
    if (!e["person"].is_string() || e["person"].get<std::string>().empty()) return;
    const std::string key = e["person"], kind = e["kind"];
    if (kind == "deleted") {
      if (auto known = accounts.extract(key)) gone_[e["entry"]] = std::move(known.mapped());
    }
    if (kind == "appeared") {  // what differs from when it went is told besides
      accounts[key] = gone_[e["entry"]];
      accounts[key].dn = normal(e["dn"]);
    }
    if (kind == "renamed") accounts[key].dn = normal(first_of(e["after"]));
    if (kind == "account") accounts[key].disabled = first_of(e["after"]) == "disabled";
    if (kind == "changed" || kind == "drift") value_or_group(key, e);
    if (kind == "applied") applied(key, e, e["action"]);
  }
  Accounts accounts;

 private:
  std::map<std::string, Account> gone_;  ///< by the entry's id
  void value_or_group(const std::string& key, const Json& e) {
    if (e.contains("attribute")) set(key, e["attribute"], first_of(e["after"]));
    if (e.contains("group")) member(key, e["group"], !e["after"].empty());
  }
  void set(const std::string& key, std::string attribute, const std::string& value) {
    std::transform(attribute.begin(), attribute.end(), attribute.begin(), [](unsigned char c) { return std::tolower(c); });
    accounts[key].values[attribute] = value;
  }
  void member(const std::string& key, const std::string& group, bool is) {
    if (is)
      accounts[key].groups.insert(name_of_group(group));
    else
      accounts[key].groups.erase(name_of_group(group));
  }
  void applied(const std::string& key, const Json& e, const std::string& action) {
    Account& a = accounts[key];
    if (action == "create") {
      a = {};
      a.dn = normal(e["dn"]);
      for (const auto& [name, values] : e["initial"].items()) set(key, name, first_of(values));
    }
    if (action == "move") a.dn = normal(Dn::parse(e["dn"].get<std::string>())->rdn() + "," + first_of(e["after"]));
    if (action == "disable") a.disabled = true;
    if (action == "enable") a.disabled = false;
    if (action == "set" || action == "clear") set(key, e["attribute"], first_of(e["after"]));
    if (action == "add-member" || action == "remove-member") member(key, e["group"], action == "add-member");
    if (action == "delete") accounts.erase(key);
  }
};

const char* const kCompared[] = {"givenname", "sn", "displayname", "title"};

Accounts compared(Accounts accounts) {
  for (auto& [key, a] : accounts) {
    std::map<std::string, std::string> values;
    for (const char* name : kCompared) values[name] = a.values[name];
    a.values = std::move(values);
    std::erase_if(a.groups, [](const std::string& g) { return !kGroups.contains(g); });
  }
  return accounts;
}

}  // namespace

std::string text_of(const Accounts& accounts) {
  std::string text;
  for (const auto& [key, a] : accounts) {
    text += key + " " + a.dn + (a.disabled ? " disabled" : "");
    for (const auto& [name, value] : a.values) text += " " + name + "='" + value + "'";
    for (const std::string& g : a.groups) text += " in " + g;
    text += "\n";
  }
  return text;
}

Site::Site(Kind kind, Environment wishes, const std::function<void(const std::string&)>& edit)
    : kind_(kind), server_(started(kind, std::move(wishes))) {
  std::string ldif;
  for (const std::string& name : kGroups) {
    ldif +=
        "dn: " + group(name) + "\nchangetype: add\nobjectClass: " + (is_ad() ? "group" : "groupOfNames") + "\ncn: " + name + "\n";
    if (kind_ == Kind::openldap) ldif += "member: " + server_->value("BIND_DN") + "\n";
    ldif += "\n";
  }
  change(ldif);
  for (const char* folder : {"feed", "mapping.d", "secrets"}) std::filesystem::create_directory(file(folder));
  configure();
  write_rules();
  publish();
  if (edit) edit(folder_.str());
}

std::string Site::person_class() const { return is_ad() ? "user" : "inetOrgPerson"; }

void Site::configure() const {
  write_file(file("secrets/ldap-bind"), kind_ == Kind::openldap ? "secret" : server_->value("BIND_PASSWORD"));
  std::filesystem::permissions(file("secrets/ldap-bind"), std::filesystem::perms::owner_read);
  const std::string placeholder = kind_ == Kind::openldap ? " placeholder=\"" + server_->value("BIND_DN") + "\"" : "";
  const std::string policy = kind_ == Kind::openldap ? "    <disable method=\"auto\" policy=\"cn=default,ou=policies," +
                                                           server_->value("SUFFIX") + "\"/>\n"
                                                     : "";
  write_file(config(),
             "<muster xmlns=\"urn:muster:config:1\">\n"
             "  <directory name=\"corp\" url=\"" +
                 server_->value("LDAPS_URL") + "\" base=\"" + server_->value("SUFFIX") +
                 "\">\n"
                 "    <bind method=\"simple\" dn=\"" +
                 server_->value("BIND_DN") +
                 "\" secret=\"ldap-bind\"/>\n"
                 "    <tls ca=\"" +
                 server_->value("CA") +
                 "\"/>\n"
                 "    <people base=\"" +
                 unit("people") + "\" filter=\"(objectClass=" + person_class() +
                 ")\"/>\n"
                 "    <groups base=\"" +
                 unit("groups") + "\"" + placeholder +
                 "/>\n"
                 "    <watch method=\"auto\"/>\n" +
                 policy +
                 "  </directory>\n"
                 "  <feed name=\"hr\" path=\"feed\">\n"
                 "    <field name=\"id\" column=\"Id\" key=\"true\"/>\n"
                 "    <field name=\"status\" column=\"Status\"/>\n"
                 "    <field name=\"first\" column=\"First\"/>\n"
                 "    <field name=\"last\" column=\"Last\"/>\n"
                 "    <field name=\"department\" column=\"Department\"/>\n"
                 "    <field name=\"title\" column=\"Title\"/>\n"
                 "  </feed>\n"
                 "  <state path=\"state.db\"/>\n"
                 "  <safety max-disables=\"25\" max-disables-percent=\"100\" max-membership-removals=\"100\"/>\n"
                 "  <upstream><file path=\"events.jsonl\"/></upstream>\n"
                 "  <include path=\"mapping.d/*.xml\"/>\n"
                 "</muster>\n");
}

void Site::write_rules() const {
  const auto role = [&](const std::string& name, const std::string& when) {
    return "    <role name=\"" + name + "\" when=\"" + when + "\"><group dn=\"" + group(name) + "\"/></role>\n";
  };
  const auto managed = [&](const std::string& name, const std::string& membership) {
    return "    <managed group=\"" + group(name) + "\" membership=\"" + membership + "\"/>\n";
  };
  write_file(file("mapping.d/rules.xml"),
             "<mapping xmlns=\"urn:muster:config:1\">\n"
             "  <join><match attribute=\"employeeNumber\" value=\"id\"/></join>\n"
             "  <attributes>\n"
             "    <attribute name=\"givenName\" owner=\"hr\" value=\"first\"/>\n"
             "    <attribute name=\"sn\" owner=\"hr\" value=\"last\"/>\n"
             "    <attribute name=\"displayName\" owner=\"hr\" value=\"concat(first, ' ', last)\" on-drift=\"revert\"/>\n"
             "    <attribute name=\"title\" owner=\"hr\" value=\"title\"/>\n"
             "    <attribute name=\"telephoneNumber\" owner=\"directory\"/>\n"
             "  </attributes>\n"
             "  <access>\n" +
                 managed("all-staff", "exclusive") + managed("sales", "exclusive") + managed("engineering", "exclusive") +
                 role("all-staff", "status='Active'") + role("sales", "status='Active' and department='Sales'") +
                 role("engineering", "status='Active' and department='Engineering'") +
                 "  </access>\n"
                 "  <lifecycle>\n"
                 "    <joiner when=\"status='Active'\" create=\"" +
                 unit("people") +
                 "\" rdn=\"concat('cn=', first, ' ', last)\"/>\n"
                 "    <leaver when=\"status='Terminated'\" disable=\"true\" strip=\"managed\" move-to=\"" +
                 unit("leavers") +
                 "\"/>\n"
                 "    <absence when=\"status='On Leave'\" disable=\"true\"/>\n"
                 "    <rehire match=\"id\" enable=\"true\"/>\n"
                 "  </lifecycle>\n"
                 "</mapping>\n");
}

void Site::change(const std::string& ldif) const {
  std::string complaint;
  REQUIRE_MESSAGE(server_->modify(ldif, &complaint) == 0, complaint);
}

std::string Site::stranger(const std::string& name) const {
  return "dn: cn=" + name + "," + unit("people") + "\nchangetype: add\nobjectClass: " + person_class() + "\ncn: " + name +
         (is_ad() ? "\nsAMAccountName: " + name : "\nsn: " + name) + "\n\n";
}

std::string Site::dn_of(const std::string& key) const {
  const auto found = server_->entries(server_->value("SUFFIX"), "(employeeNumber=" + key + ")", {"1.1"});
  REQUIRE_MESSAGE(found.size() == 1, key);
  return found.front().at("dn").front();
}

void Site::publish() const {
  std::string text = "Id,Status,First,Last,Department,Title\n";
  for (const auto& [key, e] : staff_) {
    for (const std::string& c : {key, e.status, e.first, e.last, e.department}) text += cell(c) + ",";
    text += cell(e.title) + "\n";
  }
  replace_file(file("feed/hr.csv"), text);
}

Accounts Site::wanted() const {
  Accounts all;
  for (const auto& [key, e] : staff_) {
    if (refused_.contains(key)) continue;
    Account a;
    a.dn = normal(unit(e.status == "Terminated" ? "leavers" : "people"));
    a.disabled = e.status != "Active";
    a.values = {{"givenname", e.first}, {"sn", e.last}, {"displayname", e.first + " " + e.last}, {"title", e.title}};
    if (e.status != "Terminated") a.groups = {"all-staff", e.department == "Sales" ? "sales" : "engineering"};
    all[key] = std::move(a);
  }
  return all;
}

Accounts Site::in_directory() const {
  std::map<std::string, std::string> key_of;  // by normal DN
  Accounts all;
  std::vector<std::string> attributes{"employeeNumber", "userAccountControl", "nsAccountLock", "pwdEndTime",
                                      "pwdAccountLockedTime"};
  for (const char* name : kCompared) attributes.emplace_back(name);
  for (const auto& entry : server_->entries(server_->value("SUFFIX"), "(employeeNumber=*)", attributes)) {
    const std::string key = entry.at("employeenumber").front();
    Account& a = all[key];
    a.dn = normal(entry.at("dn").front());
    const std::string control = first_of(entry, "useraccountcontrol");
    a.disabled = (!control.empty() && (std::stoul(control) & 2U) != 0) || first_of(entry, "nsaccountlock") == "true" ||
                 entry.contains("pwdendtime") || entry.contains("pwdaccountlockedtime");
    for (const char* name : kCompared) a.values[name] = first_of(entry, name);
    key_of[a.dn] = key;
  }
  for (const auto& found : server_->entries(unit("groups"), "(&(cn=*)(!(cn=big)))", {"member"})) {
    const auto members = found.find("member");
    if (members == found.end()) continue;
    for (const std::string& m : members->second) {
      if (const auto at = key_of.find(normal(m)); at != key_of.end())
        all[at->second].groups.insert(name_of_group(found.at("dn").front()));
    }
  }
  return compared(std::move(all));
}

Accounts Site::in_store() const {
  Accounts all;
  for (const auto& [key, e] : staff_) {
    const Finished asked = muster({"--output", "json", "why", key});
    const Json why = Json::parse(asked.out, nullptr, false);
    if (why.is_discarded() || !why.contains("dn") || !why["dn"].is_string() || why["dn"].get<std::string>().empty() ||
        why.value("gone", false))
      continue;
    Account& a = all[key];
    a.dn = normal(why["dn"]);
    a.disabled = why.contains("disabled") && !why["disabled"].is_null();
    for (const Json& v : why["attributes"]) {
      std::string name = v["attribute"];
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      a.values[name] = first_of(v["values"]);
    }
    for (const Json& g : why["access"]) {
      if (g.value("has", false)) a.groups.insert(name_of_group(g["group"]));
    }
  }
  return compared(std::move(all));
}

Accounts Site::in_events() const {
  EventReader reader;
  for (const Json& e : events()) reader.read(e);
  return compared(std::move(reader.accounts));
}

namespace {

/// Lines of one that are not in the other; empty when there are none either way.
std::string differences(const std::string& is, const std::string& wanted) {
  const auto without = [](const std::string& text, const std::string& other, const std::string& mark) {
    std::string left;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      if (("\n" + other).find("\n" + line + "\n") == std::string::npos) left += mark + line + "\n";
    }
    return left;
  };
  return without(is, wanted, "is       ") + without(wanted, is, "expected ");
}

}  // namespace

void Site::agrees(const std::string& when, std::chrono::milliseconds limit) const {
  CAPTURE(when);
  const bool show = std::getenv("MUSTER_SHOW_EVENTS") != nullptr;  // for whoever looks into a failure
  if (show) std::cerr << run({"date", "+%T "}).out << when << std::endl;
  const std::string expected = text_of(wanted());
  const auto check = [&](const std::string& what, const std::function<std::string()>& look, const std::string& must) {
    std::string different;
    wait_until([&] { return (different = differences(look(), must)).empty(); }, limit);
    CHECK_MESSAGE(different.empty(), (what + ":\n" + different));
    return different.empty();
  };
  const bool as_wanted = check(
      "the directory",
      [&] {
        Accounts all = in_directory();
        for (auto& [key, a] : all) a.dn = Dn::parse(a.dn)->parent().normal();
        return text_of(all);
      },
      expected);
  const std::string is = text_of(in_directory());
  const bool stored = check(
      "the store", [&] { return text_of(in_store()); }, is);
  const bool told = check(
      "the events", [&] { return text_of(in_events()); }, is);
  if (!told && show) MESSAGE(read_file(file("events.jsonl")));
  const Json plan = json({"plan"});
  REQUIRE_MESSAGE(plan.contains("changes"), plan.dump());
  for (const Json& c : plan["changes"]) CHECK_MESSAGE(refused_.contains(c["person"]), c.dump());
  REQUIRE_MESSAGE((as_wanted && stored && told), muster({"problems"}).out);
}

}  // namespace muster::test
