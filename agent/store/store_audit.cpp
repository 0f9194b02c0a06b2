#include "agent/sha256.h"
#include "agent/store/impl.h"

namespace muster {

namespace {
std::optional<AuditRow> one_audit(sql::Statement& s) {
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return AuditRow{s.integer(0), s.text(1), s.text(2)};
}
}  // namespace

std::string audit_hash(const std::string& previous, const std::string& body) { return Sha256().add(previous).add(body).hex(); }

AuditRow Store::append_audit(const std::string& body) {
  const auto last = last_audit();
  AuditRow row{last ? last->seq + 1 : 1, body, audit_hash(last ? last->hash : std::string(), body)};
  with(impl_->db.cached("INSERT INTO audit VALUES(?,?,?)"), row.seq, std::string_view(row.body), std::string_view(row.hash)).run();
  set_meta("audit.head", std::to_string(row.seq) + " " + row.hash);
  return row;
}
std::optional<AuditRow> Store::last_audit() {
  return one_audit(impl_->db.cached("SELECT seq, body, hash FROM audit ORDER BY seq DESC LIMIT 1"));
}

void Store::each_audit(Row after, const std::function<bool(const AuditRow&)>& each) {
  auto s = impl_->db.prepare("SELECT seq, body, hash FROM audit WHERE seq>? ORDER BY seq");
  s.bind(1, after);
  while (s.step()) {
    if (!each({s.integer(0), s.text(1), s.text(2)})) return;
  }
}

void Store::each_audit_back(Row upto, const std::function<bool(const AuditRow&)>& each) {
  auto s = impl_->db.prepare("SELECT seq, body, hash FROM audit WHERE seq<=? ORDER BY seq DESC");
  s.bind(1, upto);
  while (s.step()) {
    if (!each({s.integer(0), s.text(1), s.text(2)})) return;
  }
}

Row Store::append_event(const std::string& id, const std::string& body) {
  with(impl_->db.cached("INSERT INTO outbox(id,body) VALUES(?,?)"), std::string_view(id), std::string_view(body)).run();
  return impl_->db.last_id();
}
std::vector<OutboxRow> Store::outbox(Row after, std::size_t limit) {
  auto& s = with(impl_->db.cached("SELECT seq, id, body FROM outbox WHERE seq>? ORDER BY seq LIMIT ?"), after,
                 static_cast<std::int64_t>(limit));
  const sql::Rewind rewind(s);
  std::vector<OutboxRow> rows;
  while (s.step()) rows.push_back({s.integer(0), s.text(1), s.text(2)});
  return rows;
}
std::size_t Store::outbox_length(Row after) {
  auto& s = with(impl_->db.cached("SELECT count(*) FROM outbox WHERE seq>?"), after);
  const sql::Rewind rewind(s);
  return s.step() ? static_cast<std::size_t>(s.integer(0)) : 0;
}
std::size_t Store::outbox_waiting() {
  auto& s = impl_->db.cached("SELECT count(*) FROM outbox WHERE seq>coalesce((SELECT min(position) FROM upstream),0)");
  const sql::Rewind rewind(s);
  return s.step() ? static_cast<std::size_t>(s.integer(0)) : 0;
}
Row Store::upstream_position(const std::string& upstream) {
  auto& s = with(impl_->db.cached("SELECT position FROM upstream WHERE name=?"), std::string_view(upstream));
  const sql::Rewind rewind(s);
  return s.step() ? s.integer(0) : 0;
}
void Store::set_upstream_position(const std::string& upstream, Row seq) {
  auto& s = impl_->db.cached("INSERT INTO upstream VALUES(?,?) ON CONFLICT DO UPDATE SET position=excluded.position");
  with(s, std::string_view(upstream), seq).run();
}
Row Store::outbox_row_of(const std::string& id) {
  auto& s = with(impl_->db.cached("SELECT seq FROM outbox WHERE id=?"), std::string_view(id));
  const sql::Rewind rewind(s);
  return s.step() ? s.integer(0) : 0;
}
void Store::prune_outbox(Row upto) { with(impl_->db.cached("DELETE FROM outbox WHERE seq<=?"), upto).run(); }

Row Store::newest_event() {
  auto& s = impl_->db.cached("SELECT seq FROM sqlite_sequence WHERE name='outbox'");
  const sql::Rewind rewind(s);
  return s.step() ? s.integer(0) : 0;
}
void Store::number_events_after(Row seq) {
  // SQLite keeps AUTOINCREMENT's number in a table without a key, and for a table that was never written to it has none.
  impl_->db.exec("DELETE FROM sqlite_sequence WHERE name='outbox'");
  with(impl_->db.cached("INSERT INTO sqlite_sequence VALUES('outbox',?)"), seq).run();
}

void Store::keep_told(Row seq, const std::string& body) {
  with(impl_->db.cached("INSERT INTO told VALUES(?,?) ON CONFLICT DO NOTHING"), seq, std::string_view(body)).run();
}
void Store::each_told(const std::function<void(const std::string& body)>& each) {
  auto s = impl_->db.prepare("SELECT body FROM told ORDER BY seq");
  while (s.step()) each(s.text(0));
}
void Store::forget_told() { impl_->db.exec("DELETE FROM told"); }

}  // namespace muster
