// What may leave the company: nothing that could be somebody's.
#include "agent/support/redaction.h"

#include <doctest/doctest.h>

#include <regex>

#include "mapping/config_outline.h"

using namespace muster;
using nlohmann::json;

namespace {

/// "101", "grant" and "all-staff" are names here.
Redaction made() {
  return Redaction([](const std::string& word) { return word == "101" || word == "grant" || word == "all-staff"; });
}

/// Each replacement as its kind.
std::string shape(const std::string& text) {
  static const std::regex replaced("([a-z][a-z-]*)-[0-9a-f]{10}");
  return std::regex_replace(text, replaced, "<$1>");
}

struct Row {
  const char *said, *shown;
};

}  // namespace

TEST_CASE("redaction: sentences keep muster's words and lose everybody's") {
  const Row rows[] = {
      {"applied 3 changes, 0 failed, in 0.008 s", "applied 3 changes, 0 failed, in 0.008 s"},
      {"person 101: title is 'Clerk' where HR says 'Grant'", "person <number>: title is '<text>' where HR says '<text>'"},
      {"person grant: no record", "person <word>: no record"},
      {"May Hunter was disabled", "<word> <word> was disabled"},
      {"J\xc3\xbcrgen Gro\xc3\x9f was disabled", "<word> <word> was disabled"},
      {"cn=Ann Marie Lee,ou=people,dc=example,dc=com is visible", "<dn> is visible"},
      {"cn=Lee\\, Ann,ou=people,dc=example is visible", "<dn> <dn> is visible"},
      {"CN=bill will, OU=x, DC=corp: not visible", "<dn>: not visible"},
      {"mail to ann.lee@example.com, please", "mail to <mail>, <word>"},
      {"connected to ldaps://dc1.corp.example:636 as x", "connected to <url>:636 as x"},
      {"/etc/muster/muster.xml:7:3: unknown element", "<path>:7:3: unknown element"},
      {"O'Brien's account", "<word> account"},
      {"HR's feed: \"Ann Lee\" and 'O'Brien'", "HR's feed: \"<text>\" and '<text>'"},
      {"member of all-staff", "member of <word>"},
      {"10.1.2.3 refused the connection", "<word> refused the connection"},
      {"number 4711 and 12", "number <number> and 12"},
      {"born 1999-12-31, since 2026-11-26T10:00:00.123Z", "<word> <word>, since 2026-11-26T10:00:00.123Z"},
      {"c2VjcmV0LXBhc3N3b3Jk", "<word>"},
      {"0f8fad5b-d9cb-469f-a165-70867728950e", "<word>"},
      {"(objectClass) `muster resync`; on-drift", "(objectClass) `muster resync`; on-drift"},
      {"", ""},
  };
  const Redaction redaction = made();
  for (const Row& row : rows) CHECK_MESSAGE(shape(redaction.text(row.said)) == row.shown, std::string(row.said));
}

TEST_CASE("redaction: expressions and filters keep their shape") {
  const Row rows[] = {
      {"status='active' and department = \"Sales\"", "status='<text>' and department = \"<text>\""},
      {"concat('cn=', first, ' ', last)", "concat('<text>', first, '<text>', last)"},
      {"$today > end", "$today > end"},
      {"(memberOf=CN=Domain Admins,DC=corp)", "(memberOf=CN=<word> <word>,DC=<word>)"},
      {"(adminCount=1)", "(adminCount=1)"},
      {"acmeUnit = 12345", "<word> = <number>"},
  };
  const Redaction redaction = made();
  for (const Row& row : rows) {
    const std::string shown = shape(redaction.expression(row.said));
    CHECK_MESSAGE((shown == row.shown || shown == std::regex_replace(row.shown, std::regex("DC=<word>"), "DC=corp")), shown);
  }
}

TEST_CASE("redaction: the same is the same word in one bundle, and another one in the next") {
  const Redaction one = made(), other = made();
  CHECK(one.value("person", "4711") == one.value("person", "4711"));
  CHECK(one.value("dn", "CN=Ann") == one.value("dn", "cn=ann"));
  CHECK(one.value("person", "4711") != other.value("person", "4711"));
  CHECK(one.value("person", "4711").substr(7) == one.text("person 4711").substr(14));
}

TEST_CASE("redaction: documents lose every string of an unknown kind") {
  const json before = {{"healthy", true},
                       {"sum", 17},
                       {"since", "2026-11-26T10:00:00.000Z"},
                       {"what", "hold waiting"},
                       {"person", "will"},
                       {"before", {"applied"}},
                       {"initial", {{"sn", {"may"}}}},
                       {"file /srv/acme/events", {{"waiting", 3}}}};
  const json after = json::parse(shape(made().document(before).dump()));
  CHECK(after == json{{"healthy", true},
                      {"sum", 17},
                      {"since", "2026-11-26T10:00:00.000Z"},
                      {"what", "hold waiting"},
                      {"person", "<person>"},
                      {"before", {"<before>"}},
                      {"initial", {{"sn", {"<sn>"}}}},
                      {"file <path>", {{"waiting", 3}}}});
}

TEST_CASE("redaction: of a configuration only what the product itself says is left") {
  const Redaction redaction = made();
  const auto shown = outline_of(
      R"(<?xml version="1.0"?><!-- for Ann --><muster xmlns="urn:muster:config:1"><directory name="acme" url="ldaps://dc1" family="auto">
         <people base="OU=Acme"/>Lee</directory><safety max-disables="25" max-clears="1000"><protect person="00001"/></safety>
         <role name="applied" when="x='Y'"/><bind secret="applied"/></muster>)",
      [&](auto element, auto attribute, auto value) { return redaction.setting(element, attribute, value); });
  REQUIRE(shown);
  CHECK(shape(*shown) ==
        "<muster xmlns=\"urn:muster:config:1\">\n  <directory name=\"<name>\" url=\"<url>\" family=\"auto\">\n    <people "
        "base=\"<base>\" />\n"
        "  </directory>\n  <safety max-disables=\"25\" max-clears=\"1000\">\n    <protect person=\"<person>\" />\n  </safety>\n"
        "  <role name=\"<name>\" when=\"x='<text>'\" />\n  <bind secret=\"<secret>\" />\n</muster>\n");
  CHECK_FALSE(outline_of("no XML", [](auto, auto, auto) { return ""; }));
}
