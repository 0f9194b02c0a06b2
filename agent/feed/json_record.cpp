#include "agent/feed/json_record.h"

#include <algorithm>
#include <charconv>

#include "schema/ascii.h"

namespace muster {

using nlohmann::json;

namespace {

/// None: `name` is no position in the array. RFC 6901 section 4: no leading zeros.
const json* element(const json& array, const std::string& name) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool is_index = error == std::errc() && end == name.data() + name.size() && (name == "0" || !name.starts_with('0'));
  return is_index && index < array.size() ? &array[index] : nullptr;
}

const json* member(const json& object, const std::string& name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

const json* member_in_any_case(const json& object, const std::string& name) {
  return member(object, name_in_any_case(object, name));
}

}  // namespace

std::string name_in_any_case(const json& object, const std::string& name) {
  if (!object.is_object() || object.contains(name)) return name;
  const std::string wanted = to_lower(name);
  for (const auto& [key, value] : object.items()) {
    if (to_lower(key) == wanted) return key;
  }
  return name;
}

bool fits(const json& value, const ScimPath::Term& term) {
  const json* sub = member_in_any_case(value, term.sub);
  if (!sub) return false;
  if (sub->is_boolean()) return !term.is_text && sub->get<bool>() == (term.value == "true");
  return sub->is_string() && to_lower(sub->get_ref<const std::string&>()) == to_lower(term.value);
}

FoundValue found_value(const json* value) {
  if (!value) return {};
  if (value->is_null()) return {true};
  if (value->is_string()) return {true, value->get<std::string>()};
  if (value->is_boolean()) return {true, value->get<bool>() ? "true" : "false"};
  return {true, "",
          value->is_array() ? "is an array: let the path name one of its values" : "is an object: let the path name a value in it"};
}

FoundValue find_by_pointer(const json& record, const std::vector<std::string>& names) {
  const json* at = &record;
  for (const std::string& name : names) {
    at = at->is_array() ? element(*at, name) : member(*at, name);
    if (!at) return {};
  }
  return found_value(at);
}

FoundValue find_by_scim_path(const json& resource, const ScimPath& path) {
  const json* holder = path.schema.empty() ? &resource : member_in_any_case(resource, path.schema);
  const json* attribute = holder ? member_in_any_case(*holder, path.attribute) : nullptr;
  if (!attribute) return {};
  std::vector<const json*> values;
  const auto keep = [&](const json& value) {
    if (std::all_of(path.where.begin(), path.where.end(), [&](const ScimPath::Term& t) { return fits(value, t); }))
      values.push_back(&value);
  };
  if (attribute->is_array())
    std::for_each(attribute->begin(), attribute->end(), keep);
  else
    keep(*attribute);
  if (values.empty()) return {};
  if (values.size() > 1) {
    const char* how = path.where.empty() ? ": let the path say which one is meant, as in [type eq \"work\"]" : "";
    return {true, "", "has " + std::to_string(values.size()) + " values" + how};
  }
  return found_value(path.sub.empty() ? values.front() : member_in_any_case(*values.front(), path.sub));
}

}  // namespace muster
