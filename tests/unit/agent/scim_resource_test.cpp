// What an entry is as a SCIM resource, and what makes a resource that a server holds what it must be.
#include <doctest/doctest.h>

#include "agent/upstream/scim/resource.h"

using namespace muster;
using namespace muster::scim;

namespace {

const std::string kEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const std::string kUser(kScimUser);

Mapped at(const std::string& path, std::vector<std::string> values) { return {ScimPath::parse(path).value(), std::move(values)}; }

Ours ours(std::vector<Mapped> mapped, std::optional<bool> active = true) { return {kUser, std::move(mapped), "7", active}; }

json merge(const json& current, const Ours& wished) { return merged(current, wished, Schema::standard_user()); }

}  // namespace

TEST_CASE("SCIM resources: a new user is made of what the directory has") {
  const json user =
      merge(json::object(),
            ours({at("userName", {"ann"}), at("name.givenName", {"Ann"}), at("phoneNumbers[type eq \"work\"].value", {"1", "2"}),
                  at("phoneNumbers[type eq \"mobile\"].value", {"3"}), at(kEnterprise + ":department", {"R&D"}),
                  at(kEnterprise + ":manager.value", {"m1"}), at("title", {})}));
  CHECK(user ==
        json{{"schemas", {kUser, kEnterprise}},
             {"externalId", "7"},
             {"userName", "ann"},
             {"active", true},
             {"name", {{"givenName", "Ann"}}},
             {"phoneNumbers",
              {{{"type", "work"}, {"value", "1"}}, {{"type", "work"}, {"value", "2"}}, {{"type", "mobile"}, {"value", "3"}}}},
             {kEnterprise, {{"department", "R&D"}, {"manager", {{"value", "m1"}}}}}});
}

TEST_CASE("SCIM resources: what others own stays") {
  const json current = {{"schemas", {kUser}},
                        {"id", "u1"},
                        {"userName", "ann"},
                        {"Title", "Queen"},
                        {"nickName", "Annie"},
                        {"phoneNumbers",
                         {{{"type", "home"}, {"value", "0"}},
                          {{"type", "Work"}, {"value", "1"}, {"primary", true}},
                          {{"type", "fax"}, {"value", "9"}}}},
                        {"meta", {{"version", "W/\"1\""}}}};
  SUBCASE("a value in its place, whatever case the server writes") {
    const json wanted = merge(current, ours({at("phoneNumbers[type eq \"work\"].value", {"2"}), at("title", {"King"})}));
    CHECK(wanted["phoneNumbers"] == json{{{"type", "home"}, {"value", "0"}},
                                         {{"type", "work"}, {"value", "2"}, {"primary", true}},
                                         {{"type", "fax"}, {"value", "9"}}});
    CHECK(wanted["Title"] == "King");
    CHECK(!wanted.contains("title"));
    CHECK(wanted["nickName"] == "Annie");
  }
  SUBCASE("no value takes ours away and nothing else") {
    const json wanted = merge(current, ours({at("phoneNumbers[type eq \"work\"].value", {}), at("title", {})}));
    CHECK(wanted["phoneNumbers"] == json{{{"type", "home"}, {"value", "0"}}, {{"type", "fax"}, {"value", "9"}}});
    CHECK(!wanted.contains("Title"));
  }
  SUBCASE("an element in which something else stands is kept for it") {
    const json address = {{"addresses", {{{"type", "work"}, {"streetAddress", "Main St. 1"}, {"locality", "Bonn"}}}}};
    const json wanted = merge(address, ours({at("addresses[type eq \"work\"].streetAddress", {})}));
    CHECK(wanted["addresses"] == json{{{"type", "work"}, {"locality", "Bonn"}}});
  }
  SUBCASE("two attributes of the directory share an element") {
    const json wanted = merge(json::object(), ours({at("addresses[type eq \"work\"].streetAddress", {"Main St. 1"}),
                                                    at("addresses[type eq \"work\"].locality", {"Bonn"})}));
    CHECK(wanted["addresses"] == json{{{"type", "work"}, {"streetAddress", "Main St. 1"}, {"locality", "Bonn"}}});
  }
}

