#include "ldap/change_source.h"

#include <algorithm>
#include <array>

#include "ldap/controls.h"
#include "ldap/dirsync.h"
#include "ldap/poll.h"
#include "ldap/psearch.h"
#include "ldap/sync_messages.h"
#include "ldap/syncrepl.h"
#include "ldap/usn.h"

namespace muster {
namespace {

/// One way of following changes: what the server must announce for it, and why it is taken.
struct Way {
  std::string_view name;
  std::string_view control;  ///< empty: none is needed
  std::string_view why;
};

constexpr std::array kWays{
    Way{"syncrepl", wire::kSyncRequest, "the server announces content synchronization (RFC 4533)"},
    Way{"dirsync", wire::kDirSync, "the server announces DirSync (MS-ADTS 3.1.1.3.4.1.3)"},
    Way{"psearch", wire::kPersistentSearch, "the server announces persistent search (draft-ietf-ldapext-psearch)"},
    Way{"usn", wire::kShowDeleted, "the server counts its changes (uSNChanged)"},
    Way{"poll", "", "any server can be asked for what has changed since (modifyTimestamp)"},
};

/// The best first. DirSync is Active Directory's own: others announce it and mean something else.
std::vector<std::string> preferred(Family family) {
  switch (family) {
    case Family::openldap: return {"syncrepl", "poll"};
    case Family::active_directory: return {"dirsync", "usn"};
    case Family::ds389: return {"syncrepl", "psearch", "poll"};
    case Family::other: break;
  }
  return {"syncrepl", "psearch", "poll"};
}

const Way* find(std::string_view name) {
  const auto at = std::find_if(kWays.begin(), kWays.end(), [name](const Way& w) { return w.name == name; });
  return at == kWays.end() ? nullptr : &*at;
}

Error unknown(const std::string& wanted) {
  std::vector<std::string> names{"auto"};
  for (const Way& w : kWays) names.emplace_back(w.name);
  const std::string near = nearest_of(wanted, names);
  return {Errc::config, "there is no watch method \"" + wanted + "\"",
          near.empty() ? "use method=\"auto\"" : "did you mean \"" + near + "\"?"};
}

bool offers(const ServerInfo& server, const Way& way) {
  const auto usable = preferred(server.family);
  return std::find(usable.begin(), usable.end(), way.name) != usable.end() &&
         (way.control.empty() || server.has_control(way.control));
}

}  // namespace

Result<WatchMethod> choose_watch_method(const ServerInfo& server, const std::string& wanted) {
  if (wanted == "auto") {
    for (const std::string& name : preferred(server.family)) {
      if (const Way* way = find(name); way && offers(server, *way)) return WatchMethod{name, std::string(way->why)};
    }
    return Error{Errc::config,
                 "changes cannot be followed: " + server.url + " (" + server.vendor + ") offers no way that muster knows", ""};
  }
  const Way* way = find(wanted);
  if (!way) return unknown(wanted);
  if (offers(server, *way)) return WatchMethod{wanted, "chosen in the configuration"};
  return Error{Errc::config, server.url + " (" + server.vendor + ") does not offer the watch method \"" + wanted + "\"",
               "use method=\"auto\""};
}

Result<std::unique_ptr<ChangeSource>> open_change_source(const Endpoint& endpoint, const std::string& method,
                                                         const WatchRequest& request) {
  if (method == "syncrepl") return wire::open_syncrepl(endpoint, request);
  if (method == "dirsync") return wire::open_dirsync(endpoint, request);
  if (method == "usn") return wire::open_usn(endpoint, request);
  if (method == "psearch") return wire::open_psearch(endpoint, request);
  if (method == "poll") return wire::open_poll(endpoint, request);
  return unknown(method);
}

}  // namespace muster
