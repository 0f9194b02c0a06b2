#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "agent/hand_over.h"
#include "agent/jwe.h"
#include "tests/support/folder.h"

using namespace muster;
using namespace muster::test;

namespace {

using Bytes = std::vector<unsigned char>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key new_key(unsigned bits) { return Key(EVP_RSA_gen(bits), EVP_PKEY_free); }

void write_public(EVP_PKEY* key, const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "w"), std::fclose);
  REQUIRE(file);
  REQUIRE(PEM_write_PUBKEY(file.get(), key) == 1);
}

Bytes from_base64url(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  std::size_t padding = 0;
  for (; text.size() % 4; ++padding) text += '=';
  Bytes bytes(text.size() / 4 * 3);
  EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::vector<std::string> parts_of(const std::string& jwe) {
  std::vector<std::string> parts{""};
  for (const char c : jwe) {
    if (c == '.')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

/// RFC 7516 section 5.2, with nothing of the code that encrypts. Empty: the message is not authentic.
std::string decrypt(EVP_PKEY* key, const std::string& jwe) {
  const auto parts = parts_of(jwe);
  REQUIRE(parts.size() == 5);
  const Bytes wrapped = from_base64url(parts[1]), nonce = from_base64url(parts[2]), text = from_base64url(parts[3]);
  Bytes tag = from_base64url(parts[4]), content_key(512), out(text.size() + 1);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> rsa(EVP_PKEY_CTX_new(key, nullptr), EVP_PKEY_CTX_free);
  std::size_t size = content_key.size();
  REQUIRE(EVP_PKEY_decrypt_init(rsa.get()) > 0);
  REQUIRE(EVP_PKEY_CTX_set_rsa_padding(rsa.get(), RSA_PKCS1_OAEP_PADDING) > 0);
  REQUIRE(EVP_PKEY_CTX_set_rsa_oaep_md(rsa.get(), EVP_sha256()) > 0);
  if (EVP_PKEY_decrypt(rsa.get(), content_key.data(), &size, wrapped.data(), wrapped.size()) <= 0 || size != 32) return "";
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> aes(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0, rest = 0;
  EVP_DecryptInit_ex(aes.get(), EVP_aes_256_gcm(), nullptr, content_key.data(), nonce.data());
  EVP_DecryptUpdate(aes.get(), nullptr, &rest, reinterpret_cast<const unsigned char*>(parts[0].data()),
                    static_cast<int>(parts[0].size()));
  EVP_DecryptUpdate(aes.get(), out.data(), &length, text.data(), static_cast<int>(text.size()));
  EVP_CIPHER_CTX_ctrl(aes.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag.size()), tag.data());
  if (EVP_DecryptFinal_ex(aes.get(), out.data() + length, &rest) <= 0) return "";
  return std::string(out.begin(), out.begin() + length);
}

}  // namespace

TEST_CASE("password: of every kind, of the length asked for, never twice the same") {
  std::set<std::string> seen;
  for (const std::size_t length : {12U, 20U, 127U}) {
    for (int i = 0; i < 50; ++i) {
      const auto password = random_password(length);
      REQUIRE(password);
      const std::string& text = password->rep();
      CHECK(text.size() == length);
      CHECK(std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
      CHECK(std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; }));
      CHECK(std::any_of(text.begin(), text.end(), [](char c) { return c >= '2' && c <= '9'; }));
      CHECK(text.find_first_of("0O1lI\" '") == std::string::npos);
      CHECK(seen.insert(text).second);
    }
  }
}

TEST_CASE("password: encrypted to a key, only that key reads it") {
  const Folder folder;
  const Key key = new_key(2048), other = new_key(2048);
  write_public(key.get(), folder / "key.pem");
  const auto jwe = encrypt_to(folder / "key.pem", Secret("s3cret \xc3\xa4"));
  REQUIRE(jwe);
  CHECK(jwe->find("s3cret") == std::string::npos);
  const auto head = from_base64url(parts_of(*jwe)[0]);
  CHECK(std::string(head.begin(), head.end()) == R"({"alg":"RSA-OAEP-256","enc":"A256GCM"})");
  CHECK(decrypt(key.get(), *jwe) == "s3cret \xc3\xa4");
  CHECK(decrypt(other.get(), *jwe).empty());
  std::string changed = *jwe;
  changed[changed.size() / 2 + 200] = changed[changed.size() / 2 + 200] == 'A' ? 'B' : 'A';
  CHECK(decrypt(key.get(), changed) != "s3cret \xc3\xa4");
  CHECK(*encrypt_to(folder / "key.pem", Secret("x")) != *encrypt_to(folder / "key.pem", Secret("x")));
}

TEST_CASE("password: keys that are none, or too short, are refused") {
  const Folder folder;
  const Key weak = new_key(1024);
  write_public(weak.get(), folder / "weak.pem");
  for (const char* name : {"weak.pem", "nowhere.pem"}) {
    const auto jwe = encrypt_to(folder / name, Secret("x"));
    REQUIRE_FALSE(jwe);
    CHECK(jwe.error().code == Errc::config);
  }
}

TEST_CASE("password: upstream gets person, DN and password in one letter") {
  const Folder folder;
  const Key key = new_key(2048);
  write_public(key.get(), folder / "key.pem");
  PasswordRule rule;
  rule.encrypt_to = folder / "key.pem";
  Change account;
  account.person = PersonKey("1042");
  account.dn = *Dn::parse("cn=Ann,dc=x");
  const auto told = hand_over(Secret("abc"), account, rule);
  REQUIRE(told);
  CHECK(nlohmann::json::parse(decrypt(key.get(), *told)) ==
        nlohmann::json{{"person", "1042"}, {"dn", "cn=Ann,dc=x"}, {"password", "abc"}});
}
