// What Active Directory means by its attributes. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/entry.h"

namespace muster::active_directory {

/// What must be read of accounts and of groups besides what the rules ask for, lower case.
std::vector<std::string> account_attributes();
std::vector<std::string> group_attributes();

/// The last part of a SID: who it is within its domain (MS-DTYP section 2.4.2). None: not a SID.
std::optional<std::uint32_t> rid_of(std::string_view sid);

/// Why an account or group is not to be written by a tool like this: "being protected by AdminSDHolder (adminCount=1)". Empty: it
/// may. Those are what AdminSDHolder protects (MS-ADTS section 3.1.1.6.1), what the system needs (isCriticalSystemObject), the
/// built-in RIDs below 1000 (krbtgt, Administrator, Guest), computers and trusts (MS-ADTS section 2.2.16).
std::string protection_of(const Entry& entry);

/// Security principals of other forests, of which this domain holds a shadow only (MS-ADSC).
bool is_foreign(const Entry& entry);

/// True when `bind` (a DN, "DOMAIN\name", "name@domain" or a Kerberos principal) names this account.
bool is_account(const Entry& entry, std::string_view bind);

/// A value of unicodePwd: UTF-16LE in quotes (MS-ADTS section 3.1.1.3.1.5). `password`: ASCII.
std::string unicode_password(std::string_view password);

/// A name that sAMAccountName and the front of userPrincipalName take without trouble (MS-SAMR section 3.1.1.6): at most 20
/// lower-case letters, digits and .-_ without a dot at the end. Letters with marks lose them; what has no likeness in ASCII is left
/// out. Empty where nothing remains.
std::string account_name(std::string_view wish);
/// The same with a number behind it, still at most 20 bytes.
std::string account_name(std::string_view wish, unsigned number);

/// A member that the domain controller itself takes away after a while: "<TTL=3600,CN=Ann,...>" (MS-ADTS section 3.1.1.9.2).
std::string with_time_to_live(std::string_view dn, std::chrono::seconds span);

/// "corp.example" of "DC=corp,DC=example".
std::string domain_of(const Dn& context);

}  // namespace muster::active_directory
