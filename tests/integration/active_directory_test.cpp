// The change sources of Active Directory against a real Samba domain controller.
#include <doctest/doctest.h>

#include "ldap/change_source.h"
#include "tests/support/change_source_suite.h"
#include "tests/support/lab.h"
#include "tests/support/watched_lab.h"

namespace muster::test {
namespace {

/// Samba looks for notifications to send every 5 s, so what counts is how often DirSync is asked while things change.
constexpr milliseconds kPromise{600};

class WatchedSamba final : public WatchedLab {
 public:
  explicit WatchedSamba(std::string method = "dirsync", Environment wishes = {})
      : WatchedLab(std::make_unique<Samba>(std::move(wishes)), std::move(method), kPromise) {}
};

Follower follower_at(WatchedLab& directory) {
  Follower follower;
  refresh(*opened(directory), follower);
  return follower;
}

TEST_CASE("dirsync on Samba does what every change source must do") {
  static WatchedSamba directory;
  conforms(directory);
}

TEST_CASE("dirsync: an account that may neither replicate nor see what was deleted is told all the same") {
  WatchedSamba directory("dirsync", {{"REPLICATION", "0"}});
  directory.add({"ann", "ben"});
  Follower follower;
  const auto source = opened(directory);
  refresh(*source, follower);
  directory.describe("ann", "new");
  follow(*source, follower, [&] { return follower.people()["ann"] == "new"; });
  directory.remove("ben");
  follow(*source, follower, [&] { return !follower.knows("ben"); });
  CHECK(follower.people() == directory.people());
}

TEST_CASE("dirsync: a unit below the base that is renamed renames who is in it") {
  WatchedSamba directory;
  directory.change("dn: ou=berlin," + directory.unit("people") + "\nchangetype: add\nobjectClass: organizationalUnit\n");
  directory.change("dn: cn=ann,ou=berlin," + directory.unit("people") +
                   "\nchangetype: add\nobjectClass: user\nsAMAccountName: ann\nuid: ann\n");
  Follower follower;
  const auto source = opened(directory);
  refresh(*source, follower);
  REQUIRE(follower.knows("ann"));
  follower.batches.clear();
  directory.change("dn: ou=berlin," + directory.unit("people") + "\nchangetype: modrdn\nnewrdn: ou=munich\ndeleteoldrdn: 1\n");
  const Dn wanted = *Dn::parse("cn=ann,ou=munich," + directory.unit("people"));
  const auto renamed = [&] {
    for (const Batch& b : follower.batches) {
      for (const Notice& n : b.notices) {
        if (const auto* u = std::get_if<Upsert>(&n); u && u->entry.dn == wanted) return true;
      }
    }
    return false;
  };
  follow(*source, follower, renamed);

  follower.batches.clear();
  directory.change("dn: ou=munich," + directory.unit("people") +
                   "\nchangetype: modrdn\nnewrdn: ou=munich\ndeleteoldrdn: 1\nnewsuperior: " + directory.unit("elsewhere") + "\n");
  follow(*source, follower, [&] { return !follower.knows("ann"); });
}

TEST_CASE("dirsync: a base that is renamed or whose parent is renamed raises an alarm, and nobody is gone") {
  WatchedSamba directory;
  directory.change("dn: ou=berlin," + directory.unit("people") + "\nchangetype: add\nobjectClass: organizationalUnit\n");
  directory.change("dn: cn=ann,ou=berlin," + directory.unit("people") +
                   "\nchangetype: add\nobjectClass: user\nsAMAccountName: ann\nuid: ann\n");
  auto source = open_change_source(directory.endpoint(), "dirsync", directory.request("ou=berlin," + directory.unit("people")));
  REQUIRE(source);
  Follower follower;
  refresh(**source, follower);
  REQUIRE(follower.knows("ann"));
  directory.change("dn: " + directory.unit("people") + "\nchangetype: modrdn\nnewrdn: ou=staff\ndeleteoldrdn: 1\n");
  const Error error = broken(**source);
  CHECK(error.code == Errc::untrusted);
  CHECK_MESSAGE(error.what.find("is not there any more") != std::string::npos, error.text());
  CHECK(follower.knows("ann"));
}

TEST_CASE("dirsync and usn: a group that decides who is watched is renamed: that raises an alarm, and nobody is gone") {
  for (const std::string method : {"dirsync", "usn"}) {
    CAPTURE(method);
    WatchedSamba directory;
    directory.add({"ann"});
    const std::string staff = "cn=staff (all)," + directory.unit("groups");
    directory.change("dn: " + staff + "\nchangetype: add\nobjectClass: group\nmember: " + directory.dn("ann") + "\n");
    WatchRequest request = directory.request(directory.unit("people"));
    request.filter = "(&(objectClass=user)(memberOf=cn=staff \\28all\\29," + directory.unit("groups") + "))";
    auto source = open_change_source(directory.endpoint(), method, request);
    REQUIRE(source);
    Follower follower;
    refresh(**source, follower);
    REQUIRE(follower.knows("ann"));
    directory.change("dn: " + staff + "\nchangetype: modrdn\nnewrdn: cn=everybody\ndeleteoldrdn: 1\n");
    const Error error = broken(**source);
    CHECK(error.code == Errc::untrusted);
    CHECK_MESSAGE(error.what.find("the group " + staff + " is not there any more") != std::string::npos, error.text());
    CHECK(follower.knows("ann"));
  }
}

TEST_CASE("dirsync and usn: a cookie that is none, or of another history, leads to a new look") {
  WatchedSamba directory;
  const Follower follower = follower_at(directory);
  REQUIRE(follower.cookie);
  const std::string good = follower.cookie->rep();
  std::string restored = good;
  restored.replace(good.find(' ', good.find(' ') + 1) + 1, 4, "0000");
  for (const std::string method : {"dirsync", "usn"}) {
    for (const std::string& text : {std::string("nonsense"), std::string("dirsync x"), restored, good.substr(0, good.size() - 40),
                                    "usn " + good.substr(good.find(' ') + 1)}) {
      if (method == "usn" && text.starts_with("usn")) continue;
      CAPTURE(method);
      CAPTURE(text);
      WatchRequest request = directory.request(directory.unit("people"));
      request.resume_at = Cookie(text);
      auto source = open_change_source(directory.endpoint(), method, request);
      Error error{Errc::io, "", ""};
      if (source) {
        auto batch = (*source)->next({}, seconds(5));
        REQUIRE_FALSE(batch);
        error = batch.error();
      } else {
        error = source.error();
      }
      CHECK_MESSAGE(error.code == Errc::stale_cursor, error.text());
    }
  }
}

TEST_CASE("dirsync: members of a group that change are told as such, and the group is not read") {
  WatchedSamba directory;
  directory.add({"ann", "ben", "cem"});
  const std::string group = "cn=vpn," + directory.unit("groups");
  directory.change("dn: " + group + "\nchangetype: add\nobjectClass: group\nsAMAccountName: vpn\nmember: " + directory.dn("ann") +
                   "\n");
  WatchRequest request = directory.request(directory.unit("groups"));
  request.filter = "(objectClass=group)";
  request.attributes = {"member", "objectClass"};
  request.groups = true;
  auto source = open_change_source(directory.endpoint(), "dirsync", request);
  REQUIRE(source);
  Follower follower;
  refresh(**source, follower);
  follower.batches.clear();
  directory.change("dn: " + group + "\nchangetype: modify\nadd: member\nmember: " + directory.dn("ben") +
                   "\nmember: " + directory.dn("cem") + "\n-\ndelete: member\nmember: " + directory.dn("ann") + "\n");
  std::set<std::string> added, removed;
  follow(**source, follower, [&] {
    for (const Batch& b : follower.batches) {
      for (const Notice& n : b.notices) {
        CHECK_FALSE(std::holds_alternative<Upsert>(n));
        const auto* m = std::get_if<MembersChanged>(&n);
        if (!m) continue;
        for (const std::string& v : m->added) added.insert(Dn::parse(v)->normal());
        for (const std::string& v : m->removed) removed.insert(Dn::parse(v)->normal());
      }
    }
    return added.size() == 2 && removed.size() == 1;
  });
  CHECK(added == std::set<std::string>{Dn::parse(directory.dn("ben"))->normal(), Dn::parse(directory.dn("cem"))->normal()});
  CHECK(removed == std::set<std::string>{Dn::parse(directory.dn("ann"))->normal()});
}

TEST_CASE("dirsync: what the receiver knows is not fetched again") {
  WatchedSamba directory;
  directory.add({"ann", "ben", "cem"});
  Follower follower = follower_at(directory);
  auto known = std::make_shared<std::map<EntryId, std::string>>();
  for (const Batch& b : follower.batches) {
    for (const Notice& n : b.notices) {
      if (const auto* u = std::get_if<Upsert>(&n)) known->emplace(u->entry.id, u->entry.version);
    }
  }
  directory.describe("ben", "new");
  directory.remove("cem");
  WatchRequest request = directory.request(directory.unit("people"));
  request.known = known;
  auto source = open_change_source(directory.endpoint(), "dirsync", request);
  REQUIRE(source);
  follower.batches.clear();
  refresh(**source, follower);
  std::size_t unchanged = 0, fetched = 0;
  for (const Batch& b : follower.batches) {
    for (const Notice& n : b.notices) {
      unchanged += std::holds_alternative<Unchanged>(n);
      fetched += std::holds_alternative<Upsert>(n);
    }
  }
  CHECK(unchanged == 1);
  CHECK(fetched == 1);
  CHECK(follower.people() == directory.people());
}

TEST_CASE("write: an entry that is named by its GUID is renamed where it is") {
  WatchedSamba directory;
  directory.add({"ann"});
  Follower follower = follower_at(directory);
  std::optional<EntryId> ann;
  for (const Batch& b : follower.batches) {
    for (const Notice& n : b.notices) {
      if (const auto* u = std::get_if<Upsert>(&n)) ann = u->entry.id;
    }
  }
  REQUIRE(ann);
  auto connection = Connection::open(directory.endpoint());
  REQUIRE(connection);
  WriteOp op{directory.dn("ann"), RenameOp{"cn=anna", std::nullopt}, "", {}};
  op.id = *ann;
  const std::vector<WriteOp> ops{op};
  const auto outcomes = connection->write(ops, 1);
  CHECK(outcomes.front().status);
  CHECK(directory.server().values(directory.dn("anna"), "cn") == std::vector<std::string>{"anna"});
}

TEST_CASE("usn on Samba does what every change source must do") {
  static WatchedSamba directory("usn");
  conforms(directory);
}

}  // namespace
}  // namespace muster::test
