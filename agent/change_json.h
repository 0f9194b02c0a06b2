// Changes as JSON: in the journal, in plans, in audit records and in events.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "schema/change.h"

namespace muster {

/// Everything, to be read back by change_from_json.
nlohmann::json change_to_json(const Change& change);
/// Throws StoreFailure when the text is not one of ours.
Change change_from_json(const nlohmann::json& j);

/// The stable shape of cli.md.
nlohmann::json plan_item(const Change& change);

/// nlohmann's dump with invalid UTF-8 replaced, so that a binary value never throws.
std::string dump(const nlohmann::json& j, int indent = -1);

}  // namespace muster
