#include "mapping/scim_path.h"

#include <algorithm>

#include "schema/ascii.h"
#include "schema/dn.h"

namespace muster {
namespace {

Error no_path(std::string_view text, const std::string& why) {
  return {
      Errc::config, "'" + std::string(text) + "' is no SCIM path: " + why,
      "write title, name.givenName, emails[type eq \"work\"].value, or a schema's URN, a colon and such a path (RFC 7644 section "
      "3.5.2)"};
}

/// ATTRNAME of RFC 7643 section 2.1; $ref is one, too.
bool is_name(std::string_view text) {
  if (text.starts_with('$')) text.remove_prefix(1);
  return !text.empty() && is_alpha(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; });
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// The word at the beginning, which is taken off.
std::string_view word_of(std::string_view& text) {
  text = trimmed(text);
  const std::string_view word = text.substr(0, text.find(' '));
  text = trimmed(text.substr(word.size()));
  return word;
}

/// A JSON string without escapes, or true or false, which is taken off.
bool take_value(std::string_view& text, ScimPath::Term& term) {
  if (text.starts_with('"')) {
    const auto end = text.find('"', 1);
    if (end == std::string_view::npos || text.substr(1, end - 1).find('\\') != std::string_view::npos) return false;
    term.value = text.substr(1, end - 1);
    text = trimmed(text.substr(end + 1));
    return true;
  }
  term.value = to_lower(word_of(text));
  term.is_text = false;
  return term.value == "true" || term.value == "false";
}

/// False: not a chain of comparisons for equality.
bool read_filter(std::string_view text, std::vector<ScimPath::Term>& terms) {
  for (;;) {
    ScimPath::Term term;
    term.sub = word_of(text);
    if (!is_name(term.sub) || to_lower(word_of(text)) != "eq" || !take_value(text, term)) return false;
    terms.push_back(std::move(term));
    if (text.empty()) return true;
    if (to_lower(word_of(text)) != "and") return false;
  }
}

}  // namespace

Result<ScimPath> ScimPath::parse(std::string_view text) {
  ScimPath path;
  std::string_view rest = text;
  if (to_lower(rest.substr(0, 4)) == "urn:") {
    const auto colon = rest.substr(0, rest.find('[')).rfind(':');
    if (colon <= 4) return no_path(text, "the URN is not complete");
    path.schema = rest.substr(0, colon);
    rest = rest.substr(colon + 1);
    const std::string schema = to_lower(path.schema);
    if (schema == to_lower(kScimUser)) path.schema.clear();
  }
  if (const auto open = rest.find('['); open != std::string_view::npos) {
    const auto close = rest.rfind(']');
    if (close == std::string_view::npos || close < open) return no_path(text, "the bracket is not closed");
    if (!read_filter(rest.substr(open + 1, close - open - 1), path.where))
      return no_path(text, "in brackets stand comparisons such as type eq \"work\", joined by 'and'");
    path.attribute = rest.substr(0, open);
    rest = rest.substr(close + 1);
    if (!rest.starts_with('.')) return no_path(text, "behind the bracket stands what is meant of the element, such as .value");
    path.sub = rest.substr(1);
  } else {
    const auto dot = rest.find('.');
    path.attribute = rest.substr(0, dot);
    if (dot != std::string_view::npos) path.sub = rest.substr(dot + 1);
    if (dot != std::string_view::npos && path.sub.empty()) return no_path(text, "nothing stands behind the dot");
  }
  if (!is_name(path.attribute)) return no_path(text, "'" + path.attribute + "' is no name of an attribute");
  if (!path.sub.empty() && !is_name(path.sub)) return no_path(text, "'" + path.sub + "' is no name of an attribute");
  return path;
}

}  // namespace muster
