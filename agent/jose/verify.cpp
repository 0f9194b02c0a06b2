#include "agent/jose/verify.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <optional>

#include "agent/jose/openssl.h"
#include "agent/json_text.h"
#include "schema/dn.h"

namespace muster {

using jose::Builder;
using jose::bytes;
using jose::DigestContext;
using jose::EcSignature;
using jose::kHalf;
using jose::kShortestRsa;
using jose::Number;
using jose::Parameters;
using jose::Pkey;
using jose::PkeyContext;
using nlohmann::json;

namespace {

constexpr int kDeepest = 64;  ///< nesting of JSON that is still read

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/// Base64url without padding (RFC 7515 section 2), of which each value has one form only.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6U | static_cast<std::uint32_t>(digit)) & 0xffffffU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xffU);
  }
  const bool is_canonical = count < 6 && (bits & ((1U << static_cast<unsigned>(count)) - 1U)) == 0;
  return is_canonical ? std::optional(out) : std::nullopt;
}

/// None: no object, or one that is nested too deeply to be handled safely.
std::optional<json> object_in(std::string_view text) {
  bool is_deep = false;
  const auto watch = [&](int depth, json::parse_event_t, json&) {
    is_deep |= depth > kDeepest;
    return depth <= kDeepest;
  };
  json value = json::parse(text, watch, false);
  if (is_deep || !value.is_object()) return std::nullopt;
  return value;
}

std::string member_bytes(const json& jwk, const char* name) { return decoded(text_in(jwk, name)).value_or(""); }

Pkey from_parameters(const char* kind, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) return nullptr;
  return Pkey(key);
}

Pkey rsa_key(const json& jwk) {
  const std::string n = member_bytes(jwk, "n"), e = member_bytes(jwk, "e");
  const Number modulus(BN_bin2bn(bytes(n), static_cast<int>(n.size()), nullptr));
  const Number exponent(BN_bin2bn(bytes(e), static_cast<int>(e.size()), nullptr));
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder || !modulus || !exponent || BN_num_bits(modulus.get()) < kShortestRsa || BN_num_bits(exponent.get()) > 64 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return nullptr;
  return from_parameters("RSA", builder.get());
}

Pkey ec_key(const json& jwk) {
  const std::string x = member_bytes(jwk, "x"), y = member_bytes(jwk, "y");
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder || text_in(jwk, "crv") != "P-256" || x.size() != kHalf || y.size() != kHalf) return nullptr;
  const std::string point = "\x04" + x + y;
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return nullptr;
  return from_parameters("EC", builder.get());
}

Pkey ed_key(const json& jwk) {
  const std::string x = member_bytes(jwk, "x");
  if (text_in(jwk, "crv") != "Ed25519") return nullptr;
  return Pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(x), x.size()));
}

}  // namespace

struct KeySet::Key {
  std::string kid, alg;
  Pkey key;
};

KeySet::KeySet() = default;
KeySet::KeySet(KeySet&&) noexcept = default;
KeySet& KeySet::operator=(KeySet&&) noexcept = default;
KeySet::~KeySet() = default;

Result<KeySet> KeySet::parse(std::string_view text) {
  const auto document = object_in(text);
  const auto list = document ? document->find("keys") : json::const_iterator();
  if (!document || list == document->end() || !list->is_array())
    return Error{Errc::untrusted, "this is no JWK Set", "it is an object with an array 'keys' (RFC 7517 section 5)"};
  KeySet set;
  for (const json& jwk : *list) {
    if (!jwk.is_object() || (jwk.contains("use") && text_in(jwk, "use") != "sig")) continue;
    const std::string kind = text_in(jwk, "kty");
    auto made = std::make_unique<Key>();
    made->kid = text_in(jwk, "kid");
    made->alg = kind == "RSA" ? "RS256" : kind == "EC" ? "ES256" : "EdDSA";
    made->key = kind == "RSA" ? rsa_key(jwk) : kind == "EC" ? ec_key(jwk) : kind == "OKP" ? ed_key(jwk) : nullptr;
    if (made->key && (!jwk.contains("alg") || text_in(jwk, "alg") == made->alg)) set.keys_.push_back(std::move(made));
  }
  if (set.keys_.empty())
    return Error{Errc::untrusted, "the JWK Set has no key that can be used",
                 "it needs public keys for ES256 (P-256), RS256 (2048 bits or more) or EdDSA (Ed25519)"};
  return set;
}

