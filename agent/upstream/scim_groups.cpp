// Groups as SCIM groups, and who is in them.
#include <algorithm>
#include <iterator>

#include "agent/context.h"
#include "agent/sha256.h"
#include "agent/upstream/scim_pass.h"

namespace muster {

using scim::json;
using scim::Outcome;

namespace {

/// Members in one request.
constexpr std::size_t kAdded = 500, kRemoved = 100;
constexpr const char* kNoMembers = "?excludedAttributes=members";

std::string display_name(const GroupRow& row) {
  const auto parts = row.dn.rdn_avas();
  return parts.empty() ? row.dn.str() : parts.front().value;
}

json member_list(const std::vector<std::string>& ids) {
  json list = json::array();
  for (const std::string& id : ids) list.push_back({{"value", id}});
  return list;
}

std::set<std::string> ids_in(const json& resource) {
  std::set<std::string> ids;
  const auto members = resource.find("members");
  if (members == resource.end() || !members->is_array()) return ids;
  for (const json& m : *members) {
    if (m.is_object() && m.contains("value") && m["value"].is_string()) ids.insert(m["value"].get<std::string>());
  }
  return ids;
}

}  // namespace

scim::Ours ScimPass::group(const GroupRow& row) const {
  scim::Ours ours;
  ours.schema = kScimGroup;
  ours.external_id = to_string(row.uuid);
  ours.mapped.push_back({{.schema = "", .attribute = "displayName", .where = {}, .sub = ""}, {display_name(row)}});
  return ours;
}

/// A member is an entry or, in a nested group, a group.
std::optional<std::string> ScimPass::id_of_member(const std::string& key) {
  if (const auto entry = entry_of_member(store_, key)) {
    const auto known = told(Kind::entry, *entry);
    return known ? std::optional(known->id) : std::nullopt;
  }
  const auto dn = key.starts_with("uid:") ? Result<Dn>(Dn()) : Dn::parse(key);
  if (!dn || dn->empty()) return std::nullopt;
  const auto nested = store_.group_by_dn(*dn);
  if (!nested || nested->gone) return std::nullopt;
  const auto known = told(Kind::group, nested->id);
  return known ? std::optional(known->id) : std::nullopt;
}

std::vector<std::string> ScimPass::ids_of_members(Row group) {
  std::vector<std::string> keys, ids;
  store_.each_member(group, [&](std::string_view key) { keys.emplace_back(key); });
  for (const std::string& key : keys) {
    if (auto id = id_of_member(key)) ids.push_back(std::move(*id));
  }
  return ids;
}

Status ScimPass::put_group(const GroupRow& row, bool with_members) {
  const scim::Ours ours = group(row);
  const auto known = told(Kind::group, row.id);
  const bool owes = with_members && (!known || known->digest.empty());
  bool is_missing = !known;
  if (known && known->digest != sha256_hex(ours.text())) {
    auto current = client_.read(path(Kind::group), known->id, kNoMembers, stop_);
    if (!current) return std::move(current).error();
    is_missing = current->kind == Outcome::Kind::missing;
    if (current->done())
      MUSTER_TRY(settle(Kind::group, row.id, row.dn.str(), ours, std::move(current->resource), is_missing));
    else if (!is_missing)
      trouble(Kind::group, row.id, row.dn.str(), current->why);
  }
  if (is_missing) MUSTER_TRY(make_group(row, ours));
  const auto there = told(Kind::group, row.id);
  if (!there || !(is_missing || owes) || !with_members) return ok();
  owe(Kind::group, row.id);
  return compare_members(row, there->id);
}

/// One of the same name that is nobody's is taken.
Status ScimPass::make_group(const GroupRow& row, const scim::Ours& ours) {
  forget(Kind::group, row.id);
  auto found = locate(path(Kind::group), ours, "displayName", display_name(row));
  if (!found) return std::move(found).error();
  const std::string id = found->is_object() ? found->value("id", "") : "";
  if (!id.empty() && !is_anothers(Kind::group, row.id, id)) {
    bool is_missing = false;
    return settle(Kind::group, row.id, row.dn.str(), ours, std::move(*found), is_missing);
  }
  auto outcome = client_.create(path(Kind::group), scim::merged(json::object(), ours, provider_.schema), stop_);
  if (!outcome) return std::move(outcome).error();
  if (outcome->done())
    remember(Kind::group, row.id, outcome->id, ours);
  else
    trouble(Kind::group, row.id, row.dn.str(), outcome->why);
  return ok();
}

Status ScimPass::group_is_gone(Row row) {
  const auto known = told(Kind::group, row);
  if (!known) return ok();
  auto outcome = client_.remove(path(Kind::group), known->id, stop_);
  if (!outcome) return std::move(outcome).error();
  if (!outcome->done() && outcome->kind != Outcome::Kind::missing) {
    const auto group = store_.group_by_row(row);
    trouble(Kind::group, row, group ? group->dn.str() : known->id, outcome->why);
    return ok();
  }
  forget(Kind::group, row);
  no_trouble(Kind::group, row);
  return ok();
}

Status ScimPass::list_groups() {
  const auto there = client_.count(path(Kind::group), stop_);
  if (!there) return there.error();
  is_fresh_ = *there == 0;
  std::map<std::string, Row> by_name, by_id;
  std::map<Row, GroupRow> rows;
  for (GroupRow& row : store_.groups()) {
    by_name.emplace(to_lower(display_name(row)), row.id);
    by_id.emplace(to_string(row.uuid), row.id);
    rows.emplace(row.id, std::move(row));
  }
  std::set<Row> seen;
  const auto row_of = [&](const json& resource) -> Row {
    if (const auto known = store_.told_object_by_id(in_.follower, Kind::group, resource.value("id", ""))) return known->row;
    const auto text = [&](const char* name) {
      return resource.contains(name) && resource[name].is_string() ? to_lower(resource[name].get<std::string>()) : std::string();
    };
    if (const auto at = by_id.find(text("externalId")); at != by_id.end()) return at->second;
    const auto at = by_name.find(text("displayName"));
    return at == by_name.end() ? 0 : at->second;
  };
  if (!is_fresh_) {
    const Status listed = client_.list(
        path(Kind::group), "&excludedAttributes=members",
        [&](const json& resource) -> Status {
          if (!resource.is_object() || !resource.contains("id")) return ok();
          const auto row = rows.find(row_of(resource));
          if (row == rows.end() || seen.contains(row->first) || is_anothers(Kind::group, row->first, resource.value("id", "")))
            return ok();
          seen.insert(row->first);
          bool is_missing = false;
          return settle(Kind::group, row->first, row->second.dn.str(), group(row->second), resource, is_missing);
        },
        stop_);
    if (!listed) return listed;
  }
  std::vector<Row> gone;
  for (Row after = 0;;) {
    const auto page = store_.told_objects(in_.follower, Kind::group, after, 256);
    if (page.empty()) break;
    after = page.back().row;
    for (const Told& t : page) {
      if (!rows.contains(t.row))
        gone.push_back(t.row);
      else if (!seen.contains(t.row))
        forget(Kind::group, t.row);
    }
  }
  for (const Row row : gone) MUSTER_TRY(group_is_gone(row));
  return flush();
}

Status ScimPass::all_groups() {
  const auto rows = store_.groups();
  for (const GroupRow& row : rows) MUSTER_TRY(put_group(row, false));
  is_fresh_ = false;
  MUSTER_TRY(flush());
  // Once all are known, so that nested ones are.
  for (const GroupRow& row : rows) {
    if (const auto known = told(Kind::group, row.id)) MUSTER_TRY(compare_members(row, known->id));
    MUSTER_TRY(flush());
  }
  return ok();
}

Status ScimPass::compare_members(const GroupRow& row, const std::string& id) {
  auto current = client_.read(path(Kind::group), id, "", stop_);
  if (!current) return std::move(current).error();
  if (!current->done()) return ok();  // gone again: the next look makes it anew
  const std::vector<std::string> list = ids_of_members(row.id);
  const std::set<std::string> is = ids_in(current->resource), wanted(list.begin(), list.end());
  MemberChanges changes;
  std::set_difference(wanted.begin(), wanted.end(), is.begin(), is.end(), std::inserter(changes.add, changes.add.end()));
  std::set_difference(is.begin(), is.end(), wanted.begin(), wanted.end(), std::inserter(changes.remove, changes.remove.end()));
  return send_members(id, changes, row);
}

void ScimPass::touch_member(Row group, const std::string& key) {
  const auto id = id_of_member(key);
  if (!id) return;
  MemberChanges& changes = members_[group];
  const bool is_in = store_.is_member(group, key);
  (is_in ? changes.add : changes.remove).insert(*id);
  (is_in ? changes.remove : changes.add).erase(*id);
}

Status ScimPass::send_members() {
  const auto all = std::move(members_);
  members_.clear();
  for (const auto& [group, changes] : all) {
    const auto known = told(Kind::group, group);
    const auto row = store_.group_by_row(group);
    if (!known || !row || row->gone) continue;  // one that comes later comes with its members
    MUSTER_TRY(send_members(known->id, changes, *row));
  }
  return ok();
}

Status ScimPass::send_members(const std::string& id, const MemberChanges& changes, const GroupRow& row) {
  if (changes.add.empty() && changes.remove.empty()) return ok();
  if (!provider_.has_patch) return replace_members(id, row);
  const auto send = [&](json operations) -> Result<bool> {
    auto outcome = client_.patch(path(Kind::group), id, std::move(operations), stop_);
    if (!outcome) return std::move(outcome).error();
    if (outcome->done()) return true;
    MUSTER_TRY(look_again(id, row, *outcome));
    return false;
  };
  // Removals first, as everywhere.
  for (auto at = changes.remove.begin(); at != changes.remove.end();) {
    json operations = json::array();
    for (; at != changes.remove.end() && operations.size() < kRemoved; ++at)
      operations.push_back({{"op", "remove"}, {"path", "members[value eq " + scim::quoted(*at) + "]"}});
    const auto sent = send(std::move(operations));
    if (!sent) return sent.error();
    if (!*sent) return ok();
  }
  for (auto at = changes.add.begin(); at != changes.add.end();) {
    std::vector<std::string> some;
    for (; at != changes.add.end() && some.size() < kAdded; ++at) some.push_back(*at);
    const auto sent = send({{{"op", "add"}, {"path", "members"}, {"value", member_list(some)}}});
    if (!sent) return sent.error();
    if (!*sent) return ok();
  }
  no_trouble(Kind::group, row.id);
  return ok();
}

/// Some servers refuse to take out who is not in, or to put in who is: what the group has there says what is to be sent. A second
/// refusal is meant.
Status ScimPass::look_again(const std::string& id, const GroupRow& row, const Outcome& outcome) {
  const bool is_missing = outcome.kind == Outcome::Kind::missing;
  if (is_looking_again_ && !is_missing) trouble(Kind::group, row.id, row.dn.str(), outcome.why);
  if (is_missing) forget(Kind::group, row.id);
  if (is_looking_again_) return ok();
  is_looking_again_ = true;
  Status looked = is_missing ? put_group(row, true) : compare_members(row, id);
  is_looking_again_ = false;
  return looked;
}

Status ScimPass::replace_members(const std::string& id, const GroupRow& row) {
  auto current = client_.read(path(Kind::group), id, kNoMembers, stop_);
  if (!current) return std::move(current).error();
  if (!current->done()) return ok();
  json wanted = std::move(current->resource);
  wanted["members"] = member_list(ids_of_members(row.id));
  auto outcome = client_.replace(path(Kind::group), wanted, stop_);
  if (!outcome) return std::move(outcome).error();
  if (outcome->done())
    no_trouble(Kind::group, row.id);
  else
    trouble(Kind::group, row.id, row.dn.str(), outcome->why);
  return ok();
}

}  // namespace muster
