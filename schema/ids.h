// Types for values that must not be swapped: identities and opaque tokens.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <utility>

namespace muster {

/// A value with a meaning. No implicit conversion, and no operator<<: a cookie or a secret is not logged by accident.
template <class Tag, class Rep>
class Strong {
 public:
  Strong() = default;
  explicit Strong(Rep rep) : rep_(std::move(rep)) {}
  const Rep& rep() const { return rep_; }
  friend bool operator==(const Strong&, const Strong&) = default;
  friend auto operator<=>(const Strong&, const Strong&) = default;

 private:
  Rep rep_{};
};

/// objectGUID, entryUUID or nsUniqueId as 16 bytes in network order: what an entry *is*. Never its DN.
using EntryId = Strong<struct EntryIdTag, std::array<std::uint8_t, 16>>;
/// HR's immutable key of a person.
using PersonKey = Strong<struct PersonKeyTag, std::string>;
/// A server's resume token (RFC 4533 section 2.2): only the server reads it, but for the merging in ldap/sync_cookie.h.
using Cookie = Strong<struct CookieTag, std::string>;
/// A password, key or token. Never logged.
using Secret = Strong<struct SecretTag, std::string>;

/// "597ae2f6-16a6-1027-98f4-d28b5365dc14" (RFC 4530 section 2.1).
std::string to_string(const EntryId& id);
/// Reads that form, with or without hyphens and braces, any case. False: not a UUID, `id` unchanged.
bool parse_entry_id(const std::string& text, EntryId& id);

}  // namespace muster
