// Private to ldap/: what a content synchronization says (RFC 4533 section 2), as plain values, and its BER. No I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ldap/controls.h"
#include "schema/ids.h"
#include "schema/result.h"

namespace muster::wire {

inline constexpr std::string_view kSyncRequest = "1.3.6.1.4.1.4203.1.9.1.1";
inline constexpr std::string_view kSyncState = "1.3.6.1.4.1.4203.1.9.1.2";
inline constexpr std::string_view kSyncDone = "1.3.6.1.4.1.4203.1.9.1.3";
inline constexpr std::string_view kSyncInfo = "1.3.6.1.4.1.4203.1.9.1.4";

/// An absent cookie and an empty one mean the same: none.
using OptionalCookie = std::optional<std::string>;

/// Section 2.2, mode refreshAndPersist, critical. reloadHint stays FALSE, so that a server which cannot tell the difference
/// says so (e-syncRefreshRequired) where it can.
Control sync_request(const std::optional<Cookie>& resume_at);

/// Section 2.3: on each entry and reference.
struct SyncStateValue {
  enum class State { present, add, modify, remove } state = State::present;
  EntryId id;
  OptionalCookie cookie;
};
/// Section 2.4: with the result that ends the operation.
struct SyncDoneValue {
  OptionalCookie cookie;
  bool refresh_deletes = false;
};

struct NewCookie {
  OptionalCookie cookie;
};
/// The end of a phase of the refresh stage; `done`: and of the stage.
struct RefreshPhaseEnd {
  enum class Phase { present, deletes } phase = Phase::present;
  OptionalCookie cookie;
  bool done = true;
};
struct SyncIdSet {
  OptionalCookie cookie;
  bool deleted = false;  ///< false: these entries are as they were
  std::vector<EntryId> ids;
};
/// Section 2.5.
using SyncInfoValue = std::variant<NewCookie, RefreshPhaseEnd, SyncIdSet>;

/// Each Errc::untrusted where the bytes are not exactly what the RFC defines.
Result<SyncStateValue> parse_sync_state(std::string_view ber);
Result<SyncDoneValue> parse_sync_done(std::string_view ber);
Result<SyncInfoValue> parse_sync_info(std::string_view ber);

}  // namespace muster::wire
