#include "mapping/effective.h"

#include "mapping/plan_parts.h"

namespace muster {

std::optional<Day> effective_day(const Person& record, const Rules& rules) {
  if (rules.effective_index >= record.fields.size()) return std::nullopt;
  return parse_compact_date(record.fields[rules.effective_index]);
}

Instant effective_from(const Person& record, const Rules& rules, const Now& now) {
  const auto day = effective_day(record, rules);
  if (!day) return Instant::min();
  Zone zone;
  (void)planning::local_now(record, rules, now, zone, nullptr);
  return zone.instant_of(*day, std::chrono::minutes(0));
}

std::size_t record_in_force(const std::vector<Instant>& from, Instant at) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < from.size(); ++i) {
    const bool has_come = from[i] <= at, best_has = from[best] <= at;
    const bool better = has_come != best_has ? has_come : has_come ? from[i] > from[best] : from[i] < from[best];
    if (better) best = i;
  }
  return best;
}

bool is_retroactive(std::optional<Day> from, std::optional<Day> known) { return from && known && *from < *known; }

std::string effective_text(std::optional<Day> from, std::optional<Day> known) {
  if (!from) return "";
  return "effective " + iso_date(*from) + (is_retroactive(from, known) ? ", known since " + iso_date(*known) : "");
}

}  // namespace muster
