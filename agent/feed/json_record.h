// Values in a JSON object.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/feed/snapshot.h"
#include "mapping/scim_path.h"

namespace muster {

/// `value` as a feed's value; null: it is absent. Objects and arrays are flaws.
FoundValue found_value(const nlohmann::json* value);

/// Where a JSON Pointer (RFC 6901) leads, by its names.
FoundValue find_by_pointer(const nlohmann::json& record, const std::vector<std::string>& names);

/// The names in each field's JSON Pointer. Errc::config: one is none.
Result<std::vector<std::vector<std::string>>> json_pointers_of(const FeedSettings& settings);

/// `name` as the object writes it (RFC 7643 section 2.1: without case); where it has none, as it is.
std::string name_in_any_case(const nlohmann::json& object, const std::string& name);
/// The element is one that a term of a SCIM path's filter means.
bool fits(const nlohmann::json& value, const ScimPath::Term& term);

/// Where a SCIM path leads in a resource. Names are compared without their case (RFC 7643 section 2.1), as are values in brackets.
/// Of an attribute with several values the path must say which one is meant.
FoundValue find_by_scim_path(const nlohmann::json& resource, const ScimPath& path);

}  // namespace muster
