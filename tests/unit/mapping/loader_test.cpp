// From files to Settings and Rules.
#include "mapping/loader.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "mapping/grammar.h"
#include "tests/support/on_windows.h"
#include "tests/support/variable.h"
#include "tests/unit/mapping/bad_config_cases.h"

using namespace muster;
using namespace muster::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

using Files = std::map<std::string, std::string>;

LoadResult load(const Files& files) { return load_config(kMain, ConfigFiles::with_mappings(files)); }

/// One line each.
std::string texts(const std::vector<Complaint>& complaints) {
  std::string all;
  for (const Complaint& c : complaints) all += (all.empty() ? "" : "\n") + with_linux_paths(c.str());
  return all;
}

std::unique_ptr<Config> good(const Files& files) {
  LoadResult result = load(files);
  CHECK(texts(result.errors) == "");
  REQUIRE(result.config);
  return std::move(result.config);
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A folder of its own, gone at the end.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(fs::temp_directory_path() / ("muster-loader-" + name + "-" + std::to_string(std::random_device()()))) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string put(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).make_preferred().string();
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The ```xml blocks of a document, in order.
std::vector<std::string> examples(const std::string& document) {
  std::vector<std::string> found;
  const std::string open = "```xml\n";
  for (std::size_t at = document.find(open); at != std::string::npos; at = document.find(open, at)) {
    const std::size_t begin = at + open.size();
    at = document.find("```", begin);
    found.push_back(document.substr(begin, at - begin));
  }
  return found;
}

std::string manual() { return read(fs::path(MUSTER_SOURCE_DIR) / "docs/configuration.md"); }

/// Everything that can be said, none of it the default.
constexpr const char* kFullMain = R"~(<muster xmlns="urn:muster:config:1">
  <directory name="corp" url="ldap://a.example ldapi://%2Frun%2Fldapi" family="openldap" base="dc=example">
    <bind method="simple" dn="cn=svc,dc=example" secret="pw"/>
    <tls ca="tls/ca.pem" cert="tls/cert.pem" key="tls/key.pem" start-tls="true"/>
    <people base="ou=p,dc=example" filter="(uid=*)"/>
    <groups base="ou=g,dc=example" filter="(cn=*)" placeholder="cn=nobody,dc=example"/>
    <watch method="syncrepl"/>
    <disable attribute="employeeType" value="off" enabled="on"/>
    <limits connect-timeout="700ms" timeout="PT2M" page-size="11" window="12" batch="13"/>
  </directory>
  <feed name="hr" type="csv" path="../feed" mode="delta" delimiter="tab" encoding="utf-16le" min-ratio="0.25">
    <field name="id" column="ID" key="true"/>
    <field name="status" column="S" required="true"><value from="1" to="in"/><value from="2" to="out"/></field>
    <field name="start" column="B" type="date" format="%d.%m.%y"/>
    <field name="end" column="E" type="date" format="%m/%d/%Y"/>
  </feed>
  <state path="/var/lib/muster/state.db"/>
  <safety max-disables="1" max-disables-percent="2.5" max-membership-removals="3" max-clears="4" max-creates="5" max-moves="6"
          max-deletes="7" min-entries-ratio="0.8">
    <protect filter="(cn=root)"/><protect member-of="cn=adm,dc=example"/><protect person="00001"/>
  </safety>
  <upstream><file path="a.jsonl"/><file path="/b.jsonl"/></upstream>
  <include path="rules/*.xml"/>
</muster>
)~";

constexpr const char* kFullRules = R"~(<mapping xmlns="urn:muster:config:1">
  <join><match attribute="uid" value="id"/><match attribute="mail" value="concat(id, '@x')"/></join>
  <attributes>
    <attribute name="givenName" owner="hr" value="id" on-drift="revert" when-empty="problem"/>
    <attribute name="sn" owner="hr" value="id" when-empty="keep"/>
    <attribute name="Mail" owner="directory" upstream="emails"/>
    <attribute name="title" owner="upstream"/>
  </attributes>
  <access>
    <managed base="ou=b,ou=g,dc=example" membership="granted"/>
    <managed group="cn=v,ou=g,dc=example"/>
    <role name="all" when="status='in'"><group dn="cn=v,ou=g,dc=example"/><group dn="cn=x,ou=b,ou=g,dc=example"/></role>
  </access>
  <lifecycle>
    <joiner when="status='in'" create="ou=p,dc=example" rdn="concat('uid=', id)" object-class=" person posixAccount " days-before="3"/>
    <leaver when="status='out'" disable="false" strip="all" move-to="ou=l,dc=example" delete-after="P2W"/>
    <leaver when="id='x'" strip="managed"/>
    <absence when="id='y'"/>
    <contractor when="id='z'" expires="end"/>
    <rehire match="id" enable="false"/>
  </lifecycle>
