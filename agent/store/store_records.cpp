#include "agent/image.h"
#include "agent/store/impl.h"

namespace muster {

namespace {

std::vector<std::string> all_texts(sql::Statement& s) {
  const sql::Rewind rewind(s);
  std::vector<std::string> all;
  while (s.step()) all.push_back(s.text(0));
  return all;
}

}  // namespace

void Store::stage_record(const Person& record, std::string_view day) {
  auto& s = impl_->db.cached("INSERT OR REPLACE INTO record(staged,key,day,fields,source,known) VALUES(1,?,?,?,?,'')");
  s.reset().bind(1, std::string_view(record.key.rep())).bind(2, day).bind_blob(3, encode_texts(record.fields));
  s.bind(4, std::string_view(record.source)).run();
}
void Store::forget_staged(const PersonKey& key) {
  with(impl_->db.cached("DELETE FROM record WHERE staged=1 AND key=?"), std::string_view(key.rep())).run();
}
void Store::forget_staged() { impl_->db.exec("DELETE FROM record WHERE staged=1"); }
void Store::forget_records(std::string_view key) {
  with(impl_->db.cached("DELETE FROM record WHERE staged=0 AND key=?"), key).run();
}
void Store::forget_records() { impl_->db.exec("DELETE FROM record"); }

std::vector<std::string> Store::staged_keys(const std::string& after, std::size_t limit) {
  auto& s = impl_->db.cached("SELECT DISTINCT key FROM record WHERE staged=1 AND key>? ORDER BY key LIMIT ?");
  return all_texts(with(s, std::string_view(after), static_cast<std::int64_t>(limit)));
}

std::vector<RecordRow> Store::records(const PersonKey& key, bool staged) {
  auto& s = with(impl_->db.cached("SELECT day, fields, source, known, at FROM record WHERE staged=? AND key=? ORDER BY day"),
                 std::int64_t{staged}, std::string_view(key.rep()));
  const sql::Rewind rewind(s);
  std::vector<RecordRow> all;
  while (s.step()) {
    RecordRow r;
    r.day = s.text(0);
    r.record = {key, decode_texts(s.view(1)), s.text(2), true};
    r.known = s.text(3);
    if (!s.is_null(4)) r.at = instant(s.integer(4));
    all.push_back(std::move(r));
  }
  return all;
}

void Store::set_records(const PersonKey& key, const std::vector<RecordRow>& records) {
  forget_records(key.rep());
  for (const RecordRow& r : records) {
    auto& s = impl_->db.cached("INSERT INTO record(staged,key,day,fields,source,known,at) VALUES(0,?,?,?,?,?,?)");
    s.reset().bind(1, std::string_view(key.rep())).bind(2, std::string_view(r.day)).bind_blob(3, encode_texts(r.record.fields));
    s.bind(4, std::string_view(r.record.source)).bind(5, std::string_view(r.known));
    if (r.at)
      s.bind(6, millis(*r.at));
    else
      s.bind_null(6);
    s.run();
  }
}

std::vector<std::string> Store::keys_with_records_due(Instant after, Instant until) {
  auto& s = impl_->db.cached("SELECT DISTINCT key FROM record WHERE at>? AND at<=? AND staged=0 ORDER BY key");
  return all_texts(with(s, millis(after), millis(until)));
}

std::optional<Instant> Store::next_record(Instant after) {
  auto& s = with(impl_->db.cached("SELECT min(at) FROM record WHERE at>? AND staged=0"), millis(after));
  const sql::Rewind rewind(s);
  if (!s.step() || s.is_null(0)) return std::nullopt;
  return instant(s.integer(0));
}

}  // namespace muster
