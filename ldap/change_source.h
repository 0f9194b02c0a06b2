// Every change below one base of one directory, whichever way the server tells it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "ldap/connection.h"
#include "schema/entry.h"
#include "schema/ids.h"
#include "schema/result.h"

namespace muster {

struct Upsert {
  Entry entry;
};  ///< exists now, with all attributes that were asked for
struct Gone {
  EntryId id;
};  ///< deleted, or left scope or filter
struct Unchanged {
  EntryId id;
};  ///< during a refresh: exists, as it was
/// A group lost and won members; nothing else about it changed. May also tell of groups that are not watched.
struct MembersChanged {
  EntryId id;
  std::string version;
  Values added, removed;  ///< values of `attribute`
  std::string attribute = "member";
};
using Notice = std::variant<Upsert, Gone, Unchanged, MembersChanged>;

struct Batch {
  std::vector<Notice> notices;
  /// Covers this batch and all before it; stored in the same transaction as their effects, never before. None: keep the old one.
  std::optional<Cookie> resume_at;
  enum class Stage {
    refreshing,  ///< catching up: more follows; nothing may be concluded from absence yet
    refreshed,   ///< this batch ends the catch-up
    following,   ///< live changes
  } stage = Stage::following;
  /// With `refreshed`: what was neither Upsert nor Unchanged during this refresh does not exist any more. The receiver
  /// checks that against what it knows before it believes it.
  bool absent_is_gone = false;
  /// When the first notice of this batch arrived: for the lag, and because what was written since is not in it.
  std::chrono::steady_clock::time_point received{};
};

inline constexpr std::size_t kLargestBatch = 1000;  ///< notices

/// Guarantee: a source opened at the cookie of a batch delivers each change that is in neither that batch nor an earlier
/// one. A change may come twice and late, never not at all. A cookie the server no longer honours gives
/// Errc::stale_cursor, once; the caller then opens it without a cookie. One thread owns a source.
class ChangeSource {
 public:
  virtual ~ChangeSource() = default;
  /// Waits for changes, for `patience` to pass (an empty `following` or `refreshing` batch: the connection is alive), or for
  /// `stop` (Errc::cancelled). At most kLargestBatch notices a batch. After an error the source is dead: open another.
  virtual Result<Batch> next(std::stop_token stop, std::chrono::milliseconds patience) = 0;
  /// "syncrepl", "poll", ...
  virtual std::string_view method() const = 0;
};

struct WatchRequest {
  std::string base;
  std::string filter;
  std::vector<std::string> attributes;
  std::optional<Cookie> resume_at;
  bool groups = false;  ///< the entries are groups: changes of members may come as MembersChanged
  /// What the receiver knows, by id and version, where there is no cookie that helps: a source that can compare sends Unchanged for
  /// what is as it was, and fetches only what differs. Null: everything is fetched.
  std::shared_ptr<const std::map<EntryId, std::string>> known{};
};

/// Which method a server allows, with the reason ("syncrepl: the server announces RFC 4533"). Errc::config when `wanted` is
/// not "auto" and the server lacks it.
struct WatchMethod {
  std::string name, why;
};
Result<WatchMethod> choose_watch_method(const ServerInfo& server, const std::string& wanted);

/// Opens its own connection. `method`: a name that choose_watch_method() gave, or "auto".
Result<std::unique_ptr<ChangeSource>> open_change_source(const Endpoint& endpoint, const std::string& method,
                                                         const WatchRequest& request);

}  // namespace muster