</mapping>
)~";

/// kFullMain with its certificate files, in a folder.
struct FullConfig {
  Folder folder{"full"};
  LoadResult result;
  FullConfig() {
    for (const char* name : {"tls/ca.pem", "tls/cert.pem", "tls/key.pem", "secrets/pw"}) folder.put(name, "x");
    folder.put("rules/all.xml", kFullRules);
    result = load_config(folder.put("muster.xml", kFullMain));
  }
  /// As the loader spells it.
  std::string path(const std::string& name) const { return (folder.path() / name).make_preferred().string(); }
};

}  // namespace

TEST_CASE("everything that <directory> can say arrives") {
  FullConfig full;
  CHECK(texts(full.result.errors) == "");
  REQUIRE(full.result.config);
  CHECK(texts(full.result.config->warnings) == "");
  const Settings& s = full.result.config->settings;
  CHECK(s.file == full.path("muster.xml"));
  CHECK(s.directory_of_file == full.folder.path().string());
  CHECK(s.mapping_files == std::vector<std::string>{full.path("rules/all.xml")});
  const DirectorySettings& d = s.directory;
  CHECK(d.name == "corp");
  CHECK(d.urls == std::vector<std::string>{"ldap://a.example", "ldapi://%2Frun%2Fldapi"});
  CHECK(d.family == "openldap");
  CHECK(d.base.str() == "dc=example");
  CHECK(d.bind == BindMethod::simple);
  CHECK(d.bind_dn == "cn=svc,dc=example");
  CHECK(d.secret == "pw");
  CHECK(d.tls_ca == full.path("tls/ca.pem"));
  CHECK(d.tls_cert == full.path("tls/cert.pem"));
  CHECK(d.tls_key == full.path("tls/key.pem"));
  CHECK(d.start_tls);
  CHECK(d.people_base.str() == "ou=p,dc=example");
  CHECK(d.people_filter == "(uid=*)");
  CHECK(d.groups_base->str() == "ou=g,dc=example");
  CHECK(d.groups_filter == "(cn=*)");
  CHECK(d.placeholder->str() == "cn=nobody,dc=example");
  CHECK(d.watch == "syncrepl");
  CHECK(d.connect_timeout == 700ms);
  CHECK(d.timeout == 2min);
  CHECK(d.page_size == 11);
  CHECK(d.window == 12);
  CHECK(d.batch == 13);
  CHECK(d.at.line == 2);
  CHECK(d.places.at("people.base").column == 19);
  CHECK(d.places.at("bind.dn").line == 3);
}

TEST_CASE("every way of disabling arrives") {
  struct Case {
    std::string xml;
    DisableSettings::Method method;
    const char* attribute;
    const char* value;
    const char* enabled;
    const char* move_to;
    const char* policy;
  };
  using Method = DisableSettings::Method;
  const Case cases[] = {
      {"", Method::automatic, "", "", "", "", ""},
      {"<disable/>", Method::automatic, "", "", "", "", ""},
      {"<disable policy=\"cn=p,dc=example,dc=com\"/>", Method::automatic, "", "", "", "", "cn=p,dc=example,dc=com"},
      {"<disable method=\"pwdEndTime\"/>", Method::password_end_time, "", "", "", "", ""},
      {"<disable method=\"pwdAccountLockedTime\" policy=\"cn=p\"/>", Method::password_lock, "", "", "", "", "cn=p"},
      {"<disable method=\"shadowExpire\"/>", Method::shadow_expire, "", "", "", "", ""},
      {"<disable attribute=\"employeeType\" value=\"off\" enabled=\"on\"/>", Method::attribute, "employeeType", "off", "on", "",
       ""},
      {"<disable method=\"attribute\" attribute=\"a\" value=\"off\"/>", Method::attribute, "a", "off", "", "", ""},
      {"<disable move-to=\"ou=off,dc=example,dc=com\"/>", Method::move, "", "", "", "ou=off,dc=example,dc=com", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.xml);
    const auto config = good({{kMain, with(kGoodMain, "<watch method=\"auto\"/>", c.xml)}, {kRules, kGoodRules}});
    const DisableSettings& d = config->settings.directory.disable;
    CHECK(d.method == c.method);
    CHECK(d.attribute == c.attribute);
    CHECK(d.value == c.value);
    CHECK(d.enabled == c.enabled);
    CHECK(d.move_to.str() == c.move_to);
    CHECK((d.policy ? d.policy->str() : "") == c.policy);
    CHECK(d.at.line == (c.xml.empty() ? 0 : 7));
  }
}

