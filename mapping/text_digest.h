// A fingerprint of texts that nobody can forge: an approval of changed rules holds for exactly these rules.
#pragma once

#include <string>
#include <string_view>

namespace muster {

/// SHA-256 (FIPS 180-4) in hex.
std::string text_digest(std::string_view text);

}  // namespace muster
