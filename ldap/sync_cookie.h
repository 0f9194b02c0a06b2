// Private to ldap/: cookies of the content synchronization operation (RFC 4533), as far as a client must understand them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "schema/ids.h"

namespace muster::wire {

/// The cookie of an OpenLDAP provider: rid=NNN[,sid=XXX][,csn=CSN[;CSN...]][,delcsn=CSN].
///
/// To RFC 4533 a cookie is opaque, but here the one that comes with a live change names only that change's CSN. Who kept it
/// as it is would lose the other servers' CSNs, and the provider would then send everything again.
struct SyncCookie {
  std::string rid;                          ///< three digits; tells the consumers of one provider apart
  std::map<std::string, std::string> csns;  ///< the latest per server id ("001"): fixed width, so it compares as bytes

  /// None: not of this form, so another server's, or broken.
  static std::optional<SyncCookie> parse(std::string_view text);
  /// Afterwards covers what either covered.
  void merge(const SyncCookie& other);
  /// Never with a sid: the provider takes a consumer with its own sid for itself, and would keep its own changes from it.
  std::string str() const;
};

/// The cookie to store after `received` came, where `known` was stored before. Of another server: `received`, which replaces.
Cookie merge_cookies(const std::optional<Cookie>& known, const std::string& received);

}  // namespace muster::wire
