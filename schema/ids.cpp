#include "schema/ids.h"

#include "schema/ascii.h"

namespace muster {

namespace {

constexpr char kHex[] = "0123456789abcdef";

}  // namespace

std::string to_string(const EntryId& id) {
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < id.rep().size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(kHex[id.rep()[i] >> 4]);
    text.push_back(kHex[id.rep()[i] & 15]);
  }
  return text;
}

bool parse_entry_id(const std::string& text, EntryId& id) {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-' || c == '{' || c == '}') continue;
    const int v = hex_value(c);
    if (v < 0 || digits == 32) return false;
    bytes[digits / 2] = static_cast<std::uint8_t>(bytes[digits / 2] << 4 | v);
    ++digits;
  }
  if (digits != 32) return false;
  id = EntryId(bytes);
  return true;
}

}  // namespace muster
