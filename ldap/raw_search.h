// Private to ldap/: one search with controls, as messages; for what a Connection's own searches do not offer.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "ldap/connection_impl.h"

namespace muster::wire {

struct RawRequest {
  std::string base;
  int scope = LDAP_SCOPE_SUBTREE;
  std::string filter = "(objectClass=*)";
  std::vector<std::string> attributes;
  std::vector<Control> controls;
};

/// Sends it; the message id.
Result<int> send_search(Connection::Impl& impl, const RawRequest& request, std::string_view doing);
/// Sends it and hands each entry to `each`. The answer that ended it, whatever it says; references are left out.
Result<Answer> raw_search(Connection::Impl& impl, const RawRequest& request, std::string_view doing,
                          const std::function<Status(LDAPMessage*)>& each, const std::stop_token& stop = {});

/// Every attribute of an entry, lower case, also one that came without values.
void each_attribute(LDAP* ld, LDAPMessage* message, const std::function<void(const std::string& name, Values&& values)>& each);
/// The name of an entry as the server sent it.
std::string name_of(LDAP* ld, LDAPMessage* message);

/// An attribute of which the server sent some values only (MS-ADTS section 3.1.1.3.1.3.3).
struct PartialAttribute {
  std::string name;      ///< without the range
  std::size_t next = 0;  ///< the first value that did not come
};
/// "member;range=0-1499": none where the name has no range, `next` = 0 where it was the last part ("1500-*").
std::optional<PartialAttribute> parse_range(std::string_view name);

/// Fetches the values that did not come. An entry that changed meanwhile is read again, for a part of one state and a part of
/// another make no state. Errc::untrusted where that does not end.
Status complete(Connection::Impl& impl, Entry& entry, const std::vector<PartialAttribute>& missing, const std::stop_token& stop);

}  // namespace muster::wire
