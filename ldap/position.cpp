#include "ldap/position.h"

#include <algorithm>
#include <sstream>

#include "schema/ascii.h"

namespace muster::wire {
namespace {

std::string word(std::string text) {
  std::replace(text.begin(), text.end(), ' ', '_');
  return text.empty() ? std::string("-") : text;
}

}  // namespace

Position Position::of(std::string_view method, const ServerInfo& server, std::uint64_t count, std::string rest) {
  return {std::string(method), word(server.host), word(server.incarnation), count, std::move(rest)};
}

bool Position::continues(const Position& known) const {
  return host == known.host && incarnation == known.incarnation && count >= known.count;
}

Cookie Position::cookie() const {
  constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  for (const char c : rest) hex.append({kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]});
  return Cookie(method + " " + host + " " + incarnation + " " + std::to_string(count) + " " + word(hex));
}

std::optional<Position> Position::parse(const Cookie& cookie, std::string_view method) {
  Position p;
  std::string hex;
  std::istringstream in(cookie.rep());
  if (!(in >> p.method >> p.host >> p.incarnation >> p.count >> hex) || p.method != method) return std::nullopt;
  if (hex == "-") hex.clear();
  if (hex.size() % 2) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_value(hex[i]), low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    p.rest += static_cast<char>(high << 4 | low);
  }
  return p;
}

}  // namespace muster::wire
