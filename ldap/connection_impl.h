// Private to ldap/: what a Connection is made of, for the change sources, which speak to libldap themselves.
#pragma once

#include <chrono>
#include <functional>
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
struct PartialAttribute;

/// Reads entries of one server: knows which attributes carry identity, version and, on OpenLDAP and 389, who wrote last there.
///   OpenLDAP entryUUID, entryCSN | 389 nsUniqueId, entryUSN | AD objectGUID, uSNChanged | others entryUUID or nsUniqueId, entryCSN
class EntryDecoder {
 public:
  /// `wanted`: the attributes of the request. Identity and version come back among an entry's attributes only when asked for by
  /// name.
  EntryDecoder(const ServerInfo& server, const std::vector<std::string>& wanted);

  /// What to ask for: `wanted` (or "*" when empty) and the attributes of identity and version.
  const std::vector<std::string>& request() const { return request_; }

  /// A search result entry. `id`: the identity where a control already told it (RFC 4533); it then need not be among the
  /// attributes. Errc::untrusted naming the DN: no readable identity, or bytes that are not an entry.
  /// `missing`: takes the attributes of which some values did not come; null: such an entry is an error.
  Result<Entry> decode(LDAP* ld, LDAPMessage* message, const EntryId* id = nullptr,
                       std::vector<PartialAttribute>* missing = nullptr) const;
  /// The value of a read-entry response control (RFC 4527): a bare SearchResultEntry.
  Result<Entry> decode_bytes(std::string_view ber) const;

  /// An objectGUID. None: not one.
  static std::optional<EntryId> id_of_guid(std::string_view bytes);
  /// The filter that finds one entry by its identity.
  static std::string filter_for(Family family, const EntryId& id);

 private:
  struct Draft;
  /// Reads one PartialAttribute (RFC 4511 section 4.1.7), the contents of its SEQUENCE.
  Status take_attribute(std::string_view contents, Draft& draft) const;
  Result<Entry> finish(Draft&& draft) const;

  bool asked_for(std::string_view name) const;
  Family family_;
  std::string incarnation_;
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

  std::string name;                     ///< of the endpoint, for sentences
  std::chrono::milliseconds timeout{};  ///< longest silence while an answer is due
  std::function<bool()> waiting;        ///< Endpoint::waiting
  std::unique_ptr<wire::Transport> transport;
  wire::Handle ld;  ///< unbound before its transport goes
  ServerInfo info;
  std::string subschema;  ///< where the server keeps its schema (RFC 4512 section 4.4); empty: it does not tell
  /// Why the connection is dead; once set nothing is sent any more. libldap would quietly reconnect, and without a bind.
  std::optional<Error> broken;

  /// Errc::unreachable when broken.
  Status usable() const;
  /// Names the server in the error, remembers it when it says that the connection broke, and hands it on.
  Error fail(Error error);
  /// The next message for `msgid`. Errc::unreachable after `timeout` of silence, Errc::cancelled: see next_message().
  Result<wire::Message> next(int msgid, std::string_view doing, const std::stop_token& stop = {});
};

}  // namespace muster
