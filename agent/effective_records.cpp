#include "agent/effective_records.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mapping/effective.h"

namespace muster {

namespace {

constexpr const char* kLookedAt = "records.looked";  ///< until when records were brought into force

void tell(Context& context, const InForce& now_counts, Instant at) {
  const Person& p = now_counts.record;
  context.recorder.event("effective",
                         {{"person", p.key.rep()},
                          {"reason", "HR's record of " + p.source + " counts now"},
                          {"cause", p.source},
                          {"retroactive", now_counts.is_retroactive}},
                         at);
}

/// HR took away what counts, and tells of days to come only: until the first of them it goes on.
const RecordRow* still_counting(const std::vector<RecordRow>& before, const std::vector<RecordRow>& told, const Rules& rules,
                                const Now& now) {
  const bool any =
      std::any_of(told.begin(), told.end(), [&](const RecordRow& r) { return effective_from(r.record, rules, now) <= now.utc; });
  const RecordRow* last = nullptr;
  for (const RecordRow& b : before) {
    if (any || (b.at && *b.at > now.utc)) continue;
    if (!last || b.at.value_or(Instant::min()) > last->at.value_or(Instant::min())) last = &b;
  }
  return last;
}

}  // namespace

InForce in_force(std::vector<RecordRow>& records, const Rules& rules, const Now& now) {
  std::vector<Instant> from;
  for (RecordRow& r : records) {
    from.push_back(effective_from(r.record, rules, now));
    r.at = from.back() == Instant::min() ? std::nullopt : std::optional(from.back());
  }
  const std::size_t chosen = record_in_force(from, now.utc);
  const RecordRow& r = records[chosen];
  const auto day = effective_day(r.record, rules), known = parse_compact_date(r.known);
  InForce found{r.record, from[chosen], is_retroactive(day, known)};
  if (const std::string text = effective_text(day, known); !text.empty()) found.record.source += " (" + text + ")";
  return found;
}

std::vector<RecordRow> merged_records(Context& context, const PersonKey& key, bool is_first, const Now& now) {
  const bool delta = context.config->settings.feed.mode == FeedSettings::Mode::delta;
  const std::vector<RecordRow> before = context.store.records(key, false);
  std::vector<RecordRow> records = context.store.records(key, true);
  for (RecordRow& r : records) {
    const auto same = std::find_if(before.begin(), before.end(),
                                   [&](const RecordRow& b) { return b.day == r.day && b.record.fields == r.record.fields; });
    r.known = same != before.end() ? same->known : is_first ? "" : compact_date(now.today);
  }
  const RecordRow* goes_on = delta ? nullptr : still_counting(before, records, context.rules(), now);
  const std::size_t told = records.size();
  for (const RecordRow& b : before) {
    const auto end = records.begin() + static_cast<std::ptrdiff_t>(told);
    const bool is_told = std::any_of(records.begin(), end, [&](const RecordRow& r) { return r.day == b.day; });
    if (!is_told && (delta || &b == goes_on)) records.push_back(b);
  }
  return records;
}

void bring_into_force(Context& context, const Now& now) {
  Store& store = context.store;
  if (context.config->settings.feed.effective.empty()) return;
  // A clock that was ahead and is right again takes out of force what it brought there.
  const auto looked = parse_iso_time(store.meta(kLookedAt)).value_or(Instant(std::chrono::milliseconds(0)));
  const auto keys = store.keys_with_records_due(std::min(looked, now.utc), std::max(looked, now.utc));
  if (!keys.empty() || now.utc < looked) store.set_meta(kLookedAt, iso_time(now.utc));
  for (const std::string& text : keys) {
    const PersonKey key(text);
    auto records = store.records(key, false);
    const InForce counts = in_force(records, context.rules(), now);
    store.set_records(key, records);
    const auto known = store.person(key);
    if (known && known->person.fields == counts.record.fields) continue;
    store.put_person(counts.record, counts.since);
    tell(context, counts, now.utc);
  }
}

}  // namespace muster
