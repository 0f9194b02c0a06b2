#include "schema/change.h"

#include <algorithm>

namespace muster {

namespace {

constexpr std::array<std::string_view, kActions.size()> kActionNames{
    "disable", "remove-member", "create", "rename", "move", "enable", "set", "clear", "expire", "add-member", "delete"};
constexpr std::array<std::string_view, 8> kDecisionNames{"joiner", "mover",    "leaver", "absence",
                                                         "drift",  "stranger", "order",  "grant"};

template <class Names, class E>
bool parse_name(const Names& names, std::string_view text, E& value) {
  const auto it = std::find(names.begin(), names.end(), text);
  if (it == names.end()) return false;
  value = static_cast<E>(it - names.begin());
  return true;
}

/// "5:title": no text can run into the next.
void put(std::string& line, std::string_view text) {
  line += std::to_string(text.size());
  line += ':';
  line += text;
}

void put_values(std::string& line, Values values, bool ordered) {
  if (!ordered) std::sort(values.begin(), values.end());
  line += '[';
  for (const std::string& v : values) put(line, v);
  line += ']';
}

}  // namespace

std::string_view to_string(Action action) { return kActionNames[static_cast<std::size_t>(action)]; }
bool parse_action(std::string_view text, Action& action) { return parse_name(kActionNames, text, action); }
std::string_view to_string(Decision decision) { return kDecisionNames[static_cast<std::size_t>(decision)]; }
bool parse_decision(std::string_view text, Decision& decision) { return parse_name(kDecisionNames, text, decision); }

std::string canonical(const Change& c) {
  std::string line(to_string(c.action));
  line += ' ';
  put(line, c.person.rep());
  put(line, to_string(c.entry));
  put(line, c.dn.normal());
  put(line, to_lower(c.attribute));
  put(line, c.group.normal());
  put_values(line, c.from, false);
  put_values(line, c.to, false);
  for (const auto& [name, values] : c.initial) {
    put(line, name);
    put_values(line, values, false);
  }
  if (c.create_disabled) line += '!';
  return line;
}

}  // namespace muster
