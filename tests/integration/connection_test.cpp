// Connecting, reading and writing against a real slapd, and against peers that do not behave.
#include "ldap/connection.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "tests/support/lab.h"

using namespace muster;
using namespace muster::test;

namespace {

Endpoint simple(const Slapd& s, const std::string& url) {
  Endpoint e;
  e.name = "corp";
  e.urls = {url};
  e.bind = Endpoint::Bind::simple;
  e.bind_dn = s.value("BIND_DN");
  e.password = Secret("secret");
  e.tls_ca = s.value("CA");
  e.connect_timeout = std::chrono::milliseconds(800);
  e.timeout = std::chrono::milliseconds(800);
  return e;
}

std::string person(int n) {
  const std::string uid = "u" + std::to_string(n);
  return "dn: uid=" + uid + ",ou=people,dc=example,dc=com\nchangetype: add\nobjectClass: inetOrgPerson\nuid: " + uid +
         "\ncn: " + uid + "\nsn: " + uid + "\n\n";
}

void fill(const Slapd& s, int people) {
  std::string ldif;
  for (int i = 0; i < people; ++i) ldif += person(i);
  REQUIRE(s.modify(ldif) == 0);
}

SearchRequest everybody(std::size_t page = 10) {
  SearchRequest r;
  r.base = "ou=people,dc=example,dc=com";
  r.filter = "(objectClass=inetOrgPerson)";
  r.attributes = {"uid", "sn"};
  r.page_size = page;
  return r;
}

/// Accepts connections and never says a word.
class SilentServer {
 public:
  SilentServer() {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0);
    REQUIRE(listen(fd_, 8) == 0);
    socklen_t size = sizeof a;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&a), &size);
    port_ = ntohs(a.sin_port);
  }
  ~SilentServer() { close(fd_); }
  std::string url(const std::string& scheme) const { return scheme + "://127.0.0.1:" + std::to_string(port_); }

 private:
  int fd_ = -1;
  int port_ = 0;
};

double cpu_seconds() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

WriteOp set_title(int n, const std::string& title) {
  return {"uid=u" + std::to_string(n) + ",ou=people,dc=example,dc=com",
          ModifyOp{{{Mod::Op::replace, "title", {title}}}},
          "",
          {"title"}};
}

}  // namespace

TEST_CASE("connection: simple bind, TLS, StartTLS, and EXTERNAL over the local socket and by certificate") {
  Slapd s;
  const auto opens = [&](Endpoint e) {
    auto c = Connection::open(e);
    CHECK_MESSAGE(c, (c ? std::string() : c.error().text()));
    if (c) CHECK(c->server().bound_as == s.value("BIND_DN"));
    return c ? c->server().tls : false;
  };
  CHECK(!opens(simple(s, s.url())));
  CHECK(opens(simple(s, s.value("LDAPS_URL"))));
  Endpoint e = simple(s, s.url());
  e.start_tls = true;
  CHECK(opens(e));
  e = simple(s, s.value("LDAPI_URL"));
  e.bind = Endpoint::Bind::external;
  opens(e);
  e = simple(s, s.value("LDAPS_URL"));
  e.bind = Endpoint::Bind::external;
  e.tls_cert = s.value("CLIENT_CERT");
  e.tls_key = s.value("CLIENT_KEY");
  CHECK(opens(e));
}

TEST_CASE("connection: what must not be tried or cannot work is an error with a remedy") {
  Slapd s;
  Endpoint wrong = simple(s, s.url());
  wrong.password = Secret("guess");
  auto c = Connection::open(wrong);
  REQUIRE(!c);
  CHECK(c.error().code == Errc::refused);
  CHECK(c.error().what.find("guess") == std::string::npos);

  Endpoint clear = simple(s, "ldap://192.0.2.1");
  c = Connection::open(clear);
  REQUIRE(!c);
  CHECK(c.error().code == Errc::config);
  CHECK(c.error().what ==
        "corp: ldap://192.0.2.1: the password of cn=svc-muster,ou=service,dc=example,dc=com would travel in clear");

  Endpoint stranger = simple(s, s.value("LDAPS_URL"));
  stranger.tls_ca.clear();
  c = Connection::open(stranger);
  REQUIRE(!c);
  CHECK(c.error().what.find("TLS handshake") != std::string::npos);
}

