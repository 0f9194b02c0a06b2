// Which tokens an event makes.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "agent/upstream/set/tokens.h"

using namespace muster;
using nlohmann::json;

namespace {

UpstreamSettings::Events settings() {
  UpstreamSettings::Events s;
  s.issuer = "muster-corp";
  s.audience = "idp";
  return s;
}

json event(json more) {
  json e = {{"id", "id-1"},
            {"seq", 7},
            {"time", "2026-11-26T12:00:00.500Z"},
            {"person", "100"},
            {"entry", "e-1"},
            {"dn", "uid=ann,ou=people"},
            {"before", json::array()},
            {"after", json::array()},
            {"reason", "why"},
            {"run", "run-1"}};
  e.update(more);
  return e;
}

/// "prov:patch:full /Users/e-1 {...payload}" for each token.
std::string told(const json& e, const UpstreamSettings::Events& s = settings()) {
  std::string text;
  for (const SetToken& t : tokens_of(e, s)) {
    const json claims = json::parse(t.claims);
    CHECK(claims["jti"] == t.jti);
    CHECK(claims["events"].size() == 1);
    CHECK_FALSE(claims.contains("sub"));
    CHECK_FALSE(claims.contains("exp"));
    const json events = claims["events"];
    const std::string uri = events.begin().key();
    text += uri.substr(uri.find_last_of("/") == std::string::npos ? std::string("urn:ietf:params:scim:event:").size()
                                                                  : uri.find_last_of("/") + 1) +
            " " + claims["sub_id"].dump() + " " + events.begin().value().dump() + "\n";
  }
  return text;
}

const std::string kUser = R"({"externalId":"100","format":"scim","uri":"/Users/e-1"})";
const std::string kNamed = R"({"format":"iss_sub","iss":"muster-corp","sub":"100"})";
const std::string kPatch = R"("schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"])";

}  // namespace

