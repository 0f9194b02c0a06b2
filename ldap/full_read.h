// Private to ldap/: everybody below a base, for change sources whose server keeps no record of who is there.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "ldap/change_source.h"
#include "ldap/connection_impl.h"

namespace muster::wire {

/// Reads what a WatchRequest asks for, page by page. Where the receiver knows entries by id and version, the server is asked for
/// these first, and only what differs is fetched whole.
class FullRead {
 public:
  FullRead(Connection& connection, const WatchRequest& request);

  /// The next page. Empty notices and is_over(): there is no more.
  Result<std::vector<Notice>> next(const std::stop_token& stop);
  bool is_over() const { return over_; }

 private:
  Connection& connection_;
  const WatchRequest& request_;
  EntryDecoder decoder_;
  std::string cookie_;
  bool over_ = false;
};

/// Those of `ids` that are below the base and match the filter of `request`, whole. Asked in parts of at most a hundred.
Result<std::vector<Entry>> fetch(Connection& connection, const WatchRequest& request, const std::vector<EntryId>& ids,
                                 const std::stop_token& stop);
/// Fetches `ids` and says of each what became of it: Upsert, or Gone.
Result<std::vector<Notice>> look_at(Connection& connection, const WatchRequest& request, const std::vector<EntryId>& ids,
                                    const std::stop_token& stop);

/// The groups whose members a filter is about: the values of memberOf in it, also of the rule that follows nesting.
std::vector<std::string> groups_named_in(const std::string& filter);

/// Errc::untrusted where the base, or a group that the filter names, is not there under its name: it, or something above it, was
/// renamed, moved or deleted, or may not be read any more. Nobody is gone because of that.
Status check_scope(Connection& connection, const WatchRequest& request);

}  // namespace muster::wire
