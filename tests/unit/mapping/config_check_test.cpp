// What only the server's schema can tell, and what the rules take from it.
#include <doctest/doctest.h>

#include <set>

#include "mapping/loader.h"
#include "tests/unit/mapping/bad_config_cases.h"

using namespace muster;
using namespace muster::test;

namespace {

std::unique_ptr<Config> loaded(const std::string& main, const std::string& rules) {
  LoadResult result = load_config(kMain, ConfigFiles::with_mappings({{kMain, main}, {kRules, rules}}));
  for (const Complaint& c : result.errors) FAIL_CHECK(c.str());
  REQUIRE(result.config);
  return std::move(result.config);
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a configuration against a server's schema") {
  struct Case {
    std::string name;
    bool main;
    const char* from;
    const char* to;
    std::string says;
  };
  const Case cases[] = {
      {"everything is there", false, "sn", "sn", ""},
      {"an attribute that the server does not have", false, "name=\"givenName\"", "name=\"givenNames\"",
       "mapping.d/rules.xml:4:5: the directory's schema has no attribute 'givenNames'; did you mean 'givenName'?"},
      {"a join by an attribute that the server does not have", false, "attribute=\"employeeNumber\"", "attribute=\"emploieNumber\"",
       "mapping.d/rules.xml:2:9: the directory's schema has no attribute 'emploieNumber'; did you mean 'employeeNumber'?"},
      {"an attribute that the server computes", false, "name=\"givenName\"", "name=\"entryUUID\"",
       "mapping.d/rules.xml:4:5: 'entryUUID' cannot be owned by hr: the server itself computes it; write owner=\"directory\", or "
       "remove the rule"},
      {"one that the server computes, owned by the directory", false, "name=\"mail\"", "name=\"modifyTimestamp\"", ""},
      {"one attribute under two of its names", false, "name=\"givenName\"", "name=\"rfc822Mailbox\"",
       "mapping.d/rules.xml:5:5: 'mail' is another name of 'rfc822Mailbox', which has an owner at mapping.d/rules.xml:4:5; "
       "an attribute has one owner: keep one of the two"},
      {"one attribute with and without option", false, "name=\"givenName\"", "name=\"mail;lang-de\"", ""},
      {"people by an attribute that the server does not have", true, "(objectClass=inetOrgPerson)", "(personel=*)",
       "/etc/muster/muster.xml:5:56: the directory's schema has no attribute 'personel'"},
      {"protected by an attribute that the server does not have", true, "member-of=\"cn=admins,ou=groups,dc=example,dc=com\"",
       "filter=\"(adminCounter=1)\"", "/etc/muster/muster.xml:19:5: the directory's schema has no attribute 'admincounter'"},
      {"disabled by an attribute that the server does not have", true, "<watch method=\"auto\"/>",
       "<disable attribute=\"employeType\" value=\"x\"/>",
       "/etc/muster/muster.xml:7:25: the directory's schema has no attribute 'employeType'; did you mean 'employeeType'?"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto config = c.main ? loaded(with(kGoodMain, c.from, c.to), kGoodRules)
                               : loaded(kGoodMain, std::string(c.from) == c.to ? kGoodRules : with(kGoodRules, c.from, c.to));
    std::string says;
    for (const Complaint& complaint : check_against_schema(*config, AttributeTypes::standard())) says += complaint.str();
    CHECK(says == c.says);
  }
}

TEST_CASE("rules learn from the schema how values compare, and how many there may be") {
  const auto config = loaded(kGoodMain, with(kGoodRules, "<attribute name=\"givenName\" owner=\"hr\" value=\"first\"/>",
                                             "<attribute name=\"preferredLanguage\" owner=\"hr\" value=\"first\"/>"
                                             "<attribute name=\"manager\" owner=\"directory\"/>"
                                             "<attribute name=\"telephoneNumber\" owner=\"directory\"/>"));
  CHECK(check_against_schema(*config, AttributeTypes::standard()).empty());
  REQUIRE(config->rules.attribute("PREFERREDLANGUAGE"));
  CHECK(config->rules.attribute("preferredLanguage")->single_valued);
  CHECK(config->rules.attribute("manager")->equality == Matching::dn);
  CHECK_FALSE(config->rules.attribute("manager")->single_valued);
  CHECK(config->rules.attribute("telephoneNumber")->equality == Matching::telephone_number);
}

TEST_CASE("what must be read of each person's entry") {
  const std::string main = with(with(kGoodMain, "<protect ", "<protect filter=\"(&amp;(title=CEO)(!(l=Bonn)))\"/><protect "),
                                "<watch method=\"auto\"/>", "<disable attribute=\"employeeType\" value=\"off\"/>");
  const auto names = attributes_needed(*loaded(main, kGoodRules));
  CHECK(names ==
        std::vector<std::string>{"employeenumber", "employeetype", "givenname", "l", "mail", "objectclass", "title", "uid"});
}

TEST_CASE("who owns a group: its own rule, else the nearest base") {
  const auto config =
      loaded(kGoodMain, with(kGoodRules, "<role name",
                             "<managed base=\"ou=it,ou=birthright,ou=groups,dc=example,dc=com\" membership=\"granted\"/>"
                             "<managed group=\"cn=ops,ou=it,ou=birthright,ou=groups,dc=example,dc=com\"/><role name"));
  struct Case {
    std::string name;
    const char* group;
    int rule;
  };
  const Case cases[] = {
      {"below a base", "cn=staff,ou=birthright,ou=groups,dc=example,dc=com", 0},
      {"named, in another spelling", "CN=VPN,OU=Groups,DC=example,DC=com", 1},
      {"below the nearer base", "cn=dev,ou=it,ou=birthright,ou=groups,dc=example,dc=com", 2},
      {"named below a base", "cn=ops,ou=it,ou=birthright,ou=groups,dc=example,dc=com", 3},
      {"nobody's", "cn=wiki,ou=groups,dc=example,dc=com", -1},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const ManagedRule* found = config->rules.managed_group(*Dn::parse(c.group));
    CHECK((found ? static_cast<int>(found - config->rules.managed.data()) : -1) == c.rule);
  }
}
