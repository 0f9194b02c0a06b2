// One person, one entry and the store's memory of it, which carry out plans as a directory would.
#pragma once

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "mapping/plan.h"
#include "tests/support/rules_builder.h"

namespace muster::test {

/// Refuses (std::runtime_error) what a server would refuse: a change that starts from values that are not there, a second add, a
/// write to an entry that does not exist.
class PlanWorld {
 public:
  std::optional<Person> person;
  std::optional<Entry> entry;
  bool switched_off = false;
  std::optional<Instant> expires;
  std::vector<Membership> memberships;
  Ledger ledger;
  std::vector<Grant> grants;
  std::optional<Order> order, lifted;
  bool is_protected = false;
  std::map<std::string, Reference, std::less<>> references;
  std::string protected_by = "<protect person> at muster.xml:30:5";

  Subject subject(const Now& now) const {
    Subject s;
    s.person = person ? &*person : nullptr;
    s.entry = entry ? &*entry : nullptr;
    // An end is not to be seen on an account that is switched off: both are one attribute (pwdEndTime).
    s.account.disabled = switched_off || (expires && *expires <= now.utc);
    if (!switched_off) s.account.expires = expires;
    s.memberships = memberships;
    s.ledger = ledger;
    s.grants = grants;
    s.order = order;
    s.lifted = lifted;
    s.is_protected = is_protected;
    s.protected_by = protected_by;
    s.references = references;
    return s;
  }

  void apply(const Plan& made, const Now& now) {
    for (const Change& c : made.changes) apply(c, now);
    for (const auto& [name, values] : made.agreed) ledger.settled[name] = values;
    for (Grant& g : grants) {
      for (const auto& [id, why] : made.ended) {
        if (g.id == id) g.over = why;
      }
    }
  }

 private:
  static void demand(bool holds, const std::string& sentence) {
    if (!holds) throw std::runtime_error("the directory refuses: " + sentence);
  }
  Values values_of(const std::string& name) const {
    const Values* found = entry->attributes.find(name);
    return found ? *found : Values{};
  }

  void apply(const Change& c, const Now& now) {
    if (c.action == Action::create) return create(c, now);
    demand(entry.has_value(), std::string(to_string(c.action)) + " of no entry");
    demand(c.entry == entry->id, "another entry is meant");
    switch (c.action) {
      case Action::disable: return disable(c, now);
      case Action::enable: return enable();
      case Action::remove_member: return remove_member(c.group);
      case Action::add_member: return add_member(c);
      case Action::set:
      case Action::clear: return write(c);
      case Action::rename: return rename(c);
      case Action::move: return move(c);
      case Action::expire: return expire(c);
      case Action::remove: return remove();
      case Action::create: return;
    }
  }

  void create(const Change& c, const Now& now) {
    demand(!entry, c.dn.str() + " exists");
    entry = Entry{EntryId({1}), c.dn, "", c.initial};
    for (const Ava& a : c.dn.rdn_avas()) {
      if (!entry->attributes.find(a.type)) entry->attributes.set(a.type, {a.value});
      const Values named = values_of(a.type);
      demand(std::find(named.begin(), named.end(), a.value) != named.end(), "the name is not among the values of " + a.type);
    }
    for (const auto& [name, values] : c.initial) ledger.settled[name] = values;
    if (!c.create_disabled) return;
    switched_off = true;
    ledger.disabled_at = now.utc;
    ledger.disabled_for = Decision::joiner;
  }

  void disable(const Change& c, const Now& now) {
    switched_off = true;
    expires.reset();
    ledger.disabled_at = now.utc;
    ledger.disabled_for = c.decision;
  }
  void enable() {
    demand(switched_off, "it is enabled");
    switched_off = false;
    ledger.disabled_at.reset();
    ledger.disabled_for.reset();
  }

  void remove_member(const Dn& group) {
    const auto n = std::erase_if(memberships, [&](const Membership& m) { return m.group == group; });
    demand(n == 1, "no member of " + group.str());
  }
  void add_member(const Change& c) {
    for (const Membership& m : memberships) demand(!(m.group == c.group), "already a member of " + c.group.str());
    memberships.push_back({c.group, true, grant_number(c.because.cause)});
  }

  void write(const Change& c) {
    demand(values_of(c.attribute) == c.from, c.attribute + " is not what the plan saw");
    for (const Ava& a : entry->dn.rdn_avas()) {
      const bool named = to_lower(a.type) == to_lower(c.attribute);
      const bool kept =
          std::any_of(c.to.begin(), c.to.end(), [&](const auto& v) { return equal(Matching::case_ignore, v, a.value); });
      demand(!named || kept, "the value is part of the name");
    }
    entry->attributes.set(c.attribute, c.to);
    ledger.settled[to_lower(c.attribute)] = c.to;
  }

  void rename(const Change& c) {
    demand(dn(c.from.front()) == dn(entry->dn.rdn()), "the entry is not called " + c.from.front());
    const auto old = entry->dn.rdn_avas();
    const Dn parent = entry->dn.parent();
    entry->dn = dn(c.to.front() + (parent.empty() ? "" : "," + parent.str()));
    const auto fresh = entry->dn.rdn_avas();
    demand(old.size() == fresh.size(), "another number of parts");
    for (std::size_t i = 0; i < old.size(); ++i) {
      if (old[i].value == fresh[i].value) continue;
      Values values = values_of(old[i].type);
      std::erase_if(values, [&](const auto& v) { return equal(Matching::case_ignore, v, old[i].value); });
      values.push_back(fresh[i].value);
      entry->attributes.set(old[i].type, std::move(values));
    }
  }

  void move(const Change& c) {
    demand(entry->dn.parent() == dn(c.from.front()), "it is not there");
    entry->dn = dn(entry->dn.rdn() + "," + c.to.front());
  }

  void expire(const Change& c) {
    demand(!switched_off, "an account that is switched off has no end");
    expires.reset();
    if (!c.to.empty()) expires = parse_iso_time(c.to.front());
    demand(c.to.empty() || expires, "no time: " + (c.to.empty() ? "" : c.to.front()));
  }

  void remove() {
    entry.reset();
    memberships.clear();
  }
};

}  // namespace muster::test