TEST_CASE("connection: the second server answers when the first does not") {
  Slapd s;
  Endpoint e = simple(s, "ldap://127.0.0.1:1");
  e.urls.push_back(s.url());
  auto c = Connection::open(e);
  REQUIRE(c);
  CHECK(c->server().url == s.url());
  e.urls = {"ldap://127.0.0.1:1", "ldap://127.0.0.1:2"};
  c = Connection::open(e);
  REQUIRE(!c);
  CHECK(c.error().code == Errc::unreachable);
  CHECK(c.error().what.find("127.0.0.1:1:") != std::string::npos);
  CHECK(c.error().what.find("127.0.0.1:2:") != std::string::npos);
}

TEST_CASE("connection: a server that accepts and stays silent costs its time limit and no CPU") {
  Slapd s;
  SilentServer silent;
  for (const char* scheme : {"ldap", "ldaps", "starttls"}) {
    CAPTURE(std::string(scheme));
    Endpoint e = simple(s, silent.url(std::string(scheme) == "ldaps" ? "ldaps" : "ldap"));
    e.start_tls = std::string(scheme) == "starttls";
    const double cpu = cpu_seconds();
    const auto begun = std::chrono::steady_clock::now();
    auto c = Connection::open(e);
    const auto took = std::chrono::steady_clock::now() - begun;
    REQUIRE(!c);
    CHECK(c.error().code == Errc::unreachable);
    CHECK_MESSAGE(c.error().what.find("the server took the connection, but was not done within 800 ms") != std::string::npos,
                  c.error().what);
    CHECK(took >= std::chrono::milliseconds(700));
    CHECK(took < std::chrono::milliseconds(5000));
    CHECK(cpu_seconds() - cpu < 0.4);
  }
}

TEST_CASE(
    "connection: whoever waits for a frozen server may give up before its time-out, and is asked often enough to tell a watchdog") {
  Slapd s;
  int asked = 0, most = 0;
  Endpoint e = simple(s, s.url());
  e.connect_timeout = e.timeout = std::chrono::seconds(60);
  e.waiting = [&] { return ++asked < most; };
  most = 1000000;
  auto c = Connection::open(e);
  REQUIRE(c);
  s.freeze();
  for (const bool opening : {false, true}) {
    CAPTURE(opening);
    asked = 0, most = 4;
    const auto begun = std::chrono::steady_clock::now();
    const Status done = opening ? Status(Connection::open(e).error()) : c->ping();
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::unreachable);
    CHECK_MESSAGE(done.error().what.find("given up") != std::string::npos, done.error().what);
    CHECK(asked == 4);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
  }
  s.thaw();
}

TEST_CASE("connection: a server that freezes is given up, in a search and in a write") {
  Slapd s;
  fill(s, 3);
  for (const bool write : {false, true}) {
    CAPTURE(write);
    auto c = Connection::open(simple(s, s.url()));
    REQUIRE(c);
    s.freeze();
    if (write) {
      const WriteOp op = set_title(0, "x");
      const auto outcome = std::move(c->write({&op, 1}, 8).front());
      CHECK(outcome.code == -1);
      CHECK(outcome.sent);
      CHECK(outcome.status.error().code == Errc::unreachable);
    } else {
      const Status read = c->search(everybody(), [](Entry&&) { return ok(); });
      REQUIRE(!read);
      CHECK(read.error().code == Errc::unreachable);
    }
    CHECK(!c->ping());
    s.thaw();
  }
}

TEST_CASE("search: pages give everybody once, whatever their size, with identity and version") {
  Slapd s;
  fill(s, 95);
  auto c = Connection::open(simple(s, s.url()));
  REQUIRE(c);
  for (const std::size_t page : {0U, 1U, 10U, 95U, 1000U}) {
    CAPTURE(page);
    std::vector<std::string> seen;
    const Status read = c->search(everybody(page), [&](Entry&& e) {
      CHECK(e.id != EntryId{});
      CHECK(!e.version.empty());
      seen.emplace_back(e.attributes.first("uid"));
      return ok();
    });
    CHECK(read);
    std::sort(seen.begin(), seen.end());
    CHECK(seen.size() == 95);
    CHECK(std::unique(seen.begin(), seen.end()) == seen.end());
  }
}

