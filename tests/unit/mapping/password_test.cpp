// The first password of a new account, from the plan's side.
#include <doctest/doctest.h>

#include "tests/support/company_rules.h"
#include "tests/support/plan_world.h"

using namespace muster;
using namespace muster::test;

namespace {

const Now kToday = now_at(*parse_iso_time("2026-11-23T09:00:00Z"));

struct Joining : PlanWorld {
  RulesBuilder builder{{"id", "status", "start"}};
  std::optional<Rules> rules;
  Now now = kToday;

  explicit Joining(PasswordRule::Kind kind) {
    person = Person{PersonKey("1"), {"1", "active", "20261123"}, "feed hris, line 2", true};
    builder.join("employeeNumber", "id");
    JoinerRule& joiner = builder.joiner("status='active'");
    joiner.create = dn("OU=People,DC=corp,DC=example");
    joiner.rdn = builder.expression("concat('CN=', id)");
    joiner.days_before = 7;
    joiner.password.kind = kind;
    joiner.password.command = {"/usr/bin/vault"};
    builder.leaver("status='gone'");
    rules = builder.take();
  }
  std::string step() {
    const Plan made = plan(subject(now), *rules, now);
    apply(made, now);
    std::string text;
    for (const Change& c : made.changes)
      text += (text.empty() ? "" : " | ") + std::string(to_string(c.action)) + (c.create_disabled ? " (disabled)" : "") +
              (c.attribute.empty() ? "" : " " + c.attribute);
    return text;
  }
};

}  // namespace

TEST_CASE("first password: the account is enabled once it was handed over, and not before") {
  Joining w(PasswordRule::Kind::hand_over);
  CHECK(w.step() == "create (disabled)");
  CHECK(w.step() == "set userPassword");
  CHECK(w.step() == "enable");
  CHECK(w.step().empty());
}

TEST_CASE("first password: one that could not be handed over is due until it was") {
  Joining w(PasswordRule::Kind::hand_over);
  w.step();
  for (int i = 0; i < 3; ++i) {
    const Plan made = plan(w.subject(w.now), *w.rules, w.now);
    REQUIRE(made.changes.size() == 1);
    CHECK(is_password(made.changes.front()));
    CHECK(made.changes.front().to == Values{"(handed over)"});
    CHECK(made.changes.front().because.text == "the first password, handed over to /usr/bin/vault");
  }
}

TEST_CASE("first password: before the first day it is handed over, and the account waits") {
  Joining w(PasswordRule::Kind::hand_over);
  w.person->fields[2] = "20261130";
  CHECK(w.step() == "create (disabled)");
  CHECK(w.step() == "set userPassword");
  CHECK(w.step().empty());
  w.now = now_at(*parse_iso_time("2026-11-30T09:00:00Z"));
  CHECK(w.step() == "enable");
}

TEST_CASE(
    "first password: whoever is gone before gets none, other rules end it, an account that is enabled meanwhile is not for long") {
  Joining gone(PasswordRule::Kind::hand_over);
  gone.step();
  gone.person->fields[1] = "gone";
  CHECK(gone.step().empty());

  Joining changed(PasswordRule::Kind::hand_over);
  changed.step();
  changed.rules->joiner->password.kind = PasswordRule::Kind::none;
  CHECK(changed.step() == "enable");

  Joining taken_over(PasswordRule::Kind::hand_over);
  taken_over.step();
  taken_over.switched_off = false;
  CHECK(taken_over.step() == "disable | set userPassword");
  CHECK(taken_over.step() == "enable");
}

TEST_CASE("first password: none and random ask nothing of the plan") {
  for (const auto kind : {PasswordRule::Kind::by_family, PasswordRule::Kind::none, PasswordRule::Kind::random}) {
    Joining w(kind);
    CHECK(w.step() == "create");
    CHECK(w.step().empty());
  }
}

TEST_CASE("first password: on Active Directory it is unicodePwd, and the plan after a create shows it") {
  Joining w(PasswordRule::Kind::hand_over);
  w.rules->logon_suffix = "@corp.example";
  const Plan made = plan(w.subject(w.now), *w.rules, w.now);
  REQUIRE(made.changes.size() == 1);
  const Plan next = plan_once_created(made.changes.front(), *w.person, *w.rules, w.now);
  REQUIRE(next.changes.size() == 1);
  CHECK(next.changes.front().attribute == "unicodePwd");
}
