// A person as a SCIM User: what its fields say, and what a PatchOp makes of it.
#include "agent/feed/scim_user.h"

#include <doctest/doctest.h>

using namespace muster;
using nlohmann::json;

namespace {

FieldSettings field(const char* name, const char* path, bool key = false) {
  FieldSettings f;
  f.name = name;
  f.column = path;
  f.key = f.required = key;
  return f;
}

FeedSettings settings() {
  FeedSettings feed;
  feed.name = "hr";
  feed.type = "events";
  feed.fields = {field("id", "externalId", true), field("last", "name.familyName"), field("mail", "emails[type eq \"work\"].value"),
                 field("start", "urn:x:hr:start")};
  feed.fields[3].type = FieldSettings::Type::date;
  return feed;
}

const char* const kUser =
    R"({"externalId":"7","name":{"familyName":"King"},"emails":[{"type":"work","value":"a@x"},{"type":"home","value":"b@x"}]})";

}  // namespace

TEST_CASE("The fields of a feed are found in a SCIM User") {
  json user = json::parse(kUser);
  user["urn:x:hr"] = {{"start", "2026-12-01"}};
  const auto person = read_scim_user(settings(), user);
  REQUIRE(person);
  CHECK(person->key.rep() == "7");
  CHECK(person->fields == std::vector<std::string>{"7", "King", "a@x", "20261201"});
  user["urn:x:hr"]["start"] = "tomorrow";
  const auto bad = read_scim_user(settings(), user);
  REQUIRE(!bad);
  CHECK_MESSAGE(bad.error().what.find("tomorrow") != std::string::npos, bad.error().what);
  user.erase("externalId");
  CHECK(!read_scim_user(settings(), user));
}

TEST_CASE("A PatchOp changes what its paths name, and nothing else is understood") {
  struct Case {
    const char* operations;
    const char* patch;  ///< JSON Merge Patch that makes the same; null: refused
  };
  const Case cases[] = {
      {R"([{"op":"replace","path":"name.familyName","value":"Byron"}])", R"({"name":{"familyName":"Byron"}})"},
      {R"([{"op":"Replace","path":"NAME.familyname","value":"Byron"}])", R"({"name":{"familyName":"Byron"}})"},
      {R"([{"op":"add","path":"title","value":"Countess"}])", R"({"title":"Countess"})"},
      {R"([{"op":"add","value":{"title":"Countess","name":{"givenName":"Ada"}}}])",
       R"({"title":"Countess","name":{"givenName":"Ada"}})"},
      {R"([{"op":"replace","value":{"urn:x:hr":{"start":"2026-12-01"}}}])", R"({"urn:x:hr":{"start":"2026-12-01"}})"},
      {R"([{"op":"add","path":"urn:x:hr:start","value":"2026-12-01"}])", R"({"urn:x:hr":{"start":"2026-12-01"}})"},
      {R"([{"op":"replace","path":"name","value":{"givenName":"Ada"}}])", R"({"name":{"givenName":"Ada"}})"},
      {R"([{"op":"remove","path":"name.familyName"}])", R"({"name":{"familyName":null}})"},
      {R"([{"op":"replace","path":"emails[type eq \"work\"].value","value":"c@x"}])",
       R"({"emails":[{"type":"work","value":"c@x"},{"type":"home","value":"b@x"}]})"},
      {R"([{"op":"remove","path":"emails[type eq \"home\"]"}])", R"({"emails":[{"type":"work","value":"a@x"}]})"},
      {R"([{"op":"add","path":"emails","value":[{"type":"other","value":"d@x"}]}])",
       R"({"emails":[{"type":"work","value":"a@x"},{"type":"home","value":"b@x"},{"type":"other","value":"d@x"}]})"},
      {R"([{"op":"add","path":"phoneNumbers[type eq \"work\"].value","value":"1"}])",
       R"({"phoneNumbers":[{"type":"work","value":"1"}]})"},
      {R"([{"op":"remove","path":"phoneNumbers[type eq \"work\"].value"}])", R"({"phoneNumbers":[]})"},
      {R"([])", nullptr},
      {R"({})", nullptr},
      {R"([1])", nullptr},
      {R"([{"op":"move","path":"title","value":"x"}])", nullptr},
      {R"([{"op":"add","path":"title"}])", nullptr},
      {R"([{"op":"remove"}])", nullptr},
      {R"([{"op":"add","value":"x"}])", nullptr},
      {R"([{"op":"replace","path":"emails[type co \"w\"].value","value":"x"}])", nullptr},
      {R"([{"op":"replace","path":"emails[type eq \"other\"].value","value":"x"}])", nullptr},
      {R"([{"op":"replace","path":"emails.value","value":"x"}])", nullptr},
      {R"([{"op":"replace","path":"externalId[a eq \"x\"].b","value":"x"}])", nullptr},
  };
  for (const Case& c : cases) {
    json user = json::parse(kUser), wanted = user;
    const Status done = patch_scim_user(user, {{"Operations", json::parse(c.operations)}});
    REQUIRE_MESSAGE(static_cast<bool>(done) == (c.patch != nullptr), c.operations);
    if (!c.patch) continue;
    wanted.merge_patch(json::parse(c.patch));
    CHECK_MESSAGE(user == wanted, (c.operations + user.dump()));
  }
}
