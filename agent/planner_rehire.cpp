// Planner: people who come back under another key: <rehire match="first last born">.
#include <nlohmann/json.hpp>

#include "agent/planner.h"

namespace muster {

namespace {

constexpr std::size_t kRehirePage = 256;

/// What the declared fields hold, as one text; empty where one of them is: that would match too many.
std::string rehire_key_of(const Person& person, const RehireRule& rule) {
  std::string key;
  for (const std::size_t i : rule.fields) {
    const std::string value = i < person.fields.size() ? fold_case(person.fields[i]) : "";
    const auto first = value.find_first_not_of(' ');
    if (first == std::string::npos) return "";
    key += value.substr(first, value.find_last_not_of(' ') - first + 1) + '\n';
  }
  return key;
}

std::string fields_of(const Person& person, const Rules& rules) {
  std::string text;
  for (const std::size_t i : rules.rehire->fields)
    text += (text.empty() ? "" : ", ") + rules.fields[i] + "='" + (i < person.fields.size() ? person.fields[i] : "") + "'";
  return text;
}

}  // namespace

std::string rehire_choice(const PersonKey& key) { return "rehire." + key.rep(); }

bool Planner::by_fields(const Rules& rules) { return rules.rehire && !rules.rehire->fields.empty(); }

/// Those of whom this person may be the return: left, with an entry, and alike in every declared field.
std::vector<PersonRow> Planner::former_selves(const PersonRow& row, const Now& now) {
  const Rules& rules = context_.rules();
  const std::string key = rehire_key_of(row.person, *rules.rehire);
  if (key.empty() || !row.person.listed || is_leaving(row.person, rules, now)) return {};
  auto found = context_.store.people_by_rehire_key(key, row.id);
  std::erase_if(found, [&](const PersonRow& r) { return r.person.listed && !is_leaving(r.person, rules, now); });
  // What somebody decided counts as long as there is something to decide.
  const std::string chosen = found.size() > 1 ? context_.store.meta(rehire_choice(row.person.key)) : "";
  if (!chosen.empty()) std::erase_if(found, [&](const PersonRow& r) { return r.person.key.rep() != chosen; });
  return found;
}

Result<std::vector<std::string>> Planner::returns_as(const PersonRow& row, const Now& now) {
  std::vector<std::string> keys;
  if (by_fields(context_.rules()) && !row.entry && !row.successor) {
    context_.store.set_meta(rehire_choice(row.person.key), "");
    for (const PersonRow& r : former_selves(row, now)) keys.push_back(r.person.key.rep());
  }
  if (keys.size() > 1) return keys;
  return Error{Errc::refused, "person " + row.person.key.rep() + " is not the possible return of several former leavers",
               "muster problems lists those who are (ambiguous-rehire)"};
}

std::string Planner::ambiguity_of(const std::vector<PersonRow>& former) {
  std::string keys;
  for (const PersonRow& r : former) keys += (keys.empty() ? "" : ", ") + r.person.key.rep();
  return "may be the return of any of the former leavers " + keys +
         ", so no account is taken and none is made; let HR use the former key, or correct the fields that <rehire match> names, "
         "or decide here: muster rehire";
}

void Planner::take_over(const PersonRow& former, const PersonRow& row, const Now& now) {
  Store& store = context_.store;
  const auto entry = store.entry_by_row(*former.entry);
  store.take_over(former.id, row.id);
  context_.recorder.decided("relinked",
                            {{"person", row.person.key.rep()},
                             {"entry", to_string(entry->entry.id)},
                             {"dn", entry->entry.dn.str()},
                             {"before", {former.person.key.rep()}},
                             {"after", {row.person.key.rep()}},
                             {"reason", "rehire: " + fields_of(row.person, context_.rules()) + " are those of the former leaver " +
                                            former.person.key.rep()},
                             {"rule", context_.rules().rehire->at.rule()},
                             {"cause", row.person.source},
                             {"actor", "muster"}},
                            now.utc);
}

void Planner::link_rehired(const Now& now) {
  Store& store = context_.store;
  for (Row after = 0;;) {
    const auto page = store.dirty_people(after, kRehirePage);
    if (page.empty()) break;
    for (const PersonRow& row : page) store.set_rehire_key(row.id, rehire_key_of(row.person, *context_.rules().rehire));
    after = page.back().id;
  }
  for (Row after = 0;;) {
    const auto page = store.unlinked_dirty_people(after, kRehirePage);
    if (page.empty()) return;
    for (const PersonRow& row : page) {
      if (was_succeeded(row, now)) continue;
      const auto former = former_selves(row, now);
      if (former.size() == 1) take_over(former.front(), row, now);
    }
    after = page.back().id;
  }
}

/// True for somebody whose entry another key took over, as long as HR does not list the old key as present again.
bool Planner::was_succeeded(const PersonRow& row, const Now& now) {
  if (!row.successor) return false;
  if (!row.person.listed || is_leaving(row.person, context_.rules(), now)) return true;
  context_.store.forget_successor(row.id);
  return false;
}

}  // namespace muster
