#include <algorithm>

#include "agent/store/impl.h"

namespace muster {

void Store::declare_followers(const std::vector<std::string>& names) {
  std::vector<std::string> stale;
  {
    auto s = impl_->db.prepare("SELECT name FROM follower");
    while (s.step()) {
      if (std::find(names.begin(), names.end(), s.view(0)) == names.end()) stale.push_back(s.text(0));
    }
  }
  for (const std::string& name : stale) {
    with(impl_->db.cached("DELETE FROM follower WHERE name=?"), std::string_view(name)).run();
    with(impl_->db.cached("DELETE FROM told_object WHERE follower=?"), std::string_view(name)).run();
  }
  for (const std::string& name : names)
    with(impl_->db.cached("INSERT OR IGNORE INTO follower VALUES(?,-1,'')"), std::string_view(name)).run();
  prune_touched();
}

std::vector<std::string> Store::followers() {
  auto s = impl_->db.prepare("SELECT name FROM follower ORDER BY name");
  std::vector<std::string> names;
  while (s.step()) names.push_back(s.text(0));
  return names;
}

Row Store::follower_position(const std::string& name) {
  auto& s = with(impl_->db.cached("SELECT position FROM follower WHERE name=?"), std::string_view(name));
  const sql::Rewind rewind(s);
  return s.step() ? s.integer(0) : -1;
}

void Store::set_follower_position(const std::string& name, Row position) {
  with(impl_->db.cached("UPDATE follower SET position=? WHERE name=?"), position, std::string_view(name)).run();
  prune_touched();
}

std::string Store::follower_compared(const std::string& name) {
  auto& s = with(impl_->db.cached("SELECT compared FROM follower WHERE name=?"), std::string_view(name));
  const sql::Rewind rewind(s);
  return s.step() ? s.text(0) : "";
}

void Store::set_follower_compared(const std::string& name, std::string_view compared) {
  with(impl_->db.cached("UPDATE follower SET compared=? WHERE name=?"), compared, std::string_view(name)).run();
}

void Store::prune_touched() {
  impl_->db.cached("DELETE FROM touched WHERE seq<=coalesce((SELECT min(position) FROM follower), 9223372036854775807)")
      .reset()
      .run();
}

Row Store::newest_touch() {
  auto& s = impl_->db.cached("SELECT seq FROM sqlite_sequence WHERE name='touched'").reset();
  const sql::Rewind rewind(s);
  return s.step() ? s.integer(0) : 0;
}

std::vector<Store::TouchedRow> Store::touched(Row after, std::size_t limit) {
  auto& s = impl_->db.cached("SELECT seq, kind, row, value FROM touched WHERE seq>? ORDER BY seq LIMIT ?");
  with(s, after, static_cast<std::int64_t>(limit));
  const sql::Rewind rewind(s);
  std::vector<TouchedRow> rows;
  while (s.step()) rows.push_back({s.integer(0), static_cast<Touched>(s.integer(1)), s.integer(2), s.text(3)});
  return rows;
}

std::size_t Store::count_touched(Row after) {
  auto& s = with(impl_->db.cached("SELECT count(*) FROM touched WHERE seq>?"), after);
  const sql::Rewind rewind(s);
  return s.step() ? static_cast<std::size_t>(s.integer(0)) : 0;
}

std::optional<Store::ToldObject> Store::told_object(const std::string& follower, Touched kind, Row row) {
  auto& s = impl_->db.cached("SELECT id, digest FROM told_object WHERE follower=? AND kind=? AND row=?");
  with(s, std::string_view(follower), static_cast<std::int64_t>(kind), row);
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return ToldObject{kind, row, s.text(0), s.text(1)};
}

std::vector<Store::ToldObject> Store::told_objects(const std::string& follower, Touched kind, Row after, std::size_t limit) {
  auto& s = impl_->db.cached("SELECT row, id, digest FROM told_object WHERE follower=? AND kind=? AND row>? ORDER BY row LIMIT ?");
  with(s, std::string_view(follower), static_cast<std::int64_t>(kind), after, static_cast<std::int64_t>(limit));
  const sql::Rewind rewind(s);
  std::vector<ToldObject> objects;
  while (s.step()) objects.push_back({kind, s.integer(0), s.text(1), s.text(2)});
  return objects;
}

std::optional<Store::ToldObject> Store::told_object_by_id(const std::string& follower, Touched kind, const std::string& id) {
  auto& s = impl_->db.cached("SELECT row, digest FROM told_object WHERE follower=? AND kind=? AND id=?");
  with(s, std::string_view(follower), static_cast<std::int64_t>(kind), std::string_view(id));
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return ToldObject{kind, s.integer(0), id, s.text(1)};
}

std::size_t Store::count_told_objects(const std::string& follower, Touched kind) {
  auto& s = impl_->db.cached("SELECT count(*) FROM told_object WHERE follower=? AND kind=?");
  with(s, std::string_view(follower), static_cast<std::int64_t>(kind));
  const sql::Rewind rewind(s);
  return s.step() ? static_cast<std::size_t>(s.integer(0)) : 0;
}

void Store::put_told_object(const std::string& follower, const ToldObject& o) {
  auto& s = impl_->db.cached("INSERT OR REPLACE INTO told_object VALUES(?,?,?,?,?)");
  with(s, std::string_view(follower), static_cast<std::int64_t>(o.kind), o.row, std::string_view(o.id), std::string_view(o.digest))
      .run();
}

void Store::forget_told_object(const std::string& follower, Touched kind, Row row) {
  auto& s = impl_->db.cached("DELETE FROM told_object WHERE follower=? AND kind=? AND row=?");
  with(s, std::string_view(follower), static_cast<std::int64_t>(kind), row).run();
}

}  // namespace muster
