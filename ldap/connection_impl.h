// Private to ldap/: what a Connection is made of, for the change sources, which speak to libldap themselves.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/connection.h"
#include "ldap/libldap.h"

namespace muster {
namespace wire {

class Transport;

/// Reads entries of one server: knows which attributes carry identity and version there.
///   OpenLDAP entryUUID, entryCSN | 389 nsUniqueId, entryUSN | AD objectGUID, uSNChanged | others entryUUID or nsUniqueId, entryCSN
class EntryDecoder {
 public:
  /// `wanted`: the attributes of the request. Identity and version come back among an entry's attributes only when asked for by name.
  EntryDecoder(ServerInfo::Family family, const std::vector<std::string>& wanted);

  /// What to ask for: `wanted` (or "*" when empty) and the attributes of identity and version.
  const std::vector<std::string>& request() const { return request_; }

  /// A search result entry. `id`: the identity where a control already told it (RFC 4533); it then need not be among the attributes.
  /// Errc::untrusted naming the DN: no readable identity, or bytes that are not an entry.
  Result<Entry> decode(LDAP* ld, LDAPMessage* message, const EntryId* id = nullptr) const;
  /// The value of a read-entry response control (RFC 4527): a bare SearchResultEntry.
  Result<Entry> decode_bytes(std::string_view ber) const;

 private:
  struct Draft;
  /// Reads one PartialAttribute (RFC 4511 section 4.1.7), the contents of its SEQUENCE.
  Status take_attribute(std::string_view contents, Draft& draft) const;
  Result<Entry> finish(Draft&& draft) const;

  ServerInfo::Family family_;
  std::vector<std::string> request_;
  std::vector<std::string> kept_;  ///< identity and version attributes that the caller asked for
};

}  // namespace wire

/// Everything about an open connection.
struct Connection::Impl {
  Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  std::string name;                    ///< of the endpoint, for sentences
  std::chrono::milliseconds timeout{}; ///< longest silence while an answer is due
  std::unique_ptr<wire::Transport> transport;
  wire::Handle ld;                     ///< unbound before its transport goes
  ServerInfo info;
  /// Why the connection is dead; once set nothing is sent any more. libldap would quietly reconnect, and without a bind.
  std::optional<Error> broken;

  /// Errc::unreachable when broken.
  Status usable() const;
  /// Remembers that the connection broke and hands the error on.
  Error fail(Error error);
  /// Waits for the end of `msgid`, at most `timeout` of silence.
  Result<wire::Answer> finish(int msgid, std::string_view doing, std::stop_token stop = {});
};

}  // namespace muster
