#include "ldap/change_source.h"

#include <doctest/doctest.h>

#include "ldap/sync_messages.h"

namespace muster {
namespace {

using Family = ServerInfo::Family;

ServerInfo server(Family family, bool synchronizes) {
  ServerInfo info;
  info.url = "ldap://ldap1.example";
  info.vendor = "a server";
  info.family = family;
  if (synchronizes) info.controls.emplace_back(wire::kSyncRequest);
  return info;
}

TEST_CASE("how a directory is watched, and what to do where it cannot be") {
  struct Case {
    std::string name;
    ServerInfo server;
    std::string wanted, result;
  };
  const std::string kLacks =
      "changes cannot be followed: ldap://ldap1.example (a server) does not announce content synchronization (RFC 4533)";
  const Case cases[] = {
      {"auto, OpenLDAP with syncprov", server(Family::openldap, true), "auto",
       "syncrepl: the server announces content synchronization (RFC 4533)"},
      {"chosen", server(Family::openldap, true), "syncrepl", "syncrepl: chosen in the configuration"},
      {"auto, OpenLDAP without syncprov", server(Family::openldap, false), "auto",
       kLacks + " (load the syncprov overlay on the database that holds the people)"},
      {"auto, another server without", server(Family::other, false), "auto",
       kLacks + " (enable content synchronization there (OpenLDAP: load the syncprov overlay))"},
      {"auto, 389 without", server(Family::ds389, false), "auto",
       kLacks + " (enable the content synchronization plugin and the retro changelog)"},
      {"auto, Active Directory", server(Family::active_directory, false), "auto",
       kLacks + " (this version follows OpenLDAP and other servers with content synchronization only)"},
      {"a method of a later version", server(Family::openldap, true), "dirsync",
       "the watch method \"dirsync\" is not part of this version (use method=\"auto\" or \"syncrepl\")"},
      {"misspelled", server(Family::openldap, true), "syncrpl",
       "there is no watch method \"syncrpl\" (did you mean \"syncrepl\"?)"},
      {"nonsense", server(Family::openldap, true), "telepathy",
       "there is no watch method \"telepathy\" (use method=\"auto\" or \"syncrepl\")"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto chosen = choose_watch_method(c.server, c.wanted);
    CHECK((chosen ? chosen->name + ": " + chosen->why : chosen.error().text()) == c.result);
    if (!chosen) CHECK(chosen.error().code == Errc::config);
  }
}

}  // namespace
}  // namespace muster
