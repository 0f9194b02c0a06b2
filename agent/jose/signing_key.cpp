#include "agent/jose/signing_key.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>

#include "agent/jose/openssl.h"
#include "service/secret_store.h"

namespace muster {

using jose::bytes;
using jose::Deleter;
using jose::DigestContext;
using jose::EcSignature;
using jose::kHalf;
using jose::kShortestRsa;
using jose::Number;
using jose::Pkey;
using nlohmann::json;

namespace {

using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
constexpr const char* kHow = "make one by: muster keys new FILE";

/// A number of the key, as many bytes long as it needs or `size`.
std::string number_of(EVP_PKEY* key, const char* name, std::size_t size = 0) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return "";
  const Number number(raw);
  std::string out(size ? size : static_cast<std::size_t>(BN_num_bytes(raw)), '\0');
  const int written = BN_bn2binpad(raw, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  return written < 0 ? "" : out;
}

bool is_p256(EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(), &size) == 1 &&
         std::string_view(name.data(), size) == "prime256v1";
}

/// kty and the parameters of the public key (RFC 7518 section 6, RFC 8037 section 2); empty: a kind that signs nothing here.
json parameters_of(EVP_PKEY* key, std::string& algorithm) {
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_EC && is_p256(key)) {
    algorithm = "ES256";
    return {{"kty", "EC"},
            {"crv", "P-256"},
            {"x", base64url(number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, kHalf))},
            {"y", base64url(number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, kHalf))}};
  }
  if (kind == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= kShortestRsa) {
    algorithm = "RS256";
    return {{"kty", "RSA"},
            {"n", base64url(number_of(key, OSSL_PKEY_PARAM_RSA_N))},
            {"e", base64url(number_of(key, OSSL_PKEY_PARAM_RSA_E))}};
  }
  if (kind != EVP_PKEY_ED25519) return {};
  std::string x(32, '\0');
  std::size_t size = x.size();
  if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(x.data()), &size) != 1) return {};
  algorithm = "EdDSA";
  return {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", base64url(x)}};
}

/// RFC 7638 section 3: the members that are required, in lexicographic order, without blanks.
std::string thumbprint_of(const json& parameters) {
  const std::string text = parameters.dump();
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_sha256(), nullptr) != 1)
    return "";
  digest.resize(size);
  return base64url(digest);
}

/// From OpenSSL's DER to r and s side by side (RFC 7518 section 3.4); empty: it is none.
std::string raw_of(const std::string& der) {
  const unsigned char* at = bytes(der);
  const EcSignature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) return "";
  std::string raw(2 * kHalf, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  const bool done = BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, kHalf) > 0 &&
                    BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + kHalf, kHalf) > 0;
  return done ? raw : "";
}

std::string signature_of(EVP_PKEY* key, const std::string& algorithm, std::string_view text) {
  const DigestContext context(EVP_MD_CTX_new());
  const EVP_MD* digest = algorithm == "EdDSA" ? nullptr : EVP_sha256();
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes(text), text.size()) != 1)
    return "";
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes(text), text.size()) != 1) return "";
  out.resize(size);
  return algorithm == "ES256" ? raw_of(out) : out;
}

Pkey make(const std::string& algorithm) {
  if (algorithm == "ES256") return Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (algorithm == "RS256") return Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{3072}));
  return Pkey(algorithm == "EdDSA" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519") : nullptr);
}

}  // namespace

std::string base64url(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes(text), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(length));
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

struct SigningKey::Handle {
  Pkey key;
};

SigningKey::SigningKey() = default;
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::read(const std::string& path) {
  auto pem = read_secret_file(path);
  if (!pem) return std::move(pem).error().within("the signing key");
  const std::string& text = pem->rep();
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  // Without a callback OpenSSL would ask a terminal for a password.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  SigningKey made;
  made.key_ =
      std::make_unique<Handle>(Handle{Pkey(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr)});
  if (!made.key_->key) return Error{Errc::config, path + " holds no private key in PEM form, or one with a password", kHow};
  made.parameters_ = parameters_of(made.key_->key.get(), made.algorithm_);
  if (made.algorithm_.empty())
    return Error{Errc::config, path + " is no key that tokens are signed with",
                 "use P-256 (ES256), RSA of 2048 bits or more (RS256), or Ed25519 (EdDSA)"};
  made.kid_ = thumbprint_of(made.parameters_);
  return made;
}

json SigningKey::public_jwk() const {
  json jwk = parameters_;
  jwk.update({{"kid", kid_}, {"alg", algorithm_}, {"use", "sig"}});
  return jwk;
}

Result<std::string> SigningKey::sign(std::string_view typ, std::string_view payload) const {
  const std::string header = json{{"alg", algorithm_}, {"kid", kid_}, {"typ", typ}}.dump();
  std::string token = base64url(header) + "." + base64url(payload);
  const std::string signature = signature_of(key_->key.get(), algorithm_, token);
  if (signature.empty()) return Error{Errc::io, "a token could not be signed with the key " + kid_, ""};
  return token + "." + base64url(signature);
}

Status make_signing_key(const std::string& path, const std::string& algorithm) {
  const Pkey key = make(algorithm);
  if (!key)
    return Error{Errc::config, "'" + algorithm + "' is no algorithm that tokens are signed by", "use ES256, RS256 or EdDSA"};
  const Bio bio(BIO_new(BIO_s_mem()));
  const char* text = nullptr;
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return Error{Errc::io, "the key cannot be written as PEM", ""};
  const long size = BIO_get_mem_data(bio.get(), &text);
  return make_secret_file(path, Secret(std::string(text, static_cast<std::size_t>(size))));
}

}  // namespace muster
