#include "ldap/change_source.h"

#include <algorithm>

#include "ldap/sync_messages.h"
#include "ldap/syncrepl.h"

namespace muster {
namespace {

using Family = ServerInfo::Family;

const std::vector<std::string> kLater{"dirsync", "psearch", "usn", "poll"};

std::string remedy(Family family) {
  switch (family) {
    case Family::openldap: return "load the syncprov overlay on the database that holds the people";
    case Family::ds389: return "enable the content synchronization plugin and the retro changelog";
    case Family::active_directory: return "this version follows OpenLDAP and other servers with content synchronization only";
    case Family::other: break;
  }
  return "enable content synchronization there (OpenLDAP: load the syncprov overlay)";
}

Error unknown(const std::string& wanted) {
  if (std::find(kLater.begin(), kLater.end(), wanted) != kLater.end())
    return {Errc::config, "the watch method \"" + wanted + "\" is not part of this version", "use method=\"auto\" or \"syncrepl\""};
  const std::string near = nearest_of(wanted, {"auto", "syncrepl"});
  return {Errc::config, "there is no watch method \"" + wanted + "\"",
          near.empty() ? "use method=\"auto\" or \"syncrepl\"" : "did you mean \"" + near + "\"?"};
}

}  // namespace

Result<WatchMethod> choose_watch_method(const ServerInfo& server, const std::string& wanted) {
  if (wanted != "auto" && wanted != "syncrepl") return unknown(wanted);
  if (!server.has_control(wire::kSyncRequest))
    return Error{Errc::config,
                 "changes cannot be followed: " + server.url + " (" + server.vendor +
                     ") does not announce content synchronization (RFC 4533)",
                 remedy(server.family)};
  return WatchMethod{"syncrepl",
                     wanted == "auto" ? "the server announces content synchronization (RFC 4533)" : "chosen in the configuration"};
}

Result<std::unique_ptr<ChangeSource>> open_change_source(const Endpoint& endpoint, const std::string& method,
                                                         const WatchRequest& request) {
  if (method != "auto" && method != "syncrepl") return unknown(method);
  return wire::open_syncrepl(endpoint, request);
}

}  // namespace muster
