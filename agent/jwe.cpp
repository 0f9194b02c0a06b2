#include "agent/jwe.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <vector>

namespace muster {

namespace {

using Bytes = std::vector<unsigned char>;

struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeKeyContext {
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

constexpr int kLeastBits = 2048;
constexpr std::size_t kKeySize = 32, kNonceSize = 12, kTagSize = 16;  // RFC 7518 section 5.3

std::string base64url(const unsigned char* bytes, std::size_t size) {
  Bytes text(4 * ((size + 2) / 3) + 1);
  const int length = EVP_EncodeBlock(text.data(), bytes, static_cast<int>(size));
  std::string out(text.begin(), text.begin() + length);
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}
std::string base64url(const Bytes& bytes) { return base64url(bytes.data(), bytes.size()); }

Key read_key(const std::string& file) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_file(file.c_str(), "r"));
  if (!bio) return nullptr;
  Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (key) return key;
  (void)BIO_reset(bio.get());
  const std::unique_ptr<X509, FreeCertificate> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  return Key(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
}

/// RFC 7518 section 4.3.
bool wrap(EVP_PKEY* key, const Bytes& content_key, Bytes& wrapped) {
  const std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext> context(EVP_PKEY_CTX_new(key, nullptr));
  std::size_t size = 0;
  const bool ready = context && EVP_PKEY_encrypt_init(context.get()) > 0 &&
                     EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) > 0 &&
                     EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) > 0 &&
                     EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256()) > 0 &&
                     EVP_PKEY_encrypt(context.get(), nullptr, &size, content_key.data(), content_key.size()) > 0;
  if (!ready) return false;
  wrapped.resize(size);
  const bool done = EVP_PKEY_encrypt(context.get(), wrapped.data(), &size, content_key.data(), content_key.size()) > 0;
  wrapped.resize(size);
  return done;
}

struct Sealed {
  Bytes nonce, text, tag;
};

bool seal(const Bytes& content_key, const std::string& header, const std::string& text, Sealed& out) {
  const std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context(EVP_CIPHER_CTX_new());
  out = {Bytes(kNonceSize), Bytes(text.size() + 1), Bytes(kTagSize)};
  int length = 0, rest = 0;
  const auto bytes = [](const std::string& s) { return reinterpret_cast<const unsigned char*>(s.data()); };
  const bool done = context && RAND_bytes(out.nonce.data(), static_cast<int>(out.nonce.size())) == 1 &&
                    EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, content_key.data(), out.nonce.data()) > 0 &&
                    EVP_EncryptUpdate(context.get(), nullptr, &rest, bytes(header), static_cast<int>(header.size())) > 0 &&
                    EVP_EncryptUpdate(context.get(), out.text.data(), &length, bytes(text), static_cast<int>(text.size())) > 0 &&
                    EVP_EncryptFinal_ex(context.get(), out.text.data() + length, &rest) > 0 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(out.tag.size()), out.tag.data()) > 0;
  out.text.resize(text.size());
  return done;
}

}  // namespace

Result<std::string> encrypt_to(const std::string& key_file, const Secret& text) {
  const Key key = read_key(key_file);
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key.get()) < kLeastBits) {
    return Error{Errc::config, key_file + " holds no public RSA key of at least 2048 bits in PEM",
                 "make one with openssl pkey -in private.pem -pubout"};
  }
  const std::string head = R"({"alg":"RSA-OAEP-256","enc":"A256GCM"})";
  const std::string header = base64url(reinterpret_cast<const unsigned char*>(head.data()), head.size());
  Bytes content_key(kKeySize), wrapped;
  Sealed sealed;
  const bool done = RAND_priv_bytes(content_key.data(), static_cast<int>(content_key.size())) == 1 &&
                    wrap(key.get(), content_key, wrapped) && seal(content_key, header, text.rep(), sealed);
  OPENSSL_cleanse(content_key.data(), content_key.size());
  if (!done) return Error{Errc::io, "OpenSSL could not encrypt to the key in " + key_file, ""};
  return header + "." + base64url(wrapped) + "." + base64url(sealed.nonce) + "." + base64url(sealed.text) + "." +
         base64url(sealed.tag);
}

}  // namespace muster
