// One secret to one public key: JSON Web Encryption in its compact form (RFC 7516), RSA-OAEP-256 with A256GCM (RFC 7518).
#pragma once

#include <string>

#include "schema/ids.h"
#include "schema/result.h"

namespace muster {

/// `key_file`: a public RSA key or a certificate in PEM, read anew each time. Errc::config: it cannot be read, is no such key, or
/// has fewer than 2048 bits.
Result<std::string> encrypt_to(const std::string& key_file, const Secret& text);

}  // namespace muster
