// URLs of directories, and which of them stay on this machine.
#include "ldap/dial.h"

#include <doctest/doctest.h>

using namespace muster;
using wire::Target;

TEST_CASE("url: what can be connected to") {
  struct Case {
    const char* url;
    Target::Scheme scheme;
    const char* host;
    int port;
    bool loopback;
  };
  const Case cases[] = {
      {"ldap://dc1.corp.example", Target::Scheme::ldap, "dc1.corp.example", 389, false},
      {"ldap://dc1.corp.example:1389/", Target::Scheme::ldap, "dc1.corp.example", 1389, false},
      {"ldaps://dc1.corp.example", Target::Scheme::ldaps, "dc1.corp.example", 636, false},
      {"LDAPS://DC1", Target::Scheme::ldaps, "DC1", 636, false},
      {"ldap://127.0.0.1:389", Target::Scheme::ldap, "127.0.0.1", 389, true},
      {"ldap://127.8.9.10", Target::Scheme::ldap, "127.8.9.10", 389, true},
      {"ldap://LocalHost", Target::Scheme::ldap, "LocalHost", 389, true},
      {"ldap://localhost.corp.example", Target::Scheme::ldap, "localhost.corp.example", 389, false},
      {"ldap://127.0.0.1.corp.example", Target::Scheme::ldap, "127.0.0.1.corp.example", 389, false},
      {"ldap://128.0.0.1", Target::Scheme::ldap, "128.0.0.1", 389, false},
      {"ldap://[::1]:4000", Target::Scheme::ldap, "::1", 4000, true},
      {"ldap://[fe80::1]", Target::Scheme::ldap, "fe80::1", 389, false},
      {"ldapi://%2Frun%2Fslapd%2Fldapi", Target::Scheme::ldapi, "/run/slapd/ldapi", 0, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.url);
    const auto target = wire::parse_target(c.url);
    REQUIRE(target);
    CHECK(target->scheme == c.scheme);
    CHECK(target->host == c.host);
    if (c.port) CHECK(target->port == c.port);
    CHECK(target->loopback() == c.loopback);
  }
}

TEST_CASE("url: what cannot") {
  for (const char* url :
       {"", "dc1.corp.example", "http://dc1", "ldap:", "ldap://", "ldaps:///dc=example", "cldap://dc1", "ldap://dc1:port"}) {
    CAPTURE(url);
    const auto target = wire::parse_target(url);
    REQUIRE_FALSE(target);
    CHECK(target.error().code == Errc::config);
    CHECK(target.error().what.find("\"" + std::string(url) + "\"") != std::string::npos);
  }
}
