#include "agent/change_json.h"

#include <nlohmann/json.hpp>

#include "agent/store/failure.h"

namespace muster {

using nlohmann::json;

namespace {

json values_json(const Values& values) {
  if (values.empty()) return nullptr;
  if (values.size() == 1) return values.front();
  return values;
}

Dn dn_of(const json& j, const char* name) {
  auto dn = Dn::parse(j.value(name, ""));
  return dn ? std::move(*dn) : Dn{};
}

}  // namespace

std::string dump(const json& j, int indent) { return j.dump(indent, ' ', false, json::error_handler_t::replace); }

json change_to_json(const Change& c) {
  json j = {{"action", to_string(c.action)},
            {"decision", to_string(c.decision)},
            {"person", c.person.rep()},
            {"entry", to_string(c.entry)},
            {"dn", c.dn.str()},
            {"rule", c.because.rule},
            {"reason", c.because.text},
            {"cause", c.because.cause}};
  if (!c.attribute.empty()) j["attribute"] = c.attribute;
  if (!c.group.empty()) j["group"] = c.group.str();
  if (!c.from.empty()) j["from"] = c.from;
  if (!c.to.empty()) j["to"] = c.to;
  if (c.create_disabled) j["create_disabled"] = true;
  if (c.owed_since) j["owed_since"] = iso_time(*c.owed_since);
  if (c.password_due) j["password_due"] = true;
  if (!c.actor.empty()) j["actor"] = c.actor;
  if (!c.undoes.empty()) j["undo"] = c.undoes;
  for (const auto& [name, values] : c.initial) j["initial"][name] = values;
  return j;
}

Change change_from_json(const json& j) try {
  Change c;
  const bool known = parse_action(j.at("action").get<std::string>(), c.action) &&
                     parse_decision(j.at("decision").get<std::string>(), c.decision) &&
                     parse_entry_id(j.at("entry").get<std::string>(), c.entry);
  if (!known) throw StoreFailure({Errc::corrupt, "the journal holds a change that this version does not know", ""});
  c.person = PersonKey(j.at("person").get<std::string>());
  c.dn = dn_of(j, "dn");
  c.group = dn_of(j, "group");
  c.because = {j.value("rule", ""), j.value("reason", ""), j.value("cause", "")};
  c.attribute = j.value("attribute", "");
  c.from = j.value("from", Values{});
  c.to = j.value("to", Values{});
  c.create_disabled = j.value("create_disabled", false);
  if (j.contains("owed_since")) c.owed_since = parse_iso_time(j.value("owed_since", ""));
  c.password_due = j.value("password_due", false);
  c.actor = j.value("actor", "");
  c.undoes = j.value("undo", "");
  if (const auto it = j.find("initial"); it != j.end()) {
    for (const auto& [name, values] : it->items()) c.initial.set(name, values.get<Values>());
  }
  return c;
} catch (const json::exception& e) {
  throw StoreFailure({Errc::corrupt, std::string("the journal holds a record that cannot be read: ") + e.what(), ""});
}

json plan_item(const Change& c) {
  json j = {{"person", c.person.rep()}, {"dn", c.dn.str()}, {"action", to_string(c.action)}};
  if (!c.attribute.empty()) j["attribute"] = c.attribute;
  if (!c.group.empty()) j["group"] = c.group.str();
  j["from"] = values_json(c.from);
  j["to"] = values_json(c.to);
  if (c.action == Action::create) {
    json initial = json::object();
    for (const auto& [name, values] : c.initial) initial[name] = values_json(values);
    j["to"] = std::move(initial);
  }
  j["reason"] = c.because.cause.empty() ? c.because.text : c.because.text + " (" + c.because.cause + ")";
  j["rule"] = c.because.rule;
  return j;
}

}  // namespace muster
