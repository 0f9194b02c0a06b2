#include "agent/plan_difference.h"

#include <doctest/doctest.h>

using namespace muster;
using nlohmann::json;

namespace {

json change(const std::string& person, const std::string& action, const std::string& group, const std::string& rule) {
  return {{"person", person}, {"dn", "cn=" + person}, {"action", action}, {"group", group},
          {"from", nullptr},  {"to", nullptr},        {"reason", "role"}, {"rule", rule}};
}

json plan_of(std::vector<json> changes, std::vector<json> held = {}) {
  json holds = json::array();
  if (!held.empty()) holds.push_back({{"id", "abc"}, {"changes", held}});
  return {{"people", 9}, {"changes", changes}, {"holds", holds}, {"problems", json::array()}};
}

}  // namespace

TEST_CASE("two plans differ by what one of them has, whatever its reason") {
  const json before = plan_of({change("1", "add-member", "vpn", "a.xml:3"), change("2", "add-member", "vpn", "a.xml:3")});
  json moved = change("2", "add-member", "vpn", "a.xml:9");
  moved["reason"] = "another role";
  const json after = plan_of({moved, change("3", "remove-member", "vpn", "a.xml:4")});
  const json d = plan_difference(before, after);
  CHECK(d["more"] == 1);
  CHECK(d["less"] == 1);
  REQUIRE(d["people"].size() == 2);
  CHECK(d["people"][0]["person"] == "1");
  CHECK(d["people"][0]["less"].size() == 1);
  CHECK(d["people"][0]["more"].empty());
  CHECK(d["people"][1]["person"] == "3");
  CHECK(d["people"][1]["more"][0]["action"] == "remove-member");
  REQUIRE(d["rules"].size() == 2);
  CHECK(d["rules"][0] == json{{"rule", "a.xml:3"}, {"more", 0}, {"less", 1}, {"people", 1}});
  CHECK(d["rules"][1] == json{{"rule", "a.xml:4"}, {"more", 1}, {"less", 0}, {"people", 1}});
}

TEST_CASE("what a gate holds is no difference to what it lets pass") {
  const json c = change("1", "disable", "", "l.xml:5");
  const json d = plan_difference(plan_of({c}), plan_of({}, {c}));
  CHECK(d["people"].empty());
  CHECK(d["rules"].empty());
}

TEST_CASE("problems that only the second plan has are told by person") {
  json after = plan_of({});
  after["problems"] = {{{"person", "7"}, {"dn", ""}, {"code", "bad-name"}, {"what", "no name"}, {"where", "l.xml:4"}}};
  const json d = plan_difference(plan_of({}), after);
  REQUIRE(d["people"].size() == 1);
  CHECK(d["people"][0]["problems"][0]["code"] == "bad-name");
  CHECK(d["more"] == 0);
}
