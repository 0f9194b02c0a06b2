// What takes back an entry's changes: a table of what was done and how the directory is now.
#include "mapping/undo.h"

#include <doctest/doctest.h>

#include "tests/support/rules_builder.h"

using namespace muster;
using namespace muster::test;

namespace {

const std::string kAnn = "cn=Ann,ou=people,dc=example";

AppliedChange done(Action action, Values before = {}, Values after = {}) {
  AppliedChange a;
  a.run = "run";
  a.change.action = action;
  a.change.person = PersonKey("1");
  a.change.entry = EntryId({1});
  a.change.dn = dn(kAnn);
  a.change.from = std::move(before);
  a.change.to = std::move(after);
  return a;
}
AppliedChange value(Values before, Values after) {
  AppliedChange a = done(after.empty() ? Action::clear : Action::set, std::move(before), std::move(after));
  a.change.attribute = "title";
  return a;
}
AppliedChange member(Action action) {
  AppliedChange a = done(action);
  a.change.group = dn("cn=vpn,dc=example");
  return a;
}
AppliedChange by(Decision decision, AppliedChange change) {
  change.change.decision = decision;
  return change;
}
AppliedChange named(Action action, const std::string& before, const std::string& to) {
  AppliedChange a = done(action, {}, {to});
  a.change.dn = dn(before);
  return a;
}

/// The entry as it is now.
struct Present {
  bool gone = false, disabled = false, member = false;
  std::string title = {}, expires = {}, name = kAnn;
};

std::string text_of(const Undo& made) {
  std::string text;
  for (const UndoStep& s : made.steps) {
    text += (s.is_done ? "(" : "") + std::string(to_string(s.change.action));
    for (const std::string& v : s.change.to) text += " " + v;
    text += s.is_done ? ") " : "; ";
  }
  for (const NotUndone& n : made.left) text += "left: " + n.why.substr(0, n.why.find(':')) + "; ";
  return text;
}

std::string undone(const std::vector<AppliedChange>& changes, const Present& is) {
  Entry entry{EntryId({1}), dn(is.name), "", {}};
  if (!is.title.empty()) entry.attributes.set("title", {is.title});
  Person person{PersonKey("1"), {}, "", true};
  Subject now;
  now.person = &person;
  if (!is.gone) now.entry = &entry;
  now.account.disabled = is.disabled;
  now.account.expires = parse_iso_time(is.expires);
  if (is.member) now.memberships.push_back({dn("cn=vpn,dc=example"), true});
  return text_of(undo(changes, now, AttributeTypes{}));
}

}  // namespace

