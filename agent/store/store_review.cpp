// What reviewers decided, and what a review reads.
#include "agent/store/impl.h"

namespace muster {

namespace {

#define REFUSAL_COLUMNS \
  "r.subject, r.id, r.grp, g.dn, r.by, r.comment, r.since FROM refusal r JOIN grp g ON g.id=r.grp AND g.gone=0"

Store::RefusalRow refusal_from(sql::Statement& s) {
  return {s.text(0), s.text(1), s.integer(2), stored_dn(s.view(3)), s.text(4), s.text(5), instant(s.integer(6))};
}

std::vector<Store::RefusalRow> all_refusals(sql::Statement& s) {
  const sql::Rewind rewind(s);
  std::vector<Store::RefusalRow> all;
  while (s.step()) all.push_back(refusal_from(s));
  return all;
}

}  // namespace

void Store::put_refusal(const RefusalRow& r) {
  auto& s = impl_->db.cached("INSERT OR REPLACE INTO refusal(subject,grp,id,by,comment,since) VALUES(?,?,?,?,?,?)");
  with(s, std::string_view(r.subject), r.group, std::string_view(r.id), std::string_view(r.by), std::string_view(r.comment),
       millis(r.since))
      .run();
}
void Store::forget_refusal(const std::string& subject, Row group) {
  with(impl_->db.cached("DELETE FROM refusal WHERE subject=? AND grp=?"), std::string_view(subject), group).run();
}
std::vector<Store::RefusalRow> Store::refusals_of(const std::string& subject) {
  return all_refusals(
      with(impl_->db.cached("SELECT " REFUSAL_COLUMNS " WHERE r.subject=? ORDER BY r.grp"), std::string_view(subject)));
}
std::vector<Store::RefusalRow> Store::refusals_in(Row group) {
  return all_refusals(with(impl_->db.cached("SELECT " REFUSAL_COLUMNS " WHERE r.grp=? ORDER BY r.subject"), group));
}
std::optional<Store::RefusalRow> Store::refusal(const std::string& id) {
  const auto found = all_refusals(with(impl_->db.cached("SELECT " REFUSAL_COLUMNS " WHERE r.id=? LIMIT 1"), std::string_view(id)));
  return found.empty() ? std::nullopt : std::optional(found.front());
}
std::size_t Store::count_refusals() {
  auto& s = impl_->db.cached("SELECT count(*) FROM refusal");
  const sql::Rewind rewind(s);
  return s.step() ? static_cast<std::size_t>(s.integer(0)) : 0;
}

std::optional<MembershipRow> Store::granted(Row entry, Row group) {
  auto& s = with(impl_->db.cached("SELECT since, rule, text, cause FROM granted WHERE entry=? AND grp=?"), entry, group);
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  MembershipRow m;
  m.group = group;
  m.granted = true;
  m.since = instant(s.integer(0));
  m.because = {s.text(1), s.text(2), s.text(3)};
  return m;
}

// A savepoint outside of any transaction begins one; within the engine's own it is a part of that.
Store::Snapshot::Snapshot(Store& store) : store_(store) {
  store_.impl_->db.exec("SAVEPOINT snapshot");
  store_.impl_->db.exec(
      "CREATE TEMP TABLE IF NOT EXISTS note(what TEXT, key TEXT, value TEXT, PRIMARY KEY(what, key)) WITHOUT ROWID;"
      "DELETE FROM temp.note");
}
Store::Snapshot::~Snapshot() { sqlite3_exec(store_.impl_->db.handle(), "RELEASE snapshot", nullptr, nullptr, nullptr); }

void Store::note(std::string_view what, std::string_view key, std::string_view value) {
  with(impl_->db.cached("INSERT OR REPLACE INTO temp.note VALUES(?,?,?)"), what, key, value).run();
}
std::optional<std::string> Store::noted(std::string_view what, std::string_view key) {
  auto& s = with(impl_->db.cached("SELECT value FROM temp.note WHERE what=? AND key=?"), what, key);
  const sql::Rewind rewind(s);
  return s.step() ? std::optional(s.text(0)) : std::nullopt;
}
void Store::forget_notes(std::string_view what) { with(impl_->db.cached("DELETE FROM temp.note WHERE what=?"), what).run(); }

}  // namespace muster
