// Commands from upstream: what became of each, and what they said of people.
#include "agent/store/impl.h"

namespace muster {

std::vector<InboxRow> Store::inbox(const std::string& issuer, const std::string& jti) {
  auto& s = with(impl_->db.cached("SELECT issuer, jti, digest, err, description, at FROM inbox WHERE issuer=? AND jti=?"),
                 std::string_view(issuer), std::string_view(jti));
  const sql::Rewind rewind(s);
  std::vector<InboxRow> rows;
  while (s.step()) rows.push_back({s.text(0), s.text(1), s.text(2), s.text(3), s.text(4), instant(s.integer(5))});
  return rows;
}

void Store::add_inbox(const InboxRow& r) {
  with(impl_->db.cached("INSERT OR IGNORE INTO inbox VALUES(?,?,?,?,?,?)"), std::string_view(r.issuer), std::string_view(r.jti),
       std::string_view(r.digest), std::string_view(r.err), std::string_view(r.description), millis(r.at))
      .run();
}

void Store::forget_inbox(Instant before) { with(impl_->db.cached("DELETE FROM inbox WHERE at<?"), millis(before)).run(); }

std::size_t Store::count_inbox(bool accepted) {
  auto& s = with(impl_->db.cached("SELECT count(*) FROM inbox WHERE (err='')=?"), std::int64_t{accepted});
  const sql::Rewind rewind(s);
  return s.step() ? static_cast<std::size_t>(s.integer(0)) : 0;
}

namespace {
ResourceRow resource_from(sql::Statement& s) { return {s.text(0), s.text(1), s.text(2), s.integer(3)}; }
}  // namespace

std::optional<ResourceRow> Store::resource(const std::string& key) {
  auto& s = with(impl_->db.cached("SELECT key, body, source, full_at FROM resource WHERE key=?"), std::string_view(key));
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return resource_from(s);
}

void Store::put_resource(const ResourceRow& r) {
  with(impl_->db.cached("INSERT OR REPLACE INTO resource VALUES(?,?,?,?)"), std::string_view(r.key), std::string_view(r.body),
       std::string_view(r.source), r.full_at)
      .run();
}

std::vector<ResourceRow> Store::resources(const std::string& after, std::size_t limit) {
  auto& s = with(impl_->db.cached("SELECT key, body, source, full_at FROM resource WHERE key>? ORDER BY key LIMIT ?"),
                 std::string_view(after), static_cast<std::int64_t>(limit));
  const sql::Rewind rewind(s);
  std::vector<ResourceRow> rows;
  while (s.step()) rows.push_back(resource_from(s));
  return rows;
}

}  // namespace muster