TEST_CASE("each kind of event makes the tokens that the manual names") {
  struct Case {
    const char* name;
    json event;
    std::string tokens;
  };
  const Case cases[] = {
      {"a value",
       {{"kind", "applied"}, {"action", "set"}, {"attribute", "givenName"}, {"after", {"Ann"}}},
       "prov:patch:full " + kUser + R"( {"data":{"Operations":[{"op":"replace","path":"name.givenName","value":"Ann"}],)" + kPatch +
           "}}\n"},
      {"an attribute that SCIM does not know, with several values",
       {{"kind", "changed"}, {"attribute", "roomNumber"}, {"after", {"1", "2"}}},
       "prov:patch:full " + kUser +
           R"( {"data":{"Operations":[{"op":"replace","path":"urn:muster:scim:schemas:directory:1.0:User:roomNumber","value":["1","2"]}],)" +
           kPatch + "}}\n"},
      {"mail",
       {{"kind", "applied"}, {"action", "set"}, {"attribute", "mail"}, {"before", {"a@x"}}, {"after", {"b@x"}}},
       "prov:patch:full " + kUser +
           R"( {"data":{"Operations":[{"op":"replace","path":"emails[type eq \"work\"].value","value":"b@x"}],)" + kPatch + "}}\n" +
           R"(identifier-changed {"email":"a@x","format":"email"} {"new-value":"b@x"})" + "\n"},
      {"mail for the first time: nobody's identifier changed",
       {{"kind", "applied"}, {"action", "set"}, {"attribute", "mail"}, {"after", {"b@x"}}},
       "prov:patch:full " + kUser +
           R"( {"data":{"Operations":[{"op":"replace","path":"emails[type eq \"work\"].value","value":"b@x"}],)" + kPatch + "}}\n"},
      {"a telephone number, as E.164 has it",
       {{"kind", "changed"}, {"attribute", "telephoneNumber"}, {"before", {"+49 (30) 12-34.5"}}, {"after", {"4711"}}},
       "prov:patch:full " + kUser +
           R"( {"data":{"Operations":[{"op":"replace","path":"phoneNumbers[type eq \"work\"].value","value":"4711"}],)" + kPatch +
           "}}\n" + R"(identifier-changed {"format":"phone_number","phone_number":"+493012345"} {})" + "\n"},
      {"a telephone number that holds what is dialled from within the country only",
       {{"kind", "changed"}, {"attribute", "telephoneNumber"}, {"before", {"+49 (0)30 123456"}}, {"after", json::array()}},
       "prov:patch:full " + kUser + R"( {"data":{"Operations":[{"op":"remove","path":"phoneNumbers[type eq \"work\"].value"}],)" +
           kPatch + "}}\n"},
      {"several values where SCIM has one place",
       {{"kind", "changed"}, {"attribute", "title"}, {"after", {"Clerk", "Pilot"}}},
       "prov:patch:full " + kUser + R"( {"data":{"Operations":[{"op":"replace","path":"title","value":"Clerk"}],)" + kPatch +
           "}}\n"},
      {"somebody without an entry, whose key is no part of a URL",
       {{"kind", "command"}, {"person", "a b/1"}, {"entry", nullptr}, {"status", "200"}},
       R"(misc:asyncresp {"externalId":"a b/1","format":"scim","uri":"/Users/a%20b%2F1"} {"method":"PATCH","status":"200"})" +
           std::string("\n")},
      {"a telephone number without a country",
       {{"kind", "changed"}, {"attribute", "telephoneNumber"}, {"before", {"4711"}}, {"after", {"4712"}}},
       "prov:patch:full " + kUser +
           R"( {"data":{"Operations":[{"op":"replace","path":"phoneNumbers[type eq \"work\"].value","value":"4712"}],)" + kPatch +
           "}}\n"},
      {"a value that is gone",
       {{"kind", "applied"}, {"action", "clear"}, {"attribute", "title"}, {"before", {"Clerk"}}},
       "prov:patch:full " + kUser + R"( {"data":{"Operations":[{"op":"remove","path":"title"}],)" + kPatch + "}}\n"},
      {"a membership",
       {{"kind", "applied"}, {"action", "add-member"}, {"group", "cn=g"}, {"group entry", "g-1"}},
       R"(prov:patch:full {"format":"scim","uri":"/Groups/g-1"} {"data":{"Operations":[{"op":"add","path":"members","value":[{"value":"e-1"}]}],)" +
           kPatch + "}}\n"},
      {"a membership that somebody else took away",
       {{"kind", "drift"}, {"group", "cn=g"}, {"group entry", "g-1"}, {"before", {"cn=g"}}},
       R"(prov:patch:full {"format":"scim","uri":"/Groups/g-1"} {"data":{"Operations":[{"op":"remove","path":"members[value eq \"e-1\"]"}],)" +
           kPatch + "}}\n"},
      {"a leaver",
       {{"kind", "applied"}, {"action", "disable"}, {"decision", "leaver"}},
       "prov:deactivate " + kUser + " {}\naccount-disabled " + kNamed + " {}\nsession-revoked " + kNamed +
           R"( {"event_timestamp":1795694400,"initiating_entity":"policy","reason_admin":{"en":"why"}})" + "\n"},
      {"an absence: sessions are left alone",
       {{"kind", "applied"}, {"action", "disable"}, {"decision", "absence"}},
       "prov:deactivate " + kUser + " {}\naccount-disabled " + kNamed + " {}\n"},
      {"switched on by somebody else",
       {{"kind", "account"}, {"after", {"enabled"}}},
       "prov:activate " + kUser + " {}\naccount-enabled " + kNamed + " {}\n"},
      {"deleted by muster",
       {{"kind", "applied"}, {"action", "delete"}},
       "prov:delete " + kUser + " {}\naccount-purged " + kNamed + " {}\n"},
      {"an entry that HR does not know came",
       {{"kind", "appeared"}, {"person", nullptr}},
       R"(feed:add {"format":"scim","uri":"/Users/e-1"} {})" + std::string("\n")},
      {"an entry went", {{"kind", "deleted"}}, "feed:remove " + kUser + " {}\n"},
      {"a first password", {{"kind", "credential"}, {"jwe", "x"}}, "account-credential-change-required " + kNamed + " {}\n"},
      {"what became of a command",
       {{"kind", "command"}, {"txn", "t"}, {"status", "200"}},
       "misc:asyncresp " + kUser + R"( {"method":"PATCH","status":"200"})" + "\n"},
      {"a problem is nobody's business upstream", {{"kind", "problem"}}, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(told(event(c.event)) == c.tokens);
  }
}

