#include "agent/status_line.h"

#include <doctest/doctest.h>

namespace muster {
namespace {

TEST_CASE("what the service manager shows: what needs somebody first, then what is done, in one line") {
  struct Row {
    std::string name, live;
    std::size_t people, holds;
    std::string reload, expected;
  };
  const std::string following =
      R"({"directory": {"connected": true, "url": "ldap://d"}, "ready": true, "watch": {"people": {"stage": "following"}}})";
  const Row rows[]{
      {"nothing is known yet", "{}", 0, 0, "", "connecting to the directory"},
      {"the directory is away", R"({"directory": {"connected": false, "error": "refused\nsecond line"}})", 5, 0, "",
       "no connection to the directory: refused"},
      {"the feed is not believed",
       R"({"directory": {"connected": true, "url": "ldap://d"}, "feed": {"ok": false, "error": "it is empty"}})", 0, 0, "",
       "connected to ldap://d; the feed is not believed: it is empty"},
      {"the first read", R"({"directory": {"connected": true, "url": "ldap://d"}})", 0, 0, "", "reading ldap://d"},
      {"one stream catches up",
       R"({"directory": {"connected": true, "url": "ldap://d"}, "ready": true, "watch": {"groups": {"stage": "refreshing"}}})", 3,
       0, "", "reading groups of ldap://d"},
      {"one person", following, 1, 0, "", "following ldap://d, 1 person"},
      {"one hold", following, 2, 1, "", "1 hold waits for approval; following ldap://d, 2 people"},
      {"holds", following, 2, 3, "", "3 holds wait for approval; following ldap://d, 2 people"},
      {"a refused reload, and a hold after it", following, 2, 1, "muster.xml:3: no\nmuster.xml:4: no",
       "the new configuration is not used: muster.xml:3: no; 1 hold waits for approval; following ldap://d, 2 people"},
  };
  for (const Row& r : rows) {
    CAPTURE(r.name);
    CHECK(status_line(nlohmann::json::parse(r.live), r.people, r.holds, r.reload) == r.expected);
  }
  auto live = nlohmann::json::parse(following);
  live["upstream"] = {{"idp", {{"ok", false}}}, {"mail", {{"ok", true}}}};
  CHECK(status_line(live, 2, 0, "") == "following ldap://d, 2 people; idp does not answer");
}

}  // namespace
}  // namespace muster
