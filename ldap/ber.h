// Private to ldap/: reading BER (X.690) in place. For bytes that libldap hands over undecoded.
#pragma once

#include <cstdint>
#include <string_view>

namespace muster::wire {

/// One element: LDAP uses definite lengths and tags below 31 only (RFC 4511 section 5.1).
struct Element {
  std::uint8_t tag = 0;
  std::string_view contents;
};

/// Takes the first element off `rest`. False: `rest` does not start with a complete element; it is then unchanged.
inline bool take_element(std::string_view& rest, Element& element) {
  if (rest.size() < 2) return false;
  std::size_t length = static_cast<unsigned char>(rest[1]), header = 2;
  if (length & 0x80) {
    const std::size_t octets = length & 0x7f;
    if (octets == 0 || octets > sizeof(std::uint32_t) || rest.size() < header + octets) return false;
    length = 0;
    for (; header < 2 + octets; ++header) length = length << 8 | static_cast<unsigned char>(rest[header]);
  }
  if (rest.size() - header < length) return false;
  element = {static_cast<std::uint8_t>(rest[0]), rest.substr(header, length)};
  rest.remove_prefix(header + length);
  return true;
}

/// The same, where the element must have this tag.
inline bool take_element(std::string_view& rest, std::uint8_t tag, std::string_view& contents) {
  Element element;
  std::string_view after = rest;
  if (!take_element(after, element) || element.tag != tag) return false;
  contents = element.contents;
  rest = after;
  return true;
}

inline constexpr std::uint8_t kOctetString = 0x04;
inline constexpr std::uint8_t kSequence = 0x30;
inline constexpr std::uint8_t kSet = 0x31;

}  // namespace muster::wire