const KeySet::Key* KeySet::find(const std::string& kid) const {
  if (kid.empty()) return keys_.size() == 1 ? keys_.front().get() : nullptr;
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const auto& k) { return k->kid == kid; });
  return found == keys_.end() ? nullptr : found->get();
}

bool KeySet::has(std::string_view kid) const { return find(std::string(kid)) != nullptr; }

namespace {

/// A text of theirs in a sentence of ours.
std::string in_quotes(const std::string& text) {
  std::string shown = text.substr(0, 80);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~' || c == '\''; }, '?');
  return "'" + shown + "'";
}

SetFault invalid(std::string what) { return {"invalid_request", std::move(what)}; }

/// JWS has r and s as they are (RFC 7518 section 3.4), OpenSSL wants them in DER.
std::string der_of(const std::string& signature) {
  if (signature.size() != 2 * kHalf) return "";
  const EcSignature pair(ECDSA_SIG_new());
  Number r(BN_bin2bn(bytes(signature), kHalf, nullptr));
  Number s(BN_bin2bn(bytes(signature) + kHalf, kHalf, nullptr));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return "";
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  std::array<unsigned char, 80> der{};
  unsigned char* end = der.data();
  const int size = i2d_ECDSA_SIG(pair.get(), &end);
  return size > 0 ? std::string(reinterpret_cast<const char*>(der.data()), static_cast<std::size_t>(size)) : "";
}

bool is_signed(const KeySet::Key& key, std::string_view text, const std::string& signature) {
  const DigestContext context(EVP_MD_CTX_new());
  const EVP_MD* digest = key.alg == "EdDSA" ? nullptr : EVP_sha256();
  const std::string given = key.alg == "ES256" ? der_of(signature) : signature;
  if (!context || given.empty() || EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.key.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), bytes(given), given.size(), bytes(text), text.size()) == 1;
}

struct Parts {
  std::string_view header, payload, signature, signed_text;
};

