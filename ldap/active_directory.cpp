#include "ldap/active_directory.h"

#include <algorithm>
#include <charconv>

#include "schema/attribute.h"

namespace muster::active_directory {
namespace {

constexpr std::uint32_t kTrustBits = 0x800 | 0x1000 | 0x2000;  ///< interdomain, workstation and server trust accounts
constexpr std::uint32_t kFirstOwnRid = 1000;

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
