#include "agent/upstream/scim_pass.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/sha256.h"

namespace muster {

using scim::json;
using scim::Outcome;

namespace {

constexpr std::size_t kTouchedAtOnce = 200;
constexpr int kWrites = 3;

}  // namespace

std::string trouble_subject(const std::string& follower, Store::Touched kind, Row row) {
  return follower + (kind == Store::Touched::entry ? " person " : " group ") + std::to_string(row);
}

ScimPass::ScimPass(Store& store, scim::Client& client, const scim::Provider& provider, Setting setting, std::stop_token stop)
    : store_(store), client_(client), provider_(provider), in_(setting), stop_(std::move(stop)) {
  progress_.follower = in_.follower;
}

std::optional<ScimPass::Told> ScimPass::told(Kind kind, Row row) {
  const auto at = pending_.find({kind, row});
  if (at != pending_.end()) return at->second;
  auto stored = store_.told_object(in_.follower, kind, row);
  if (stored && stored->id == kTried) stored.reset();
  return stored;
}

bool ScimPass::is_anothers(Kind kind, Row row, const std::string& id) {
  const auto owner = store_.told_object_by_id(in_.follower, kind, id);
  if (!owner || owner->row == row) return false;
  const auto now = told(kind, owner->row);
  return now && now->id == id;
}

void ScimPass::remember(Kind kind, Row row, const std::string& id, const scim::Ours& ours) {
  Told object{kind, row, id, sha256_hex(ours.text())};
  pending_[{kind, row}] = object;
  progress_.told.push_back(std::move(object));
  no_trouble(kind, row);
}

void ScimPass::owe(Kind kind, Row row) {
  const auto known = told(kind, row);
  if (!known || known->digest.empty()) return;
  owed_[{kind, row}] = *known;
  Told object = *known;
  object.digest.clear();
  pending_[{kind, row}] = object;
  progress_.told.push_back(std::move(object));
}

void ScimPass::settled() {
  for (const auto& [key, object] : owed_) {
    if (const auto now = told(object.kind, object.row); !now || now->id != object.id) continue;
    pending_[key] = object;
    progress_.told.push_back(object);
  }
  owed_.clear();
}

void ScimPass::forget(Kind kind, Row row) {
  pending_[{kind, row}] = std::nullopt;
  progress_.told.push_back({kind, row, "", ""});
}

void ScimPass::trouble(Kind kind, Row row, const std::string& dn, const std::string& what) {
  progress_.troubles.push_back({kind, row, dn, what});
  spdlog::warn("{}: {}: {}", in_.follower, dn, what);
}

void ScimPass::no_trouble(Kind kind, Row row) {
  const bool stands = !store_.problems(trouble_subject(in_.follower, kind, row)).empty();
  const bool is_new = std::any_of(progress_.troubles.begin(), progress_.troubles.end(),
                                  [&](const auto& t) { return t.kind == kind && t.row == row; });
  if (stands || is_new) progress_.troubles.push_back({kind, row, "", ""});
}

Status ScimPass::flush(std::optional<Row> position) {
  progress_.position = position;
  if (progress_.empty()) return ok();
  FollowerProgress reached = std::move(progress_);
  progress_ = {};
  progress_.follower = in_.follower;
  MUSTER_TRY(in_.hands.keep(std::move(reached)));
  pending_.clear();
  return ok();
}

/// What was done before an Error is done.
Status ScimPass::kept(Status status) {
  if (status) return status;
  if (const Status flushed = flush(); !flushed) spdlog::warn("{}: {}", in_.follower, flushed.error().text());
  return status;
}

Result<json> ScimPass::locate(const std::string& where, const scim::Ours& ours, const std::string& unique,
                              const std::string& value) {
  if (!provider_.has_filter || is_fresh_) return json();
  auto found = client_.find(where, "externalId", ours.external_id, stop_);
  if (!found) return std::move(found).error();
  if (found->empty() && !value.empty()) {
    found = client_.find(where, unique, value, stop_);
    if (!found) return std::move(found).error();
  }
  if (found->size() != 1) return json();  // of two nobody knows which; creating it says so
  return std::move(found->front());
}

Status ScimPass::settle(Kind kind, Row row, const std::string& dn, const scim::Ours& ours, json current, bool& is_missing) {
  is_missing = false;
  for (int attempt = 1;; ++attempt) {
    std::vector<std::string> refused;
    const json wanted = scim::merged(current, ours, provider_.schema, &refused);
    auto outcome = client_.change(path(kind), current, wanted, stop_);
    if (!outcome) return std::move(outcome).error();
    if (outcome->done()) {
      remember(kind, row, current.value("id", ""), ours);
      if (!refused.empty()) trouble(kind, row, dn, refused.front());
      return ok();
    }
    is_missing = outcome->kind == Outcome::Kind::missing;
    if (is_missing) return ok();
    if (outcome->kind != Outcome::Kind::changed || attempt == kWrites) {
      trouble(kind, row, dn, outcome->why);
      return ok();
    }
    // Somebody wrote in between: what they wrote is looked at first.
    auto again = client_.read(path(kind), current.value("id", ""), kind == Kind::group ? "?excludedAttributes=members" : "", stop_);
    if (!again) return std::move(again).error();
    is_missing = again->kind == Outcome::Kind::missing;
    if (is_missing) return ok();
    if (again->done()) current = std::move(again->resource);
  }
}

Status ScimPass::everything(const std::string& comparison) {
  return kept([&]() -> Status {
    const Row reached = store_.newest_touch();
    is_complete_ = true;
    MUSTER_TRY(list_people());
    MUSTER_TRY(those_who_went());
    MUSTER_TRY(all_people());
    MUSTER_TRY(list_groups());
    MUSTER_TRY(all_groups());
    is_complete_ = false;
    progress_.compared = comparison;
    return flush(reached);
  }());
}

Status ScimPass::delta(const std::vector<Store::TouchedRow>& rows) {
  std::vector<EntryRow> people;
  for (const Store::TouchedRow& t : rows) {
    if (t.kind != Kind::entry) continue;
    auto row = store_.entry_by_row(t.row);
    if (!row) continue;
    if (row->gone)
      MUSTER_TRY(entry_is_gone(*row));
    else
      people.push_back(std::move(*row));
  }
  MUSTER_TRY(put_people(std::move(people)));
  for (const Store::TouchedRow& t : rows) {
    if (t.kind != Kind::group) continue;
    const auto row = store_.group_by_row(t.row);
    if (!row) continue;
    MUSTER_TRY(row->gone ? group_is_gone(t.row) : put_group(*row, true));
  }
  for (const Store::TouchedRow& t : rows) {
    if (t.kind == Kind::member) touch_member(t.row, t.value);
  }
  MUSTER_TRY(send_members());
  settled();
  return ok();
}

Status ScimPass::touched(Row position) {
  return kept([&]() -> Status {
    for (;;) {
      if (stop_.stop_requested()) return Error{Errc::cancelled, in_.follower + ": stopped", ""};
      const auto rows = store_.touched(position, kTouchedAtOnce);
      if (rows.empty()) return ok();
      MUSTER_TRY(delta(rows));
      position = rows.back().seq;
      MUSTER_TRY(flush(position));
    }
  }());
}

}  // namespace muster
