// Who owns what, and who writes it all the same.
#include <algorithm>
#include <map>

#include "agent/change_json.h"
#include "agent/report.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr std::size_t kExamples = 5;
constexpr std::size_t kPeoplePage = 256;

/// What the store counted under one name: an attribute, or a group.
class Observed {
 public:
  explicit Observed(Store& store) {
    for (Store::OtherWriter& w : store.other_writers()) others_.emplace(w.name, std::move(w));
    for (const ProblemRow& p : store.problems()) {
      if (p.drift) ++drift_[p.attribute];
      if (p.code == "fight") ++fights_[p.attribute];
    }
  }

  /// `name`: as Store::OtherWriter::name; `shown`: as problems call it.
  void add_to(json& item, const std::string& name, const std::string& shown) const {
    item["others"] = json();
    if (const auto found = others_.find(name); found != others_.end()) {
      const Store::OtherWriter& w = found->second;
      item["others"] = {{"count", w.count}, {"first", iso_time(w.first)}, {"last", iso_time(w.last)}};
      item["others"]["by"] = w.by.empty() ? json() : json(w.by);
    }
    item["drift"] = count_of(drift_, shown);
    item["fights"] = count_of(fights_, shown);
  }

 private:
  using Counts = std::map<std::string, std::size_t>;
  static std::size_t count_of(const Counts& counts, const std::string& name) {
    const auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
  }
  std::map<std::string, Store::OtherWriter> others_;
  Counts drift_, fights_;
};

/// What HR says of an attribute that HR does not own, where it differs.
void add_vain(json& item, const AttributeRule& rule, const PersonRow& person, const EntryRow& row) {
  static const Values kNone;
  std::string text = rule.value->text();
  if (text.find_first_not_of(' ') == std::string::npos) return;
  const Values* found = row.entry.attributes.find(rule.key);
  const Values& is = found ? *found : kNone;
  json& vain = item["in vain"];
  if (equal_sets(rule.equality, {text}, is)) return;
  vain["people"] = vain["people"].get<std::size_t>() + 1;
  if (vain["examples"].size() >= kExamples) return;
  vain["examples"].push_back(
      {{"person", person.person.key.rep()}, {"dn", row.entry.dn.str()}, {"hr says", std::move(text)}, {"is", is}});
}

void compare_vain(Store& store, const Rules& rules, json& attributes) {
  const Now now = system_now();
  for (Row after = 0;;) {
    const auto page = store.entries(after, kPeoplePage);
    if (page.empty()) return;
    for (const EntryRow& row : page) {
      const auto person = store.person_of_entry(row.id);
      if (!person || !person->person.listed) continue;
      rules.scope->load(person->person, now);
      for (std::size_t i = 0; i < rules.attributes.size(); ++i) {
        if (attributes[i].contains("in vain")) add_vain(attributes[i], rules.attributes[i], *person, row);
      }
    }
    after = page.back().id;
  }
}

std::string_view drift_word(AttributeRule::OnDrift on_drift) {
  return on_drift == AttributeRule::OnDrift::revert ? "revert" : "report";
}

json attributes_owned(Store& store, const Rules& rules, const Observed& observed) {
  json all = json::array();
  bool any_in_vain = false;
  for (const AttributeRule& rule : rules.attributes) {
    json item = {{"attribute", rule.name}, {"owner", to_string(rule.owner)}, {"rule", rule.at.rule()}};
    if (rule.value) item["expression"] = rule.value->source();
    if (rule.owner == Owner::hr) item["on-drift"] = drift_word(rule.on_drift);
    observed.add_to(item, rule.key, rule.name);
    if (rule.owner != Owner::hr && rule.value) {
      item["in vain"] = {{"people", std::size_t{0}}, {"examples", json::array()}};
      any_in_vain = true;
    }
    all.push_back(std::move(item));
  }
  if (any_in_vain) compare_vain(store, rules, all);
  return all;
}

json groups_owned(Store& store, const Rules& rules, const Observed& observed) {
  json all = json::array();
  for (const GroupRow& group : store.groups()) {
    const ManagedRule* rule = rules.managed_group(group.dn);
    if (!rule) continue;
    const bool exclusive = rule->membership == ManagedRule::Membership::exclusive;
    json item = {{"group", group.dn.str()},
                 {"membership", exclusive ? "exclusive" : "granted"},
                 {"on-drift", drift_word(rule->on_drift)},
                 {"rule", rule->at.rule()},
                 {"members", store.count_members(group.id)}};
    observed.add_to(item, group.dn.normal(), group.dn.str());
    all.push_back(std::move(item));
  }
  return all;
}

json fields_unused(const Config& config) {
  json all = json::array();
  const auto& fields = config.settings.feed.fields;
  for (const std::size_t i : config.rules.unused_fields()) {
    if (i >= fields.size() || fields[i].key) continue;
    all.push_back({{"field", fields[i].name}, {"column", fields[i].column}, {"where", fields[i].at.rule()}});
  }
  return all;
}

}  // namespace

json owners_report(Store& store, Config& config) {
  // The server's own schema is not at hand here.
  config.rules.bind(AttributeTypes::standard());
  const Observed observed(store);
  return {{"attributes", attributes_owned(store, config.rules, observed)},
          {"groups", groups_owned(store, config.rules, observed)},
          {"unused fields", fields_unused(config)}};
}

}  // namespace muster
