#include <algorithm>

#include "agent/image.h"
#include "agent/store/impl.h"

namespace muster {

namespace {

#define PERSON_COLUMNS "id, key, fields, source, listed, entry, attempts, retry_at, known_at, successor"

PersonRow person_from(sql::Statement& s) {
  PersonRow r;
  r.id = s.integer(0);
  r.person.key = PersonKey(s.text(1));
  r.person.fields = decode_texts(s.view(2));
  r.person.source = s.text(3);
  r.person.listed = s.integer(4) != 0;
  if (!s.is_null(5)) r.entry = s.integer(5);
  r.attempts = static_cast<int>(s.integer(6));
  if (!s.is_null(7)) r.retry_at = instant(s.integer(7));
  if (!s.is_null(8)) r.known_at = instant(s.integer(8));
  if (!s.is_null(9)) r.successor = s.integer(9);
  return r;
}

std::optional<PersonRow> one_person(sql::Statement& s) {
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return person_from(s);
}

std::vector<PersonRow> all_people(sql::Statement& s) {
  const sql::Rewind rewind(s);
  std::vector<PersonRow> rows;
  while (s.step()) rows.push_back(person_from(s));
  return rows;
}

std::int64_t one_integer(sql::Statement& s) {
  const sql::Rewind rewind(s);
  return s.step() ? s.integer(0) : 0;
}

}  // namespace

std::optional<PersonRow> Store::person(const PersonKey& key) {
  return one_person(with(impl_->db.cached("SELECT " PERSON_COLUMNS " FROM person WHERE key=?"), std::string_view(key.rep())));
}
std::optional<PersonRow> Store::person_by_row(Row id) {
  return one_person(with(impl_->db.cached("SELECT " PERSON_COLUMNS " FROM person WHERE id=?"), id));
}
std::optional<PersonRow> Store::person_of_entry(Row entry) {
  return one_person(with(impl_->db.cached("SELECT " PERSON_COLUMNS " FROM person WHERE entry=?"), entry));
}

Row Store::put_person(const Person& p, std::optional<Instant> known_at) {
  auto& s = impl_->db.cached(
      "INSERT INTO person(key,fields,source,listed,known_at,dirty) VALUES(?,?,?,?,?,1) ON CONFLICT(key) DO UPDATE SET"
      " fields=excluded.fields, source=excluded.source, listed=excluded.listed, known_at=excluded.known_at, dirty=1, attempts=0,"
      " retry_at=NULL RETURNING id");
  s.reset();
  s.bind(1, std::string_view(p.key.rep())).bind_blob(2, encode_texts(p.fields)).bind(3, std::string_view(p.source));
  s.bind(4, std::int64_t{p.listed});
  if (known_at) {
    s.bind(5, millis(*known_at));
  } else {
    s.bind_null(5);
  }
  return one_integer(s);
}
void Store::set_source(Row id, std::string_view source) {
  with(impl_->db.cached("UPDATE person SET source=? WHERE id=?"), source, id).run();
}
void Store::set_unlisted(Row id, std::optional<Instant> known_at) {
  auto& s = impl_->db.cached("UPDATE person SET listed=0, known_at=?, dirty=1, attempts=0, retry_at=NULL WHERE id=?");
  s.reset().bind(2, id);
  if (known_at) {
    s.bind(1, millis(*known_at));
  } else {
    s.bind_null(1);
  }
  s.run();
}
std::size_t Store::count_people(bool listed_only) {
  auto& s = listed_only ? impl_->db.cached("SELECT count(*) FROM person WHERE listed=1")
                        : impl_->db.cached("SELECT count(*) FROM person");
  return static_cast<std::size_t>(one_integer(s));
}
Row Store::highest_person_row() { return one_integer(impl_->db.cached("SELECT coalesce(max(id),0) FROM person")); }

void Store::each_person_id(const std::function<void(Row, std::string_view, bool)>& each) {
  auto s = impl_->db.prepare("SELECT id, key, listed FROM person");
  while (s.step()) each(s.integer(0), s.view(1), s.integer(2) != 0);
}

void Store::link(Row person, Row entry) {
  with(impl_->db.cached("UPDATE person SET entry=?, dirty=1 WHERE id=?"), entry, person).run();
  with(impl_->db.cached("DELETE FROM person_join WHERE person=?"), person).run();
}
void Store::unlink(Row person) { with(impl_->db.cached("UPDATE person SET entry=NULL, dirty=1 WHERE id=?"), person).run(); }
void Store::mark_person_dirty(Row id) { with(impl_->db.cached("UPDATE person SET dirty=1 WHERE id=?"), id).run(); }
void Store::clear_person_dirty(Row id) { with(impl_->db.cached("UPDATE person SET dirty=0 WHERE id=? AND dirty=1"), id).run(); }
void Store::mark_person_planned(Row id) { with(impl_->db.cached("UPDATE person SET dirty=2 WHERE id=?"), id).run(); }
void Store::mark_stranger_planned(Row id) { with(impl_->db.cached("UPDATE entry SET dirty=2 WHERE id=?"), id).run(); }
void Store::mark_owner_dirty(Row entry) {
  with(impl_->db.cached("UPDATE person SET dirty=1 WHERE entry=?"), entry).run();
  with(impl_->db.cached("UPDATE entry SET dirty=1 WHERE id=? AND gone=0"), entry).run();
}
void Store::planned_to(int dirty) {
  with(impl_->db.cached("UPDATE person SET dirty=? WHERE dirty=2"), std::int64_t{dirty}).run();
  with(impl_->db.cached("UPDATE entry SET dirty=? WHERE dirty=2"), std::int64_t{dirty}).run();
}
void Store::mark_all_dirty() {
  impl_->db.exec("UPDATE grp SET dirty=1 WHERE gone=0");
  impl_->db.exec("UPDATE person SET dirty=1 WHERE dirty=0");
  // The others are looked at with their person, and a row of an entry is long.
  impl_->db.exec("UPDATE entry SET dirty=1 WHERE dirty=0 AND gone=0 AND NOT EXISTS(SELECT 1 FROM person p WHERE p.entry=entry.id)");
}
std::size_t Store::count_dirty() {
  return static_cast<std::size_t>(one_integer(
      impl_->db.cached("SELECT (SELECT count(*) FROM person WHERE dirty=1) + (SELECT count(*) FROM entry e WHERE dirty=1 AND gone=0"
                       " AND NOT EXISTS(SELECT 1 FROM person p WHERE p.entry=e.id))")));
}

void Store::set_attempts(Row id, int attempts, std::optional<Instant> retry_at) {
  auto& s = impl_->db.cached("UPDATE person SET attempts=?, retry_at=? WHERE id=?");
  s.bind(1, std::int64_t{attempts}).bind(3, id);
  if (retry_at) s.bind(2, millis(*retry_at));
  s.run();
}
void Store::retry_due(Instant now) {
  with(impl_->db.cached("UPDATE person SET dirty=1, retry_at=NULL WHERE retry_at<=?"), millis(now)).run();
}
std::optional<Instant> Store::next_retry() {
  auto& s = impl_->db.cached("SELECT min(retry_at) FROM person WHERE retry_at IS NOT NULL");
  const sql::Rewind rewind(s);
  if (!s.step() || s.is_null(0)) return std::nullopt;
  return instant(s.integer(0));
}

void Store::set_due(Row id, std::optional<Instant> at) {
  auto& s = impl_->db.cached("UPDATE person SET due_at=? WHERE id=? AND due_at IS NOT ?");
  s.bind(2, id);
  if (at) s.bind(1, millis(*at)).bind(3, millis(*at));
  s.run();
}
void Store::mark_due_dirty(Instant now) {
  with(impl_->db.cached("UPDATE person SET dirty=1, due_at=NULL WHERE due_at<=?"), millis(now)).run();
}
std::optional<Instant> Store::next_due() {
  auto& s = impl_->db.cached("SELECT min(due_at) FROM person WHERE due_at IS NOT NULL");
  const sql::Rewind rewind(s);
  if (!s.step() || s.is_null(0)) return std::nullopt;
  return instant(s.integer(0));
}

std::vector<std::string> Store::references_of(Row id) {
  auto& s = with(impl_->db.cached("SELECT key FROM person_ref WHERE person=? ORDER BY key"), id);
  const sql::Rewind rewind(s);
  std::vector<std::string> keys;
  while (s.step()) keys.push_back(s.text(0));
  return keys;
}
void Store::set_references(Row id, const std::vector<std::string>& keys) {
  std::vector<std::string> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  if (references_of(id) == sorted) return;
  with(impl_->db.cached("DELETE FROM person_ref WHERE person=?"), id).run();
  for (const std::string& key : sorted)
    with(impl_->db.cached("INSERT OR IGNORE INTO person_ref VALUES(?,?)"), std::string_view(key), id).run();
}
bool Store::set_standing(Row id, const std::string& standing) {
  auto& s = with(impl_->db.cached("UPDATE person SET standing=? WHERE id=? AND standing<>? RETURNING id"),
                 std::string_view(standing), id, std::string_view(standing));
  if (one_integer(s) == 0) return false;
  with(impl_->db.cached("UPDATE person SET dirty=1 WHERE id IN (SELECT r.person FROM person_ref r JOIN person p ON p.key=r.key"
                        " WHERE p.id=?)"),
       id)
      .run();
  return true;
}

void Store::set_rehire_key(Row id, const std::string& key) {
  auto& s = impl_->db.cached("UPDATE person SET rehire_key=? WHERE id=? AND rehire_key<>?");
  with(s, std::string_view(key), id, std::string_view(key)).run();
}
std::vector<PersonRow> Store::people_by_rehire_key(const std::string& key, Row not_this) {
  auto& s = impl_->db.cached("SELECT " PERSON_COLUMNS
                             " FROM person WHERE rehire_key=? AND rehire_key<>'' AND entry IN"
                             " (SELECT id FROM entry WHERE gone=0) AND id<>? ORDER BY id");
  return all_people(with(s, std::string_view(key), not_this));
}
void Store::take_over(Row former, Row person) {
  const auto row = person_by_row(former);
  if (!row || !row->entry) return;
  with(impl_->db.cached("UPDATE person SET entry=NULL, successor=?, dirty=1 WHERE id=?"), person, former).run();
  link(person, *row->entry);
}
void Store::forget_successor(Row id) { with(impl_->db.cached("UPDATE person SET successor=NULL WHERE id=?"), id).run(); }

std::vector<PersonRow> Store::dirty_people(Row after, std::size_t limit) {
  auto& s = impl_->db.cached("SELECT " PERSON_COLUMNS " FROM person WHERE dirty=1 AND id>? ORDER BY id LIMIT ?");
  return all_people(with(s, after, static_cast<std::int64_t>(limit)));
}
std::vector<PersonRow> Store::people(Row after, std::size_t limit) {
  auto& s = impl_->db.cached("SELECT " PERSON_COLUMNS " FROM person WHERE id>? ORDER BY id LIMIT ?");
  return all_people(with(s, after, static_cast<std::int64_t>(limit)));
}
std::vector<PersonRow> Store::unlinked_dirty_people(Row after, std::size_t limit) {
  auto& s = impl_->db.cached("SELECT " PERSON_COLUMNS " FROM person WHERE dirty=1 AND entry IS NULL AND id>? ORDER BY id LIMIT ?");
  return all_people(with(s, after, static_cast<std::int64_t>(limit)));
}

void Store::set_person_join(Row person, const std::vector<std::pair<int, std::string>>& values) {
  with(impl_->db.cached("DELETE FROM person_join WHERE person=?"), person).run();
  for (const auto& [ordinal, value] : values) {
    with(impl_->db.cached("INSERT OR IGNORE INTO person_join VALUES(?,?,?)"), std::int64_t{ordinal}, std::string_view(value),
         person)
        .run();
  }
}
void Store::mark_claimants_dirty(int ordinal, const std::string& value) {
  auto& s = impl_->db.cached("UPDATE person SET dirty=1 WHERE id IN (SELECT person FROM person_join WHERE ordinal=? AND value=?)");
  with(s, std::int64_t{ordinal}, std::string_view(value)).run();
}

void Store::claim(Row person, Row entry, int ordinal) {
  with(impl_->db.cached("INSERT OR REPLACE INTO claim VALUES(?,?,?)"), person, entry, std::int64_t{ordinal}).run();
}
std::vector<Store::Claim> Store::claims() {
  auto& s = impl_->db.cached(
      "SELECT c.person, c.entry, c.ordinal, (SELECT count(*) FROM claim o WHERE o.entry=c.entry AND o.person<>c.person)"
      " + (SELECT count(*) FROM person p WHERE p.entry=c.entry AND p.id<>c.person) FROM claim c ORDER BY c.person");
  const sql::Rewind rewind(s);
  std::vector<Claim> all;
  while (s.step()) {
    all.push_back({s.integer(0), s.integer(1), static_cast<int>(s.integer(2)), static_cast<std::size_t>(s.integer(3))});
  }
  return all;
}
void Store::forget_claims() { impl_->db.exec("DELETE FROM claim"); }

}  // namespace muster