TEST_CASE("everything that <feed>, <state>, <safety> and <upstream> can say arrives") {
  FullConfig full;
  REQUIRE(full.result.config);
  const Settings& s = full.result.config->settings;
  CHECK(s.feed.name == "hr");
  CHECK(s.feed.type == "csv");
  CHECK(s.feed.path == (full.folder.path().parent_path() / "feed").string());
  CHECK(s.feed.mode == FeedSettings::Mode::delta);
  CHECK(s.feed.missing == FeedSettings::Missing::leaver);
  CHECK(s.feed.delimiter == '\t');
  CHECK(s.feed.encoding == "utf-16le");
  CHECK(s.feed.min_ratio == doctest::Approx(0.25));
  CHECK(s.feed.at.line == 11);
  REQUIRE(s.feed.fields.size() == 4);
  CHECK(s.feed.fields[0].key);
  CHECK(s.feed.fields[0].required);
  CHECK(s.feed.fields[1].required);
  CHECK(s.feed.fields[1].values == std::map<std::string, std::string>{{"1", "in"}, {"2", "out"}});
  CHECK(s.feed.fields[2].type == FieldSettings::Type::date);
  CHECK(s.feed.fields[2].format == "%d.%m.%y");
  CHECK_FALSE(s.feed.fields[3].required);
  CHECK(s.feed.fields[3].column == "E");
  CHECK(s.feed.fields[3].at.line == 15);
  CHECK(s.feed.index_of("end") == 3);
  CHECK(s.feed.index_of("End") == -1);
  CHECK(test::with_linux_paths(s.state_path) == "/var/lib/muster/state.db");
  CHECK(s.safety.max_disables == 1);
  CHECK(s.safety.max_disables_percent == doctest::Approx(2.5));
  CHECK(s.safety.max_membership_removals == 3);
  CHECK(s.safety.max_clears == 4);
  CHECK(s.safety.max_creates == 5);
  CHECK(s.safety.max_moves == 6);
  CHECK(s.safety.max_deletes == 7);
  CHECK(s.safety.min_entries_ratio == doctest::Approx(0.8));
  CHECK(s.safety.protect_filters.at(0).filter.str() == "(cn=root)");
  CHECK(s.safety.protect_groups.at(0).group.str() == "cn=adm,dc=example");
  CHECK(s.safety.protect_persons.at(0).person == PersonKey("00001"));
  REQUIRE(s.upstream.files.size() == 2);
  CHECK(s.upstream.files[0].path == full.path("a.jsonl"));
  CHECK(test::with_linux_paths(s.upstream.files[1].path) == "/b.jsonl");
}

