// One person as a SCIM User (RFC 7643 section 4.1), delivered by a command.
#pragma once

#include <nlohmann/json.hpp>

#include "mapping/settings.h"
#include "schema/person.h"
#include "schema/result.h"

namespace muster {

/// The person whom the fields of the feed find in the resource; without a source. Errc::untrusted names the field that is wrong.
Result<Person> read_scim_user(const FeedSettings& settings, const nlohmann::json& resource);

/// Carries out a PatchOp (RFC 7644 section 3.5.2): add, replace and remove at attributes, sub-attributes, and elements that a
/// filter of comparisons for equality finds. Errc::untrusted: anything else, and then `resource` may be changed in part.
Status patch_scim_user(nlohmann::json& resource, const nlohmann::json& patch);

}  // namespace muster
