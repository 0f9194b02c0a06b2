#include "agent/plan_difference.h"

#include <map>
#include <set>
#include <vector>

namespace muster {

using nlohmann::json;

namespace {

std::vector<json> all_changes(const json& report) {
  std::vector<json> all = report["changes"];
  for (const json& h : report["holds"]) {
    for (const json& c : h.value("changes", json::array())) all.push_back(c);
  }
  return all;
}

/// What makes a change that change: not why it is made.
std::string identity_of(json change) {
  change.erase("reason");
  change.erase("rule");
  return change.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<json> only_in_first(const json& first, const json& second) {
  std::multiset<std::string> known;
  for (const json& c : all_changes(second)) known.insert(identity_of(c));
  std::vector<json> rest;
  for (json& c : all_changes(first)) {
    const auto found = known.find(identity_of(c));
    if (found == known.end())
      rest.push_back(std::move(c));
    else
      known.erase(found);
  }
  return rest;
}

std::vector<json> new_problems(const json& before, const json& after) {
  std::set<std::string> known;
  const auto name = [](const json& p) { return p.value("person", "") + "\n" + p.value("dn", "") + "\n" + p.value("what", ""); };
  for (const json& p : before["problems"]) known.insert(name(p));
  std::vector<json> fresh;
  for (const json& p : after["problems"]) {
    if (!known.count(name(p))) fresh.push_back(p);
  }
  return fresh;
}

struct RuleTally {
  std::size_t more = 0, less = 0;
  std::set<std::string> people;
};

/// Collects by person (an entry that is nobody's: by its DN) and by rule.
class Tally {
 public:
  void add(const char* part, const json& item) {
    const std::string person = item.value("person", ""), dn = item.value("dn", "");
    const std::string who = person.empty() ? dn : person;
    auto [at, is_new] = people_.emplace(who, json{});
    if (is_new)
      at->second = {{"person", person}, {"dn", dn}, {"more", json::array()}, {"less", json::array()}, {"problems", json::array()}};
    at->second[part].push_back(item);
    if (std::string(part) == "problems") return;
    RuleTally& rule = rules_[item.value("rule", "")];
    ++(std::string(part) == "more" ? rule.more : rule.less);
    rule.people.insert(who);
  }

  json result() const {
    json people = json::array(), rules = json::array();
    std::size_t more = 0, less = 0;
    for (const auto& [who, item] : people_) people.push_back(item);
    for (const auto& [name, r] : rules_) {
      rules.push_back({{"rule", name}, {"more", r.more}, {"less", r.less}, {"people", r.people.size()}});
      more += r.more;
      less += r.less;
    }
    return {{"people", std::move(people)}, {"rules", std::move(rules)}, {"more", more}, {"less", less}};
  }

 private:
  std::map<std::string, json> people_;
  std::map<std::string, RuleTally> rules_;
};

}  // namespace

json plan_difference(const json& before, const json& after) {
  Tally tally;
  for (const json& c : only_in_first(after, before)) tally.add("more", c);
  for (const json& c : only_in_first(before, after)) tally.add("less", c);
  for (const json& p : new_problems(before, after)) tally.add("problems", p);
  return tally.result();
}

Result<std::unique_ptr<Config>> config_in_force(Store& store, const std::string& file) {
  const std::string accepted = store.meta("rules.texts");
  LoadResult loaded =
      accepted.empty()
          ? load_config(file)
          : load_config(file, ConfigFiles::with_mappings(json::parse(accepted).get<std::map<std::string, std::string>>()));
  if (loaded.config) return std::move(loaded.config);
  return Error{Errc::config, "the rules in force cannot be loaded with " + file + ": " + loaded.errors.front().str(),
               "name the configuration that they belong to: --against LIVE.xml"};
}

}  // namespace muster
