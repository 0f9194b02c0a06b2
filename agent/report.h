// What operators ask: as JSON with a stable shape; agent/cli prints it for people.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "agent/engine.h"
#include "agent/store/store.h"
#include "mapping/loader.h"

namespace muster {

class LiveStatus;

/// cli.md's document of `plan`: what the journal and the holds of a dry run contain, and what a created entry is given next.
nlohmann::json plan_report(Context& context);
/// cli.md's document of `resync`: what the audit trail gained.
nlohmann::json resync_report(Store& store, const RunReport& run);
/// Holds with their changes; `id` empty: all open ones, without their changes.
nlohmann::json holds_report(Store& store, const std::string& id);
nlohmann::json problems_report(Store& store);
/// Errc::not_found: HR knows no such person.
Result<nlohmann::json> why_report(Store& store, Config& config, const std::string& person, const std::string& group);
/// Errc::not_found: no such group in the watched base. `group` is a DN, or the first value of one.
Result<nlohmann::json> who_report(Store& store, Config& config, const std::string& group);
/// The group by its DN, or by the first value of one. Errc::not_found; Errc::config where several have that name.
Result<GroupRow> find_group(Store& store, const std::string& group);
/// Access that was given for a time: what runs and waits, or all there ever was.
nlohmann::json grants_report(Store& store, bool all);
/// Who owns what, who else writes it, and what HR sends in vain.
nlohmann::json owners_report(Store& store, Config& config);
/// What the state file knows; `live` is what the running service says, or null. Its shape: docs/status.md.
nlohmann::json status_report(Store& store, const LiveStatus* live);

struct AuditCheck {
  std::size_t records = 0;
  std::optional<Row> broken;  ///< the first record that is not as it was written
  std::string why;
};
AuditCheck verify_audit(Store& store);

}  // namespace muster
