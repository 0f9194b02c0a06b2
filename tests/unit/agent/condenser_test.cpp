// Which event makes which older one superfluous.
#include "agent/condenser.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace muster;
using nlohmann::json;

namespace {

json change(const std::string& action, const json& more = json::object()) {
  json e = {{"kind", "applied"}, {"action", action}, {"person", "1"}, {"entry", "e"}};
  e.update(more);
  return e;
}

}  // namespace

TEST_CASE("only what says something newer about the same matter makes an event superfluous") {
  struct Case {
    const char* name;
    json older, newer;
    bool is_overtaken;
  };
  const Case cases[] = {
      {"a value", change("set", {{"attribute", "title"}}), change("clear", {{"attribute", "title"}}), true},
      {"another value", change("set", {{"attribute", "title"}}), change("set", {{"attribute", "sn"}}), false},
      {"another person", change("set", {{"attribute", "title"}}), change("set", {{"attribute", "title"}, {"person", "2"}}), false},
      {"a rule that moved", change("set", {{"attribute", "title"}, {"rule", "a:1"}}),
       change("set", {{"attribute", "title"}, {"rule", "a:2"}}), true},
      {"a membership", change("add-member", {{"group", "cn=g"}}), change("remove-member", {{"group", "cn=g"}}), true},
      {"another group", change("add-member", {{"group", "cn=g"}}), change("add-member", {{"group", "cn=h"}}), false},
      {"switched off and on", change("disable"), change("enable"), true},
      {"made, and switched off", change("create"), change("disable"), false},
      {"moved twice", change("move"), change("move"), true},
      {"another kind",
       change("set", {{"attribute", "title"}}),
       {{"kind", "drift"}, {"person", "1"}, {"entry", "e"}, {"attribute", "title"}},
       false},
      {"two problems of one person",
       {{"kind", "problem"}, {"person", "1"}, {"code", "a"}, {"rule", "x:1"}},
       {{"kind", "problem"}, {"person", "1"}, {"code", "a"}, {"rule", "x:2"}},
       false},
      {"the same problem again",
       {{"kind", "problem"}, {"person", "1"}, {"code", "a"}, {"rule", "x:1"}},
       {{"kind", "problem"}, {"person", "1"}, {"code", "a"}, {"rule", "x:1"}},
       true},
      {"two events that were set aside",
       {{"kind", "set-aside"}, {"upstream", "u"}, {"event", "1"}},
       {{"kind", "set-aside"}, {"upstream", "u"}, {"event", "2"}},
       false},
      {"two holds", {{"kind", "hold"}, {"hold", "a"}}, {{"kind", "hold"}, {"hold", "b"}}, false},
      {"an entry that nobody knows",
       {{"kind", "changed"}, {"person", nullptr}, {"entry", "e"}, {"attribute", "mail"}},
       {{"kind", "changed"}, {"person", nullptr}, {"entry", "f"}, {"attribute", "mail"}},
       false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK((overtaken_by(c.older.dump()) == overtaken_by(c.newer.dump())) == c.is_overtaken);
  }
  CHECK(overtaken_by("no JSON").empty());
  CHECK(overtaken_by(R"({"kind":"condensed","from":1,"to":2})").empty());
}
