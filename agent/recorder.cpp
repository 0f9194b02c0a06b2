#include "agent/recorder.h"

#include <openssl/rand.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/change_json.h"

namespace muster {

using nlohmann::json;

std::string random_uuid() {
  std::array<std::uint8_t, 16> b{};
  if (RAND_bytes(b.data(), static_cast<int>(b.size())) != 1)
    throw StoreFailure({Errc::io, "the system gives no random numbers, so events would have no identifiers", ""});
  b[6] = static_cast<std::uint8_t>((b[6] & 0x0f) | 0x40);
  b[8] = static_cast<std::uint8_t>((b[8] & 0x3f) | 0x80);
  return to_string(EntryId(b));
}

namespace {

json common(const Change& c) {
  json j = {{"action", to_string(c.action)},
            {"decision", to_string(c.decision)},
            {"person", c.person.rep()},
            {"entry", to_string(c.entry)},
            {"dn", c.dn.str()}};
  if (!c.attribute.empty()) j["attribute"] = c.attribute;
  if (!c.group.empty()) j["group"] = c.group.str();
  j["before"] = c.from;
  j["after"] = c.to;
  for (const auto& [name, values] : c.initial) j["initial"][name] = values;
  j["reason"] = c.because.text;
  j["rule"] = c.because.rule;
  j["cause"] = c.because.cause;
  if (!c.undoes.empty()) j["undo"] = c.undoes;
  if (!c.actor.empty()) j["actor"] = c.actor;
  return j;
}

}  // namespace

void Recorder::applied(const Change& change, const std::string& approval, Instant at) {
  json record = common(change);
  record["kind"] = "applied";
  record["time"] = iso_time(at);
  record["run"] = run_;
  if (change.actor.empty()) record["actor"] = "muster";
  if (!approval.empty()) record["approval"] = approval.substr(0, 12);
  json details = common(change);
  if (change.owed_since) {
    const auto waited = std::max(at - *change.owed_since, std::chrono::milliseconds(0));
    store_.add_leaver_wait(waited);
    record["waited"] = details["waited"] = std::chrono::duration<double>(waited).count();
  }
  const AuditRow row = store_.append_audit(dump(record));
  details["audit"] = row.seq;
  if (!approval.empty()) details["approval"] = approval.substr(0, 12);
  event("applied", std::move(details), at);
  ++changes_.at(static_cast<std::size_t>(change.action));
}

void Recorder::decided(const std::string& kind, json details, Instant at) {
  json record = details;
  record["kind"] = kind;
  record["time"] = iso_time(at);
  record["run"] = run_;
  const AuditRow row = store_.append_audit(dump(record));
  details["audit"] = row.seq;
  event(kind, std::move(details), at);
}

void Recorder::event(const std::string& kind, json details, Instant at) {
  const std::string id = random_uuid();
  json line = {{"id", id}, {"seq", store_.newest_event() + 1}, {"time", iso_time(at)}, {"kind", kind}};
  for (const char* always : {"person", "entry", "dn", "before", "after", "reason"}) {
    if (!details.contains(always)) line[always] = nullptr;
  }
  line.update(details);
  // A group's name may be another one when the event is delivered.
  if (const std::string name = details.value("group", ""); !name.empty()) {
    const auto dn = Dn::parse(name);
    const auto group = dn ? store_.group_by_dn(*dn) : std::nullopt;
    if (group) line["group entry"] = to_string(group->uuid);
  }
  if (!run_.empty()) line["run"] = run_;
  store_.append_event(id, dump(line));
  any_ = true;
}

}  // namespace muster
