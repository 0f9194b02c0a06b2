#include "schema/ids.h"

#include <doctest/doctest.h>

#include "schema/change.h"
#include "schema/entry.h"

using namespace muster;

TEST_CASE("entry id: one entry, whatever the spelling") {
  EntryId a, b;
  REQUIRE(parse_entry_id("597ae2f6-16a6-1027-98f4-d28b5365dc14", a));
  for (const std::string text :
       {"597AE2F6-16A6-1027-98F4-D28B5365DC14", "597ae2f616a6102798f4d28b5365dc14", "{597ae2f6-16a6-1027-98f4-d28b5365dc14}"}) {
    CAPTURE(text);
    REQUIRE(parse_entry_id(text, b));
    CHECK(a == b);
  }
  CHECK(to_string(a) == "597ae2f6-16a6-1027-98f4-d28b5365dc14");
  for (const std::string text :
       {"", "597ae2f6", "597ae2f6-16a6-1027-98f4-d28b5365dc1g", "597ae2f6-16a6-1027-98f4-d28b5365dc1400"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_entry_id(text, b));
    CHECK(a == b);
  }
}

TEST_CASE("entry: attributes are found in any case, and an empty list takes one away") {
  Attributes a;
  a.set("Mail", {"a@x", "b@x"});
  a.set("CN;lang-de", {"Anna"});
  REQUIRE(a.find("mail"));
  CHECK(a.first("MAIL") == "a@x");
  CHECK(a.find("cn") == nullptr);
  CHECK(a.first("cn;LANG-DE") == "Anna");
  a.set("mail", {});
  CHECK(a.size() == 1);
  CHECK(a.first("mail").empty());
}

TEST_CASE("change: an approval covers the change, not its wording") {
  Change a;
  a.action = Action::set;
  a.person = PersonKey("1007");
  a.dn = *Dn::parse("uid=ann,dc=x");
  a.attribute = "title";
  a.from = {"Engineer"};
  a.to = {"Lead"};
  Change b = a;
  b.because.text = "another wording";
  b.because.cause = "feed hris, line 9";
  CHECK(canonical(a) == canonical(b));
  b.to = {"Boss"};
  CHECK(canonical(a) != canonical(b));
  b = a;
  b.dn = *Dn::parse("uid=bob,dc=x");
  CHECK(canonical(a) != canonical(b));
  b = a;
  b.person = PersonKey("1008");
  CHECK(canonical(a) != canonical(b));
}

TEST_CASE("change: every action and decision has a name that is read again") {
  for (const Action action : kActions) {
    Action again{};
    REQUIRE(parse_action(to_string(action), again));
    CHECK(again == action);
  }
  for (const Decision decision :
       {Decision::joiner, Decision::mover, Decision::leaver, Decision::absence, Decision::drift, Decision::stranger}) {
    Decision again{};
    REQUIRE(parse_decision(to_string(decision), again));
    CHECK(again == decision);
  }
  Action none{};
  CHECK_FALSE(parse_action("explode", none));
}
