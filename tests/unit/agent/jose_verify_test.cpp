// Whose tokens are believed: each fault with its error, and nothing that was tampered with.
#include <doctest/doctest.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>
#include <functional>
#include <random>

#include "agent/jose/verify.h"

using namespace muster;
using nlohmann::json;

namespace {

const std::chrono::system_clock::time_point kNow{std::chrono::seconds(1'800'000'000)};
const SetTrust kTrust{"https://hr.example", "https://muster.example", std::chrono::hours(1)};

std::string url64(const std::string& bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6;) out += kDigits[bits >> (count -= 6) & 63U];
  }
  if (count) out += kDigits[bits << (6 - count) & 63U];
  return out;
}

/// A key of the test's own.
struct Signer {
  std::string alg, kid;
  EVP_PKEY* key;
  Signer(std::string a, std::string k)
      : alg(std::move(a)),
        kid(std::move(k)),
        key(alg == "ES256"   ? EVP_EC_gen("P-256")
            : alg == "RS256" ? EVP_RSA_gen(2048U)
                             : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")) {}
  ~Signer() { EVP_PKEY_free(key); }
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  std::string number(const char* name, std::size_t width) const {
    BIGNUM* n = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key, name, &n) == 1);
    std::string bytes(width ? width : static_cast<std::size_t>(BN_num_bytes(n)), '\0');
    BN_bn2binpad(n, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    BN_free(n);
    return url64(bytes);
  }
  json jwk() const {
    json j = {{"kid", kid}};
    if (alg == "RS256") {
      j.update({{"kty", "RSA"}, {"n", number(OSSL_PKEY_PARAM_RSA_N, 0)}, {"e", number(OSSL_PKEY_PARAM_RSA_E, 0)}});
    } else if (alg == "ES256") {
      j.update({{"kty", "EC"},
                {"crv", "P-256"},
                {"x", number(OSSL_PKEY_PARAM_EC_PUB_X, 32)},
                {"y", number(OSSL_PKEY_PARAM_EC_PUB_Y, 32)}});
    } else {
      std::string raw(32, '\0');
      std::size_t size = raw.size();
      REQUIRE(EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size) == 1);
      j.update({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", url64(raw)}});
    }
    return j;
  }
  std::string sign(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    REQUIRE(EVP_DigestSignInit(context, nullptr, alg == "EdDSA" ? nullptr : EVP_sha256(), nullptr, key) == 1);
    REQUIRE(EVP_DigestSign(context, nullptr, &size, bytes, text.size()) == 1);
    std::string signature(size, '\0');
    REQUIRE(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) == 1);
    EVP_MD_CTX_free(context);
    signature.resize(size);
    if (alg != "ES256") return signature;
    const auto* at = reinterpret_cast<const unsigned char*>(signature.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size));
    std::string raw(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), reinterpret_cast<unsigned char*>(raw.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    ECDSA_SIG_free(pair);
    return raw;
  }
  std::string token(const json& header, const json& claims) const {
    const std::string text = url64(header.dump()) + "." + url64(claims.dump());
    return text + "." + url64(sign(text));
  }
  json header() const { return {{"typ", "secevent+jwt"}, {"alg", alg}, {"kid", kid}}; }
};

json claims() {
  return {{"iss", kTrust.issuer},
          {"aud", kTrust.audience},
          {"jti", "j1"},
          {"iat", 1'800'000'000 - 10},
          {"txn", "t1"},
          {"sub_id", {{"format", "scim"}, {"externalId", "100"}}},
          {"events", {{"urn:ietf:params:scim:event:prov:delete", json::object()}}}};
}

struct Signers {
  Signer es{"ES256", "es"}, rs{"RS256", "rs"}, ed{"EdDSA", "ed"}, stranger{"ES256", "es"};
  KeySet keys = std::move(*KeySet::parse(json{{"keys", {es.jwk(), rs.jwk(), ed.jwk(), {{"kty", "oct"}, {"k", "AAAA"}}}}}.dump()));
};

/// The err; empty: it is believed.
std::string err_of(const CheckedSet& set) {
  const auto* fault = std::get_if<SetFault>(&set);
  if (fault) CHECK(!fault->description.empty());
  return fault ? fault->err : "";
}

}  // namespace

TEST_CASE("A token that was signed by a key of the issuer is believed") {
  const Signers s;
  for (const Signer* signer : {&s.es, &s.rs, &s.ed}) {
    const auto set = verify_set("j1", signer->token(signer->header(), claims()), s.keys, kTrust, kNow);
    REQUIRE_MESSAGE(err_of(set) == "", signer->alg);
    const auto& good = std::get<VerifiedSet>(set);
    CHECK(good.txn == "t1");
    CHECK(good.event == "urn:ietf:params:scim:event:prov:delete");
    CHECK(good.subject["externalId"] == "100");
    CHECK(kid_of(signer->token(signer->header(), claims())) == signer->kid);
  }
  json several = claims();
  several["aud"] = {"https://else.example", kTrust.audience};
  CHECK(err_of(verify_set("j1", s.es.token(s.es.header(), several), s.keys, kTrust, kNow)) == "");
}

TEST_CASE("The key of RFC 8037's example is read, and needs no name where it is alone") {
  const auto keys = KeySet::parse(R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  REQUIRE(keys);
  CHECK(keys->find("") != nullptr);
}

TEST_CASE("Every fault of a token has its error") {
  const Signers s;
  struct Case {
    const char* what;
    std::function<void(json& header, json& claims)> change;
    const char* err;
    const char* says;
  };
  const std::array<Case, 28> cases{{
      {"no type", [](json& h, json&) { h.erase("typ"); }, "invalid_request", "typ"},
      {"another type", [](json& h, json&) { h["typ"] = "JWT"; }, "invalid_request", "typ"},
      {"critical", [](json& h, json&) { h["crit"] = {"b64"}; }, "invalid_request", "crit"},
      {"none", [](json& h, json&) { h["alg"] = "none"; }, "authentication_failed", "not signed"},
      {"None", [](json& h, json&) { h["alg"] = "NoNe"; }, "authentication_failed", "not signed"},
      {"symmetric", [](json& h, json&) { h["alg"] = "HS256"; }, "authentication_failed", "HS256"},
      {"unknown key", [](json& h, json&) { h["kid"] = "other"; }, "invalid_key", "'other'"},
      {"no key", [](json& h, json&) { h.erase("kid"); }, "invalid_key", "kid"},
      {"the key's alg", [](json& h, json&) { h["kid"] = "rs"; }, "invalid_key", "RS256"},
      {"issuer", [](json&, json& c) { c["iss"] = "https://evil.example"; }, "invalid_issuer", "evil"},
      {"no issuer", [](json&, json& c) { c.erase("iss"); }, "invalid_issuer", "issuer"},
      {"audience", [](json&, json& c) { c["aud"] = "https://else.example"; }, "invalid_audience", "muster.example"},
      {"no audience", [](json&, json& c) { c.erase("aud"); }, "invalid_audience", "not for"},
      {"no time", [](json&, json& c) { c.erase("iat"); }, "invalid_request", "iat"},
      {"time as text", [](json&, json& c) { c["iat"] = "now"; }, "invalid_request", "iat"},
      {"too old", [](json&, json& c) { c["iat"] = 1'800'000'000 - 3601; }, "invalid_request", "3601 s old"},
      {"from the future", [](json&, json& c) { c["iat"] = 1'800'000'000 + 301; }, "invalid_request", "301 s from now"},
      {"expired", [](json&, json& c) { c["exp"] = 1'800'000'000 - 1; }, "invalid_request", "expired"},
      {"exp as text", [](json&, json& c) { c["exp"] = "never"; }, "invalid_request", "exp"},
      {"another jti", [](json&, json& c) { c["jti"] = "j2"; }, "invalid_request", "'j2'"},
      {"no jti", [](json&, json& c) { c.erase("jti"); }, "invalid_request", "jti"},
      {"a long jti", [](json&, json& c) { c["jti"] = std::string(256, 'j'); }, "invalid_request", "too long"},
      {"a jti of two lines", [](json&, json& c) { c["jti"] = "j\n1"; }, "invalid_request", "control"},
      {"about nobody", [](json&, json& c) { c.erase("sub_id"); }, "invalid_request", "sub_id"},
      {"no format", [](json&, json& c) { c["sub_id"].erase("format"); }, "invalid_request", "sub_id"},
      {"no event", [](json&, json& c) { c["events"] = json::object(); }, "invalid_request", "exactly one event"},
      {"two events", [](json&, json& c) { c["events"]["urn:x:y"] = json::object(); }, "invalid_request", "exactly one event"},
      {"payload",
       [](json&, json& c) {
         c["events"] = {{"urn:x:y", 1}};
       },
       "invalid_request", "payload"},
  }};
  for (const Case& c : cases) {
    json header = s.es.header(), body = claims();
    c.change(header, body);
    const auto set = verify_set("j1", s.es.token(header, body), s.keys, kTrust, kNow);
    REQUIRE_MESSAGE(err_of(set) == c.err, c.what);
    const std::string& said = std::get<SetFault>(set).description;
    CHECK_MESSAGE(said.find(c.says) != std::string::npos, said);
  }
}

TEST_CASE("Texts that are no token, and signatures of others") {
  const Signers s;
  const std::string good = s.es.token(s.es.header(), claims());
  const auto err = [&](const std::string& token) { return err_of(verify_set("j1", token, s.keys, kTrust, kNow)); };
  CHECK(err("") == "invalid_request");
  CHECK(err("..") == "invalid_request");
  CHECK(err(good + ".x") == "invalid_request");
  CHECK(err(good + "=") == "invalid_request");
  CHECK(err(std::string(kLargestToken + 1, 'A')) == "invalid_request");
  CHECK(err(url64(std::string(5000, '[')) + ".e30.AA") == "invalid_request");
  CHECK(err(s.stranger.token(s.es.header(), claims())) == "authentication_failed");
  CHECK(err(good.substr(0, good.rfind('.') + 1)) == "authentication_failed");
  json large = claims();
  large["more"] = std::string(kLargestToken, 'x');
  const auto set = verify_set("j1", s.es.token(s.es.header(), large), s.keys, kTrust, kNow);
  REQUIRE(err_of(set) == "invalid_request");
  CHECK(std::get<SetFault>(set).description.find("at most") != std::string::npos);
}

TEST_CASE("A JWK Set that nobody can use is refused") {
  for (const char* text :
       {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":[1,{"kty":"oct","k":"AA"}]})",
        R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]})", R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})"})
    CHECK_MESSAGE(!KeySet::parse(text), text);
}

TEST_CASE("Whatever is changed in a token, it is not believed any more, and nothing breaks") {
  const Signers s;
  std::mt19937 random(8417);
  for (const Signer* signer : {&s.es, &s.ed}) {
    const std::string good = signer->token(signer->header(), claims());
    for (int round = 0; round < 3000; ++round) {
      std::string bad = good;
      for (auto times = 1 + random() % 3; times > 0; --times) {
        const auto at = random() % bad.size();
        switch (random() % 4) {
          case 0: bad[at] = static_cast<char>(random()); break;
          case 1: bad.erase(at, 1 + random() % 5); break;
          case 2: bad.insert(at, 1, "AZaz09-_."[random() % 9]); break;
          default: bad[at] = "AZaz09-_"[random() % 8]; break;
        }
        if (bad.empty()) bad = ".";
      }
      if (bad == good) continue;
      CHECK_MESSAGE(err_of(verify_set("j1", bad, s.keys, kTrust, kNow)) != "", bad);
    }
  }
}
