// Private to agent/store.
#pragma once

#include <map>

#include "agent/store/sqlite.h"
#include "agent/store/store.h"

namespace muster {

struct Store::Impl {
  sql::Database db;
  std::map<Row, Dn> group_dns;  ///< parsed once: everybody is in the same few groups
};

/// Creates the tables or brings them to this version. Throws for a file of a newer version.
void migrate(sql::Database& db);

inline std::int64_t millis(Instant at) { return at.time_since_epoch().count(); }
inline Instant instant(std::int64_t ms) { return Instant(std::chrono::milliseconds(ms)); }
inline std::string_view bytes_of(const EntryId& id) { return {reinterpret_cast<const char*>(id.rep().data()), id.rep().size()}; }
EntryId entry_id_of(std::string_view bytes);
/// A DN that was stored by us; a damaged one reads as the empty DN.
Dn stored_dn(std::string_view text);

}  // namespace muster
