#include "agent/end_to_end.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/guarded.h"
#include "agent/planner.h"

namespace muster {

namespace {

/// After a failure, whatever the interval.
constexpr std::chrono::seconds kSoon{60};

double seconds_between(Instant from, Instant to) { return std::chrono::duration<double>(to - from).count(); }

}  // namespace

void EndToEndProbe::start_anew() {
  value_.clear();
  owed_since_.reset();
  due_ = {};
  live_.set_probe_owed(std::nullopt, "");
}

void EndToEndProbe::owe(const std::string& error) {
  if (!owed_since_) owed_since_ = written_;
  live_.set("probe", {{"entry", engine_.settings().health.probe->entry.str()},
                      {"written", iso_time(written_)},
                      {"error", error.empty() ? nlohmann::json() : nlohmann::json(error)}});
  live_.set_probe_owed(owed_since_, error);
}

void EndToEndProbe::arrived(Instant now) {
  live_.set("probe", {{"entry", engine_.settings().health.probe->entry.str()},
                      {"written", iso_time(written_)},
                      {"seen", iso_time(now)},
                      {"seconds", seconds_between(written_, now)}});
  live_.set_probe({live_.probe().number + 1, engine_.context().store.newest_event()});
  live_.set_probe_owed(std::nullopt, "");
  value_.clear();
  owed_since_.reset();
}

Result<EntryId> EndToEndProbe::target(const Dn& dn) {
  return guarded([&]() -> Result<EntryId> {
    Context& context = engine_.context();
    const auto row = context.store.entry_row_by_dn(dn);
    const auto entry = row ? context.store.entry_by_row(*row) : std::nullopt;
    if (!entry || entry->gone) return Error{Errc::refused, dn.str() + " is not there, or not matched by <people filter>", ""};
    if (const auto owner = context.store.person_of_entry(*row))
      return Error{Errc::refused, dn.str() + " belongs to person " + owner->person.key.rep(),
                   "name an entry that belongs to nobody"};
    auto shield = Planner(context, engine_.connection()).protection(nullptr, &*entry, system_now());
    if (!shield) return std::move(shield).error();
    if (!shield->empty()) return Error{Errc::refused, dn.str() + " is protected by " + *shield, "name another entry"};
    return entry->entry.id;
  });
}

Status EndToEndProbe::failed(const ProbeSettings& settings, const Error& why) {
  owe(why.text());
  value_.clear();
  spdlog::warn("the probe: {}", why.text());
  due_ = Clock::now() + std::min<std::chrono::seconds>(settings.every, kSoon);
  return why.code == Errc::unreachable ? Status(why) : ok();
}

Status EndToEndProbe::write(const ProbeSettings& settings) {
  written_ = system_now().utc;
  const auto id = target(settings.entry);
  if (!id) return failed(settings, id.error());
  value_ = "muster " + iso_time(written_);
  is_told_lost_ = false;
  WriteOp op;
  op.dn = settings.entry.str();
  op.id = *id;
  op.op = ModifyOp{{{Mod::Op::replace, settings.attribute, {value_}}}};
  const auto outcome = engine_.connection().write(std::span(&op, 1), 1).front();
  if (!outcome.status) return failed(settings, outcome.status.error());
  owe("");
  return ok();
}

bool EndToEndProbe::is_lost() {
  if (value_.empty() || is_told_lost_ || system_now().utc - written_ < live_.limits().directory) return false;
  return is_told_lost_ = true;
}

const Stream* EndToEndProbe::stream() const {
  const auto& settings = engine_.settings().health.probe;
  if (!settings) return nullptr;
  const auto& streams = engine_.context().streams;
  const auto at =
      std::find_if(streams.begin(), streams.end(), [&](const Stream& s) { return !s.groups && settings->entry.is_under(s.base); });
  return at == streams.end() ? nullptr : &*at;
}

Status EndToEndProbe::write_if_due() {
  const auto& settings = engine_.settings().health.probe;
  if (!settings && owed_since_) start_anew();  // a reload took it away
  if (!settings || due_ > Clock::now()) return ok();
  due_ = Clock::now() + settings->every;
  return write(*settings);
}

Result<bool> EndToEndProbe::look(const Stream& from) {
  const auto& settings = engine_.settings().health.probe;
  if (value_.empty() || &from != stream()) return false;
  return guarded([&]() -> Result<bool> {
    Store& store = engine_.context().store;
    const auto row = store.entry_row_by_dn(settings->entry);
    const auto entry = row ? store.entry_by_row(*row) : std::nullopt;
    if (!entry || entry->entry.attributes.first(to_lower(settings->attribute)) != value_) return false;
    const Instant now = system_now().utc;
    Store::Transaction transaction(store);
    engine_.context().recorder.event("probe",
                                     {{"entry", to_string(entry->entry.id)},
                                      {"dn", settings->entry.str()},
                                      {"written", iso_time(written_)},
                                      {"seconds", seconds_between(written_, now)}},
                                     now);
    transaction.commit();
    arrived(now);
    return true;
  });
}

}  // namespace muster
