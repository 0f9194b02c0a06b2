// Private to ldap/: request and response controls as plain values, and their BER. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace muster::wire {

inline constexpr std::string_view kPagedResults = "1.2.840.113556.1.4.319";  ///< RFC 2696
inline constexpr std::string_view kAssertion = "1.3.6.1.1.12";               ///< RFC 4528
inline constexpr std::string_view kPostRead = "1.3.6.1.1.13.2";
inline constexpr std::string_view kStartTls = "1.3.6.1.4.1.1466.20037";  ///< RFC 4511 section 4.14
inline constexpr std::string_view kWhoAmI = "1.3.6.1.4.1.4203.1.11.3";   ///< RFC 4532

/// Active Directory (MS-ADTS 3.1.1.3.4.1).
inline constexpr std::string_view kDirSync = "1.2.840.113556.1.4.841";
inline constexpr std::string_view kNotification = "1.2.840.113556.1.4.528";
inline constexpr std::string_view kShowDeleted = "1.2.840.113556.1.4.417";
inline constexpr std::string_view kDomainScope = "1.2.840.113556.1.4.1339";
inline constexpr std::string_view kPermissiveModify = "1.2.840.113556.1.4.1413";
inline constexpr std::string_view kLinkTtl = "1.2.840.113556.1.4.2309";
inline constexpr std::string_view kPersistentSearch = "2.16.840.1.113730.3.4.3";   ///< draft-ietf-ldapext-psearch
inline constexpr std::string_view kNoOp = "1.3.6.1.4.1.4203.666.5.2";              ///< OpenLDAP
inline constexpr std::string_view kEffectiveRights = "1.3.6.1.4.1.42.2.27.9.5.2";  ///< draft-ietf-ldapext-acl-model
inline constexpr std::string_view kEntryChange = "2.16.840.1.113730.3.4.7";

/// One control (RFC 4511 section 4.1.11).
struct Control {
  std::string oid;
  std::string value;
  bool critical = false;
  bool has_value = true;  ///< an absent value is not an empty one
};
/// Null: no such control.
const Control* find_control(const std::vector<Control>& controls, std::string_view oid);

/// RFC 2696. An empty cookie asks for the first page.
Control paged_request(std::size_t size, std::string_view cookie);
struct PagedAnswer {
  std::int64_t estimate = 0;  ///< the server's guess of the total; 0: unknown
  std::string cookie;         ///< empty: that was the last page
};
/// Errc::untrusted: not a paged results response.
Result<PagedAnswer> parse_paged(const Control& control);

/// RFC 4528; critical. Errc::config: not a filter.
Result<Control> assertion_request(const std::string& filter);
/// RFC 4527; not critical, for a write must not fail because its result cannot be shown.
Control post_read_request(const std::vector<std::string>& attributes);

}  // namespace muster::wire
