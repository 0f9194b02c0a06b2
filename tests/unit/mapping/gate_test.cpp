#include "mapping/gate.h"

#include <doctest/doctest.h>

using namespace muster;

namespace {

KindCounts counts(Kind kind, std::size_t n) {
  KindCounts all{};
  all[static_cast<std::size_t>(kind)] = n;
  return all;
}

std::array<bool, kKindCount> held(std::initializer_list<Kind> kinds) {
  std::array<bool, kKindCount> all{};
  for (const Kind k : kinds) all[static_cast<std::size_t>(k)] = true;
  return all;
}

}  // namespace

TEST_CASE("the gate: at the limit passes, one more is held, and the sentence says which limit") {
  struct Case {
    const char* name;
    Kind kind;
    std::size_t count, people;
    bool held;
    const char* sentence;
  };
  const Case cases[] = {
      {"disables at the count", Kind::disable, 25, 10000, false, "25 disables, within the 25 that max-disables=25 allows"},
      {"one disable too many", Kind::disable, 26, 10000, true, "26 disables are more than the 25 that max-disables=25 allows"},
      {"disables at the percentage", Kind::disable, 5, 100, false,
       "5 disables, within the 5 that max-disables-percent=5 of 100 people allows"},
      {"above the percentage", Kind::disable, 6, 100, true,
       "6 disables are more than the 5 that max-disables-percent=5 of 100 people allows"},
      {"a share of a person is rounded down", Kind::disable, 6, 119, true,
       "6 disables are more than the 5 that max-disables-percent=5 of 119 people allows"},
      {"a small company may let one person go", Kind::disable, 1, 3, false,
       "1 disable, within the 1 that max-disables-percent=5 of 3 people allows"},
      {"but not two at once", Kind::disable, 2, 3, true,
       "2 disables are more than the 1 that max-disables-percent=5 of 3 people allows"},
      {"nobody in scope", Kind::disable, 2, 0, true,
       "2 disables are more than the 1 that max-disables-percent=5 of 0 people allows"},
      {"removals", Kind::remove_member, 501, 10000, true,
       "501 membership removals are more than the 500 that max-membership-removals=500 allows"},
      {"clears", Kind::clear, 101, 10000, true, "101 clears are more than the 100 that max-clears=100 allows"},
      {"creates", Kind::create, 500, 10000, false, "500 creates, within the 500 that max-creates=500 allows"},
      {"moves", Kind::move, 101, 10000, true, "101 moves are more than the 100 that max-moves=100 allows"},
      {"deletes", Kind::remove, 11, 10000, true, "11 deletes are more than the 10 that max-deletes=10 allows"},
      {"other changes have no limit", Kind::other, 1000000, 10, false, "1000000 other changes, which have no limit"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto verdicts = judge(counts(c.kind, c.count), c.people, SafetySettings{});
    REQUIRE(verdicts.size() == 1);
    CHECK(verdicts[0].kind == c.kind);
    CHECK(verdicts[0].held() == c.held);
    CHECK(verdicts[0].sentence() == c.sentence);
  }
}

TEST_CASE("the gate: a limit of nothing, and a percentage that binary fractions cannot hold") {
  SafetySettings safety;
  safety.max_deletes = 0;
  auto verdicts = judge(counts(Kind::remove, 1), 100, safety);
  REQUIRE(verdicts.size() == 1);
  CHECK(verdicts[0].held());
  CHECK(verdicts[0].sentence() == "1 delete is more than the 0 that max-deletes=0 allows");
  safety.max_disables = 1000;
  safety.max_disables_percent = 29;
  verdicts = judge(counts(Kind::disable, 29), 100, safety);
  REQUIRE(verdicts.size() == 1);
  CHECK(verdicts[0].allowed == 29);
  safety.max_disables_percent = 2.5;
  verdicts = judge(counts(Kind::disable, 6), 200, safety);
  CHECK(verdicts[0].sentence() == "6 disables are more than the 5 that max-disables-percent=2.5 of 200 people allows");
}

TEST_CASE("the gate: each kind is judged by itself, and kinds without changes are not mentioned") {
  KindCounts both = counts(Kind::disable, 26);
  both[static_cast<std::size_t>(Kind::create)] = 1;
  const auto verdicts = judge(both, 10000, SafetySettings{});
  REQUIRE(verdicts.size() == 2);
  CHECK(verdicts[0].kind == Kind::disable);
  CHECK(verdicts[0].held());
  CHECK(verdicts[1].kind == Kind::create);
  CHECK_FALSE(verdicts[1].held());
  CHECK(judge(KindCounts{}, 100, SafetySettings{}).empty());
}

TEST_CASE("what a change counts as") {
  struct Case {
    Action action;
    Kind kind;
  };
  const Case cases[] = {
      {Action::disable, Kind::disable}, {Action::remove_member, Kind::remove_member},
      {Action::create, Kind::create},   {Action::rename, Kind::move},
      {Action::move, Kind::move},       {Action::enable, Kind::other},
      {Action::set, Kind::other},       {Action::clear, Kind::clear},
      {Action::expire, Kind::other},    {Action::add_member, Kind::other},
      {Action::remove, Kind::remove},
  };
  CHECK(std::size(cases) == kActions.size());
  for (const Case& c : cases) {
    CAPTURE(std::string(to_string(c.action)));
    CHECK(kind_of(c.action) == c.kind);
  }
}

TEST_CASE("kinds have names that can be read back") {
  for (std::size_t i = 0; i < kKindCount; ++i) {
    const Kind kind = static_cast<Kind>(i);
    Kind read{};
    CHECK(parse_kind(to_string(kind), read));
    CHECK(read == kind);
  }
  Kind untouched = Kind::move;
  CHECK_FALSE(parse_kind("explode", untouched));
  CHECK(untouched == Kind::move);
}

TEST_CASE("what waits when a kind is held") {
  struct Case {
    const char* name;
    Action action;
    Decision decision;
    std::array<bool, kKindCount> held;
    bool person_disable_held;
    bool waits;
  };
  const Case cases[] = {
      {"a disable of the held kind", Action::disable, Decision::leaver, held({Kind::disable}), true, true},
      {"a disable while removals are held", Action::disable, Decision::leaver, held({Kind::remove_member, Kind::move}), false,
       false},
      {"a leaver's removals follow the held disable", Action::remove_member, Decision::leaver, held({Kind::disable}), true, true},
      {"a leaver's move follows the held disable", Action::move, Decision::leaver, held({Kind::disable}), true, true},
      {"what an order takes away follows the held disable", Action::remove_member, Decision::order, held({Kind::disable}), true,
       true},
      {"a released leaver's removals go on", Action::remove_member, Decision::leaver, held({Kind::disable}), false, false},
      {"a mover's removals go on while disables are held", Action::remove_member, Decision::mover, held({Kind::disable}), false,
       false},
      {"a mover's removals wait when removals are held", Action::remove_member, Decision::mover, held({Kind::remove_member}), false,
       true},
      {"additions never wait for limits", Action::add_member, Decision::mover,
       held({Kind::remove_member, Kind::clear, Kind::create}), false, false},
      {"values never wait for limits", Action::set, Decision::drift, held({Kind::clear}), false, false},
      {"clears wait when clears are held", Action::clear, Decision::mover, held({Kind::clear}), false, true},
      {"a rename counts as a move", Action::rename, Decision::mover, held({Kind::move}), false, true},
      {"nothing held, nothing waits", Action::remove, Decision::leaver, held({}), false, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Change change;
    change.action = c.action;
    change.decision = c.decision;
    CHECK(waits(change, c.held, c.person_disable_held) == c.waits);
  }
}
