#include "agent/support/redaction.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <regex>
#include <set>
#include <stdexcept>

#include "agent/support/words.h"
#include "schema/ascii.h"
#include "schema/dn.h"

namespace muster {

using nlohmann::json;

namespace {

/// What libraries say, and products.
constexpr const char* kOthersWords[] = {
    "Can't contact LDAP server Invalid credentials Insufficient access No such object Operations error Server is unwilling to "
    "perform",
    "Server is busy Timed out Connect error Local error Decoding Size limit exceeded Constraint violation Object class violation",
    "certificate verify failed self-signed certificate has expired hostname mismatch SSL certificate problem unable to get issuer",
    "Couldn't connect to server Could not resolve host Connection refused Connection reset by peer Operation timed out timeout was "
    "reached",
    "Permission denied No such file or directory Is a directory No space left on device Input output error database disk image is "
    "malformed",
    "Not Found Unauthorized Forbidden Bad Gateway Service Unavailable Too Many Requests Internal Server Error",
    "p99 OpenLDAP Samba Active Directory Microsoft Windows Linux OpenSSL GnuTLS libcurl SQLite systemd Wine Kerberos XPath Debian "
    "Project",
};

const std::set<std::string, std::less<>>& vocabulary() {
  static const auto words = [] {
    std::set<std::string, std::less<>> all(std::begin(kOwnWords), std::end(kOwnWords));
    for (const std::string line : kOthersWords) {
      for (std::size_t from = 0, to = 0; from < line.size(); from = to + 1) {
        to = std::min(line.find(' ', from), line.size());
        all.insert(line.substr(from, to - from));
      }
    }
    return all;
  }();
  return words;
}

bool is_word_part(char c) { return is_alpha(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool matches(std::string_view text, const std::regex& pattern) { return std::regex_match(text.begin(), text.end(), pattern); }

bool is_time(std::string_view text) {
  static const std::regex pattern(R"(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.]\d+)?)?(Z|[+-]\d\d:?\d\d)?)");
  return matches(text, pattern);
}

/// Long ones could be somebody's number.
bool is_short_number(std::string_view text) {
  static const std::regex pattern(R"((0|[1-9]\d{0,2})([.]\d{1,6})?(ms|s|m|h|d|%|x)?)");
  return matches(text, pattern);
}

/// Where the quoted text that begins at `at` ends; npos: it is no quotation, but an apostrophe.
std::size_t closing_quote(std::string_view text, std::size_t at) {
  if (at > 0 && is_word_part(text[at - 1])) return std::string_view::npos;
  for (std::size_t end = text.find(text[at], at + 1); end != std::string_view::npos; end = text.find(text[at], end + 1)) {
    if (end + 1 == text.size() || !is_word_part(text[end + 1])) return end;
  }
  return std::string_view::npos;
}

/// The length of "name=" that begins here; 0: there is none.
std::size_t attribute_length(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && (is_word_part(text[n]) || text[n] == '-' || text[n] == '.')) ++n;
  return n > 0 && n + 1 < text.size() && text[n] == '=' && text[n + 1] != '"' && text[n + 1] != '\'' && is_alpha(text[0]) ? n + 1
                                                                                                                          : 0;
}

/// The length of the DN that begins here; 0: there is none. Values may have blanks, but the last one.
std::size_t dn_length(std::string_view text) {
  std::size_t at = attribute_length(text);
  if (at == 0) return 0;
  for (;;) {
    const std::size_t comma = text.find(',', at);
    if (comma == std::string_view::npos) break;
    const std::size_t next = text.find_first_not_of(' ', comma + 1);
    const std::size_t length = next == std::string_view::npos ? 0 : attribute_length(text.substr(next));
    if (length == 0) break;
    at = next + length;
  }
  while (at < text.size() && !is_space(text[at]) && std::string_view(";:)]'\"").find(text[at]) == std::string_view::npos) ++at;
  return at;
}

const char* kind_of(std::string_view chunk) {
  if (chunk.find("://") != std::string_view::npos) return "url";
  if (chunk.find('@') != std::string_view::npos) return "mail";
  if (chunk.find('=') != std::string_view::npos) return "dn";
  if (chunk.find_first_of("/\\") != std::string_view::npos) return "path";
  if (chunk.find_first_not_of("0123456789") == std::string_view::npos) return "number";
  return "word";
}

/// Keys of documents whose strings are words or sentences. Everything else is somebody's value.
bool is_said_by_muster(const std::string& key) {
  static const std::set<std::string, std::less<>> kKeys{
      "attribute", "cause",        "rule",     "where",       "action",   "check",  "code",  "decision", "details",
      "error",     "feed error",   "hint",     "kind",        "last run", "method", "note",  "on",       "problem",
      "reason",    "result",       "sentence", "server",      "service",  "source", "stage", "state",    "status",
      "text",      "verification", "version",  "watch error", "what",     "why"};
  return kKeys.contains(key);
}

/// Attributes of elements that have a few values, durations, or names of the product's own.
bool is_choice(std::string_view element, std::string_view attribute) {
  static const std::set<std::string, std::less<>> kChoices{
      "at",       "delete-after", "delimiter", "disable",      "effective",  "enable", "encoding",     "every",       "family",
      "format",   "key",          "max-age",   "max-duration", "membership", "method", "missing",      "mode",        "on-delete",
      "on-drift", "owner",        "required",  "start-tls",    "strip",      "type",   "verify-every", "warn-before", "when-empty"};
  static const std::set<std::string, std::less<>> kNamed{"attribute", "field", "match"};
  if (attribute == "name" || attribute == "attribute") return kNamed.contains(element) || element == "probe";
  return kChoices.contains(attribute) || attribute.ends_with("-silent") || attribute.ends_with("-stuck") ||
         attribute.ends_with("-waiting");
}

bool is_amount(std::string_view attribute, std::string_view value) {
  static const std::set<std::string, std::less<>> kAmounts{"connect-timeout", "days-before", "page-size", "port",
                                                           "timeout",         "window"};
  const bool is_known = attribute.starts_with("max-") || attribute.starts_with("min-") || kAmounts.contains(attribute);
  return is_known && value.find_first_not_of("0123456789.%smhdwKMG") == std::string_view::npos;
}

bool is_expression(std::string_view attribute) {
  return attribute == "when" || attribute == "value" || attribute == "rdn" || attribute == "expires" || attribute == "filter" ||
         attribute == "upstream" || attribute == "path" || attribute == "user-name";
}

}  // namespace

Redaction::Redaction(IsKnown is_known) : is_known_(std::move(is_known)) {
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) throw std::runtime_error("the system gives no random numbers");
}

std::string Redaction::value(std::string_view kind, std::string_view value) const {
  if (value.empty()) return "";
  const std::string lower = to_lower(value);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> sum{};
  unsigned length = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(lower.data()), lower.size(),
       sum.data(), &length);
  constexpr const char* kDigits = "0123456789abcdef";
  std::string word = std::string(kind) + "-";
  for (std::size_t i = 0; i < 5; ++i) word.append({kDigits[sum[i] >> 4], kDigits[sum[i] & 15]});
  return word;
}