TEST_CASE("a new account is a resource with everything that it began with") {
  const json e = event(
      {{"kind", "applied"},
       {"action", "create"},
       {"initial", {{"uid", {"ann"}}, {"sn", {"Lee"}}, {"mail", {"a@x"}}, {"department", {"Sales"}}, {"roomNumber", {"1"}}}}});
  const auto tokens = tokens_of(e, settings());
  REQUIRE(tokens.size() == 1);
  const json claims = json::parse(tokens[0].claims);
  const json data = claims["events"]["urn:ietf:params:scim:event:prov:create:full"]["data"];
  CHECK(data["userName"] == "ann");
  CHECK(data["externalId"] == "100");
  CHECK(data["name"]["familyName"] == "Lee");
  CHECK(data["emails"] == json::parse(R"([{"type":"work","value":"a@x"}])"));
  CHECK(data["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]["department"] == "Sales");
  CHECK(data["urn:muster:scim:schemas:directory:1.0:User"]["roomNumber"] == "1");
  CHECK(data["schemas"].size() == 3);
}

TEST_CASE("a notice names what changed, and no value") {
  UpstreamSettings::Events s = settings();
  s.is_full = false;
  CHECK(told(event({{"kind", "applied"}, {"action", "set"}, {"attribute", "title"}, {"after", {"Pilot"}}}), s) ==
        "prov:patch:notice " + kUser + R"( {"attributes":["title"]})" + "\n");
}

TEST_CASE("a family that is not wanted is not sent, and the ids of the others stay in order") {
  UpstreamSettings::Events s = settings();
  s.is_scim = false;
  const auto tokens = tokens_of(event({{"kind", "applied"}, {"action", "disable"}, {"decision", "leaver"}}), s);
  REQUIRE(tokens.size() == 2);
  CHECK(tokens[0].jti == "id-1.risc");
  CHECK(tokens[1].jti == "id-1.caep");
  for (const SetToken& t : tokens) {
    const json claims = json::parse(t.claims);
    CHECK(claims["iss"] == "muster-corp");
    CHECK(claims["aud"] == "idp");
    CHECK(claims["iat"] == 1795694400);
    CHECK(claims["txn"] == "run-1");
    CHECK(claims["seq"] == 7);
    CHECK(t.subject == "person 100");
  }
}

TEST_CASE("docs/events.md: every kind has its tokens, or none") {
  std::ifstream file(MUSTER_EVENTS_MD);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto begin = text.find("| kind | it means |"), end = text.find("\n\n", begin);
  const auto tokens = text.find("| kind | SCIM event");
  REQUIRE(tokens != std::string::npos);
  const std::string table = text.substr(tokens, text.find("\n\n", tokens) - tokens);
  std::set<std::string> kinds;
  for (auto line = text.find("\n| `", begin); line < end; line = text.find("\n| `", line + 1)) {
    const std::string cell = text.substr(line + 3, text.find(" | ", line + 3) - line - 3);
    for (auto from = cell.find('`'); from != std::string::npos; from = cell.find('`', cell.find('`', from + 1) + 1))
      kinds.insert(cell.substr(from + 1, cell.find('`', from + 1) - from - 1));
  }
  CHECK(kinds.size() > 25);
  for (const std::string& kind : kinds)
    CHECK_MESSAGE(is_without_token(kind) == (table.find("`" + kind + "`") == std::string::npos), kind);
}
