// Which writes may be under way at the same time.
#include "ldap/write_order.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace muster;

namespace {

WriteOp modified(const std::string& dn) { return {dn, ModifyOp{}, "", {}}; }
WriteOp added(const std::string& dn) { return {dn, AddOp{}, "", {}}; }
WriteOp erased(const std::string& dn) { return {dn, DeleteOp{}, "", {}}; }
WriteOp renamed(const std::string& dn, const std::string& to) { return {dn, RenameOp{to, std::nullopt}, "", {}}; }
WriteOp moved(const std::string& dn, const std::string& to, const std::string& parent) {
  return {dn, RenameOp{to, parent}, "", {}};
}

std::vector<std::size_t> ready(wire::WriteOrder& order) {
  std::vector<std::size_t> all;
  while (const auto op = order.next()) all.push_back(*op);
  return all;
}

using Groups = std::vector<std::vector<std::size_t>>;

/// What goes at once, then what goes when all of that is done, and so on.
Groups groups(const std::vector<WriteOp>& ops) {
  wire::WriteOrder order(ops);
  Groups all;
  for (auto now = ready(order); !now.empty(); now = ready(order)) {
    for (const std::size_t op : now) order.done(op);
    all.push_back(std::move(now));
  }
  return all;
}

}  // namespace

TEST_CASE("writes: what goes at once and what waits") {
  struct Case {
    const char* name;
    std::vector<WriteOp> ops;
    Groups expected;
  };
  const Case cases[] = {
      {"nothing", {}, {}},
      {"different people at once", {modified("uid=a,ou=p"), modified("uid=b,ou=p"), modified("uid=c,ou=p")}, {{0, 1, 2}}},
      {"one person in order", {modified("uid=a,ou=p"), modified("UID=A, OU=p"), modified("uid=a,ou=p")}, {{0}, {1}, {2}}},
      {"the others do not wait for her", {modified("uid=a,ou=p"), modified("uid=a,ou=p"), modified("uid=b,ou=p")}, {{0, 2}, {1}}},
      {"a rename, then a change under the new name", {renamed("uid=a,ou=p", "uid=b"), modified("uid=b,ou=p")}, {{0}, {1}}},
      {"a change, then a rename of her", {modified("uid=a,ou=p"), renamed("uid=a,ou=p", "uid=b")}, {{0}, {1}}},
      {"a move, then a change there", {moved("uid=a,ou=p", "uid=a", "ou=q"), modified("uid=a,ou=q")}, {{0}, {1}}},
      {"her old name is given to somebody else", {renamed("uid=a,ou=p", "uid=b"), added("uid=a,ou=p")}, {{0}, {1}}},
      {"two swap names by a third",
       {renamed("uid=a,ou=p", "uid=t"), renamed("uid=b,ou=p", "uid=a"), renamed("uid=t,ou=p", "uid=b")},
       {{0}, {1}, {2}}},
      {"a new OU before who goes there", {added("ou=q"), added("uid=a,ou=q"), moved("uid=b,ou=p", "uid=b", "ou=q")}, {{0}, {1, 2}}},
      {"everybody out before the OU goes",
       {erased("uid=a,ou=q"), moved("uid=b,ou=q", "uid=b", "ou=p"), erased("ou=q")},
       {{0, 1}, {2}}},
      {"a change of the OU itself keeps nobody waiting",
       {modified("ou=p"), modified("uid=a,ou=p"), added("uid=b,ou=p")},
       {{0, 1, 2}}},
      {"a grandchild waits, too", {renamed("ou=p,o=x", "ou=q"), modified("uid=a,ou=deep,ou=q,o=x")}, {{0}, {1}}},
      {"an OU made anew", {erased("uid=a,ou=q"), erased("ou=q"), added("ou=q"), added("uid=a,ou=q")}, {{0}, {1}, {2}, {3}}},
      {"names that are none depend on nothing", {modified("no name"), modified("no name")}, {{0, 1}}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(groups(c.ops) == c.expected);
  }
}

TEST_CASE("writes: any order of answers leaves the same directory as one at a time") {
  // Names of which some are above others, so that everything depends on something now and then.
  const std::vector<std::string> names{"o=x", "ou=p,o=x", "ou=q,o=x", "uid=a,ou=p,o=x", "uid=b,ou=p,o=x", "uid=a,ou=q,o=x"};
  std::mt19937 random(20260101);  // the same cases each time
  const auto pick = [&random](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  const auto touches = [](const WriteOp& op) {
    std::vector<Dn> all{*Dn::parse(op.dn)};
    if (const auto* r = std::get_if<RenameOp>(&op.op)) all.push_back(*Dn::parse(r->new_rdn + "," + *r->new_parent));
    return all;
  };
  const auto conflict = [&touches](const WriteOp& a, const WriteOp& b) {
    const bool a_structural = a.op.index() != 0, b_structural = b.op.index() != 0;
    for (const Dn& x : touches(a)) {
      for (const Dn& y : touches(b)) {
        if (x == y || (a_structural && y.is_under(x)) || (b_structural && x.is_under(y))) return true;
      }
    }
    return false;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<WriteOp> ops;
    for (std::size_t i = 0, n = 2 + pick(14); i < n; ++i) {
      const std::string& name = names[pick(names.size())];
      switch (pick(5)) {
        case 0: ops.push_back(added(name)); break;
        case 1: ops.push_back(erased(name)); break;
        case 2: ops.push_back(moved(name, "uid=" + std::string(1, static_cast<char>('a' + pick(3))), names[pick(3)])); break;
        default: ops.push_back(modified(name));
      }
    }
    wire::WriteOrder order(ops);
    std::vector<std::size_t> under_way;
    std::vector<bool> done(ops.size(), false), sent(ops.size(), false);
    for (std::size_t left = ops.size(); left > 0; --left) {
      for (const std::size_t op : ready(order)) {
        for (std::size_t earlier = 0; earlier < op; ++earlier) {
          CAPTURE(round);
          CAPTURE(op);
          CAPTURE(earlier);
          if (!done[earlier]) CHECK_FALSE(conflict(ops[earlier], ops[op]));
        }
        sent[op] = true;
        under_way.push_back(op);
      }
      REQUIRE_FALSE(under_way.empty());
      const auto answered = under_way.begin() + static_cast<std::ptrdiff_t>(pick(under_way.size()));
      done[*answered] = true;
      order.done(*answered);
      under_way.erase(answered);
    }
    CHECK(std::all_of(sent.begin(), sent.end(), [](bool b) { return b; }));
  }
}
