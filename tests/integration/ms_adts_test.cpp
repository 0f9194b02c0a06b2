// What Active Directory does and Samba does not, against a server that answers as MS-ADTS says.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "ldap/active_directory.h"
#include "ldap/change_source.h"
#include "ldap/connection.h"
#include "tests/support/change_source_suite.h"
#include "tests/support/fake_ad.h"
#include "tests/support/lab.h"

namespace muster::test {
namespace {

const std::string kSuffix = FakeAd::kSuffix;

Endpoint endpoint_of(const FakeAd& ad) {
  Endpoint e;
  e.name = "corp";
  e.urls = {ad.url()};
  e.bind = Endpoint::Bind::simple;
  e.bind_dn = "CN=svc-muster," + kSuffix;
  e.password = Secret("secret");
  e.timeout = std::chrono::seconds(10);
  return e;
}

Connection open(const FakeAd& ad) {
  auto connection = Connection::open(endpoint_of(ad));
  REQUIRE_MESSAGE(connection, (connection ? "" : connection.error().text()));
  return std::move(*connection);
}

std::string person(int i) { return "CN=p" + std::to_string(i) + ",OU=People," + kSuffix; }
std::string group() { return "CN=all,OU=Groups," + kSuffix; }

void add_people(FakeAd& ad, int count) {
  ad.add("OU=People," + kSuffix, {{"objectClass", {"organizationalUnit"}}});
  for (int i = 0; i < count; ++i)
    ad.add(person(i), {{"objectClass", {"user"}}, {"uid", {"p" + std::to_string(i)}}, {"description", {"d"}}});
}

std::vector<std::string> members(int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i < to; ++i) all.push_back(person(i));
  return all;
}

EntryId add_group(FakeAd& ad, int count) {
  ad.add("OU=Groups," + kSuffix, {{"objectClass", {"organizationalUnit"}}});
  return ad.add(group(), {{"objectClass", {"group"}}, {"member", members(0, count)}});
}

WatchRequest request(const std::string& unit, bool groups) {
  WatchRequest r;
  r.base = unit + "," + kSuffix;
  r.filter = groups ? "(objectClass=group)" : "(objectClass=user)";
  r.attributes = groups ? std::vector<std::string>{"member"} : std::vector<std::string>{"uid", "description"};
  r.groups = groups;
  return r;
}

/// Batches until `enough`, or half a minute.
template <class Enough>
std::vector<Batch> batches(ChangeSource& source, const Enough& enough) {
  std::vector<Batch> all;
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30); std::chrono::steady_clock::now() < end;) {
    auto batch = source.next({}, milliseconds(100));
    REQUIRE_MESSAGE(batch, (batch ? "" : batch.error().text()));
    all.push_back(std::move(*batch));
    if (enough(all)) return all;
  }
  FAIL("it did not come");
  return all;
}

std::vector<Batch> refreshed(ChangeSource& source) {
  return batches(source, [](const auto& all) { return all.back().stage == Batch::Stage::refreshed; });
}

}  // namespace

TEST_CASE("MS-ADTS: a page has 1,000 entries however many are asked for, and everybody comes once") {
  FakeAd ad;
  add_people(ad, 2500);
  Connection connection = open(ad);
  CHECK(connection.server().family == Family::active_directory);
  SearchRequest search;
  search.base = "OU=People," + kSuffix;
  search.filter = "(objectClass=user)";
  search.page_size = 5000;
  std::set<std::string> seen;
  std::size_t count = 0;
  CHECK(connection.search(search, [&](Entry&& e) {
    seen.insert(e.dn.str());
    ++count;
    return ok();
  }));
  CHECK(count == 2500);
  CHECK(seen.size() == 2500);
  CHECK(ad.count("page") >= 3);
  // Without pages the server cuts the answer short, and that is no smaller company.
  search.page_size = 0;
  const Status cut = connection.search(search, [](Entry&&) { return ok(); });
  REQUIRE(!cut);
  CHECK(cut.error().code == Errc::untrusted);
}

TEST_CASE("MS-ADTS: members that come 1,500 at a time are all there") {
  FakeAd ad;
  add_group(ad, 4000);
  Connection connection = open(ad);
  auto entry = connection.read(group(), {"member"});
  REQUIRE(entry);
  REQUIRE(*entry);
  const Values* found = (*entry)->attributes.find("member");
  REQUIRE(found);
  CHECK(std::set<std::string>(found->begin(), found->end()).size() == 4000);
  CHECK(ad.count("range") >= 2);
  auto source = open_change_source(endpoint_of(ad), "dirsync", request("OU=Groups", true));
  REQUIRE(source);
  std::size_t told = 0;
  for (const Batch& b : refreshed(**source)) {
    for (const Notice& n : b.notices) {
      if (const auto* u = std::get_if<Upsert>(&n)) told += u->entry.attributes.find("member")->size();
    }
  }
  CHECK(told == 4000);
}

