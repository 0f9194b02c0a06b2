#include "agent/mirror.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/image.h"
#include "agent/sha256.h"
#include "ldap/active_directory.h"

namespace muster {

using nlohmann::json;

namespace {

GroupKind kind_of_group(const Entry& entry) {
  if (const Values* classes = entry.attributes.find("objectclass")) {
    for (const std::string& c : *classes) {
      const std::string lower = to_lower(c);
      if (lower == "posixgroup") return GroupKind::member_uid;
      if (lower == "groupofuniquenames") return GroupKind::unique_member;
    }
  }
  return GroupKind::member;
}

std::string owner_reason(const AttributeRule& rule) {
  return std::string("owned by ") + std::string(to_string(rule.owner)) + " (" + rule.at.rule() + ")";
}

}  // namespace

void Mirror::report(const std::string& kind, Row row, const Entry& entry, json details, Instant at) {
  if (const auto person = context_.store.person_of_entry(row)) details["person"] = person->person.key.rep();
  details["entry"] = to_string(entry.id);
  details["dn"] = entry.dn.str();
  if (context_.restored) {
    details["reason"] =
        details.value("reason", "") +
        "; found when a state file from a backup was compared with the directory, so it may have been known before, "
        "and may have been muster's own work";
  }
  context_.recorder.event(kind, std::move(details), at);
}

void Mirror::note_other(Row entry, const std::string& name, bool is_ours, const std::string& by, const Origin& origin) {
  // What a backup does not know of may have been the agent's own work; and after an own write the entry was written by the agent
  // last.
  if (context_.restored) return;
  const std::string writer = origin.own ? std::string() : by;
  context_.store.count_other_writer(name, origin.at, writer);
  if (is_ours) context_.store.note_foreign(entry, name, origin.at, writer);
}

void Mirror::set_joins(Row row, const Entry& entry) {
  const auto values = join_values_of(entry, context_);
  context_.store.set_join_values(row, values);
  for (const auto& [ordinal, value] : values) {
    if (ordinal >= 0) context_.store.mark_claimants_dirty(ordinal, value);
  }
}

/// Whom an entry or a group names, for what leavers have to hand over.
void Mirror::note_mentions(const Entry& entry, const Origin& origin) {
  Store& store = context_.store;
  std::vector<Store::MentionTarget> targets;
  for (const char* name : {"manager", "managedby", "owner"}) {
    const Values* values = entry.attributes.find(name);
    for (const std::string& value : values ? *values : Values{}) {
      if (const auto dn = Dn::parse(value); dn && !dn->empty()) targets.push_back({name, dn->normal()});
    }
  }
  const auto differing = store.set_mentions(entry.id, entry.dn, std::move(targets));
  if (origin.baseline) return;  // everybody is planned then
  for (const std::string& value : differing) {
    if (const auto row = store.mentioned_entry(value)) store.mark_owner_dirty(*row);
  }
}

Mirror::Fate Mirror::insert_entry(const Stream& stream, const Entry& entry, std::string_view image, const Origin& origin) {
  const Row row = context_.store.insert_entry(stream.index, entry, image);
  set_joins(row, entry);
  note_mentions(entry, origin);
  context_.store.mark_groups_of_value_dirty(entry.dn.normal());
  if (!origin.baseline && !origin.own) report("appeared", row, entry, {{"reason", "a new entry in " + stream.name}}, origin.at);
  return Fate::appeared;
}

void Mirror::report_account(const EntryRow& before, const Entry& after, const Origin& origin) {
  if (origin.own || !context_.accounts) return;
  const bool was = context_.accounts->is_disabled(before.entry, origin.at);
  const bool is = context_.accounts->is_disabled(after, origin.at);
  if (was == is) return;
  if (context_.restored && is && before.ledger.disabled_at) return;  // upstream was told that muster did
  const char* word[] = {"enabled", "disabled"};
  report("account", before.id, after,
         {{"before", {word[was]}}, {"after", {word[is]}}, {"reason", std::string(word[is]) + " by somebody else"}}, origin.at);
}

void Mirror::report_differences(const EntryRow& before, const Entry& after, const Origin& origin) {
  if (before.gone) {
    report("appeared", before.id, after, {{"reason", "an entry that was gone came back"}}, origin.at);
  } else if (!(before.entry.dn == after.dn) && !(origin.own && origin.own->contains("dn"))) {
    report("renamed", before.id, after, {{"before", {before.entry.dn.str()}}, {"after", {after.dn.str()}}}, origin.at);
  }
  for (const AttributeRule& rule : context_.rules().attributes) {
    if (origin.own && origin.own->count(rule.key)) continue;
    static const Values none;
    const Values* was = before.entry.attributes.find(rule.key);
    const Values* is = after.attributes.find(rule.key);
    if (!was) was = &none;
    if (!is) is = &none;
    if (equal_sets(rule.equality, *was, *is)) continue;
    json details = {{"attribute", rule.name},
                    {"before", *was},
                    {"after", *is},
                    {"owner", to_string(rule.owner)},
                    {"reason", owner_reason(rule)}};
    if (rule.owner == Owner::hr) {
      // What was never settled is not anybody's yet, and whoever puts HR's value back mends a drift.
      const auto settled = before.ledger.settled.find(rule.key);
      if (settled == before.ledger.settled.end() || equal_sets(rule.equality, settled->second, *is)) continue;
      details["expected"] = settled->second;
    }
    if (!rule.upstream.empty()) details["upstream"] = rule.upstream;
    if (!after.modifier.empty() && !origin.own) details["by"] = after.modifier;
    note_other(before.id, rule.key, rule.owner == Owner::hr, after.modifier, origin);
    report(rule.owner == Owner::directory ? "changed" : "drift", before.id, after, std::move(details), origin.at);
  }
  report_account(before, after, origin);
}

Mirror::Fate Mirror::upsert_entry(const Stream& stream, const Entry& entry, std::string_view image,
                                  const std::optional<EntryRow>& known, const Origin& origin) {
  if (!known) return insert_entry(stream, entry, image, origin);
  Store& store = context_.store;
  const bool same_name = known->entry.dn.str() == entry.dn.str();
  if (same_name && !known->gone && known->entry.attributes == entry.attributes) {
    if (known->stream != stream.index || known->entry.version != entry.version)
      store.touch_entry(known->id, stream.index, entry.version);
    return Fate::same;
  }
  if (!origin.baseline) report_differences(*known, entry, origin);
  // Active Directory's links follow a rename without a word about the groups.
  if (!(known->entry.dn == entry.dn) && context_.server.family == Family::active_directory)
    store.rename_member(known->entry.dn.normal(), entry.dn.normal());
  else
    leave_behind(*known, &entry);
  if (!same_name || known->gone) {
    store.mark_groups_of_value_dirty(known->entry.dn.normal());
    store.mark_groups_of_value_dirty(entry.dn.normal());
  }
  if (!(known->entry.dn == entry.dn)) store.rename_mentions(known->entry.dn.normal(), known->id);
  store.update_entry(known->id, stream.index, entry, image);
  note_mentions(entry, origin);
  // Enabled again by somebody else: what is disabled later by others is not ours to enable.
  if (!origin.own && known->ledger.disabled_at && context_.accounts && !context_.accounts->is_disabled(entry, origin.at)) {
    store.set_disabled(known->id, std::nullopt, std::nullopt);
  }
  set_joins(known->id, entry);
  store.mark_owner_dirty(known->id);
  return Fate::changed;
}

void Mirror::member_changed(const GroupRow& group, const std::string& key, bool added, const Origin& origin) {
  Store& store = context_.store;
  const auto row = entry_of_member(store, key);
  if (row) {
    store.mark_owner_dirty(*row);
    const ManagedRule* rule = origin.baseline ? nullptr : context_.rules().managed_group(group.dn);
    if (rule) {
      const bool exclusive = rule->membership == ManagedRule::Membership::exclusive;
      json details = {{"group", group.dn.str()},
                      {"before", added ? json::array() : json{group.dn.str()}},
                      {"after", added ? json{group.dn.str()} : json::array()},
                      {"reason", std::string(added ? "added" : "removed") + " by somebody else; membership is " +
                                     (exclusive ? "exclusive" : "granted") + " (" + rule->at.rule() + ")"}};
      if (!origin.by.empty()) details["by"] = origin.by;
      note_other(*row, group.dn.normal(), true, origin.by, origin);
      report(exclusive || !added ? "drift" : "changed", *row, store.entry_by_row(*row)->entry, std::move(details), origin.at);
    }
    if (!added) store.forget_granted(*row, group.id);
  }
  if (added) {
    store.add_member(group.id, key);
  } else {
    store.remove_member(group.id, key);
  }
}

void Mirror::diff_members(const GroupRow& group, const std::vector<std::string>& now, bool fresh, const Origin& origin) {
  std::vector<std::string> added, removed;
  if (fresh) {
    added = now;
  } else {
    auto next = now.begin();
    context_.store.each_member(group.id, [&](std::string_view old) {
      while (next != now.end() && *next < old) added.push_back(*next++);
      if (next != now.end() && *next == old) {
        ++next;
      } else {
        removed.emplace_back(old);
      }
    });
    added.insert(added.end(), next, now.end());
  }
  for (const std::string& key : removed) member_changed(group, key, false, origin);
  for (const std::string& key : added) member_changed(group, key, true, origin);
}

Mirror::Fate Mirror::upsert_group(const Entry& entry, const Origin& origin) {
  Store& store = context_.store;
  note_mentions(entry, origin);
  const auto known = store.group(entry.id);
  GroupRow g;
  if (known) g = *known;
  g.uuid = entry.id;
  g.kind = kind_of_group(entry);
  const Values* raw = entry.attributes.find(to_lower(member_attribute(g.kind)));
  g.rid = active_directory::rid_of(entry.attributes.first("objectsid")).value_or(0);
  g.is_guarded = g.rid && !active_directory::protection_of(entry).empty();
  Sha256 sum;
  sum.add(entry.dn.str());
  if (g.is_guarded) sum.add("guarded");
  if (raw) {
    for (const std::string& v : *raw) sum.add(v);
  }
  const std::string digest = sum.hex();
  if (known && !known->gone && known->digest == digest && known->kind == g.kind) {
    if (known->version != entry.version) store.touch_group(known->id, entry.version);
    return Fate::same;
  }
  std::vector<std::string> keys;
  if (raw) {
    for (const std::string& v : *raw) keys.push_back(member_key(g.kind, v));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  g.placeholder = false;
  if (const auto& placeholder = context_.directory().placeholder) { g.placeholder = std::erase(keys, placeholder->normal()) > 0; }
  if (known && !(known->dn == entry.dn)) store.mark_members_dirty(g.id);
  if (!known || known->gone || !(known->dn == entry.dn)) store.mark_waiting_for_groups_dirty();
  g.dn = entry.dn;
  g.version = entry.version;
  g.digest = digest;
  g.id = store.put_group(g);
  Origin member_origin = origin;
  if (!known || known->gone) member_origin.baseline = true;
  member_origin.by = entry.modifier;
  diff_members(g, keys, !known, member_origin);
  return known ? Fate::changed : Fate::appeared;
}

void Mirror::leave_behind(const EntryRow& before, const Entry* after) {
  if (context_.server.family == Family::active_directory) return;
  if (after && after->dn == before.entry.dn && after->attributes.first("uid") == before.entry.attributes.first("uid")) return;
  for (const GroupRow& group : context_.store.granted_groups(before.id)) {
    const std::string key = member_key(group.kind, member_value(group.kind, before.entry));
    const bool same = after && member_key(group.kind, member_value(group.kind, *after)) == key;
    if (!same && context_.store.is_member(group.id, key)) context_.store.leave_behind(group.id, key);
  }
}

void Mirror::entry_gone(const EntryRow& row, Instant at) {
  Store& store = context_.store;
  store.mark_owner_dirty(row.id);
  store.mark_groups_of_value_dirty(row.entry.dn.normal());
  store.mark_gone(row.id);
  forget_mentions(row.entry.id);
  report("deleted", row.id, row.entry, {{"before", {row.entry.dn.str()}}, {"reason", "deleted, or moved out of the watched bases"}},
         at);
}

void Mirror::forget_mentions(const EntryId& source) {
  for (const std::string& value : context_.store.set_mentions(source, Dn{}, {})) {
    if (const auto row = context_.store.mentioned_entry(value)) context_.store.mark_owner_dirty(*row);
  }
}

void Mirror::group_gone(const GroupRow& row) {
  context_.store.mark_group_gone(row.id);
  forget_mentions(row.uuid);
}

void Mirror::members(const MembersChanged& change, Instant at) {
  Store& store = context_.store;
  auto group = store.group(change.id);
  if (!group || group->gone) return;
  if (is_older(change.version, group->version)) return;
  const Origin origin{false, true, nullptr, at};
  const auto placeholder = context_.directory().placeholder;
  const auto note = [&](const Values& values, bool added) {
    for (const std::string& value : values) {
      const std::string key = member_key(group->kind, value);
      if (placeholder && key == placeholder->normal()) {
        group->placeholder = added;
      } else if (store.is_member(group->id, key) != added) {
        member_changed(*group, key, added, origin);
      }
    }
  };
  note(change.removed, false);
  note(change.added, true);
  // The digest is of all values, which nobody has read now: the next complete look compares them.
  group->digest.clear();
  if (!change.version.empty()) group->version = change.version;
  store.put_group(*group);
}

void Mirror::live(const Stream& stream, const Notice& notice, Instant at) {
  const Origin origin{false, true, nullptr, at};
  if (const auto* gone = std::get_if<Gone>(&notice)) {
    if (stream.groups) {
      if (const auto g = context_.store.group(gone->id); g && !g->gone) group_gone(*g);
    } else if (const auto row = context_.store.entry(gone->id); row && !row->gone && row->stream == stream.index) {
      entry_gone(*row, at);
    }
    return;
  }
  const auto* upsert = std::get_if<Upsert>(&notice);
  if (!upsert) return;
  const Entry& entry = upsert->entry;
  if (stream.groups) {
    const auto known = context_.store.group(entry.id);
    if (!known || known->gone || !is_older(entry.version, known->version)) upsert_group(entry, origin);
    return;
  }
  const auto known = context_.store.entry(entry.id);
  if (known && !known->gone && is_older(entry.version, known->entry.version)) return;
  std::string image;
  encode_attributes(entry.attributes, image);
  upsert_entry(stream, entry, image, known, origin);
}

void Mirror::own(const Stream& stream, Entry entry, const std::set<std::string>& own, Instant at) {
  std::string image;
  encode_attributes(entry.attributes, image);
  context_.own_writes.wrote(entry.id);
  upsert_entry(stream, entry, image, context_.store.entry(entry.id), Origin{false, false, &own, at});
}

void Mirror::own_membership(Row group, Row entry, const std::string& key, bool added) {
  Store& store = context_.store;
  context_.own_writes.wrote(group, key);
  // Else somebody who undoes this write at once would make the group look as it was when it was read: the same.
  store.forget_group_digest(group);
  if (added) {
    store.add_member(group, key);
  } else {
    store.remove_member(group, key);
    if (entry) store.forget_granted(entry, group);
  }
}

}  // namespace muster
