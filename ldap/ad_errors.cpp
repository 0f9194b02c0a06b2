#include "ldap/ad_errors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace muster::wire {
namespace {

struct Translation {
  std::uint32_t code;
  Explanation says;
};

constexpr std::string_view kDelegate =
    "delegate the right on the unit (muster check --rights prints it); protected accounts inherit none";
constexpr std::string_view kDates = "look at the account with an administrator's tool";

/// Win32 error codes (MS-ERREF section 2.2).
constexpr std::array kTranslations{
    Translation{0x00000005, {"access is denied", kDelegate}},
    Translation{0x0000052D,
                {"the password policy of the domain refuses the password (length, complexity, history or age)",
                 "an account without a password that fits the policy cannot be enabled: set one"}},
    Translation{0x00000056, {"the old password is wrong", ""}},
    Translation{0x00000525, {"a member that was named does not exist", ""}},
    Translation{0x00000561, {"the account is not a member of the group", ""}},
    Translation{0x00000562, {"the account is a member of the group already", ""}},
    Translation{0x00000524,
                {"the logon name (sAMAccountName) is taken by another account of the domain", "give the account another name"}},
    Translation{0x000020B9, {"the filter is too complex for change notification", ""}},
    Translation{0x00002071, {"an object of this name exists already", "give the entry another name, or remove the other one"}},
    Translation{0x00002014, {"an object has entries below it that are not shown", ""}},
    Translation{0x00002015, {"the entry has entries below it", "a unit must be empty before it can be deleted"}},
    Translation{0x00002028,
                {"the domain controller wants signing, sealing or TLS", "use ldaps://, start-tls, or bind with gssapi"}},
    Translation{0x00002029, {"the domain controller wants the user to be identified in another way", ""}},
    Translation{0x0000202B,
                {"another domain holds the entry (this may be a global catalog or a read-only domain controller)",
                 "name a writable domain controller of the entry's own domain"}},
    Translation{0x0000202C, {"the domain controller does not take a control as it was sent", ""}},
    Translation{0x0000202F,
                {"a value breaks a rule of the domain: a name that must be unique is taken, or a length or range is exceeded",
                 "look for another account with the same userPrincipalName or servicePrincipalName"}},
    Translation{0x00002032, {"a name is not a valid DN", ""}},
    Translation{0x00002035, {"the domain controller refuses to do this", ""}},
    Translation{0x00002077, {"the attribute belongs to the system and cannot be written this way", "take it out of the mapping"}},
    Translation{0x00002081, {"more than one value was given to an attribute that takes one", "correct the mapping"}},
    Translation{0x00002083, {"the value is there already", ""}},
    Translation{0x00002085, {"the value that was to go is not there", ""}},
    Translation{0x0000208D, {"the object does not exist, or the account may not see it", ""}},
    Translation{0x00002098, {"the account lacks the right to do this", kDelegate}},
    Translation{0x000020B5, {"a DN that was given as a value does not exist", ""}},
    Translation{0x000020D6, {"the attribute does not exist in the schema", "correct the mapping"}},
    Translation{0x000020E7, {"the system keeps this change to itself", "take the attribute out of the mapping"}},
    Translation{0x00002139, {"the group is a sensitive one and protected", "leave it to the domain's administrators"}},
    Translation{0x0000213A, {"it is the primary group of the account", "give the account another primary group first"}},
    Translation{0x0000216C, {"the password was not in the form that the domain controller wants", ""}},
    Translation{0x00002024, {"a limit of the domain controller is reached", "try again later"}},
    Translation{0x0000200E, {"the domain controller is busy", "try again later"}},
};

/// Why a bind failed (the same codes in hexadecimal, behind "data").
constexpr std::array kBind{
    Translation{0x525, {"the domain knows no such account", "check the bind dn"}},
    Translation{0x52e, {"the password is wrong", "correct the secret before trying again: each attempt brings a lockout nearer"}},
    Translation{0x530, {"the account may not log on at this hour", kDates}},
    Translation{0x531, {"the account may not log on from this machine", kDates}},
    Translation{0x532,
                {"the account's password has expired", "set a new one, and let the password of a service account not expire"}},
    Translation{0x533, {"the account is disabled", "enable it"}},
    Translation{0x568, {"the account is in too many groups", ""}},
    Translation{0x701, {"the account has expired", "give it another end date"}},
    Translation{0x773, {"the account must change its password first", "set its password without 'must change at next logon'"}},
    Translation{0x775, {"the account is locked out after wrong passwords", "unlock it, and look who tries"}},
};

template <std::size_t N>
std::optional<Explanation> find(const std::array<Translation, N>& known, std::uint32_t code) {
  const auto at = std::find_if(known.begin(), known.end(), [code](const Translation& k) { return k.code == code; });
  return at == known.end() ? std::nullopt : std::optional(at->says);
}

}  // namespace

std::optional<Explanation> explain_active_directory(std::string_view diagnostic) {
  constexpr std::size_t kDigits = 8;
  constexpr std::uint32_t kLogonDenied = 0x80090308, kBadBindings = 0x80090346;  // SEC_E_INVALID_TOKEN, SEC_E_BAD_BINDINGS
  constexpr std::string_view kData = " data ";
  std::uint32_t code = 0;
  const char* const begin = diagnostic.data();
  const auto [end, fault] = std::from_chars(begin, begin + std::min(kDigits, diagnostic.size()), code, 16);
  if (fault != std::errc() || end != begin + kDigits || !diagnostic.substr(kDigits).starts_with(':')) return std::nullopt;
  if (code == kBadBindings)
    return Explanation{"the domain controller wants channel binding, and the token is missing or wrong",
                       "use a simple bind over ldaps://, or gssapi on ldap://"};
  if (code != kLogonDenied) return find(kTranslations, code);
  const auto data = diagnostic.find(kData);
  if (data == std::string_view::npos) return std::nullopt;
  std::uint32_t reason = 0;
  std::from_chars(begin + data + kData.size(), begin + diagnostic.size(), reason, 16);
  return find(kBind, reason);
}

}  // namespace muster::wire