TEST_CASE("MS-ADTS: DirSync comes in parts, with an object twice, and nothing is lost") {
  FakeAd ad;
  add_people(ad, 20);
  const EntryId all = add_group(ad, 5);
  auto people = open_change_source(endpoint_of(ad), "dirsync", request("OU=People", false));
  auto groups = open_change_source(endpoint_of(ad), "dirsync", request("OU=Groups", true));
  REQUIRE(people);
  REQUIRE(groups);
  Follower follower;
  refresh(**people, follower);
  refreshed(**groups);

  for (int i = 0; i < 9; ++i) ad.change(person(i), "description", {"changed"});
  ad.link(group(), {person(10), person(11)}, {person(0)});
  ad.link(group(), {person(12)}, {person(10)});
  ad.remove(person(15));

  follow(**people, follower, [&] {
    const auto now = follower.people();
    const auto changed = std::count_if(now.begin(), now.end(), [](const auto& p) { return p.second == "changed"; });
    return changed == 9 && now.size() == 19;
  });
  CHECK(ad.count("dirsync") >= 6);

  std::set<std::string> now;
  for (const std::string& m : members(0, 5)) now.insert(m);
  const std::set<std::string> wanted{person(1), person(2), person(3), person(4), person(11), person(12)};
  batches(**groups, [&](const auto& seen) {
    for (const Notice& n : seen.back().notices) {
      if (const auto* m = std::get_if<MembersChanged>(&n)) {
        CHECK(m->id == all);
        for (const std::string& v : m->removed) now.erase(v);
        for (const std::string& v : m->added) now.insert(v);
      }
      if (const auto* u = std::get_if<Upsert>(&n)) {
        const Values* values = u->entry.attributes.find("member");
        now = {values->begin(), values->end()};
      }
    }
    return now == wanted;
  });
}

TEST_CASE("MS-ADTS: a cookie that the domain controller has forgotten is told once") {
  FakeAd ad;
  add_people(ad, 3);
  auto source = open_change_source(endpoint_of(ad), "dirsync", request("OU=People", false));
  REQUIRE(source);
  std::optional<Cookie> cookie;
  for (const Batch& b : refreshed(**source)) {
    if (b.resume_at) cookie = b.resume_at;
  }
  REQUIRE(cookie);
  ad.forget_cookies();
  WatchRequest resumed = request("OU=People", false);
  resumed.resume_at = cookie;
  auto again = open_change_source(endpoint_of(ad), "dirsync", resumed);
  auto batch = again ? (*again)->next({}, milliseconds(100)) : Result<Batch>(again.error());
  REQUIRE(!batch);
  CHECK(batch.error().code == Errc::stale_cursor);
}

TEST_CASE("MS-ADTS: a member that was given for a time ends by itself, where the forest has that") {
  FakeAd ad;
  add_group(ad, 3);
  CHECK_FALSE(open(ad).server().link_ttl);
  ad.enable_link_ttl();
  Connection connection = open(ad);
  REQUIRE(connection.server().link_ttl);
  const auto is_member = [&] {
    auto entry = connection.read(group(), {"member"});
    REQUIRE(entry);
    const Values* found = (*entry)->attributes.find("member");
    return found && std::find(found->begin(), found->end(), person(9)) != found->end();
  };
  WriteOp op{group(),
             ModifyOp{{{Mod::Op::add, "member", {active_directory::with_time_to_live(person(9), std::chrono::seconds(1))}}}},
             "",
             {}};
  op.permissive = true;
  CHECK(connection.write({&op, 1}, 1).front().status);
  CHECK(is_member());
  CHECK(wait_until([&] { return !is_member(); }));
  op.op = ModifyOp{{{Mod::Op::remove, "member", {person(9)}}}};  // what muster does at the end finds it done
  CHECK(connection.write({&op, 1}, 1).front().status);
}

TEST_CASE("MS-ADTS: members that are there or gone already, and a password in clear") {
  FakeAd ad;
  add_group(ad, 3);
  Connection connection = open(ad);
  struct Case {
    std::string name;
    Mod mod;
    bool permissive;
    std::optional<Errc> error;
  };
  const Case cases[] = {
      {"there already, permissive", {Mod::Op::add, "member", {person(1)}}, true, std::nullopt},
      {"gone already, permissive", {Mod::Op::remove, "member", {person(9)}}, true, std::nullopt},
      {"there already", {Mod::Op::add, "member", {person(1)}}, false, Errc::conflict},
      {"gone already", {Mod::Op::remove, "member", {person(9)}}, false, Errc::conflict},
      {"a password", {Mod::Op::replace, "unicodePwd", {"x"}}, false, Errc::refused},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    WriteOp op{group(), ModifyOp{{c.mod}}, "", {}};
    op.permissive = c.permissive;
    const auto outcome = std::move(connection.write({&op, 1}, 1).front());
    CHECK(static_cast<bool>(outcome.status) == !c.error.has_value());
    if (c.error && !outcome.status) CHECK(outcome.status.error().code == *c.error);
  }
}

}  // namespace muster::test
