// Entries as SCIM users.
#include <algorithm>
#include <future>

#include "agent/context.h"
#include "agent/sha256.h"
#include "agent/upstream/scim_pass.h"
#include "schema/calendar.h"

namespace muster {

using scim::json;
using scim::Outcome;

namespace {

constexpr std::size_t kPage = 1000;  ///< as much as servers take in one bulk request

std::string user_name_attribute(const UpstreamSettings::Scim& settings, const Bearings& bearings) {
  if (!settings.user_name.empty()) return to_lower(settings.user_name);
  return bearings.is_active_directory ? "userprincipalname" : "uid";
}

bool is_user_name(const ScimPath& path) { return path.schema.empty() && to_lower(path.attribute) == "username"; }

std::string user_name_of(const scim::Ours& ours) {
  for (const scim::Mapped& m : ours.mapped) {
    if (is_user_name(m.path) && !m.values.empty()) return m.values.front();
  }
  return "";
}

}  // namespace

std::string ScimPass::external_id(const EntryRow& row) {
  const auto person = store_.person_of_entry(row.id);
  return person ? person->person.key.rep() : to_string(row.entry.id);
}

/// Of a DN the other side's id of whom it names; who is not known there yet is left out, and comes once it is.
std::vector<std::string> ScimPass::values_of(const EntryRow& row, const Bearings::Sent& sent) {
  const Values* values = row.entry.attributes.find(sent.key);
  if (!values) return {};
  if (!sent.is_dn) return *values;
  std::vector<std::string> ids;
  for (const std::string& value : *values) {
    if (auto id = id_of_member(normalise(Matching::dn, value)))
      ids.push_back(std::move(*id));
    else
      wanting_.push_back(row.id);
  }
  return ids;
}

void ScimPass::say_user_name(const EntryRow& row, scim::Ours& ours) const {
  const bool is_mapped = std::any_of(ours.mapped.begin(), ours.mapped.end(), [](const auto& m) { return is_user_name(m.path); });
  if (is_mapped) return;
  const std::string name(row.entry.attributes.first(user_name_attribute(in_.settings, in_.bearings)));
  ours.mapped.push_back({{.schema = "", .attribute = "userName", .where = {}, .sub = ""}, {}});
  if (!name.empty()) ours.mapped.back().values.push_back(name);
}

scim::Ours ScimPass::person(const EntryRow& row) {
  scim::Ours ours;
  ours.schema = kScimUser;
  ours.external_id = external_id(row);
  const Instant now = system_now().utc;
  const auto expires = in_.bearings.accounts.expires(row.entry);
  ours.active = !in_.bearings.accounts.is_disabled(row.entry, now) && !(expires && *expires <= now);
  for (const Bearings::Sent& sent : in_.bearings.sent) {
    // What the server has no attribute for, `muster check` names.
    if (provider_.knows_schema && !provider_.schema.find(sent.path, true)) continue;
    ours.mapped.push_back({sent.path, values_of(row, sent)});
  }
  say_user_name(row, ours);
  return ours;
}

/// As everywhere.
void ScimPass::leavers_first(std::vector<EntryRow>& rows) const {
  std::stable_partition(rows.begin(), rows.end(),
                        [&](const EntryRow& row) { return in_.bearings.accounts.is_disabled(row.entry, system_now().utc); });
}

Status ScimPass::put_people(std::vector<EntryRow> rows) {
  std::vector<EntryRow> unknown;
  leavers_first(rows);
  for (EntryRow& row : rows) {
    const auto known = told(Kind::entry, row.id);
    if (!known) {
      unknown.push_back(std::move(row));
      continue;
    }
    const scim::Ours ours = person(row);
    if (known->digest == sha256_hex(ours.text())) {
      no_trouble(Kind::entry, row.id);
      continue;
    }
    auto current = client_.read(path(Kind::entry), known->id, "", stop_);
    if (!current) return std::move(current).error();
    bool is_missing = current->kind == Outcome::Kind::missing;
    if (current->done())
      MUSTER_TRY(settle(Kind::entry, row.id, row.entry.dn.str(), ours, std::move(current->resource), is_missing));
    else if (!is_missing)
      trouble(Kind::entry, row.id, row.entry.dn.str(), current->why);
    if (!is_missing && known->digest.empty()) belongs_to_groups(row, known->id);
    if (!is_missing) continue;
    forget(Kind::entry, row.id);
    unknown.push_back(std::move(row));
  }
  return create_people(std::move(unknown));
}

Status ScimPass::compare_person(const EntryRow& row, const json& current) {
  if (is_anothers(Kind::entry, row.id, current.value("id", ""))) {
    trouble(Kind::entry, row.id, row.entry.dn.str(), "the user upstream with this name is another person's");
    return ok();
  }
  bool is_missing = false;
  MUSTER_TRY(settle(Kind::entry, row.id, row.entry.dn.str(), person(row), current, is_missing));
  if (!is_missing) belongs_to_groups(row, current.value("id", ""));
  return ok();
}

/// Looks for each first, for a request whose answer was lost may have made it.
Result<ScimPass::Fresh> ScimPass::prepare(std::vector<EntryRow> rows) {
  Fresh fresh;
  for (EntryRow& row : rows) {
    scim::Ours is = person(row);
    const std::string name = user_name_of(is);
    if (name.empty()) {
      trouble(Kind::entry, row.id, row.entry.dn.str(),
              "it has no " + user_name_attribute(in_.settings, in_.bearings) + ", which would be its userName upstream");
      continue;
    }
    auto found = locate(path(Kind::entry), is, "userName", name);
    if (!found) return std::move(found).error();
    if (!found->is_null()) {
      MUSTER_TRY(compare_person(row, *found));
      continue;
    }
    fresh.resources.push_back(scim::text_of(scim::merged(json::object(), is, provider_.schema)));
    fresh.ours.push_back(std::move(is));
    fresh.rows.push_back(std::move(row));
  }
  return fresh;
}

Status ScimPass::note(const Fresh& fresh) {
  for (const EntryRow& row : fresh.rows) progress_.told.push_back({Kind::entry, row.id, kTried, ""});
  return flush();
}

Status ScimPass::take(const Fresh& fresh, const Made& made) {
  // Some of them may be there now.
  if (!made) is_fresh_ = false;
  if (!made) return made.error();
  for (std::size_t i = 0; i < fresh.rows.size(); ++i) {
    const EntryRow& row = fresh.rows[i];
    const Outcome& o = (*made)[i];
    if (o.done()) {
      remember(Kind::entry, row.id, o.id, fresh.ours[i]);
      belongs_to_groups(row, o.id);
    } else {
      forget(Kind::entry, row.id);
      trouble(Kind::entry, row.id, row.entry.dn.str(), o.why);
    }
  }
  return ok();
}

Status ScimPass::create_people(std::vector<EntryRow> rows) {
  const auto fresh = prepare(std::move(rows));
  if (!fresh) return fresh.error();
  if (fresh->rows.empty()) return ok();
  MUSTER_TRY(note(*fresh));
  return take(*fresh, client_.create_all(path(Kind::entry), fresh->resources, stop_));
}

/// Nobody is there yet, so nobody has to be looked for, and while some are sent the next ones are made ready. Only the thread that
/// sends uses client_ until it is waited for.
Status ScimPass::load_people() {
  std::vector<EntryRow> known;
  Fresh sent;
  std::future<Made> answer;
  const auto receive = [&]() -> Status {
    if (!answer.valid()) return ok();
    MUSTER_TRY(take(sent, answer.get()));
    return flush();
  };
  for (Row after = 0;;) {
    auto page = store_.entries(after, kPage);
    if (page.empty()) break;
    after = page.back().id;
    leavers_first(page);
    const auto first_known =
        std::stable_partition(page.begin(), page.end(), [&](const EntryRow& row) { return !told(Kind::entry, row.id); });
    std::move(first_known, page.end(), std::back_inserter(known));
    page.erase(first_known, page.end());
    auto next = prepare(std::move(page));
    if (const Status received = receive(); !received) return received;
    if (!next) return std::move(next).error();
    if (next->rows.empty()) continue;
    sent = std::move(*next);
    MUSTER_TRY(note(sent));
    answer = std::async(std::launch::async, [&] { return client_.create_all(path(Kind::entry), sent.resources, stop_); });
  }
  MUSTER_TRY(receive());
  return put_people(std::move(known));
}

/// Memberships that were passed over while nobody knew the member.
void ScimPass::belongs_to_groups(const EntryRow& row, const std::string& id) {
  if (is_complete_) return;
  const auto memberships = store_.memberships(row.id, member_values(row.entry));
  for (const MembershipRow& m : memberships) members_[m.group].add.insert(id);
  if (!memberships.empty()) owe(Kind::entry, row.id);
}

/// The id of somebody whom we were about to make there when we last heard; empty: they were not made.
Result<std::string> ScimPass::lost_id_of(const EntryRow& row) {
  const std::string mine = external_id(row), own = to_string(row.entry.id);
  std::string id;
  const auto look = [&](const json& user) -> Status {
    const json external = user.is_object() ? user.value("externalId", json()) : json();
    if (external == json(mine) || external == json(own)) id = user.value("id", "");
    return ok();
  };
  if (!provider_.has_filter) {
    MUSTER_TRY(client_.list(path(Kind::entry), "", look, stop_));
  } else {
    for (const std::string& external : {mine, own}) {
      auto found = client_.find(path(Kind::entry), "externalId", external, stop_);
      if (!found) return std::move(found).error();
      if (found->size() == 1) MUSTER_TRY(look(found->front()));
    }
  }
  return is_anothers(Kind::entry, row.id, id) ? std::string() : id;
}

Status ScimPass::entry_is_gone(const EntryRow& row) {
  auto known = told(Kind::entry, row.id);
  const bool was_tried = !known && store_.told_object(in_.follower, Kind::entry, row.id);
  if (was_tried) {
    auto lost = lost_id_of(row);
    if (!lost) return std::move(lost).error();
    if (!lost->empty()) known = Told{Kind::entry, row.id, std::move(*lost), ""};
  }
  if (!known) {
    if (was_tried) forget(Kind::entry, row.id);
    no_trouble(Kind::entry, row.id);
    return ok();
  }
  Result<Outcome> outcome = Outcome{};
  if (in_.settings.deactivates) {
    auto current = client_.read(path(Kind::entry), known->id, "", stop_);
    if (!current) return std::move(current).error();
    if (current->done()) {
      json wanted = current->resource;
      wanted["active"] = false;
      outcome = client_.change(path(Kind::entry), current->resource, wanted, stop_);
    }
  } else {
    outcome = client_.remove(path(Kind::entry), known->id, stop_);
  }
  if (!outcome) return std::move(outcome).error();
  if (!outcome->done() && outcome->kind != Outcome::Kind::missing) {
    trouble(Kind::entry, row.id, row.entry.dn.str(), outcome->why);
    return ok();
  }
  forget(Kind::entry, row.id);
  no_trouble(Kind::entry, row.id);
  return ok();
}

/// Everybody there is compared with us; who is not there any more is made anew.
Status ScimPass::list_people() {
  const auto there = client_.count(path(Kind::entry), stop_);
  if (!there) return there.error();
  is_fresh_ = *there == 0;
  seen_.assign(static_cast<std::size_t>(store_.highest_entry_row()) + 1, false);
  std::map<std::string, Row> by_name;
  if (!is_fresh_) {
    for (Row after = 0;;) {
      const auto page = store_.entries(after, kPage);
      if (page.empty()) break;
      for (const EntryRow& row : page) by_name.emplace(to_lower(user_name_of(person(row))), row.id);
      after = page.back().id;
    }
    wanting_.clear();
  }
  const auto row_of = [&](const json& user) -> std::optional<EntryRow> {
    if (const auto known = store_.told_object_by_id(in_.follower, Kind::entry, user.value("id", "")))
      return store_.entry_by_row(known->row);
    const std::string external = user.value("externalId", json("")).is_string() ? user.value("externalId", "") : "";
    if (const auto someone = store_.person(PersonKey(external)); someone && someone->entry)
      return store_.entry_by_row(*someone->entry);
    if (EntryId id; parse_entry_id(external, id)) return store_.entry(id);
    const json name = user.value("userName", json(""));
    const auto at = by_name.find(name.is_string() ? to_lower(name.get<std::string>()) : "");
    return at == by_name.end() || at->first.empty() ? std::nullopt : store_.entry_by_row(at->second);
  };
  if (!is_fresh_) {
    std::size_t since = 0;
    const Status listed = client_.list(
        path(Kind::entry), "",
        [&](const json& user) -> Status {
          if (!user.is_object() || !user.contains("id")) return ok();
          const auto row = row_of(user);
          if (!row || row->gone || static_cast<std::size_t>(row->id) >= seen_.size()) return ok();
          seen_[static_cast<std::size_t>(row->id)] = true;
          MUSTER_TRY(compare_person(*row, user));
          return ++since % kPage == 0 ? flush() : ok();
        },
        stop_);
    if (!listed) return listed;
  }
  return flush();
}

/// Whom we told and who is there no more on either side.
Status ScimPass::those_who_went() {
  for (Row after = 0;;) {
    const auto page = store_.told_objects(in_.follower, Kind::entry, after, kPage);
    if (page.empty()) return ok();
    after = page.back().row;
    for (const Told& t : page) {
      const auto row = store_.entry_by_row(t.row);
      const bool is_seen = static_cast<std::size_t>(t.row) < seen_.size() && seen_[static_cast<std::size_t>(t.row)];
      if (row && row->gone)
        MUSTER_TRY(entry_is_gone(*row));
      else if (!row || !is_seen)
        forget(Kind::entry, t.row);
    }
    MUSTER_TRY(flush());
  }
}

Status ScimPass::all_people() {
  if (is_fresh_) MUSTER_TRY(load_people());
  for (Row after = 0; !is_fresh_;) {
    auto page = store_.entries(after, kPage);
    if (page.empty()) break;
    after = page.back().id;
    MUSTER_TRY(put_people(std::move(page)));
    MUSTER_TRY(flush());
  }
  is_fresh_ = false;
  // Managers may have come after those who name them.
  std::vector<Row> again = std::move(wanting_);
  wanting_.clear();
  std::sort(again.begin(), again.end());
  again.erase(std::unique(again.begin(), again.end()), again.end());
  for (const Row row : again) {
    auto entry = store_.entry_by_row(row);
    if (!entry || entry->gone) continue;
    std::vector<EntryRow> one;
    one.push_back(std::move(*entry));
    MUSTER_TRY(put_people(std::move(one)));
  }
  wanting_.clear();
  return flush();
}

}  // namespace muster
