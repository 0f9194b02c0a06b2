#include "ldap/change_source.h"

#include <doctest/doctest.h>

#include "ldap/controls.h"
#include "ldap/sync_messages.h"

namespace muster {
namespace {

ServerInfo server(Family family, const std::vector<std::string_view>& controls) {
  ServerInfo info;
  info.url = "ldap://ldap1.example";
  info.vendor = "a server";
  info.family = family;
  info.controls.assign(controls.begin(), controls.end());
  return info;
}

TEST_CASE("how a directory is watched, and what to do where it cannot be") {
  struct Case {
    std::string name;
    ServerInfo server;
    std::string wanted, result;
  };
  const std::string kSync = "syncrepl: the server announces content synchronization (RFC 4533)";
  const std::string kPoll = "poll: any server can be asked for what has changed since (modifyTimestamp)";
  const Case cases[] = {
      {"OpenLDAP with syncprov", server(Family::openldap, {wire::kSyncRequest}), "auto", kSync},
      {"chosen", server(Family::openldap, {wire::kSyncRequest}), "syncrepl", "syncrepl: chosen in the configuration"},
      {"OpenLDAP without syncprov", server(Family::openldap, {}), "auto", kPoll},
      {"389 with both", server(Family::ds389, {wire::kPersistentSearch, wire::kSyncRequest}), "auto", kSync},
      {"389 without the plugin", server(Family::ds389, {wire::kPersistentSearch}), "auto",
       "psearch: the server announces persistent search (draft-ietf-ldapext-psearch)"},
      {"389, chosen", server(Family::ds389, {wire::kPersistentSearch, wire::kSyncRequest}), "psearch",
       "psearch: chosen in the configuration"},
      {"Active Directory", server(Family::active_directory, {wire::kShowDeleted, wire::kDirSync}), "auto",
       "dirsync: the server announces DirSync (MS-ADTS 3.1.1.3.4.1.3)"},
      {"Active Directory, a global catalog", server(Family::active_directory, {wire::kShowDeleted}), "auto",
       "usn: the server counts its changes (uSNChanged)"},
      {"Active Directory with nothing", server(Family::active_directory, {}), "auto",
       "changes cannot be followed: ldap://ldap1.example (a server) offers no way that muster knows"},
      {"another server", server(Family::other, {}), "auto", kPoll},
      {"not offered", server(Family::openldap, {wire::kSyncRequest}), "dirsync",
       "ldap://ldap1.example (a server) does not offer the watch method \"dirsync\" (use method=\"auto\")"},
      {"not announced", server(Family::other, {}), "syncrepl",
       "ldap://ldap1.example (a server) does not offer the watch method \"syncrepl\" (use method=\"auto\")"},
      {"misspelled", server(Family::openldap, {}), "syncrpl", "there is no watch method \"syncrpl\" (did you mean \"syncrepl\"?)"},
      {"nonsense", server(Family::openldap, {}), "telepathy", "there is no watch method \"telepathy\" (use method=\"auto\")"},
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
