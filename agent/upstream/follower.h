// A system upstream that is to hold what the directory holds, rather than to hear what happened.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/store/store.h"
#include "ldap/account.h"
#include "mapping/scim_path.h"
#include "schema/result.h"

namespace muster {

/// What a follower has reached, to be written by the engine's thread in one transaction.
struct FollowerProgress {
  std::string follower;
  std::vector<Store::ToldObject> told;  ///< what the other side holds now, in order; an empty id: it holds it no more
  struct Trouble {
    Store::Touched kind = Store::Touched::entry;
    Row row = 0;
    std::string dn, what;  ///< empty `what`: it is over
  };
  std::vector<Trouble> troubles;        ///< objects that the other side refuses; shown, and they hold up nobody
  std::optional<Row> position;          ///< everything touched up to here was dealt with
  std::optional<std::string> compared;  ///< the comparison of everything that was followed
  bool empty() const { return told.empty() && troubles.empty() && !position && !compared; }
};

/// What of the rules and of the server a follower must know to understand the state. A copy.
struct Bearings {
  struct Sent {
    std::string key;  ///< of the directory's attribute, lower case
    ScimPath path;
    bool is_dn = false;  ///< values are names of entries
  };
  std::vector<Sent> sent;
  AccountControl accounts;
  bool is_active_directory = false;
};

/// Looks at the state, so that what it missed never matters, and doing the same twice changes nothing. Used by one thread.
class Follower {
 public:
  /// What the engine's thread does for a follower, which waits for it. Thread-safe.
  struct Hands {
    std::function<Status(FollowerProgress)> keep;               ///< returns once the progress is durable
    std::function<Result<std::optional<Bearings>>()> bearings;  ///< none: the directory was not reached yet
  };

  virtual ~Follower() = default;
  /// Stable: progress is stored under it.
  virtual const std::string& name() const = 0;
  /// Until the other side holds what `store` holds. An Error concerns everybody; what concerns one object is a Trouble.
  virtual Status follow(Store& store, const Hands& hands, std::stop_token stop) = 0;
  /// For `muster check`. Asks the other side, and changes nothing.
  struct Probed {
    std::string what;                  ///< one sentence about it
    std::vector<std::string> lacking;  ///< of the paths, those that it has no place for
  };
  virtual Result<Probed> probe(const std::vector<std::string>& paths, std::stop_token stop) = 0;
  /// For `muster status`.
  virtual nlohmann::json figures() const = 0;
};

}  // namespace muster
