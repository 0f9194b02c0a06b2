// What `upstream=` may say where a SCIM server listens.
#include "mapping/scim_path.h"

#include <doctest/doctest.h>

using namespace muster;

TEST_CASE("SCIM paths: what they mean") {
  const std::string enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
  struct Row {
    std::string text;
    ScimPath means;
  };
  const Row rows[] = {
      {"title", {"", "title", {}, ""}},
      {"name.givenName", {"", "name", {}, "givenName"}},
      {"emails.value", {"", "emails", {}, "value"}},
      {"phoneNumbers[type eq \"work\"].value", {"", "phoneNumbers", {{"type", "work", true}}, "value"}},
      {"emails[type eq \"work\" and primary eq true].value",
       {"", "emails", {{"type", "work", true}, {"primary", "true", false}}, "value"}},
      {"addresses[ type EQ \"Head office. 2\" ].streetAddress",
       {"", "addresses", {{"type", "Head office. 2", true}}, "streetAddress"}},
      {enterprise + ":department", {enterprise, "department", {}, ""}},
      {enterprise + ":manager.value", {enterprise, "manager", {}, "value"}},
      {"urn:example:acme:2.0:User:badges[type eq \"a:b\"].value",
       {"urn:example:acme:2.0:User", "badges", {{"type", "a:b", true}}, "value"}},
      {"urn:ietf:params:scim:schemas:core:2.0:User:userName", {"", "userName", {}, ""}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto path = ScimPath::parse(row.text);
    REQUIRE(path);
    CHECK(*path == row.means);
  }
}

TEST_CASE("SCIM paths: what is none says why") {
  struct Row {
    const char* text;
    const char* says;
  };
  const Row rows[] = {{"", "'' is no name"},
                      {"phone numbers", "is no name of an attribute"},
                      {"name.", "nothing stands behind the dot"},
                      {"name.given.first", "'given.first' is no name"},
                      {"emails[type eq \"work\"", "the bracket is not closed"},
                      {"emails[type eq \"work\"]", "behind the bracket"},
                      {"emails[type eq work].value", "in brackets stand comparisons"},
                      {"emails[type sw \"w\"].value", "in brackets stand comparisons"},
                      {"emails[type eq \"a\" or type eq \"b\"].value", "in brackets stand comparisons"},
                      {"emails[].value", "in brackets stand comparisons"},
                      {"urn:", "the URN is not complete"},
                      {"urn:x:", "'' is no name"}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto path = ScimPath::parse(row.text);
    REQUIRE(!path);
    CHECK(path.error().code == Errc::config);
    CHECK_MESSAGE(path.error().what.find(row.says) != std::string::npos, path.error().what);
  }
}
