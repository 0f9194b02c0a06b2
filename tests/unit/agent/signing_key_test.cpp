// Keys that sign, and what others are shown of them.
#include "agent/jose/signing_key.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "agent/jose/verify.h"
#include "service/secret_store.h"
#include "tests/support/folder.h"
#include "tests/support/on_windows.h"

using namespace muster;
using namespace muster::test;
using nlohmann::json;

namespace {

const std::chrono::system_clock::time_point kNow{std::chrono::seconds(1'800'000'000)};

/// A file that nobody else can read.
std::string put(const Folder& folder, const std::string& name, const std::string& text) {
  REQUIRE(make_secret_file(folder.path(name), Secret(text)));
  return folder.path(name);
}

std::string claims() {
  return json{{"iss", "muster"},
              {"aud", "idp"},
              {"jti", "1"},
              {"iat", 1'800'000'000},
              {"sub_id", {{"format", "opaque"}, {"id", "x"}}},
              {"events", {{"urn:x", json::object()}}}}
      .dump();
}

bool is_believed(const std::string& token, const json& jwk) {
  const auto keys = KeySet::parse(json{{"keys", {jwk}}}.dump());
  REQUIRE(keys);
  return std::holds_alternative<VerifiedSet>(verify_set("1", token, *keys, {"muster", "idp"}, kNow));
}

}  // namespace

TEST_CASE("what a key of any kind signs is believed by its public key, and by no other") {
  const Folder folder;
  for (const std::string algorithm : {"ES256", "RS256", "EdDSA"}) {
    CAPTURE(algorithm);
    REQUIRE(make_signing_key(folder.path(algorithm + ".pem"), algorithm));
    REQUIRE(make_signing_key(folder.path(algorithm + "2.pem"), algorithm));
    const auto key = SigningKey::read(folder.path(algorithm + ".pem")), other = SigningKey::read(folder.path(algorithm + "2.pem"));
    REQUIRE(key);
    REQUIRE(other);
    CHECK(key->algorithm() == algorithm);
    const auto token = key->sign("secevent+jwt", claims());
    REQUIRE(token);
    CHECK(is_believed(*token, key->public_jwk()));
    json wrong = other->public_jwk();
    wrong["kid"] = key->kid();
    CHECK_FALSE(is_believed(*token, wrong));
    CHECK_FALSE(key->public_jwk().contains("d"));
    CHECK(key->kid().size() == 43);
    const auto untyped = key->sign("JWT", claims());
    REQUIRE(untyped);
    CHECK_FALSE(is_believed(*untyped, key->public_jwk()));
  }
}

TEST_CASE("RFC 8037 appendix A.3: the thumbprint of an Ed25519 key") {
  const Folder folder;
  // The private key of RFC 8037 appendix A.1, as PKCS 8.
  const std::string file = put(folder, "ed.pem",
                               "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                               "-----END PRIVATE KEY-----\n");
  const auto key = SigningKey::read(file);
  REQUIRE(key);
  CHECK(key->public_jwk()["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  CHECK(key->kid() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST_CASE("RFC 8037 appendix A.4: what is signed is base64url without padding") {
  CHECK(base64url("Example of Ed25519 signing") == "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
  CHECK(base64url("") == "");
  CHECK(base64url("\xff\xfe") == "__4");
}

TEST_CASE("a key that cannot sign, or that others can read, is refused with what to do") {
  const Folder folder;
  const auto says = [&](const std::string& path) {
    const auto key = SigningKey::read(path);
    return key ? "" : key.error().text();
  };
  CHECK(says(folder.path("none.pem")).find("there is no file") != std::string::npos);
  const std::string text = put(folder, "text.pem", "x");
  CHECK(says(text).find("holds no private key in PEM form") != std::string::npos);
  REQUIRE(make_signing_key(folder.path("open.pem"), "ES256"));
  if (!kOnWindows) {
    std::filesystem::permissions(folder.path("open.pem"), std::filesystem::perms::others_read, std::filesystem::perm_options::add);
    CHECK(says(folder.path("open.pem")).find("others than its owner can read") != std::string::npos);
  }
  CHECK_FALSE(make_signing_key(folder.path("open.pem"), "ES256"));
  CHECK_FALSE(make_signing_key(folder.path("new.pem"), "HS256"));
  CHECK_FALSE(std::filesystem::exists(folder.path("new.pem")));
}
