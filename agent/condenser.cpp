#include "agent/condenser.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/json_text.h"
#include "agent/sha256.h"

namespace muster {

using nlohmann::json;

namespace {

/// What an applied change is about: being switched on and off, in a group and out of it, each overtake the other.
std::string matter_of(const json& event) {
  const std::string action = text_in(event, "action");
  if (action == "set" || action == "clear") return "value";
  if (action == "add-member" || action == "remove-member") return "member";
  if (action == "enable" || action == "disable") return "state";
  return action;
}

/// Enough to tell some ten million from each other.
std::uint64_t number_of(const std::string& text) { return std::stoull(Sha256().add(text).hex().substr(0, 16), nullptr, 16); }

}  // namespace

std::string overtaken_by(const std::string& text) {
  const json event = json::parse(text, nullptr, false);
  // What explains a gap stays as long as the gap.
  if (!event.is_object() || text_in(event, "kind") == "condensed") return "";
  std::string key = text_in(event, "kind") + "\n" + matter_of(event);
  const std::string person = text_in(event, "person");
  key += "\n" + (person.empty() ? text_in(event, "entry") : "person " + person);
  for (const char* name : {"attribute", "group", "code", "rule", "hold", "order", "grant", "jti", "command", "upstream", "event"}) {
    const auto found = event.find(name);
    // A rule tells problems apart; of a value it may have another place meanwhile.
    if (found == event.end() || (std::string_view(name) == "rule" && !event.contains("code"))) continue;
    key += std::string("\n") + name + " " + found->dump();
  }
  return key;
}

Condenser::Removed Condenser::step(Store& store, std::size_t limit) {
  Removed removed;
  const auto rows = store.outbox_back(before_, limit);
  before_ = rows.size() < limit ? 0 : rows.back().seq;
  for (const OutboxRow& row : rows) {
    const std::string key = overtaken_by(row.body);
    if (key.empty() || newer_.insert(number_of(key)).second) continue;
    const json event = json::parse(row.body, nullptr, false);
    store.drop_event(row.seq);
    ++removed.kinds[text_in(event, "kind")];
    if (removed.count++ == 0) {
      removed.upto = row.seq;
      removed.until = text_in(event, "time");
    }
    removed.from = row.seq;
    removed.since = text_in(event, "time");
  }
  return removed;
}

}  // namespace muster
