#include "ldap/sync_cookie.h"

#include <algorithm>

#include "schema/ascii.h"

namespace muster::wire {
namespace {

constexpr std::string_view kCsnForm = "dddddddddddddd.ddddddZ#xxxxxx#xxx#xxxxxx";  // d: digit, x: hexadecimal digit
constexpr std::size_t kCsnServer = 30, kServerWidth = 3, kRidWidth = 3;

bool fits(char form, char c) {
  if (form == 'd') return is_digit(c);
  if (form == 'x') return hex_value(c) >= 0;
  return form == c;
}

bool is_csn(std::string_view text) {
  return std::equal(text.begin(), text.end(), kCsnForm.begin(), kCsnForm.end(), [](char c, char form) { return fits(form, c); });
}

bool is_rid(std::string_view text) {
  return text.size() <= kRidWidth && !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// Takes the text before `separator` off `rest`, and the separator.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

void keep_later(std::map<std::string, std::string>& csns, const std::string& csn) {
  std::string& known = csns[csn.substr(kCsnServer, kServerWidth)];
  if (known < csn) known = csn;
}

bool take_csns(std::string_view list, std::map<std::string, std::string>& csns) {
  while (!list.empty()) {
    const std::string_view csn = take_until(list, ';');
    if (!is_csn(csn)) return false;
    keep_later(csns, std::string(csn));
  }
  return true;
}

}  // namespace

std::optional<SyncCookie> SyncCookie::parse(std::string_view text) {
  SyncCookie cookie;
  while (!text.empty()) {
    std::string_view value = take_until(text, ',');
    const std::string_view key = take_until(value, '=');
    if (key == "rid") {
      if (!is_rid(value)) return std::nullopt;
      cookie.rid = value;
    } else if (key == "csn") {
      if (!take_csns(value, cookie.csns)) return std::nullopt;
    }
  }
  if (cookie.rid.empty()) return std::nullopt;
  return cookie;
}

void SyncCookie::merge(const SyncCookie& other) {
  for (const auto& [server, csn] : other.csns) keep_later(csns, csn);
}

std::string SyncCookie::str() const {
  std::string text = "rid=" + rid;
  const char* separator = ",csn=";
  for (const auto& [server, csn] : csns) {
    text.append(separator).append(csn);
    separator = ";";
  }
  return text;
}

Cookie merge_cookies(const std::optional<Cookie>& known, const std::string& received) {
  const auto later = SyncCookie::parse(received);
  if (!later) return Cookie(received);
  auto all = known ? SyncCookie::parse(known->rep()) : std::nullopt;
  if (!all) all = SyncCookie{later->rid, {}};
  all->merge(*later);
  return Cookie(all->str());
}

}  // namespace muster::wire
