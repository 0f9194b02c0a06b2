#include "agent/image.h"
#include "agent/store/impl.h"

namespace muster {

namespace {

#define ENTRY_COLUMNS "id, uuid, stream, dn, version, image, gone, disabled_at, disabled_for, settled"

EntryRow entry_from(sql::Statement& s, int c = 0) {
  EntryRow r;
  r.id = s.integer(c);
  r.entry.id = entry_id_of(s.view(c + 1));
  r.stream = static_cast<int>(s.integer(c + 2));
  r.entry.dn = stored_dn(s.view(c + 3));
  r.entry.version = s.text(c + 4);
  r.entry.attributes = decode_attributes(s.view(c + 5));
  r.gone = s.integer(c + 6) != 0;
  if (!s.is_null(c + 7)) r.ledger.disabled_at = instant(s.integer(c + 7));
  if (Decision d{}; !s.is_null(c + 8) && parse_decision(s.view(c + 8), d)) r.ledger.disabled_for = d;
  if (!s.is_null(c + 9)) r.ledger.settled = decode_settled(s.view(c + 9));
  return r;
}

std::optional<EntryRow> one_entry(sql::Statement& s) {
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return entry_from(s);
}

}  // namespace

std::optional<EntryRow> Store::entry(const EntryId& uuid) {
  auto& s = impl_->db.cached("SELECT " ENTRY_COLUMNS " FROM entry WHERE uuid=?");
  return one_entry(s.bind_blob(1, bytes_of(uuid)));
}
std::optional<EntryRow> Store::entry_by_row(Row id) {
  return one_entry(with(impl_->db.cached("SELECT " ENTRY_COLUMNS " FROM entry WHERE id=?"), id));
}
std::optional<Row> Store::entry_row_by_dn(const Dn& dn) {
  auto& s = with(impl_->db.cached("SELECT id FROM entry WHERE ndn=? AND gone=0"), std::string_view(dn.normal()));
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return s.integer(0);
}

Row Store::insert_entry(int stream, const Entry& e, std::string_view image) {
  auto& s = impl_->db.cached("INSERT INTO entry(uuid,stream,dn,ndn,version,image) VALUES(?,?,?,?,?,?)");
  s.bind_blob(1, bytes_of(e.id)).bind(2, std::int64_t{stream}).bind(3, std::string_view(e.dn.str()));
  s.bind(4, std::string_view(e.dn.normal())).bind(5, std::string_view(e.version)).bind_blob(6, image).run();
  return impl_->db.last_id();
}
void Store::update_entry(Row id, int stream, const Entry& e, std::string_view image) {
  auto& s = impl_->db.cached("UPDATE entry SET stream=?, dn=?, ndn=?, version=?, image=?, gone=0, dirty=1 WHERE id=?");
  s.bind(1, std::int64_t{stream}).bind(2, std::string_view(e.dn.str())).bind(3, std::string_view(e.dn.normal()));
  s.bind(4, std::string_view(e.version)).bind_blob(5, image).bind(6, id).run();
}
void Store::each_entry_version(int stream, const std::function<void(const EntryId&, std::string_view)>& each) {
  auto s = impl_->db.prepare("SELECT uuid, version FROM entry WHERE stream=? AND gone=0 ORDER BY uuid");
  s.bind(1, std::int64_t{stream});
  while (s.step()) each(entry_id_of(s.view(0)), s.view(1));
}
void Store::touch_entry(Row id, int stream, std::string_view version) {
  with(impl_->db.cached("UPDATE entry SET stream=?, version=? WHERE id=?"), std::int64_t{stream}, version, id).run();
}
void Store::mark_gone(Row id) { with(impl_->db.cached("UPDATE entry SET gone=1, dirty=0 WHERE id=?"), id).run(); }
void Store::mark_entry_dirty(Row id) { with(impl_->db.cached("UPDATE entry SET dirty=1 WHERE id=? AND dirty=0"), id).run(); }
void Store::clear_entry_dirty(Row id) { with(impl_->db.cached("UPDATE entry SET dirty=0 WHERE id=? AND dirty=1"), id).run(); }

void Store::set_settled(Row id, const std::map<std::string, Values, std::less<>>& settled) {
  auto& s = impl_->db.cached("UPDATE entry SET settled=? WHERE id=?");
  s.bind_blob(1, encode_settled(settled)).bind(2, id).run();
}
void Store::set_disabled(Row id, std::optional<Instant> at, std::optional<Decision> why) {
  auto& s = impl_->db.cached("UPDATE entry SET disabled_at=?, disabled_for=? WHERE id=?");
  if (at) s.bind(1, millis(*at));
  if (why) s.bind(2, to_string(*why));
  s.bind(3, id).run();
}

std::size_t Store::count_entries(int stream) {
  auto& s = with(impl_->db.cached("SELECT count(*) FROM entry WHERE stream=? AND gone=0"), std::int64_t{stream});
  const sql::Rewind rewind(s);
  return s.step() ? static_cast<std::size_t>(s.integer(0)) : 0;
}
std::size_t Store::count_entries() {
  auto& s = impl_->db.cached("SELECT count(*) FROM entry WHERE gone=0");
  const sql::Rewind rewind(s);
  return s.step() ? static_cast<std::size_t>(s.integer(0)) : 0;
}
void Store::each_entry_id(int stream, const std::function<void(Row, const EntryId&)>& each) {
  auto s = impl_->db.prepare("SELECT id, uuid FROM entry WHERE stream=? AND gone=0");
  s.bind(1, std::int64_t{stream});
  while (s.step()) each(s.integer(0), entry_id_of(s.view(1)));
}
Row Store::highest_entry_row() {
  auto& s = impl_->db.cached("SELECT coalesce(max(id),0) FROM entry");
  const sql::Rewind rewind(s);
  return s.step() ? s.integer(0) : 0;
}

void Store::set_join_values(Row entry, const std::vector<std::pair<int, std::string>>& values) {
  with(impl_->db.cached("DELETE FROM join_value WHERE entry=?"), entry).run();
  for (const auto& [ordinal, value] : values) {
    with(impl_->db.cached("INSERT OR IGNORE INTO join_value VALUES(?,?,?)"), std::int64_t{ordinal}, std::string_view(value), entry)
        .run();
  }
}
std::vector<Row> Store::entries_with_join_value(int ordinal, const std::string& value) {
  auto& s = impl_->db.cached(
      "SELECT j.entry FROM join_value j JOIN entry e ON e.id=j.entry WHERE j.ordinal=? AND j.value=? AND e.gone=0 LIMIT 3");
  with(s, std::int64_t{ordinal}, std::string_view(value));
  const sql::Rewind rewind(s);
  std::vector<Row> rows;
  while (s.step()) rows.push_back(s.integer(0));
  return rows;
}

bool Store::is_claimed(Row entry) {
  auto& s = impl_->db.cached(
      "SELECT 1 FROM join_value j JOIN person_join p ON p.ordinal=j.ordinal AND p.value=j.value WHERE j.entry=? LIMIT 1");
  with(s, entry);
  const sql::Rewind rewind(s);
  return s.step();
}
std::vector<EntryRow> Store::dirty_strangers(Row after, std::size_t limit) {
  auto& s = impl_->db.cached("SELECT " ENTRY_COLUMNS
                             " FROM entry e WHERE dirty=1 AND gone=0 AND id>?"
                             " AND NOT EXISTS(SELECT 1 FROM person p WHERE p.entry=e.id) ORDER BY id LIMIT ?");
  with(s, after, static_cast<std::int64_t>(limit));
  const sql::Rewind rewind(s);
  std::vector<EntryRow> rows;
  while (s.step()) rows.push_back(entry_from(s));
  return rows;
}
std::vector<EntryRow> Store::entries(Row after, std::size_t limit) {
  auto& s = impl_->db.cached("SELECT " ENTRY_COLUMNS " FROM entry WHERE gone=0 AND id>? ORDER BY id LIMIT ?");
  with(s, after, static_cast<std::int64_t>(limit));
  const sql::Rewind rewind(s);
  std::vector<EntryRow> rows;
  while (s.step()) rows.push_back(entry_from(s));
  return rows;
}
std::vector<EntryRow> Store::strangers(Row after, std::size_t limit) {
  auto& s = impl_->db.cached("SELECT " ENTRY_COLUMNS
                             " FROM entry e WHERE gone=0 AND id>? AND NOT EXISTS(SELECT 1 FROM person p WHERE p.entry=e.id)"
                             " ORDER BY id LIMIT ?");
  with(s, after, static_cast<std::int64_t>(limit));
  const sql::Rewind rewind(s);
  std::vector<EntryRow> rows;
  while (s.step()) rows.push_back(entry_from(s));
  return rows;
}
std::vector<EntryRow> Store::entries_without_person() {
  auto& s = impl_->db.cached("SELECT " ENTRY_COLUMNS
                             " FROM entry e WHERE gone=0 AND NOT EXISTS(SELECT 1 FROM person p WHERE p.entry=e.id)");
  const sql::Rewind rewind(s);
  std::vector<EntryRow> rows;
  while (s.step()) rows.push_back(entry_from(s));
  return rows;
}

struct Store::Scan::Impl {
  sql::Statement rows;
  Item item{};
  bool valid = false;
  bool taken = false;  // the current row was handed out: the next question is about a later one

  void advance() {
    taken = false;
    valid = rows.step();
    if (!valid) return;
    item = {rows.integer(0),     static_cast<int>(rows.integer(1)), rows.view(2), rows.view(3), rows.view(4), rows.view(5),
            rows.integer(6) != 0};
  }
};
Store::Scan::Scan(Store& store)
    : impl_(std::make_unique<Impl>(
          Impl{store.impl_->db.prepare("SELECT id, stream, uuid, dn, version, image, gone FROM entry ORDER BY id"), {}})) {
  impl_->advance();
}
Store::Scan::~Scan() = default;

const Store::Scan::Item* Store::Scan::match(const EntryId& uuid) {
  if (impl_->valid && impl_->taken) impl_->advance();
  if (!impl_->valid || impl_->item.uuid != bytes_of(uuid)) return nullptr;
  impl_->taken = true;
  return &impl_->item;
}

void Store::Scan::skip_past(Row id) {
  while (impl_->valid && impl_->item.id <= id) impl_->advance();
}

}  // namespace muster