TEST_CASE("everything that rules can say arrives") {
  FullConfig full;
  REQUIRE(full.result.config);
  const Rules& r = full.result.config->rules;
  CHECK(r.fields == std::vector<std::string>{"id", "status", "start", "end"});
  CHECK(r.start_index == 2);
  CHECK_FALSE(r.missing_is_leaver);
  CHECK(r.feed_at.line == 11);
  CHECK(r.protected_groups.at(0).str() == "cn=adm,dc=example");
  REQUIRE(r.joins.size() == 2);
  CHECK(r.joins[1].attribute == "mail");
  CHECK(r.joins[1].value.source() == "concat(id, '@x')");
  REQUIRE(r.attributes.size() == 4);
  CHECK(r.attributes[0].on_drift == AttributeRule::OnDrift::revert);
  CHECK(r.attributes[0].when_empty == AttributeRule::WhenEmpty::problem);
  CHECK(r.attributes[1].when_empty == AttributeRule::WhenEmpty::keep);
  CHECK(r.attributes[2].name == "Mail");
  CHECK(r.attributes[2].key == "mail");
  CHECK(r.attributes[2].owner == Owner::directory);
  CHECK(r.attributes[2].upstream == "emails");
  CHECK_FALSE(r.attributes[2].value);
  CHECK(r.attributes[3].owner == Owner::upstream);
  REQUIRE(r.managed.size() == 2);
  CHECK(r.managed[0].is_base);
  CHECK(r.managed[0].membership == ManagedRule::Membership::granted);
  CHECK(r.managed[1].membership == ManagedRule::Membership::exclusive);
  REQUIRE(r.roles.size() == 1);
  CHECK(r.roles[0].name == "all");
  CHECK(r.roles[0].groups.size() == 2);
  CHECK(r.roles[0].at.str() == "rules/all.xml:12:5");
  CHECK(r.roles[0].at.rule() == "rules/all.xml:12");
}

TEST_CASE("everything that <lifecycle> can say arrives") {
  FullConfig full;
  REQUIRE(full.result.config);
  const Rules& r = full.result.config->rules;
  REQUIRE(r.joiner);
  CHECK(r.joiner->create->str() == "ou=p,dc=example");
  CHECK(r.joiner->rdn->source() == "concat('uid=', id)");
  CHECK(r.joiner->object_classes == std::vector<std::string>{"person", "posixAccount"});
  CHECK(r.joiner->days_before == 3);
  REQUIRE(r.leavers.size() == 2);
  CHECK_FALSE(r.leavers[0].disable);
  CHECK(r.leavers[0].strip == LeaverRule::Strip::all);
  CHECK(r.leavers[0].move_to->str() == "ou=l,dc=example");
  CHECK(r.leavers[0].delete_after == std::optional(std::chrono::seconds(14 * 86400)));
  CHECK(r.leavers[1].disable);
  CHECK(r.leavers[1].strip == LeaverRule::Strip::managed);
  CHECK_FALSE(r.leavers[1].delete_after);
  REQUIRE(r.absences.size() == 1);
  CHECK(r.absences[0].disable);
  REQUIRE(r.workers.size() == 1);
  CHECK(r.workers[0].expires_field == "end");
  CHECK(r.workers[0].expires_index == 3);
  REQUIRE(r.rehire);
  CHECK(r.rehire->match == "id");
  CHECK_FALSE(r.rehire->enable);
}

TEST_CASE("a directory can be bound to by Kerberos and found by DNS") {
  Folder folder("kerberos");
  folder.put("muster.keytab", "x");
  const std::string file = (folder.path() / "muster.keytab").string(), keytab = "keytab=\"" + file + "\"";
  const auto directory = [&](const std::string& url, const std::string& bind) {
    return with(with(kGoodMain, "url=\"ldapi:///\"", url), "method=\"external\"", bind);
  };
  const auto found = good({{kMain, directory("url=\"srv:corp.example\" site=\"Berlin\" family=\"ad\"",
                                             "method=\"gssapi\" " + keytab + " principal=\"svc@CORP.EXAMPLE\"")},
                           {kRules, kGoodRules}});
  const DirectorySettings& d = found->settings.directory;
  CHECK(d.urls == std::vector<std::string>{"srv:corp.example"});
  CHECK(d.site == "Berlin");
  CHECK(d.family == "ad");
  CHECK(d.bind == BindMethod::gssapi);
  CHECK(d.keytab == file);
  CHECK(d.principal == "svc@CORP.EXAMPLE");
  CHECK(texts(found->warnings) == "");
  const auto clear = good({{kMain, directory("url=\"ldap://dc1.corp.example\"", "method=\"spnego\"")}, {kRules, kGoodRules}});
  CHECK(clear->settings.directory.bind == BindMethod::spnego);
  struct Case {
    std::string url, bind, says;
  };
  const Case cases[] = {
      {"url=\"srv:\"", "method=\"gssapi\"", "muster.xml:3:35: 'srv:' names no domain; write srv:corp.example"},
      {"url=\"srv:corp.example\"", "method=\"gssapi\" keytab=\"absent\"",
       "muster.xml:4:35: there is no file 'absent'; it is looked for at /etc/muster/absent"},
      {"url=\"srv:corp.example\"", "method=\"gssapi\" dn=\"cn=a\"",
       "muster.xml:4:27: method=\"gssapi\" of <bind> does not use 'dn'; remove it, or choose another method"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.url + " " + c.bind);
    const LoadResult result = load({{kMain, directory(c.url, c.bind)}, {kRules, kGoodRules}});
    CHECK(texts(result.errors) == "/etc/muster/" + c.says);
  }
}

