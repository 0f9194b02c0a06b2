#include "agent/hand_over.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/jwe.h"
#include "service/command.h"

namespace muster {

namespace {

constexpr std::string_view kCapitals = "ABCDEFGHJKLMNPQRSTUVWXYZ", kSmall = "abcdefghijkmnopqrstuvwxyz", kDigits = "23456789",
                           kSigns = ".-_!+*";

Error no_random_numbers() { return {Errc::io, "the system has no random numbers for a password", ""}; }

/// Evenly distributed below `limit`: numbers that would make the first ones likelier are thrown away.
Result<std::size_t> random_below(std::size_t limit) {
  const unsigned whole = 256U - 256U % static_cast<unsigned>(limit);
  for (unsigned char byte = 0;;) {
    if (RAND_priv_bytes(&byte, 1) != 1) return no_random_numbers();
    if (byte < whole) return byte % limit;
  }
}

Status append_one(std::string& text, std::string_view of) {
  const auto at = random_below(of.size());
  if (!at) return at.error();
  text += of[*at];
  return ok();
}

}  // namespace

Result<Secret> random_password(std::size_t length) {
  const std::string all = std::string(kCapitals) + std::string(kSmall) + std::string(kDigits) + std::string(kSigns);
  std::string text;
  for (const std::string_view kind : {kCapitals, kSmall, kDigits, kSigns}) MUSTER_TRY(append_one(text, kind));
  while (text.size() < length) MUSTER_TRY(append_one(text, all));
  for (std::size_t i = text.size() - 1; i > 0; --i) {
    const auto with = random_below(i + 1);
    if (!with) return with.error();
    std::swap(text[i], text[*with]);
  }
  return Secret(std::move(text));
}

Result<std::string> salted_hash(const Secret& password) {
  std::vector<unsigned char> salt(8);
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) return no_random_numbers();
  std::vector<unsigned char> text(password.rep().begin(), password.rep().end());
  text.insert(text.end(), salt.begin(), salt.end());
  std::vector<unsigned char> digest(SHA_DIGEST_LENGTH);
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    return Error{Errc::io, "OpenSSL could not hash a password", ""};
  digest.insert(digest.end(), salt.begin(), salt.end());
  std::vector<unsigned char> encoded(4 * ((digest.size() + 2) / 3) + 1);
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
  return "{SSHA}" + std::string(encoded.begin(), encoded.begin() + length);
}

Result<std::string> hand_over(const Secret& password, const Change& account, const PasswordRule& rule) {
  const std::string person = account.person.rep(), dn = account.dn.str();
  if (rule.command.empty()) {
    const nlohmann::json letter = {{"person", person}, {"dn", dn}, {"password", password.rep()}};
    return encrypt_to(rule.encrypt_to, Secret(letter.dump()));
  }
  MUSTER_TRY(run_command({rule.command, {{"MUSTER_PERSON", person}, {"MUSTER_DN", dn}}, password, rule.timeout}));
  return std::string();
}

}  // namespace muster