std::optional<Parts> split(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

using Fault = std::optional<SetFault>;

Fault check_header(const json& header) {
  std::string typ = to_lower(text_in(header, "typ"));
  if (typ.starts_with("application/")) typ = typ.substr(12);
  if (typ != "secevent+jwt") return invalid("the token's typ is " + in_quotes(typ) + "; it must be secevent+jwt");
  if (header.contains("crit")) return invalid("the token's header has 'crit', and no extension is understood");
  const std::string alg = text_in(header, "alg");
  if (to_lower(alg) == "none") return SetFault{"authentication_failed", "the token is not signed (alg none)"};
  if (alg != "ES256" && alg != "RS256" && alg != "EdDSA")
    return SetFault{"authentication_failed",
                    "tokens signed by " + in_quotes(alg) + " are not believed; sign by ES256, RS256 or EdDSA"};
  return std::nullopt;
}

Fault check_signature(const Parts& parts, const json& header, const KeySet& keys) {
  const std::string kid = text_in(header, "kid");
  const KeySet::Key* key = keys.find(kid);
  if (!key)
    return SetFault{"invalid_key", kid.empty() ? "the token names no key (kid), and there are several"
                                               : "the key " + in_quotes(kid) + " is not among the issuer's keys"};
  if (key->alg != text_in(header, "alg"))
    return SetFault{"invalid_key",
                    "the key " + in_quotes(kid) + " is for " + key->alg + ", not for " + in_quotes(text_in(header, "alg"))};
  const auto signature = decoded(parts.signature);
  if (!signature) return invalid("the token's signature is not base64url");
  if (!is_signed(*key, parts.signed_text, *signature))
    return SetFault{"authentication_failed", "the token's signature is not that of the key " + in_quotes(kid)};
  return std::nullopt;
}

bool is_for(const json& claims, const std::string& audience) {
  const auto aud = claims.find("aud");
  if (aud == claims.end()) return false;
  if (aud->is_string()) return aud->get_ref<const std::string&>() == audience;
  return aud->is_array() && std::any_of(aud->begin(), aud->end(), [&](const json& a) { return a == json(audience); });
}

/// Whole seconds of a NumericDate (RFC 7519 section 2); none: it is none, or one that no clock has.
std::optional<std::int64_t> seconds_in(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double value = found->get<double>();
  if (!(value >= 0 && value < 1e12)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

Fault check_time(const json& claims, const SetTrust& trust, std::int64_t now) {
  const auto iat = seconds_in(claims, "iat");
  if (!iat) return invalid("the token does not say when it was issued (iat)");
  if (*iat > now + kMostSkew.count())
    return invalid("the token was issued " + std::to_string(*iat - now) + " s from now (iat); is a clock wrong?");
  if (*iat < now - trust.max_age.count())
    return invalid("the token is " + std::to_string(now - *iat) + " s old (iat), and none is taken after " +
                   std::to_string(trust.max_age.count()) + " s");
  if (!claims.contains("exp")) return std::nullopt;
  const auto exp = seconds_in(claims, "exp");
  if (!exp) return invalid("the token's exp is no time");
  if (*exp <= now) return invalid("the token expired " + std::to_string(now - *exp) + " s ago (exp)");
  return std::nullopt;
}

Fault check_claims(const json& claims, const std::string& jti, const SetTrust& trust, std::int64_t now) {
  if (text_in(claims, "iss") != trust.issuer)
    return SetFault{"invalid_issuer", in_quotes(text_in(claims, "iss")) + " is not the issuer that is trusted"};
  if (!is_for(claims, trust.audience)) return SetFault{"invalid_audience", "the token is not for " + in_quotes(trust.audience)};
  if (auto fault = check_time(claims, trust, now)) return fault;
  const std::string own = text_in(claims, "jti");
  const bool is_plain = std::all_of(own.begin(), own.end(), [](unsigned char c) { return c >= ' ' && c != 0x7f; });
  if (own.empty() || own.size() > kLongestJti || !is_plain)
    return invalid("the token has no jti, or one that is too long or has control characters");
  if (own != jti) return invalid("the token's jti is " + in_quotes(own) + ", but it was delivered as " + in_quotes(jti));
  const auto subject = claims.find("sub_id");
  if (subject == claims.end() || !subject->is_object() || text_in(*subject, "format").empty())
    return invalid("the token does not say whom it is about (sub_id)");
  const auto events = claims.find("events");
  if (events == claims.end() || !events->is_object() || events->size() != 1 || !events->begin()->is_object())
    return invalid("the token must have exactly one event, and its payload must be an object");
  return std::nullopt;
}

}  // namespace

std::string kid_of(std::string_view token) {
  if (token.size() > kLargestToken) return "";
  const auto text = decoded(token.substr(0, token.find('.')));
  const auto header = text ? object_in(*text) : std::nullopt;
  return header ? text_in(*header, "kid") : "";
}

CheckedSet verify_set(const std::string& jti, std::string_view token, const KeySet& keys, const SetTrust& trust,
                      std::chrono::system_clock::time_point now) {
  if (token.size() > kLargestToken)
    return invalid("the token has " + std::to_string(token.size()) + " bytes; at most " + std::to_string(kLargestToken) +
                   " are taken");
  const auto parts = split(token);
  if (!parts) return invalid("the token is no compact JWS of three parts");
  const auto header_text = decoded(parts->header), payload_text = decoded(parts->payload);
  const auto header = header_text ? object_in(*header_text) : std::nullopt;
  if (!header) return invalid("the token's header is no JSON object in base64url");
  if (auto fault = check_header(*header)) return *fault;
  if (auto fault = check_signature(*parts, *header, keys)) return *fault;
  const auto claims = payload_text ? object_in(*payload_text) : std::nullopt;
  if (!claims) return invalid("the token's claims are no JSON object in base64url");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (auto fault = check_claims(*claims, jti, trust, seconds)) return *fault;
  const json& events = claims->at("events");
  return VerifiedSet{
      trust.issuer,        jti, text_in(*claims, "txn"), *seconds_in(*claims, "iat"), events.begin().key(), events.begin().value(),
      claims->at("sub_id")};
}

}  // namespace muster