TEST_CASE("who is missing from a snapshot is a leaver, unless said otherwise") {
  struct Case {
    std::string attributes;
    bool leaver;
  };
  for (const Case& c : {Case{"", true},
                        {" mode=\"snapshot\" missing=\"leaver\"", true},
                        {" missing=\"keep\"", false},
                        {" mode=\"delta\"", false}}) {
    CAPTURE(c.attributes);
    const auto config =
        good({{kMain, with(kGoodMain, "path=\"feed/hr.csv\"", "path=\"feed/hr.csv\"" + c.attributes)}, {kRules, kGoodRules}});
    CHECK(config->rules.missing_is_leaver == c.leaver);
  }
}

TEST_CASE("the example of the manual loads without a word, and the manual has an entry for every element and attribute") {
  const auto blocks = examples(manual());
  REQUIRE(blocks.size() == 2);
  const Folder folder("manual");
  folder.put("ca.pem", "x");
  folder.put("secrets/ldap-bind", "x");
  folder.put("mapping.d/rules.xml", blocks[1]);
  const LoadResult result = load_config(folder.put("muster.xml", blocks[0]));
  CHECK(texts(result.errors) == "");
  REQUIRE(result.config);
  CHECK(texts(result.config->warnings) == "");

  const Grammar grammar(config_xsd());
  const std::string text = manual();
  std::vector<std::vector<std::string>> paths{{"muster"}, {"mapping"}};
  std::set<std::string> seen;
  while (!paths.empty()) {
    const std::vector<std::string> path = paths.back();
    paths.pop_back();
    CAPTURE(path.back());
    const ElementType* type = grammar.element(path);
    REQUIRE(type);
    const std::size_t begin = text.find("\n### `<" + path.back() + ">`\n");
    CHECK(begin != std::string::npos);
    if (begin == std::string::npos) continue;
    const std::string section = text.substr(begin, text.find("\n#", begin + 1) - begin);
    for (const std::string& attribute : type->attributes)
      CHECK_MESSAGE(section.find("\n| `" + attribute + "` |") != std::string::npos, attribute);
    for (const auto& child : type->children) {
      const std::string& name = child.first;
      CHECK_MESSAGE(section.find("`<" + name + ">`") != std::string::npos, name);
      if (!seen.insert(path.back() + "/" + name).second) continue;
      paths.push_back(path);
      paths.back().push_back(name);
    }
  }
}

TEST_CASE("the errors of all files come in one run, sorted by file, line and column") {
  const auto result = load({{kMain, with(kGoodMain, "max-disables=\"25\"", "max-disables=\"x\" max-clear=\"1\"")},
                            {kRules, with(with(kGoodRules, "value=\"first\"", "value=\"frist\""), "match=\"id\"", "match=\"ib\"")},
                            {"/etc/muster/mapping.d/a.xml", "<mapping xmlns=\"urn:muster:config:1\">\n  <acess/>\n</mapping>"},
                            {"/etc/muster/mapping.d/b.xml", "<mapping>"}});
  CHECK_FALSE(result.config);
  CHECK(texts(result.errors) ==
        "/etc/muster/muster.xml:18:25: 'max-disables' of <safety> is 'x', which is no whole number; write one between 0 and "
        "1000000000\n"
        "/etc/muster/muster.xml:18:28: unknown attribute 'max-clear' of <safety>; did you mean 'max-clears'?\n"
        "mapping.d/a.xml:2:3: unknown element <acess>; did you mean <access>?\n"
        "mapping.d/b.xml:1:10: the file ends before <mapping> of line 1 is closed; is the file complete?\n"
        "mapping.d/rules.xml:4:51: unknown field 'frist'; did you mean 'first'?\n"
        "mapping.d/rules.xml:16:20: unknown field 'ib'; did you mean 'id'?");
}

