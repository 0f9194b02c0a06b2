#include "schema/transliterate.h"

#include <algorithm>
#include <optional>

#include "schema/transliterate_table.h"

namespace muster {
namespace {

using transliteration::Block;
using transliteration::CaseRun;

constexpr char32_t kDiaeresis = 0x308;
constexpr char32_t kSharpS = 0xdf;

/// One character of UTF-8 (RFC 3629) and its bytes; `code` none: a byte that is no part of one.
struct Character {
  std::optional<char32_t> code;
  std::string_view bytes;
};

Character first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, text.substr(0, 1)};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
  if (length == 1 || length > text.size()) return {std::nullopt, text.substr(0, 1)};
  char32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80U) return {std::nullopt, text.substr(0, 1)};
    code = code << 6U | (next & 0x3fU);
  }
  return {code, text.substr(0, length)};
}

std::string utf8_of(char32_t code) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | (code >> shift & 0x3fU)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xc0U | code >> 6U), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xe0U | code >> 12U), tail(6), tail(0)};
  return {static_cast<char>(0xf0U | code >> 18U), tail(12), tail(6), tail(0)};
}

std::string_view letters_of(char32_t code) {
  const auto& blocks = transliteration::kBlocks;
  auto block = std::upper_bound(blocks.begin(), blocks.end(), code, [](char32_t c, const Block& b) { return c < b.first; });
  if (block == blocks.begin()) return {};
  --block;
  std::string_view rest = block->letters;
  for (char32_t at = block->first; at < code; ++at) {
    const std::size_t bar = rest.find('|');
    if (bar == std::string_view::npos) return {};
    rest.remove_prefix(bar + 1);
  }
  return rest.substr(0, rest.find('|'));
}

bool is_omicron(char32_t c) { return c == 0x3bf || c == 0x39f; }
bool is_upsilon(char32_t c) { return c == 0x3c5 || c == 0x3cd || c == 0x3a5 || c == 0x38e; }
bool is_umlaut_base(char32_t c) {
  return c < 0x80 && std::string_view("aouAOU").find(static_cast<char>(c)) != std::string_view::npos;
}

template <std::size_t N>
char32_t other_case(char32_t code, const std::array<CaseRun, N>& runs) {
  auto run = std::upper_bound(runs.begin(), runs.end(), code, [](char32_t c, const CaseRun& r) { return c < r.first; });
  if (run == runs.begin()) return code;
  --run;
  const bool inside = code <= run->last && (code - run->first) % static_cast<char32_t>(run->step) == 0;
  return inside ? static_cast<char32_t>(static_cast<std::int32_t>(code) + run->delta) : code;
}

template <class Ascii, class Wide>
std::string recased(std::string_view text, const Ascii& ascii, const Wide& wide) {
  std::string out;
  while (!text.empty()) {
    const Character c = first_of(text);
    text.remove_prefix(c.bytes.size());
    if (!c.code)
      out += c.bytes;
    else if (*c.code < 0x80)
      out += ascii(c.bytes.front());
    else
      out += wide(*c.code);
  }
  return out;
}

}  // namespace

std::string to_ascii(std::string_view text) {
  std::string out;
  char32_t before = 0;
  while (!text.empty()) {
    const Character c = first_of(text);
    text.remove_prefix(c.bytes.size());
    const char32_t code = c.code.value_or(0xfffd);
    if (code < 0x80)
      out += static_cast<char>(code);
    else if (code == kDiaeresis)
      out += is_umlaut_base(before) ? "e" : "";
    else if (is_upsilon(code) && is_omicron(before))
      out += code == 0x3a5 || code == 0x38e ? "U" : "u";
    else
      out += letters_of(code);
    before = code;
  }
  return out;
}

std::string lower_case(std::string_view text) {
  return recased(
      text, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; },
      [](char32_t code) { return utf8_of(other_case(code, transliteration::kLower)); });
}

std::string upper_case(std::string_view text) {
  return recased(
      text, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; },
      [](char32_t code) { return code == kSharpS ? "SS" : utf8_of(other_case(code, transliteration::kUpper)); });
}

}  // namespace muster
