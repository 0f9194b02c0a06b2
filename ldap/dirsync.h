// Private to ldap/: the change source of Active Directory: DirSync for exactness, change notification to be woken.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ldap/change_source.h"
#include "ldap/controls.h"

namespace muster::wire {

/// Flags of DirSync (MS-ADTS section 3.1.1.3.4.1.3).
inline constexpr std::uint32_t kObjectSecurity = 0x1, kAncestorsFirst = 0x800, kIncrementalValues = 0x80000000;

/// Critical. `cookie`: the server's own; empty for a first look.
Control dirsync_request(std::uint32_t flags, std::string_view cookie);
struct DirSyncAnswer {
  bool more = false;
  std::string cookie;
};
/// Errc::untrusted: not a DirSync response.
Result<DirSyncAnswer> parse_dirsync(const Control& control);

/// Connects. Errc::config: the account may not read changes this way at all.
Result<std::unique_ptr<ChangeSource>> open_dirsync(const Endpoint& endpoint, const WatchRequest& request);

}  // namespace muster::wire
