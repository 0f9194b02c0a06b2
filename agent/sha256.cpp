#include "agent/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>

namespace muster {

namespace {
std::string hex_of(const unsigned char* bytes, unsigned n) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string s;
  s.reserve(2 * n);
  for (unsigned i = 0; i < n; ++i) {
    s.push_back(kDigits[bytes[i] >> 4]);
    s.push_back(kDigits[bytes[i] & 15]);
  }
  return s;
}
}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned n = 0;
  EVP_Digest(bytes.data(), bytes.size(), out.data(), &n, EVP_sha256(), nullptr);
  return hex_of(out.data(), n);
}

struct FreeMd {
  void operator()(EVP_MD_CTX* c) const noexcept { EVP_MD_CTX_free(c); }
};
struct Sha256::Context {
  std::unique_ptr<EVP_MD_CTX, FreeMd> md{EVP_MD_CTX_new()};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { EVP_DigestInit_ex(context_->md.get(), EVP_sha256(), nullptr); }
Sha256::~Sha256() = default;

Sha256& Sha256::add(std::string_view piece) {
  std::array<unsigned char, 8> size{};
  for (std::size_t i = 0; i < 8; ++i) size[i] = static_cast<unsigned char>(piece.size() >> (8 * i));
  EVP_DigestUpdate(context_->md.get(), size.data(), size.size());
  EVP_DigestUpdate(context_->md.get(), piece.data(), piece.size());
  return *this;
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned n = 0;
  EVP_DigestFinal_ex(context_->md.get(), out.data(), &n);
  return hex_of(out.data(), n);
}

}  // namespace muster
