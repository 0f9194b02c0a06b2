// What may leave the company in a support bundle.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace muster {

/// Replaces whatever may be a person's, a secret or the company's by a word such as dn-3fa94c21de, the same wherever the same thing
/// stands: an HMAC-SHA256 (RFC 2104) of it in lower case, by a random key that nobody keeps. So one sees that two lines are about
/// the same person, and not about whom.
///
/// It keeps only what is known to be harmless: words of muster's own texts, in lower case or of capitals only (a name begins with a
/// capital letter), names of attributes, short numbers, times, punctuation. What is between quotes is replaced whatever it is. So a
/// text of an unknown kind loses sense, and nobody his name.
class Redaction {
 public:
  /// True for a word that names somebody or something here, however it looks: a person's key, a group, a role.
  using IsKnown = std::function<bool(const std::string& word)>;
  explicit Redaction(IsKnown is_known);

  /// One thing, whole. Empty stays empty.
  std::string value(std::string_view kind, std::string_view value) const;
  /// A sentence.
  std::string text(std::string_view sentence) const;
  /// An XPath expression or an LDAP filter: its shape stays.
  std::string expression(std::string_view source) const;
  /// Keys and sentences as text(), numbers and times as they are, every other string by value().
  nlohmann::json document(const nlohmann::json& value) const;
  /// An attribute of a configuration file.
  std::string setting(std::string_view element, std::string_view attribute, std::string_view value) const;

 private:
  bool is_plain_word(const std::string& word) const;
  bool is_plain(std::string_view chunk) const;
  std::string chunk(std::string_view chunk) const;
  nlohmann::json member(const std::string& key, const nlohmann::json& value) const;

  IsKnown is_known_;
  std::array<std::uint8_t, 32> key_{};
};

}  // namespace muster
