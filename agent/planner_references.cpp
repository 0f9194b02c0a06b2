// Planner: people whom other people's records name.
#include <algorithm>
#include <set>

#include "agent/planner.h"

namespace muster {

namespace {

constexpr std::size_t kReferencePage = 256;

/// The chain of those whom `key` names, and whom these name, leads back to `key`.
bool is_circular(Store& store, const std::string& start, const std::string& key) {
  std::set<std::string> seen;
  std::vector<std::string> todo{key};
  while (!todo.empty()) {
    const std::string next = std::move(todo.back());
    todo.pop_back();
    if (next == start) return true;
    if (!seen.insert(next).second) continue;
    const auto row = store.person(PersonKey(next));
    if (!row) continue;
    for (std::string& above : store.references_of(row->id)) todo.push_back(std::move(above));
  }
  return false;
}

/// Whom a snapshot no longer lists, HR does not know.
bool is_listed(const Person& person, const Rules& rules) { return person.listed || !rules.missing_is_leaver; }

}  // namespace

bool uses_references(const Rules& rules) {
  return std::any_of(rules.attributes.begin(), rules.attributes.end(), [](const auto& r) { return r.refers_to_person; }) ||
         std::any_of(rules.workers.begin(), rules.workers.end(), [](const auto& w) { return w.owner_index >= 0; });
}

void note_references(Context& context, const Now& now) {
  for (Row after = 0;;) {
    const auto page = context.store.dirty_people(after, kReferencePage);
    if (page.empty()) return;
    for (const PersonRow& row : page) context.store.set_references(row.id, person_keys(row.person, context.rules(), now));
    after = page.back().id;
  }
}

std::map<std::string, Reference, std::less<>> references_of(Context& context, const PersonRow& person, const Now& now) {
  std::map<std::string, Reference, std::less<>> all;
  Store& store = context.store;
  for (const std::string& key : person_keys(person.person, context.rules(), now)) {
    Reference& r = all[key];
    const auto row = store.person(PersonKey(key));
    if (!row) continue;
    r.known = is_listed(row->person, context.rules());
    r.leaving = is_leaving(row->person, context.rules(), now);
    r.circular = is_circular(store, person.person.key.rep(), key);
    const auto entry = row->entry ? store.entry_by_row(*row->entry) : std::nullopt;
    if (entry && !entry->gone) r.dn = entry->entry.dn;
  }
  return all;
}

bool note_standing(Context& context, const PersonRow& person, const EntryRow* entry, const Now& now) {
  const std::string key = person.person.key.rep();
  std::string standing = entry && !entry->gone ? entry->entry.dn.normal() : "-";
  standing += is_leaving(person.person, context.rules(), now) ? "|left" : "|here";
  if (!is_listed(person.person, context.rules())) standing += " and not listed";
  for (const std::string& named : context.store.references_of(person.id)) {
    standing += "|" + named;
    if (is_circular(context.store, key, named)) standing += " in a circle";
  }
  return context.store.set_standing(person.id, standing);
}

}  // namespace muster
