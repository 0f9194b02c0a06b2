// Security event tokens (RFC 8417) of somebody who is trusted: keys, signature, claims. Pure; knows nothing of what they order.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/result.h"

namespace muster {

/// Why a token is refused, in the words of RFC 8935 section 2.4, and for people.
struct SetFault {
  std::string err;  ///< invalid_request, invalid_key, invalid_issuer, invalid_audience, authentication_failed, access_denied
  std::string description;
};

/// The public keys of a JWK Set (RFC 7517 section 5). Immutable; may be used by several threads.
class KeySet {
 public:
  /// Keys of kinds that sign nothing here (other curves, encryption, short RSA) are passed over (section 5).
  /// Errc::untrusted: the text is no JWK Set, or none of its keys can be used.
  static Result<KeySet> parse(std::string_view text);
  KeySet(KeySet&&) noexcept;
  KeySet& operator=(KeySet&&) noexcept;
  ~KeySet();

  bool has(std::string_view kid) const;
  /// Null: there is none of this name. Without `kid` there must be one key only.
  struct Key;
  const Key* find(const std::string& kid) const;

 private:
  KeySet();
  std::vector<std::unique_ptr<Key>> keys_;
};

/// Whose tokens are believed.
struct SetTrust {
  std::string issuer, audience;
  std::chrono::seconds max_age{604800};
};

/// A token that is what it should be. Its one event is not understood yet.
struct VerifiedSet {
  std::string issuer, jti, txn;
  std::int64_t iat = 0;    ///< seconds since 1970
  std::string event;       ///< the URI as it stands there
  nlohmann::json payload;  ///< of the event; an object
  nlohmann::json subject;  ///< sub_id (RFC 9493); an object with a format
};

using CheckedSet = std::variant<VerifiedSet, SetFault>;

inline constexpr std::size_t kLargestToken = 64 * 1024;  ///< bytes
inline constexpr std::size_t kLongestJti = 255;          ///< bytes
inline constexpr std::chrono::seconds kMostSkew{300};    ///< a clock may be ahead of ours by so much

/// Checks a compact JWS (RFC 7515 section 7.1) in this order: size, form, header (typ secevent+jwt; alg ES256, RS256 or EdDSA, and
/// the key's own; nothing critical), key, signature, then claims: iss, aud, iat, exp, jti (must be `jti`, under which it was
/// delivered), sub_id, and exactly one event.
CheckedSet verify_set(const std::string& jti, std::string_view token, const KeySet& keys, const SetTrust& trust,
                      std::chrono::system_clock::time_point now);

/// The kid in a token's header; empty: none, or no token.
std::string kid_of(std::string_view token);

}  // namespace muster
