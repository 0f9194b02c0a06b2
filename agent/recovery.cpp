// Applier::recover: what became of writes whose answer never came (guarantee 4).
#include "agent/applier.h"

namespace muster {

Result<bool> Applier::already(const JournalRow& row, std::optional<Entry>& after) {
  const Change& c = row.change;
  if (row.group) {
    const auto group = context_.store.group_by_row(row.group);
    if (!group || group->gone) return false;
    const auto entry = row.entry ? context_.store.entry_by_row(row.entry) : std::nullopt;
    std::string value = entry ? member_value(group->kind, entry->entry) : c.from.empty() ? c.dn.str() : c.from.front();
    if (!entry && value.starts_with("uid:")) value = value.substr(4);
    auto found = has_member(connection_, *group, value);
    if (!found) return std::move(found).error();
    return *found == (c.action == Action::add_member);
  }
  // Whether the password reached anybody is not to be seen: another one is made and handed over.
  if (is_password(c)) return false;
  auto found = look(c);
  if (!found) return std::move(found).error();
  after = std::move(*found);
  if (c.action == Action::remove) return !after;
  if (!after) return false;
  const auto same = [&](std::string_view name, const Values& wanted) {
    const Values* is = after->attributes.find(name);
    return equal_sets(context_.types.equality_of(name), is ? *is : Values{}, wanted);
  };
  switch (c.action) {
    case Action::set:
    case Action::clear: return same(c.attribute, c.to);
    case Action::disable: return context_.accounts->is_disabled(*after, system_now().utc);
    case Action::enable: return !context_.accounts->is_disabled(*after, system_now().utc);
    case Action::rename: {
      const auto wanted = c.to.empty() ? Result<Dn>(Dn{}) : Dn::parse(c.to.front());
      const auto is = Dn::parse(after->dn.rdn());
      return wanted && is && *wanted == *is;
    }
    case Action::move: {
      const auto parent = c.to.empty() ? Result<Dn>(Dn{}) : Dn::parse(c.to.front());
      return parent && after->dn.parent() == *parent;
    }
    case Action::expire: {
      const auto wanted = c.to.empty() ? std::nullopt : parse_iso_time(c.to.front());
      return context_.accounts->expires(*after) == wanted;
    }
    case Action::create:
      for (const auto& [name, values] : c.initial) {
        if (!same(name, values)) return false;
      }
      return true;
    default: return false;
  }
}

Result<Applier::Counts> Applier::recover() {
  counts_ = {};
  for (const JournalRow& row : context_.store.intents()) {
    std::optional<Entry> after;
    auto done = already(row, after);
    if (!done) return std::move(done).error();
    Store::Transaction transaction(context_.store);
    const Instant at = system_now().utc;
    if (*done) {
      succeeded(row, after, at);
    } else {
      MUSTER_TRY(conflicted(row, at));
    }
    transaction.commit();
  }
  return counts_;
}

}  // namespace muster