bool Redaction::is_plain_word(const std::string& word) const { return vocabulary().contains(word) && !is_known_(word); }

/// Words of the vocabulary, with hyphens between them.
bool Redaction::is_plain(std::string_view chunk) const {
  if (chunk.ends_with("'s")) chunk.remove_suffix(2);
  if (is_time(chunk)) return true;
  if (is_known_(std::string(chunk))) return false;
  if (is_short_number(chunk)) return true;
  for (std::size_t from = 0; from <= chunk.size();) {
    const std::size_t to = std::min(chunk.find('-', from), chunk.size());
    const std::string part(chunk.substr(from, to - from));
    if (!is_plain_word(part) && !is_short_number(part)) return false;
    from = to + 1;
  }
  return true;
}

/// What stands between blanks and quotes.
std::string Redaction::chunk(std::string_view chunk) const {
  constexpr std::string_view kOpening = "([{<`-+$=", kClosing = ")]}>`.,;:!?%=";
  const std::size_t from = std::min(chunk.find_first_not_of(kOpening), chunk.size());
  const std::size_t last = chunk.find_last_not_of(kClosing);
  const std::size_t to = last == std::string_view::npos || last < from ? from : last + 1;
  std::string_view core = chunk.substr(from, to - from);
  static const std::regex place(R"((.*[./\\].*?)((:\d{1,6}){1,2}))");
  std::string shown;
  std::match_results<std::string_view::const_iterator> parts;
  if (core.empty() || is_plain(core))
    shown = core;
  else if (std::regex_match(core.begin(), core.end(), parts, place))
    shown = value(kind_of(parts[1].str()), parts[1].str()) + parts[2].str();
  else
    shown = value(kind_of(core), core);
  return std::string(chunk.substr(0, from)) + shown + std::string(chunk.substr(to));
}

