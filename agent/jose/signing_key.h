// The key that security event tokens are signed with (RFC 7515), and what receivers are shown of it (RFC 7517).
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace muster {

/// Immutable; sign() may be called by several threads.
class SigningKey {
 public:
  /// A private key in PEM form without password: P-256 signs by ES256, RSA of 2048 bits or more by RS256, Ed25519 by EdDSA (RFC
  /// 7518 section 3.1, RFC 8037). Errc::config: there is no such file, others than its owner can read it, or it is another kind of
  /// key.
  static Result<SigningKey> read(const std::string& path);
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  const std::string& algorithm() const { return algorithm_; }
  /// The thumbprint of the public key (RFC 7638): the same wherever it is computed.
  const std::string& kid() const { return kid_; }
  /// The public key, with kid, alg and use.
  nlohmann::json public_jwk() const;
  /// The payload as a compact JWS whose header says `typ`, alg and kid. Errc::io: the library refuses.
  Result<std::string> sign(std::string_view typ, std::string_view payload) const;

 private:
  struct Handle;
  SigningKey();
  std::unique_ptr<Handle> key_;
  std::string algorithm_, kid_;
  nlohmann::json parameters_;  ///< of the public key alone: kty and what belongs to it
};

/// Makes a key and writes it to the new file `path`, which its owner alone can read. `algorithm`: ES256, RS256 or EdDSA.
/// Errc::config: another one. Errc::io: there is a file of that name, or it cannot be written.
Status make_signing_key(const std::string& path, const std::string& algorithm);

/// RFC 7515 section 2.
std::string base64url(std::string_view bytes);

}  // namespace muster
