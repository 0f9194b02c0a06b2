// The content synchronization change source against a real slapd.
#include <doctest/doctest.h>

#include "ldap/change_source.h"
#include "tests/support/change_source_suite.h"
#include "tests/support/lab.h"

namespace muster::test {
namespace {

Endpoint endpoint_of(const Slapd& slapd, bool tls = false) {
  Endpoint e;
  e.name = "corp";
  e.urls = {tls ? slapd.value("LDAPS_URL") : slapd.url()};
  e.bind = Endpoint::Bind::simple;
  e.bind_dn = slapd.value("BIND_DN");
  e.password = Secret("secret");
  if (tls) e.tls_ca = slapd.value("CA");
  return e;
}

class WatchedSlapd final : public WatchedDirectory {
 public:
  explicit WatchedSlapd(bool tls = false, Environment wishes = {}) : tls_(tls), slapd_(std::move(wishes)) {}

  std::size_t company() override { return 2300; }
  Slapd& slapd() { return slapd_; }
  std::string base() const { return "ou=people," + slapd_.value("SUFFIX"); }
  /// How every error of a source begins.
  std::string watching() const { return "corp (" + slapd_.url() + "): watching " + base() + ": "; }
  Endpoint endpoint() {
    Endpoint e = endpoint_of(slapd_, tls_);
    e.timeout = silence();
    return e;
  }
  Result<std::unique_ptr<ChangeSource>> open(std::optional<Cookie> resume_at) override {
    return open_at(base(), std::move(resume_at));
  }
  Result<std::unique_ptr<ChangeSource>> open_at(const std::string& where, std::optional<Cookie> resume_at) {
    return open_change_source(endpoint(), "syncrepl",
                              {where, "(objectClass=person)", {"uid", "description"}, std::move(resume_at)});
  }
  void add(const std::vector<std::string>& uids) override {
    std::string ldif;
    for (const std::string& uid : uids)
      ldif += "dn: " + dn(uid) + "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: " + uid + "\ncn: " + uid + "\nsn: " + uid +
              "\n\n";
    change(ldif);
  }
  void describe(const std::string& uid, const std::string& text) override {
    change("dn: " + dn(uid) + "\nchangetype: modify\nreplace: description\ndescription: " + text + "\n");
  }
  void rename(const std::string& uid, const std::string& to) override {
    change("dn: " + dn(uid) + "\nchangetype: modrdn\nnewrdn: uid=" + to + "\ndeleteoldrdn: 1\n");
  }
  void move_away(const std::string& uid) override {
    change("dn: " + dn(uid) + "\nchangetype: modrdn\nnewrdn: uid=" + uid + "\ndeleteoldrdn: 1\nnewsuperior: ou=leavers," +
           slapd_.value("SUFFIX") + "\n");
  }
  void remove(const std::string& uid) override { change("dn: " + dn(uid) + "\nchangetype: delete\n"); }
  void remove(const std::vector<std::string>& uids) {
    std::string ldif;
    for (const std::string& uid : uids) ldif += "dn: " + dn(uid) + "\nchangetype: delete\n\n";
    change(ldif);
  }
  std::map<std::string, std::string> people() override {
    auto connection = Connection::open(endpoint(), true);
    REQUIRE_MESSAGE(connection, (connection ? "" : connection.error().text()));
    std::map<std::string, std::string> all;
    SearchRequest request;
    request.base = base();
    request.filter = "(objectClass=person)";
    request.attributes = {"uid", "description"};
    const Status read = connection->search(request, [&](Entry&& e) {
      all[std::string(e.attributes.first("uid"))] = e.attributes.first("description");
      return ok();
    });
    REQUIRE(read);
    return all;
  }
  void restart() override {
    slapd_.stop();
    slapd_.start();
  }
  void freeze() override { slapd_.freeze(); }
  void unfreeze() override { slapd_.thaw(); }
  milliseconds silence() override { return seconds(3); }

 private:
  std::string dn(const std::string& uid) const { return "uid=" + uid + "," + base(); }
  void change(const std::string& ldif) { REQUIRE(slapd_.modify(ldif) == 0); }

  bool tls_;
  Slapd slapd_;
};

std::vector<std::string> crowd(std::size_t size) {
  std::vector<std::string> uids;
  for (std::size_t i = 0; i < size; ++i) uids.push_back("p" + std::to_string(i));
  return uids;
}

std::size_t count_unchanged(const std::vector<Batch>& batches) {
  std::size_t count = 0;
  for (const Batch& b : batches)
    for (const Notice& n : b.notices) count += std::holds_alternative<Unchanged>(n);
  return count;
}

/// A file with more configuration, for a slapd that is to be made with it.
class Extra {
 public:
  explicit Extra(const std::string& text) { write_file(path(), text); }
  std::string path() const { return folder_ / "extra.conf"; }

