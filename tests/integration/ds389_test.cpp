// The change sources of 389 Directory Server, and of servers that have nothing, against real ones.
#include <doctest/doctest.h>

#include "ldap/change_source.h"
#include "tests/support/change_source_suite.h"
#include "tests/support/lab.h"
#include "tests/support/watched_lab.h"

namespace muster::test {
namespace {

constexpr milliseconds kTold{20}, kAsked{1500};

class Watched389 final : public WatchedLab {
 public:
  explicit Watched389(std::string method = "psearch", Environment wishes = {})
      : WatchedLab(std::make_unique<Ds389>(std::move(wishes)), std::move(method), kTold) {}
};

TEST_CASE("psearch on 389 with its changelog does what every change source must do") {
  static Watched389 directory;
  conforms(directory);
}

TEST_CASE("psearch on 389 without a changelog is told as it happens, and reads everybody after a restart") {
  Watched389 directory("psearch", {{"CHANGELOG", "0"}});
  directory.add({"ann", "ben", "cem"});
  Follower follower;
  auto source = opened(directory);
  refresh(*source, follower);
  CHECK_FALSE(follower.cookie);
  directory.add({"dan"});
  follow(*source, follower, [&] { return follower.knows("dan"); });
  directory.rename("dan", "dave");
  follow(*source, follower, [&] { return follower.knows("dave"); });
  directory.remove("ben");
  follow(*source, follower, [&] { return !follower.knows("ben"); });
  directory.move_away("cem");
  follow(*source, follower, [&] { return !follower.knows("cem"); });
  directory.remove("ann");
  source.reset();
  refresh(*opened(directory), follower);
  CHECK(follower.people() == directory.people());
}

TEST_CASE("psearch: a cookie from before the changelog was begun anew leads to a new look") {
  Watched389 directory;
  Follower follower;
  refresh(*opened(directory), follower);
  REQUIRE(follower.cookie);
  std::string later = follower.cookie->rep();
  const auto count = later.rfind(' ', later.rfind(' ') - 1);
  later.replace(count + 1, later.rfind(' ') - count - 1, "4711");
  for (const std::string& text : {std::string("nonsense"), later}) {
    const auto source = directory.open(Cookie(text));
    REQUIRE_FALSE(source);
    CHECK_MESSAGE(source.error().code == Errc::stale_cursor, source.error().text());
  }
}

TEST_CASE("psearch: a unit below the base that is renamed renames who is in it, and a base that is renamed raises an alarm") {
  Watched389 directory;
  directory.change("dn: ou=berlin," + directory.unit("people") + "\nchangetype: add\nobjectClass: organizationalUnit\n");
  directory.change("dn: uid=ann,ou=berlin," + directory.unit("people") +
                   "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: ann\ncn: ann\nsn: ann\n");
  Follower follower;
  const auto source = opened(directory);
  refresh(*source, follower);
  REQUIRE(follower.knows("ann"));
  follower.batches.clear();
  directory.change("dn: ou=berlin," + directory.unit("people") + "\nchangetype: modrdn\nnewrdn: ou=munich\ndeleteoldrdn: 1\n");
  const Dn wanted = *Dn::parse("uid=ann,ou=munich," + directory.unit("people"));
  follow(*source, follower, [&] {
    for (const Batch& b : follower.batches) {
      for (const Notice& n : b.notices) {
        if (const auto* u = std::get_if<Upsert>(&n); u && u->entry.dn == wanted) return true;
      }
    }
    return false;
  });
  directory.change("dn: " + directory.unit("people") + "\nchangetype: modrdn\nnewrdn: ou=staff\ndeleteoldrdn: 1\n");
  const Error error = broken(*source);
  CHECK_MESSAGE(error.code == Errc::untrusted, error.text());
  CHECK(follower.knows("ann"));
}

TEST_CASE("syncrepl on 389 with content synchronization does what every change source must do") {
  static Watched389 directory("syncrepl", {{"SYNC", "1"}});
  conforms(directory);
}

TEST_CASE("poll on a slapd without syncprov tells everything in the end") {
  WatchedLab directory(std::make_unique<Slapd>(Environment{{"SYNC", "0"}}), "poll", kAsked);
  directory.add({"ann", "ben", "cem"});
  Follower follower;
  const auto source = opened(directory);
  refresh(*source, follower);
  CHECK(follower.people() == directory.people());
  CHECK(follower.batches.back().absent_is_gone);
  directory.add({"dan"});
  follow(*source, follower, [&] { return follower.knows("dan"); });
  directory.describe("dan", "new");
  follow(*source, follower, [&] { return follower.people()["dan"] == "new"; });
  directory.describe("dan", "newer");
  follow(*source, follower, [&] { return follower.people()["dan"] == "newer"; });
  directory.remove("ben");
  directory.move_away("cem");
  follow(*source, follower, [&] { return !follower.knows("ben") && !follower.knows("cem"); });
  CHECK(follower.people() == directory.people());
}

}  // namespace
}  // namespace muster::test
