// Records that count from a day on: which of a person's records is in force.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mapping/rules.h"
#include "schema/calendar.h"
#include "schema/person.h"

namespace muster {

/// The day from which a record counts (<feed effective>); none: always.
std::optional<Day> effective_day(const Person& record, const Rules& rules);
/// The first instant of that day in the zone of the person, as this record has it; Instant::min(): always. Loads the record into
/// the rules' scope.
Instant effective_from(const Person& record, const Rules& rules, const Now& now);
/// Of records with these instants, the one that is in force: the latest that has come. Where none has, the first to come, which
/// says who will be there. `from` must not be empty.
std::size_t record_in_force(const std::vector<Instant>& from, Instant at);
/// HR told it after the day from which it counts.
bool is_retroactive(std::optional<Day> from, std::optional<Day> known);
/// For reasons: "effective 2026-11-01", and ", known since 2026-11-20" where HR told it later. Empty without a day.
std::string effective_text(std::optional<Day> from, std::optional<Day> known);

}  // namespace muster
