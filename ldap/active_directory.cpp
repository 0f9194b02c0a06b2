#include "ldap/active_directory.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "schema/ascii.h"
#include "schema/attribute.h"

namespace muster::active_directory {
namespace {

constexpr std::uint32_t kTrustBits = 0x800 | 0x1000 | 0x2000;  ///< interdomain, workstation and server trust accounts
constexpr std::uint32_t kFirstOwnRid = 1000;
constexpr std::size_t kLongestName = 20;

std::uint32_t number_of(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return static_cast<std::uint32_t>(number);
}

bool has_class(const Entry& entry, std::string_view lower_case_name) {
  const Values* classes = entry.attributes.find("objectclass");
  return classes &&
         std::any_of(classes->begin(), classes->end(), [&](const std::string& c) { return to_lower(c) == lower_case_name; });
}

/// The letters of Latin-1 and Latin Extended-A (U+00C0 to U+017F) in ASCII, in the order of Unicode.
constexpr std::array<std::string_view, 192> kPlain{
    "A",  "A", "A", "A", "Ae", "A",  "Ae", "C", "E",  "E",  "E",  "E", "I", "I", "I",  "I",  "D",  "N", "O",  "O", "O", "O",
    "Oe", "",  "O", "U", "U",  "U",  "Ue", "Y", "Th", "ss", "a",  "a", "a", "a", "ae", "a",  "ae", "c", "e",  "e", "e", "e",
    "i",  "i", "i", "i", "d",  "n",  "o",  "o", "o",  "o",  "oe", "",  "o", "u", "u",  "u",  "ue", "y", "th", "y", "A", "a",
    "A",  "a", "A", "a", "C",  "c",  "C",  "c", "C",  "c",  "C",  "c", "D", "d", "D",  "d",  "E",  "e", "E",  "e", "E", "e",
    "E",  "e", "E", "e", "G",  "g",  "G",  "g", "G",  "g",  "G",  "g", "H", "h", "H",  "h",  "I",  "i", "I",  "i", "I", "i",
    "I",  "i", "I", "i", "IJ", "ij", "J",  "j", "K",  "k",  "k",  "L", "l", "L", "l",  "L",  "l",  "L", "l",  "L", "l", "N",
    "n",  "N", "n", "N", "n",  "n",  "N",  "n", "O",  "o",  "O",  "o", "O", "o", "Oe", "oe", "R",  "r", "R",  "r", "R", "r",
    "S",  "s", "S", "s", "S",  "s",  "S",  "s", "T",  "t",  "T",  "t", "T", "t", "U",  "u",  "U",  "u", "U",  "u", "U", "u",
    "U",  "u", "U", "u", "W",  "w",  "Y",  "y", "Y",  "Z",  "z",  "Z", "z", "Z", "z",  "s"};

bool is_name_character(char c) { return is_alpha(c) || is_digit(c) || c == '.' || c == '-' || c == '_'; }

/// ASCII letters, digits and .-_ for what has a likeness there; the rest is left out.
std::string plain(std::string_view text) {
  std::string ascii;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      if (is_name_character(text[i])) ascii += text[i];
    } else if (first >= 0xc3 && first <= 0xc5 && i + 1 < text.size()) {
      const auto code = static_cast<std::size_t>((first & 0x1f) << 6 | (static_cast<unsigned char>(text[i + 1]) & 0x3f));
      if (code >= 0xc0 && code - 0xc0 < kPlain.size()) ascii += kPlain[code - 0xc0];
      ++i;
    }
  }
  return ascii;
}

std::string cut(std::string name, std::size_t longest) {
  name.resize(std::min(name.size(), longest));
  while (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace

std::vector<std::string> account_attributes() {
  return {"admincount",     "iscriticalsystemobject", "objectclass",      "objectsid",
          "primarygroupid", "samaccountname",         "userprincipalname"};
}

std::vector<std::string> group_attributes() { return {"admincount", "iscriticalsystemobject", "objectsid"}; }

std::optional<std::uint32_t> rid_of(std::string_view sid) {
  constexpr std::size_t kHead = 8, kPart = 4;
  if (sid.size() < kHead + kPart || sid.front() != 1) return std::nullopt;
  if (sid.size() != kHead + kPart * static_cast<unsigned char>(sid[1])) return std::nullopt;
  std::uint32_t rid = 0;
  for (std::size_t i = 1; i <= kPart; ++i) rid = rid << 8 | static_cast<unsigned char>(sid[sid.size() - i]);
  return rid;
}

std::string protection_of(const Entry& entry) {
  if (number_of(entry.attributes.first("admincount")) == 1) return "being protected by AdminSDHolder (adminCount=1)";
  if (to_lower(entry.attributes.first("iscriticalsystemobject")) == "true")
    return "being a part of the system (isCriticalSystemObject)";
  const auto rid = rid_of(entry.attributes.first("objectsid"));
  if (rid && *rid < kFirstOwnRid) return "being built in (RID " + std::to_string(*rid) + ")";
  if (has_class(entry, "computer") || number_of(entry.attributes.first("useraccountcontrol")) & kTrustBits)
    return "being the account of a computer or a trust";
  return {};
}

bool is_foreign(const Entry& entry) { return has_class(entry, "foreignsecurityprincipal"); }

bool is_account(const Entry& entry, std::string_view bind) {
  if (bind.empty()) return false;
  if (const auto dn = Dn::parse(std::string(bind)); dn && bind.find('=') != std::string_view::npos) return *dn == entry.dn;
  const std::string wanted = to_lower(bind);
  const auto is = [&](std::string_view attribute, std::string_view text) {
    return !text.empty() && to_lower(entry.attributes.first(attribute)) == text;
  };
  if (is("userprincipalname", wanted)) return true;
  const std::string_view name = std::string_view(wanted).substr(wanted.find('\\') + 1);
  return is("samaccountname", name.substr(0, name.find('@')));
}

std::string unicode_password(std::string_view password) {
  std::string value;
  for (const char c : "\"" + std::string(password) + "\"") value.append({c, '\0'});
  return value;
}

std::string account_name(std::string_view wish) { return cut(to_lower(plain(wish)), kLongestName); }

std::string account_name(std::string_view wish, unsigned number) {
  const std::string digits = std::to_string(number);
  return cut(to_lower(plain(wish)), kLongestName - digits.size()) + digits;
}

std::string with_time_to_live(std::string_view dn, std::chrono::seconds span) {
  return "<TTL=" + std::to_string(span.count()) + "," + std::string(dn) + ">";
}

std::string domain_of(const Dn& context) {
  std::string domain;
  for (Dn at = context; !at.empty(); at = at.parent()) {
    const auto avas = at.rdn_avas();
    if (avas.size() != 1 || to_lower(avas.front().type) != "dc") return {};
    domain += (domain.empty() ? "" : ".") + avas.front().value;
  }
  return domain;
}

}  // namespace muster::active_directory