TEST_CASE("SCIM resources: types are those of the server's schema") {
  const Schema schema = Schema::parse(
      {{{"id", kUser}, {"attributes", {{{"name", "userName"}, {"type", "string"}}, {{"name", "title"}, {"type", "string"}}}}},
       {{"id", "urn:example:2.0:User"},
        {"attributes",
         {{{"name", "vip"}, {"type", "boolean"}},
          {{"name", "floor"}, {"type", "integer"}},
          {{"name", "tags"}, {"type", "string"}, {"multiValued", true}}}}}},
      kScimUser);
  std::vector<std::string> refused;
  const json user = merged(json::object(),
                           ours({at("urn:example:2.0:User:vip", {"TRUE"}), at("urn:example:2.0:User:floor", {"12"}),
                                 at("urn:example:2.0:User:tags", {"a", "b"})}),
                           schema, &refused);
  CHECK(user["urn:example:2.0:User"] == json{{"vip", true}, {"floor", 12}, {"tags", {"a", "b"}}});
  CHECK(refused.empty());
  merged(json::object(), ours({at("urn:example:2.0:User:floor", {"upstairs"})}), schema, &refused);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0] == "'upstairs' is no integer, as floor must be");
  CHECK(schema.find(ScimPath::parse("TITLE").value(), true) != nullptr);
  CHECK(schema.find(ScimPath::parse("urn:example:2.0:User:shoe").value(), true) == nullptr);
}

TEST_CASE("SCIM resources: the patch is what differs, and nothing where nothing does") {
  const json current = {{"id", "u1"},
                        {"schemas", {kUser}},
                        {"userName", "ann"},
                        {"active", true},
                        {"externalId", "7"},
                        {"title", "Queen"},
                        {"emails", {{{"type", "work"}, {"value", "a"}}, {{"type", "home"}, {"value", "b"}}}},
                        {"groups", {{{"value", "g1"}}}},
                        {"meta", {{"version", "1"}}},
                        {kEnterprise, {{"department", "R&D"}, {"division", "North"}}}};
  CHECK(patch_between(current, merge(current, ours({at("userName", {"ann"}), at("title", {"Queen"})}))).empty());
  json reordered = current;
  reordered["emails"] = {current["emails"][1], current["emails"][0]};
  CHECK(patch_between(current, reordered).empty());
  const json wanted = merge(current, ours({at("title", {}), at("nickName", {"Annie"}), at(kEnterprise + ":department", {"Sales"}),
                                           at(kEnterprise + ":division", {})},
                                          false));
  const json operations = patch_between(current, wanted);
  const auto has = [&](const json& operation) {
    return std::find(operations.begin(), operations.end(), operation) != operations.end();
  };
  CHECK(operations.size() == 5);
  CHECK(has({{"op", "remove"}, {"path", "title"}}));
  CHECK(has({{"op", "add"}, {"path", "nickName"}, {"value", "Annie"}}));
  CHECK(has({{"op", "replace"}, {"path", "active"}, {"value", false}}));
  CHECK(has({{"op", "replace"}, {"path", kEnterprise + ":department"}, {"value", "Sales"}}));
  CHECK(has({{"op", "remove"}, {"path", kEnterprise + ":division"}}));
  // Carried out, it is what was wanted.
  CHECK(patch_between(wanted, merge(wanted, ours({at("nickName", {"Annie"})}, false))).empty());
}

TEST_CASE("SCIM resources: texts inside filters cannot end them") {
  CHECK(quoted("a\"b\\c") == R"("a\"b\\c")");
  CHECK(ours({at("title", {"a"})}).text() != ours({at("title", {"b"})}).text());
  CHECK(ours({at("title", {"a"})}).text() != ours({at("title", {"a"})}, false).text());
}