 private:
  Folder folder_;
};

TEST_CASE("syncrepl on slapd does what every change source must do") {
  WatchedSlapd directory;
  conforms(directory);
}

TEST_CASE("syncrepl on slapd does the same through TLS") {
  WatchedSlapd directory(true);
  conforms(directory);
}

TEST_CASE("after a restart slapd lists who is unchanged, and the absent are gone") {
  WatchedSlapd directory;
  Follower follower;
  directory.add(crowd(1500));
  refresh(*opened(directory), follower);
  directory.remove("p7");
  directory.describe("p8", "new");
  directory.restart();
  follower.batches.clear();
  refresh(*opened(directory, follower.cookie), follower);
  CHECK(follower.people() == directory.people());
  CHECK(follower.batches.back().absent_is_gone);
  // slapd counts the changed one among those that exist.
  CHECK(count_unchanged(follower.batches) >= 1498);
}

TEST_CASE("with its session log slapd names who is gone, and the absent are not") {
  WatchedSlapd directory;
  Follower follower;
  directory.add(crowd(400));
  refresh(*opened(directory), follower);
  directory.remove(crowd(300));
  follower.batches.clear();
  refresh(*opened(directory, follower.cookie), follower);
  CHECK(follower.people() == directory.people());
  CHECK(follower.people().size() == 100);
  CHECK_FALSE(follower.batches.back().absent_is_gone);
  CHECK(count_unchanged(follower.batches) == 0);
}

/// The same cookie as if it were of another year.
Cookie of_year(const std::optional<Cookie>& cookie, const std::string& year) {
  REQUIRE(cookie);
  std::string text = cookie->rep();
  for (auto at = text.find('#'); at != std::string::npos; at = text.find('#', at + 18)) text.replace(at - 22, 4, year);
  return Cookie(text);
}

TEST_CASE("a cookie that slapd does not honour is told once, and without it everything comes") {
  const Extra reload("syncprov-reloadhint TRUE\n");
  WatchedSlapd directory(false, {{"EXTRA_CONF", reload.path()}});
  Follower follower;
  directory.add({"ann", "ben"});
  refresh(*opened(directory), follower);
  directory.remove("ben");
  const auto source = opened(directory, of_year(follower.cookie, "2001"));
  const Error stale = broken(*source);
  CHECK(stale.code == Errc::stale_cursor);
  CHECK(stale.what == directory.watching() + "the server no longer honours the stored cookie (4096)");
  refresh(*opened(directory), follower);
  CHECK(follower.people() == directory.people());
}

TEST_CASE("a stored cookie that slapd could not read does not hide who is gone") {
  WatchedSlapd directory;
  for (const std::string stored : {"", "garbage", "rid=000", "rid=000,csn=tomorrow", "ldap1:389#cn=m#17"}) {
    CAPTURE(stored);
    Follower follower;
    directory.add({"ann", "ben"});
    refresh(*opened(directory), follower);
    directory.remove("ben");
    refresh(*opened(directory, Cookie(stored)), follower);
    CHECK(follower.people() == directory.people());
    directory.remove("ann");
  }
}

TEST_CASE("a slapd that was restored from a backup is not believed") {
  WatchedSlapd directory;
  Follower follower;
  directory.add({"ann"});
  refresh(*opened(directory), follower);
  const auto source = opened(directory, of_year(follower.cookie, "2099"));
  const Error error = broken(*source);
  CHECK(error.code == Errc::untrusted);
  CHECK(error.what ==
        directory.watching() + "the server knows less than when it was last asked: consumer state is newer than provider!");
  CHECK_FALSE(error.hint.empty());
}

TEST_CASE("a base that cannot be seen is an error, and not an empty company") {
  WatchedSlapd directory;
  const auto source = directory.open_at("ou=nowhere," + directory.slapd().value("SUFFIX"), {});
  REQUIRE(source);
  const Error error = broken(**source);
  CHECK(error.code == Errc::untrusted);
  CHECK(error.what.find("the base does not exist, or " + directory.slapd().value("BIND_DN") + " may not see it") !=
        std::string::npos);
}

TEST_CASE("a size limit of the bind account is an error, and not a smaller company") {
  WatchedSlapd directory;
  directory.add({"ann", "ben", "cem"});
  const std::string small = "cn=small,ou=service," + directory.slapd().value("SUFFIX");
  REQUIRE(
      directory.slapd().modify("dn: " + small +
                               "\nchangetype: add\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: small\n"
                               "userPassword: secret\n") == 0);
  directory.slapd().restrict_to("limits dn.exact=\"" + small + "\" size=2");
  Endpoint endpoint = directory.endpoint();
  endpoint.bind_dn = small;
  auto source = open_change_source(endpoint, "syncrepl", {directory.base(), "(objectClass=person)", {"uid"}, {}});
  REQUIRE(source);
  Follower follower;
  const auto end = steady_clock::now() + kDeadline;
  std::optional<Error> error;
  while (!error && steady_clock::now() < end) {
    auto batch = (*source)->next({}, milliseconds(200));
    if (!batch) {
      error = batch.error();
    } else {
      CHECK(batch->stage == Batch::Stage::refreshing);
    }
  }
  REQUIRE(error);
  CHECK(error->code == Errc::untrusted);
  CHECK(error->hint == "give the bind account an unlimited size and time limit");
}

TEST_CASE("a slapd without the syncprov overlay says what to do") {
  Slapd slapd(Environment{{"SYNC", "0"}});
  auto source = open_change_source(endpoint_of(slapd), "syncrepl",
                                   {"ou=people," + slapd.value("SUFFIX"), "(objectClass=person)", {"uid"}, {}});
  // The control is announced as soon as the module is loaded; only the search tells that this database lacks it.
  const Error error = source ? broken(**source) : source.error();
  CHECK(error.code == Errc::config);
  CHECK(error.hint.find("load the syncprov overlay") != std::string::npos);
}

}  // namespace
}  // namespace muster::test