TEST_CASE("what is doubtful loads with a warning") {
  struct Case {
    std::string name;
    const char* from;
    const char* to;
    std::string says;
  };
  const Case cases[] = {
      {"a pattern that finds nothing", "<include ", "<include path=\"local.d/*.xml\"/><include ",
       "/etc/muster/muster.xml:22:18: no file matches 'local.d/*.xml'"},
      {"a file that is included twice", "<include ", "<include path=\"mapping.d/rules.xml\"/><include ",
       "/etc/muster/muster.xml:22:55: mapping.d/rules.xml is included twice; it is read once"},
      {"StartTLS without ldap://", "<bind method=\"external\"/>", "<bind method=\"external\"/><tls start-tls=\"true\"/>",
       "/etc/muster/muster.xml:4:35: start-tls has no effect: no url begins with ldap://; remove it"},
      {"a password that is nowhere", "method=\"external\"", "method=\"simple\" dn=\"cn=x\" secret=\"no-such-secret\"",
       "/etc/muster/muster.xml:4:45: there is no secret 'no-such-secret'; muster secret set no-such-secret, or put it into "
       "/etc/muster/secrets/no-such-secret, readable "
       "by its owner only"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto config = good({{kMain, with(kGoodMain, c.from, c.to)}, {kRules, kGoodRules}});
    CHECK(texts(config->warnings) == c.says);
  }
}

TEST_CASE("a misspelt secret is found beside the real one, and the service manager's counts") {
  const Folder folder("secrets");
  folder.put("secrets/ldap-bind", "x");
  folder.put("mapping.d/rules.xml", kGoodRules);
  const std::string main =
      folder.put("muster.xml", with(kGoodMain, "method=\"external\"", "method=\"simple\" dn=\"cn=x\" secret=\"ldapbind\""));
  LoadResult result = load_config(main);
  REQUIRE(result.config);
  CHECK(texts(result.config->warnings) ==
        with_linux_paths(main + ":4:45: there is no secret 'ldapbind'; did you mean 'ldap-bind'?"));
  const Folder credentials("credentials");
  credentials.put("ldapbind", "x");
  test::set_variable("CREDENTIALS_DIRECTORY", credentials.path().string());
  result = load_config(main);
  test::unset_variable("CREDENTIALS_DIRECTORY");
  REQUIRE(result.config);
  CHECK(result.config->warnings.empty());
  CHECK(result.config->settings.directory.secret == "ldapbind");
}

TEST_CASE("files of rules may include others, by paths from their own folder") {
  const auto config = good({{kMain, kGoodMain},
                            {kRules, with(kGoodRules, "<join>", "<include path=\"more/*.xml\"/>\n  <join>")},
                            {"/etc/muster/mapping.d/more/x.xml",
                             "<m:mapping xmlns:m=\"urn:muster:config:1\"><m:attributes><m:attribute name=\"sn\" owner=\"hr\" "
                             "value=\"first\"/></m:attributes></m:mapping>"}});
  REQUIRE(config->settings.mapping_files.size() == 2);
  CHECK(test::with_linux_paths(config->settings.mapping_files[0]) == "/etc/muster/mapping.d/more/x.xml");
  CHECK(test::with_linux_paths(config->settings.mapping_files[1]) == kRules);
  REQUIRE(config->rules.attribute("SN"));
  CHECK(test::with_linux_paths(config->rules.attribute("sn")->at.str()) == "mapping.d/more/x.xml:1:56");
}

TEST_CASE("rules are loaded again from texts that were kept, whatever the disk says now") {
  const Folder folder("kept");
  const std::string main = folder.put("muster.xml", kGoodMain);
  const std::string rules = folder.put("mapping.d/rules.xml", kGoodRules);
  const LoadResult first = load_config(main);
  REQUIRE(first.config);
  Files kept;
  for (const std::string& path : first.config->settings.mapping_files) kept[path] = first.config->sources.at(path);
  CHECK(kept == Files{{rules, kGoodRules}});
  CHECK(first.config->sources.count(main) == 1);

  folder.put("mapping.d/rules.xml", with(kGoodRules, "value=\"first\"", "value=\"department\""));
  folder.put("mapping.d/added.xml", "<mapping xmlns=\"urn:muster:config:1\"/>");
  const LoadResult changed = load_config(main);
  const LoadResult again = load_config(main, ConfigFiles::with_mappings(kept));
  REQUIRE(changed.config);
  REQUIRE(again.config);
  CHECK(changed.config->rules.digest != first.config->rules.digest);
  CHECK(again.config->rules.digest == first.config->rules.digest);
  CHECK(again.config->rules.attribute("givenName")->value->source() == "first");
}

TEST_CASE("equal rules have equal fingerprints, wherever a file ends") {
  const std::string a = "<mapping xmlns=\"urn:muster:config:1\"/>";
  const auto digest = [&](const std::string& one, const std::string& two) {
    return good({{kMain, kGoodMain},
                 {kRules, kGoodRules},
                 {"/etc/muster/mapping.d/s.xml", one},
                 {"/etc/muster/mapping.d/t.xml", two}})
        ->rules.digest;
  };
  CHECK(digest(a, a) == digest(a, a));
  CHECK(digest(a + "\n", a) != digest(a, "\n" + a));
  CHECK(digest(a, a) != digest(a, a + " "));
}

TEST_CASE("a file that cannot be read is said, with the file") {
  const Folder folder("missing");
  const std::string nowhere = (folder.path() / "muster.xml").string();
  CHECK(texts(load_config(nowhere).errors) == with_linux_paths(nowhere + ": there is no file " + nowhere));
  CHECK(texts(load_config(folder.path().string()).errors) ==
        with_linux_paths(folder.path().string() + ": " + folder.path().string() + " is a folder"));
}

TEST_CASE("prefixes, comments, CDATA and a byte order mark are XML as usual") {
  const auto config =
      good({{kMain, std::string("\xEF\xBB\xBF") + with(kGoodMain, "  <state ", "  <!-- <state/> --><?editor x?>\n  <state ")},
            {kRules, kGoodRules}});
  CHECK(config->settings.directory.at.str() == std::string(kMain) + ":3:3");
  const auto text = load({{kMain, with(kGoodMain, "  <state ", "<![CDATA[ x ]]><state ")}, {kRules, kGoodRules}});
  REQUIRE(text.errors.size() == 1);
  CHECK(text.errors[0].what == "text stands in <muster>");
}

TEST_CASE("numbers are read as XSD reads them") {
  const auto config = good({{kMain, with(kGoodMain, "max-disables=\"25\"",
                                         "max-disables=\" +007 \" max-disables-percent=\"+.5\" min-entries-ratio=\"1.\"")},
                            {kRules, kGoodRules}});
  CHECK(config->settings.safety.max_disables == 7);
  CHECK(config->settings.safety.max_disables_percent == doctest::Approx(0.5));
  CHECK(config->settings.safety.min_entries_ratio == doctest::Approx(1.0));
}

TEST_CASE("no text, however broken, does more than complain") {
  const std::string main = kGoodMain, rules = kGoodRules;
  for (std::size_t cut = 0; cut < rules.size(); cut += 7) {
    CAPTURE(cut);
    CHECK_FALSE(load({{kMain, main}, {kRules, rules.substr(0, cut)}}).errors.empty());
    std::string odd = rules;
    odd[cut] = '\x01';
    CHECK_FALSE(load({{kMain, main}, {kRules, odd}}).errors.empty());
  }
  for (std::size_t cut = 0; cut < main.size(); cut += 7) {
    CAPTURE(cut);
    if (main.substr(0, cut).find("</muster>") == std::string::npos)
      CHECK_FALSE(load({{kMain, main.substr(0, cut)}, {kRules, rules}}).errors.empty());
  }
  std::string deep = "<mapping xmlns=\"urn:muster:config:1\">";
  for (int i = 0; i < 5000; ++i) deep += "<join>";
  CHECK_FALSE(load({{kMain, main}, {kRules, deep}}).errors.empty());
}
