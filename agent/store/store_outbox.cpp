#include "agent/store/impl.h"

namespace muster {

namespace {

#define SET_ASIDE_COLUMNS "upstream, seq, id, body, why, count, since, state"

SetAsideRow set_aside_from(sql::Statement& s) {
  SetAsideRow row;
  row.upstream = s.text(0);
  row.event = {s.integer(1), s.text(2), s.text(3)};
  row.why = s.text(4);
  row.count = static_cast<int>(s.integer(5));
  row.since = instant(s.integer(6));
  row.state = static_cast<SetAsideRow::State>(s.integer(7));
  return row;
}

}  // namespace

std::int64_t Store::outbox_bytes() {
  auto& s = impl_->db.cached("SELECT bytes FROM outbox_size");
  const sql::Rewind rewind(s);
  return s.step() ? s.integer(0) : 0;
}

std::vector<OutboxRow> Store::outbox_back(Row before, std::size_t limit) {
  auto& s = with(impl_->db.cached("SELECT seq, id, body FROM outbox WHERE seq<? ORDER BY seq DESC LIMIT ?"), before,
                 static_cast<std::int64_t>(limit));
  const sql::Rewind rewind(s);
  std::vector<OutboxRow> rows;
  while (s.step()) rows.push_back({s.integer(0), s.text(1), s.text(2)});
  return rows;
}

void Store::drop_event(Row seq) { with(impl_->db.cached("DELETE FROM outbox WHERE seq=?"), seq).run(); }

std::optional<SetAsideRow> Store::set_aside(const std::string& upstream, Row seq) {
  auto& s = with(impl_->db.cached("SELECT " SET_ASIDE_COLUMNS " FROM set_aside WHERE upstream=? AND seq=?"),
                 std::string_view(upstream), seq);
  const sql::Rewind rewind(s);
  return s.step() ? std::optional(set_aside_from(s)) : std::nullopt;
}

void Store::put_set_aside(const SetAsideRow& row) {
  auto& s = impl_->db.cached("INSERT OR REPLACE INTO set_aside VALUES(?,?,?,?,?,?,?,?)");
  s.reset().bind(1, std::string_view(row.upstream)).bind(2, row.event.seq).bind(3, std::string_view(row.event.id));
  s.bind(4, std::string_view(row.event.body)).bind(5, std::string_view(row.why)).bind(6, static_cast<std::int64_t>(row.count));
  s.bind(7, millis(row.since)).bind(8, static_cast<std::int64_t>(row.state)).run();
}

void Store::drop_set_aside(const std::string& upstream, Row seq) {
  with(impl_->db.cached("DELETE FROM set_aside WHERE upstream=? AND seq=?"), std::string_view(upstream), seq).run();
}

void Store::forget_counted(const std::string& upstream, Row upto) {
  with(impl_->db.cached("DELETE FROM set_aside WHERE state=0 AND upstream=? AND seq<=?"), std::string_view(upstream), upto).run();
}

std::vector<SetAsideRow> Store::set_aside() {
  auto& s = impl_->db.cached("SELECT " SET_ASIDE_COLUMNS " FROM set_aside WHERE state<>0 ORDER BY upstream, seq");
  const sql::Rewind rewind(s);
  std::vector<SetAsideRow> rows;
  while (s.step()) rows.push_back(set_aside_from(s));
  return rows;
}

std::vector<OutboxRow> Store::to_send_again(const std::string& upstream) {
  auto& s = with(impl_->db.cached("SELECT seq, id, body FROM set_aside WHERE state=2 AND upstream=? ORDER BY seq"),
                 std::string_view(upstream));
  const sql::Rewind rewind(s);
  std::vector<OutboxRow> rows;
  while (s.step()) rows.push_back({s.integer(0), s.text(1), s.text(2)});
  return rows;
}

}  // namespace muster