TEST_CASE("search: anything but a complete answer is not to be trusted") {
  Slapd s;
  fill(s, 30);
  s.restrict_to("limits dn.exact=\"" + s.value("BIND_DN") + "\" size.soft=7 size.hard=7 size.pr=5 size.prtotal=7");
  auto c = Connection::open(simple(s, s.url()));
  REQUIRE(c);
  for (const std::size_t page : {0U, 5U}) {
    const Status cut = c->search(everybody(page), [](Entry&&) { return ok(); });
    REQUIRE(!cut);
    CHECK(cut.error().code == Errc::untrusted);
  }
  SearchRequest gone = everybody();
  gone.base = "ou=nowhere,dc=example,dc=com";
  const Status read = c->search(gone, [](Entry&&) { return ok(); });
  REQUIRE(!read);
  CHECK(read.error().code == Errc::untrusted);
  CHECK(read.error().what.find("ou=nowhere,dc=example,dc=com") != std::string::npos);
  const auto none = c->read("uid=nobody,ou=people,dc=example,dc=com", {"uid"});
  REQUIRE(none);
  CHECK(!*none);
}

TEST_CASE("write: many at once, each with its own outcome, in order for each name") {
  Slapd s;
  fill(s, 40);
  auto c = Connection::open(simple(s, s.url()));
  REQUIRE(c);
  std::vector<WriteOp> ops;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 40; ++i) ops.push_back(set_title(i, "title " + std::to_string(round)));
  }
  ops.push_back(set_title(999, "nobody"));
  ops.push_back({"uid=u1,ou=people,dc=example,dc=com", ModifyOp{{{Mod::Op::remove, "title", {"never there"}}}}, "", {}});
  ops.push_back(
      {"uid=u2,ou=people,dc=example,dc=com", ModifyOp{{{Mod::Op::replace, "title", {"guarded"}}}}, "(uid=somebody else)", {}});
  const auto outcomes = c->write(ops, 16);
  REQUIRE(outcomes.size() == ops.size());
  for (std::size_t i = 0; i < 120; ++i) {
    CHECK(outcomes[i].status);
    REQUIRE(outcomes[i].after);
    CHECK(outcomes[i].after->attributes.first("title") == "title " + std::to_string(i / 40));
  }
  CHECK(outcomes[120].status.error().code == Errc::not_found);
  CHECK(outcomes[121].status.error().code == Errc::conflict);
  CHECK(outcomes[122].status.error().code == Errc::conflict);
  for (int i = 0; i < 40; ++i)
    CHECK(s.values("uid=u" + std::to_string(i) + ",ou=people,dc=example,dc=com", "title") == std::vector<std::string>{"title 2"});
}

TEST_CASE("write: add, rename, move and delete") {
  Slapd s;
  auto c = Connection::open(simple(s, s.url()));
  REQUIRE(c);
  Attributes a;
  a.set("uid", {"ann"});
  a.set("cn", {"Ann"});
  a.set("sn", {"Lee"});
  const std::vector<WriteOp> ops{{"uid=ann,ou=people,dc=example,dc=com", AddOp{{"inetOrgPerson"}, a}, "", {"uid"}},
                                 {"uid=ann,ou=people,dc=example,dc=com", RenameOp{"uid=anna", std::nullopt}, "", {"uid"}}};
  for (const auto& o : c->write(ops, 4)) CHECK(o.status);
  const std::vector<WriteOp> then{
      {"uid=anna,ou=people,dc=example,dc=com", RenameOp{"uid=anna", "ou=leavers,dc=example,dc=com"}, "", {}}};
  CHECK(c->write(then, 4).front().status);
  CHECK(s.values("uid=anna,ou=leavers,dc=example,dc=com", "uid") == std::vector<std::string>{"anna"});
  const std::vector<WriteOp> end{{"uid=anna,ou=leavers,dc=example,dc=com", DeleteOp{}, "", {}}};
  CHECK(c->write(end, 4).front().status);
}
