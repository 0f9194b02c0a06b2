// Texts in JSON that others wrote.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace muster {

/// The member `name` of an object; empty: there is none, or it is no text.
inline std::string text_in(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || !found->is_string() ? "" : found->get<std::string>();
}

}  // namespace muster
