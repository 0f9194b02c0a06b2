// A group that decides who is watched (memberOf in <people filter>): who joins and leaves it comes and goes; the group itself is
// not everybody's end.
#include <doctest/doctest.h>

#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

constexpr std::chrono::seconds kSoon{60};

struct Watching {
  const char* method;
  Environment wishes;
  bool follows_groups = true;  ///< else a resync finds who joined and left
  bool nested = false;
};

class ScopedByGroup {
 public:
  ScopedByGroup(Site::Kind kind, const Watching& how)
      : site_(kind, how.wishes,
              [&](const std::string& folder) {
                replace_text(folder + "/muster.xml", "method=\"auto\"", std::string("method=\"") + how.method + "\"");
              }),
        how_(how) {}

  void play() {
    begin();
    service_ = site_.service();
    REQUIRE(wait_until([&] { return known() == 4; }, kSoon));
    joins_and_leaves();
    group_is_gone();
  }

 private:
  std::string scope() const { return site_.group("scope (all)"); }
  std::size_t known() { return site_.json({"status"})["entries"]; }
  bool told_of(const std::string& text) { return site_.muster({"problems"}).out.find(text) != std::string::npos; }
  void look() {
    if (!how_.follows_groups) REQUIRE(site_.muster({"resync"}).code <= 3);
  }
  void member(const std::string& group, const std::string& dn, const std::string& how) {
    site_.change("dn: " + group + "\nchangetype: modify\n" + how + ": member\nmember: " + dn + "\n");
  }
  void renames_group(const std::string& from, const std::string& to) {
    site_.change("dn: " + site_.group(from) + "\nchangetype: modrdn\nnewrdn: cn=" + to + "\ndeleteoldrdn: 1\n");
  }

  void begin() {
    for (int i = 1; i <= 4; ++i) site_.employ(std::to_string(i), {"First" + std::to_string(i), "Last"});
    site_.publish();
    REQUIRE(site_.muster({"resync"}).code == 0);
    inner_ = how_.nested ? site_.group("inner") : scope();
    const std::string of_class = site_.is_ad() ? "group" : "groupOfNames";
    std::string members;
    for (int i = 1; i <= 4; ++i) members += "member: " + site_.dn_of(std::to_string(i)) + "\n";
    site_.change("dn: " + inner_ + "\nchangetype: add\nobjectClass: " + of_class + "\n" + members);
    if (how_.nested) site_.change("dn: " + scope() + "\nchangetype: add\nobjectClass: group\nmember: " + inner_ + "\n");
    const std::string of_people = site_.is_ad() ? "(objectClass=user)" : "(objectClass=inetOrgPerson)";
    const std::string rule = how_.nested ? ":1.2.840.113556.1.4.1941:=" : "=";
    replace_text(site_.config(), "filter=\"" + of_people,
                 "filter=\"(&amp;" + of_people + "(memberOf" + rule + "cn=scope \\28all\\29," + site_.unit("groups") + "))");
    const Finished resync = site_.muster({"resync"});
    REQUIRE_MESSAGE(resync.code == 0, (resync.out + resync.err));
    CHECK(known() == 4);
  }

  void joins_and_leaves() {
    const std::string fourth = site_.dn_of("4");
    member(inner_, fourth, "delete");
    look();
    CHECK(wait_until([&] { return known() == 3; }, kSoon));
    member(inner_, fourth, "add");
    look();
    CHECK(wait_until([&] { return known() == 4; }, kSoon));
    site_.agrees("who left the group and came back is there");
  }

  void group_is_gone() {
    const std::size_t gone = site_.events("deleted").size();
    const Accounts before = site_.in_directory();
    renames_group("scope (all)", "renamed");
    if (how_.follows_groups) CHECK(wait_until([&] { return told_of("scope (all)"); }, kSoon));
    const Finished resync = site_.muster({"resync"});
    CHECK(resync.code == 1);
    CHECK_MESSAGE(resync.err.find("scope (all)") != std::string::npos, resync.err);
    CHECK(known() == 4);
    CHECK(site_.events("deleted").size() == gone);
    CHECK(text_of(site_.in_directory()) == text_of(before));
    renames_group("renamed", "scope (all)");
    CHECK(wait_until([&] { return !told_of("scope (all)"); }, kSoon));
    site_.agrees("the group is back", kSoon);
    CHECK(site_.events("deleted").size() == gone);
  }
  Site site_;
  const Watching& how_;
  std::string inner_;
  std::unique_ptr<Process> service_;
};

}  // namespace

TEST_CASE("scope by a group on slapd") {
  // slapd's overlay does not pass on what it writes itself.
  const Watching how{"syncrepl", {{"OVERLAYS", "ppolicy memberof"}}, false};
  ScopedByGroup(Site::Kind::openldap, how).play();
}
TEST_CASE("scope by a group on 389, followed by psearch with the changelog") {
  const Watching how{"psearch", {{"MEMBEROF", "1"}}};
  ScopedByGroup(Site::Kind::ds389, how).play();
}
TEST_CASE("scope by a group on 389, followed by psearch without the changelog") {
  const Watching how{"psearch", {{"MEMBEROF", "1"}, {"CHANGELOG", "0"}}};
  ScopedByGroup(Site::Kind::ds389, how).play();
}
TEST_CASE("scope by a group on 389, followed by syncrepl") {
  const Watching how{"syncrepl", {{"MEMBEROF", "1"}, {"SYNC", "1"}}};
  ScopedByGroup(Site::Kind::ds389, how).play();
}
TEST_CASE("scope by a group on Samba, nested, followed by dirsync") {
  const Watching how{"dirsync", {}, true, true};
  ScopedByGroup(Site::Kind::active_directory, how).play();
}
TEST_CASE("scope by a group on Samba, followed by usn") {
  const Watching how{"usn", {}};
  ScopedByGroup(Site::Kind::active_directory, how).play();
}