std::string Redaction::text(std::string_view sentence) const {
  std::string out;
  for (std::size_t at = 0; at < sentence.size();) {
    const char c = sentence[at];
    const bool begins = at == 0 || !is_word_part(sentence[at - 1]);
    if (is_space(c)) {
      out += c;
      ++at;
    } else if (const std::size_t end = c == '\'' || c == '"' ? closing_quote(sentence, at) : std::string_view::npos;
               end != std::string_view::npos) {
      out += c + value("text", sentence.substr(at + 1, end - at - 1)) + c;
      at = end + 1;
    } else if (const std::size_t dn = begins ? dn_length(sentence.substr(at)) : 0; dn > 0) {
      out += value("dn", sentence.substr(at, dn));
      at += dn;
    } else {
      std::size_t to = at + 1;
      while (to < sentence.size() && !is_space(sentence[to]) &&
             (is_word_part(sentence[to - 1]) || (sentence[to] != '\'' && sentence[to] != '"')))
        ++to;
      out += chunk(sentence.substr(at, to - at));
      at = to;
    }
  }
  return out;
}

std::string Redaction::expression(std::string_view source) const {
  std::string out;
  for (std::size_t at = 0; at < source.size();) {
    const char c = source[at];
    if (const std::size_t end = c == '\'' || c == '"' ? source.find(c, at + 1) : std::string_view::npos;
        end != std::string_view::npos) {
      out += c + value("text", source.substr(at + 1, end - at - 1)) + c;
      at = end + 1;
    } else if (is_word_part(c)) {
      std::size_t to = at + 1;
      while (to < source.size() && (is_word_part(source[to]) || source[to] == '-' || source[to] == '_')) ++to;
      const std::string word(source.substr(at, to - at));
      out += is_plain(word) ? word : value(kind_of(word), word);
      at = to;
    } else {
      out += c;
      ++at;
    }
  }
  return out;
}

json Redaction::member(const std::string& key, const json& value) const {
  if (!value.is_string()) return document(value);
  const auto& text = value.get_ref<const std::string&>();
  if (is_time(text)) return value;
  if (key == "condition") return expression(text);
  return is_said_by_muster(key) ? this->text(text) : this->value(key.empty() ? "value" : this->text(key), text);
}

json Redaction::document(const json& value) const {
  if (value.is_object()) {
    json out = json::object();
    for (const auto& [key, part] : value.items()) {
      const std::string name = text(key);
      if (part.is_array()) {
        out[name] = json::array();
        for (const json& one : part) out[name].push_back(member(key, one));
      } else {
        out[name] = member(key, part);
      }
    }
    return out;
  }
  if (value.is_array()) {
    json out = json::array();
    for (const json& one : value) out.push_back(member("", one));
    return out;
  }
  return value.is_string() ? member("", value) : value;
}

std::string Redaction::setting(std::string_view element, std::string_view attribute, std::string_view value) const {
  if (attribute.starts_with("xmlns") || is_amount(attribute, value)) return std::string(value);
  if (is_choice(element, attribute)) return text(value);
  if (is_expression(attribute)) return expression(value);
  return this->value(attribute, value);
}

}  // namespace muster