TEST_CASE("an undo takes back the net effect, and only what is still as it was left") {
  using enum Action;
  struct Case {
    const char* name;
    std::vector<AppliedChange> changes;
    Present is;
    const char* expected;
  };
  const std::string bob = "cn=Bob,ou=people,dc=example", away = "cn=Ann,ou=leavers,dc=example";
  const std::string eve = "2026-12-01T00:00:00.000Z", later = "2027-12-01T00:00:00.000Z";
  const Case cases[] = {
      {"a disable", {done(disable)}, {.disabled = true}, "enable enabled; "},
      {"a disable, enabled again by somebody", {done(disable)}, {}, "(enable enabled) "},
      {"an enable", {done(enable)}, {}, "disable disabled; "},
      {"off and on again", {done(disable), done(enable)}, {}, ""},
      {"a create", {done(create)}, {}, "disable disabled; left: the account stays, disabled; "},
      {"a create, disabled already", {done(create)}, {.disabled = true}, "(disable disabled) left: the account stays, disabled; "},
      {"a delete", {done(remove)}, {.gone = true}, "left: a deleted account cannot be made again as it was; "},
      {"an account that is gone", {done(disable)}, {.gone = true}, "left: the account is gone; "},
      {"a value", {value({"Clerk"}, {"Boss"})}, {.title = "Boss"}, "set Clerk; "},
      {"a value in other spelling", {value({"Clerk"}, {"Boss"})}, {.title = "BOSS"}, "set Clerk; "},
      {"a value that was not there", {value({}, {"Boss"})}, {.title = "Boss"}, "clear; "},
      {"a value that was taken away", {value({"Clerk"}, {})}, {}, "set Clerk; "},
      {"a value, changed since", {value({"Clerk"}, {"Boss"})}, {.title = "King"}, "left: changed since by somebody, left; "},
      {"a value, back already", {value({"Clerk"}, {"Boss"})}, {.title = "Clerk"}, "(set Clerk) "},
      {"a value, twice", {value({"Clerk"}, {"Boss"}), value({"Boss"}, {"King"})}, {.title = "King"}, "set Clerk; "},
      {"a value, there and back", {value({"Clerk"}, {"Boss"}), value({"Boss"}, {"Clerk"})}, {.title = "Clerk"}, ""},
      {"a value that was no text",
       {value({"a\xef\xbf\xbd"}, {"Boss"})},
       {.title = "Boss"},
       "left: title was no text, and the audit trail holds texts only; "},
      {"a membership given", {member(add_member)}, {.member = true}, "remove-member; "},
      {"a membership taken", {member(remove_member)}, {}, "add-member; "},
      {"a membership taken, given since", {member(remove_member)}, {.member = true}, "(add-member) "},
      {"a membership taken and given", {member(remove_member), member(add_member)}, {.member = true}, ""},
      {"a rename", {named(rename, kAnn, "cn=Bob")}, {.name = bob}, "rename cn=Ann; "},
      {"a rename, renamed since",
       {named(rename, kAnn, "cn=Bob")},
       {.name = "cn=Eve,ou=people,dc=example"},
       "left: changed since by somebody, left; "},
      {"a move", {named(move, kAnn, "ou=leavers,dc=example")}, {.name = away}, "move ou=people,dc=example; "},
      {"a rename and a move",
       {named(rename, kAnn, "cn=Bob"), named(move, bob, "ou=leavers,dc=example")},
       {.name = "cn=Bob,ou=leavers,dc=example"},
       "rename cn=Ann; move ou=people,dc=example; "},
      {"an end", {done(expire, {eve}, {later})}, {.expires = later}, ("expire 2026-12-01T00:00:00.000Z; ")},
      {"an end where there was none", {done(expire, {}, {later})}, {.expires = later}, "expire; "},
      {"an end, changed since",
       {done(expire, {}, {later})},
       {.expires = "2030-01-01T00:00:00Z"},
       "left: changed since by somebody, left; "},
      {"an order", {by(Decision::order, done(disable))}, {.disabled = true}, "left: somebody ordered it; "},
      {"what was given for a time", {by(Decision::grant, member(add_member))}, {.member = true}, "left: it was given for a time; "},
      {"a leaver",
       {done(disable), member(remove_member), named(move, kAnn, "ou=leavers,dc=example")},
       {.disabled = true, .name = away},
       "enable enabled; add-member; move ou=people,dc=example; "},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(undone(c.changes, c.is) == c.expected);
  }
}

TEST_CASE("an account that belongs to somebody else by now is left alone") {
  Entry entry{EntryId({1}), dn(kAnn), "", {}};
  Person other{PersonKey("2"), {}, "", true};
  Subject now;
  now.person = &other;
  now.entry = &entry;
  CHECK(text_of(undo({done(Action::enable)}, now, AttributeTypes{})) == "left: the account belongs to person 2 now; ");
}

TEST_CASE("what the rules would do once more is told from what they want new") {
  struct Case {
    const char* name;
    AppliedChange was;
    Change planned;
    bool expected;
  };
  const Case cases[] = {
      {"the disable again", done(Action::disable), done(Action::disable).change, true},
      {"another kind", done(Action::disable), member(Action::remove_member).change, false},
      {"the same value", value({"Clerk"}, {"Boss"}), value({"Clerk"}, {"boss"}).change, true},
      {"another value", value({"Clerk"}, {"Boss"}), value({"Clerk"}, {"King"}).change, false},
      {"the same group", member(Action::remove_member), member(Action::remove_member).change, true},
      {"the same place", named(Action::move, kAnn, "ou=leavers,dc=example"),
       named(Action::move, kAnn, "OU=Leavers,DC=example").change, true},
      {"another place", named(Action::move, kAnn, "ou=leavers,dc=example"), named(Action::move, kAnn, "ou=x,dc=example").change,
       false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Entry entry{EntryId({1}), c.was.change.action == Action::move ? dn("cn=Ann,ou=leavers,dc=example") : dn(kAnn), "", {}};
    entry.attributes.set("title", {"Boss"});
    Subject now;
    now.entry = &entry;
    now.account.disabled = true;
    const Undo made = undo({c.was}, now, AttributeTypes{});
    REQUIRE(made.steps.size() == 1);
    CHECK(repeats(c.planned, made.steps.front(), AttributeTypes{}) == c.expected);
  }
}
