// Binds to a real Active Directory domain controller (Samba): Kerberos in its forms, and what is said where it refuses.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <array>
#include <thread>

#include "ldap/connection.h"
#include "tests/support/lab.h"

namespace muster::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A domain controller with its KDC, which this process then asks.
class Domain : public Samba {
 public:
  explicit Domain(Environment wishes = {}) : Samba(with_kerberos(std::move(wishes))) {
    setenv("KRB5_CONFIG", value("KRB5_CONFIG").c_str(), 1);
  }

  Endpoint endpoint(Endpoint::Bind bind, const std::string& url) const {
    Endpoint e;
    e.name = "corp";
    e.urls = {url};
    e.bind = bind;
    e.tls_ca = value("CA");
    if (bind == Endpoint::Bind::simple) {
      e.bind_dn = value("BIND_NAME");
      e.password = Secret(value("BIND_PASSWORD"));
    } else {
      e.keytab = value("KEYTAB");
    }
    return e;
  }

 private:
  static Environment with_kerberos(Environment wishes) {
    wishes["KERBEROS"] = "1";
    return wishes;
  }
};

std::string text_of(const Result<Connection>& connection) { return connection ? "connected" : connection.error().text(); }

TEST_CASE("kerberos: GSSAPI and SPNEGO by a keytab, sealed by themselves or inside TLS") {
  const Domain domain;
  struct Case {
    const char* name;
    Endpoint::Bind bind;
    bool ldaps, start_tls;
  };
  const Case cases[] = {
      {"GSSAPI", Endpoint::Bind::gssapi, false, false},
      {"SPNEGO", Endpoint::Bind::spnego, false, false},
      {"GSSAPI inside TLS", Endpoint::Bind::gssapi, true, false},
      {"GSSAPI after StartTLS", Endpoint::Bind::gssapi, false, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Endpoint e = domain.endpoint(c.bind, domain.value(c.ldaps ? "LDAPS_URL" : "URL"));
    e.start_tls = c.start_tls;
    auto connection = Connection::open(e);
    REQUIRE_MESSAGE(connection, text_of(connection));
    const bool tls = c.ldaps || c.start_tls;
    CHECK(connection->server().tls == tls);
    CHECK((connection->server().sealed >= 128) == !tls);
    CHECK(connection->server().bound_as == "svc-muster@AD.EXAMPLE.TEST");
    std::size_t seen = 0;
    SearchRequest all;
    all.base = "CN=Users," + domain.value("SUFFIX");
    all.page_size = 5;
    const Status read = connection->search(all, [&](Entry&&) {
      ++seen;
      return ok();
    });
    CHECK_MESSAGE(read, (read ? "" : read.error().text()));
    CHECK(seen > 10);
    const WriteOp write{"OU=People," + domain.value("SUFFIX"), ModifyOp{{{Mod::Op::replace, "description", {"x"}}}}, "", {}};
    CHECK(connection->write({&write, 1}, 1).front().code == result_code::insufficient_access);  // and the answer comes back whole
  }
}

TEST_CASE("kerberos: several threads bind at once, each with its own ticket") {
  const Domain domain;
  const Endpoint endpoint = domain.endpoint(Endpoint::Bind::gssapi, domain.url());
  std::array<std::string, 4> said;
  {
    std::array<std::jthread, 4> threads;
    for (std::size_t i = 0; i < threads.size(); ++i)
      threads[i] = std::jthread([&said, &endpoint, i] {
        for (int times = 0; times < 5; ++times) {
          said[i] = text_of(Connection::open(endpoint, true));
          if (said[i] != "connected") return;
        }
      });
  }
  for (const std::string& s : said) CHECK(s == "connected");
}

TEST_CASE("kerberos: what refuses says why, and what to do") {
  const Domain domain;
  const auto refusal = [](const Endpoint& e) {
    auto connection = Connection::open(e, true);
    REQUIRE_FALSE(connection);
    return connection.error().text();
  };
  const auto says = [](const std::string& text, const char* what) { return text.find(what) != std::string::npos; };
  Endpoint e = domain.endpoint(Endpoint::Bind::gssapi, domain.url());
  e.principal = "nobody@AD.EXAMPLE.TEST";
  CHECK_MESSAGE(says(refusal(e), "klist -k"), refusal(e));
  e.principal.clear();
  e.keytab = "/nowhere/agent.keytab";
  CHECK_MESSAGE(says(refusal(e), "the keytab /nowhere/agent.keytab cannot be read"), refusal(e));
  const Folder folder;
  e.keytab = folder / "open.keytab";
  write_file(e.keytab, read_file(domain.value("KEYTAB")));
  REQUIRE(chmod(e.keytab.c_str(), 0644) == 0);
  CHECK_MESSAGE(says(refusal(e), "can be read by others"), refusal(e));
  e.keytab = domain.value("KEYTAB");

  const std::string own = domain.value("BIND_DN");
  REQUIRE(domain.modify("dn: " + own + "\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 66050\n") == 0);
  CHECK_MESSAGE(says(refusal(e), "disabled, expired or locked"), refusal(e));
  e = domain.endpoint(Endpoint::Bind::simple, domain.value("LDAPS_URL"));
  CHECK_MESSAGE(says(refusal(e), "the account is disabled"), refusal(e));
  e.password = Secret("wrong");
  CHECK_MESSAGE(says(refusal(e), "the password is wrong"), refusal(e));
}

TEST_CASE("kerberos: a domain controller that wants signing refuses a password in clear, and takes a sealed bind") {
  const Domain domain(Environment{{"STRONG_AUTH", "1"}});
  auto clear = Connection::open(domain.endpoint(Endpoint::Bind::simple, domain.url()), true);
  REQUIRE_FALSE(clear);
  CHECK_MESSAGE(clear.error().text().find("ldaps://") != std::string::npos, clear.error().text());
  const auto sealed = Connection::open(domain.endpoint(Endpoint::Bind::gssapi, domain.url()), true);
  CHECK_MESSAGE(sealed, text_of(sealed));
  const auto tls = Connection::open(domain.endpoint(Endpoint::Bind::simple, domain.value("LDAPS_URL")), true);
  CHECK_MESSAGE(tls, text_of(tls));
}

TEST_CASE("kerberos: a domain controller that is frozen costs the time to connect, not more") {
  Domain domain;
  Endpoint e = domain.endpoint(Endpoint::Bind::simple, domain.url());
  e.connect_timeout = milliseconds(700);
  domain.freeze();
  const auto begun = steady_clock::now();
  const auto connection = Connection::open(e, true);
  domain.thaw();
  REQUIRE_FALSE(connection);
  CHECK(connection.error().code == Errc::unreachable);
  CHECK(steady_clock::now() - begun < std::chrono::seconds(5));
}

}  // namespace
}  // namespace muster::test
