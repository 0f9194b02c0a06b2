// People who name other people: what a leaver has to hand over, who came back under another key, and how long a disable took.
#include <algorithm>

#include "agent/store/impl.h"

namespace muster {

namespace {

constexpr std::int64_t kWaitsKept = 100;

std::vector<Store::MentionTarget> targets_in(sql::Database& db, const EntryId& source) {
  auto& s = db.cached("SELECT attribute, target FROM mention WHERE source=? ORDER BY attribute, target");
  s.reset().bind_blob(1, bytes_of(source));
  const sql::Rewind rewind(s);
  std::vector<Store::MentionTarget> targets;
  while (s.step()) targets.push_back({s.text(0), s.text(1)});
  return targets;
}

}  // namespace

std::vector<std::string> Store::set_mentions(const EntryId& source, const Dn& dn, std::vector<MentionTarget> targets) {
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  const auto known = targets_in(impl_->db, source);
  std::vector<std::string> differing;
  for (const MentionTarget& t : known) {
    if (std::binary_search(targets.begin(), targets.end(), t)) continue;
    differing.push_back(t.value);
    auto& s = impl_->db.cached("DELETE FROM mention WHERE source=? AND attribute=? AND target=?");
    s.reset().bind_blob(1, bytes_of(source)).bind(2, std::string_view(t.attribute)).bind(3, std::string_view(t.value)).run();
  }
  for (const MentionTarget& t : targets) {
    if (std::binary_search(known.begin(), known.end(), t)) continue;
    differing.push_back(t.value);
    auto& s = impl_->db.cached("INSERT INTO mention(source,attribute,target,dn) VALUES(?,?,?,?)");
    s.reset().bind_blob(1, bytes_of(source)).bind(2, std::string_view(t.attribute)).bind(3, std::string_view(t.value));
    s.bind(4, std::string_view(dn.str())).run();
  }
  if (!targets.empty()) {
    auto& s = impl_->db.cached("UPDATE mention SET dn=? WHERE source=? AND dn<>?");
    s.reset().bind(1, std::string_view(dn.str())).bind_blob(2, bytes_of(source)).bind(3, std::string_view(dn.str())).run();
  }
  return differing;
}

void Store::rename_mentions(std::string_view old_name, Row entry) {
  with(impl_->db.cached("UPDATE mention SET entry=? WHERE target=?"), entry, old_name).run();
}

std::vector<Mention> Store::mentions_of(Row entry) {
  auto& s = impl_->db.cached(
      "SELECT DISTINCT m.attribute, m.dn FROM entry t JOIN mention m ON m.target=t.ndn OR (m.entry<>0 AND m.entry=t.id)"
      " LEFT JOIN entry e ON e.uuid=m.source WHERE t.id=? AND m.source<>t.uuid AND coalesce(e.disabled_for,'')<>'leaver'"
      " ORDER BY m.attribute, m.dn");
  with(s, entry);
  const sql::Rewind rewind(s);
  std::vector<Mention> all;
  while (s.step()) all.push_back({s.text(0), stored_dn(s.view(1))});
  return all;
}

std::optional<Row> Store::mentioned_entry(std::string_view name) {
  auto& s = impl_->db.cached(
      "SELECT id FROM entry WHERE ndn=? AND gone=0 UNION ALL SELECT entry FROM mention WHERE target=? AND entry<>0 LIMIT 1");
  with(s, name, name);
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return s.integer(0);
}

void Store::add_leaver_wait(std::chrono::milliseconds waited) {
  with(impl_->db.cached("INSERT INTO leaver_wait(waited) VALUES(?)"), std::int64_t{waited.count()}).run();
  with(impl_->db.cached("DELETE FROM leaver_wait WHERE seq<=(SELECT max(seq) FROM leaver_wait)-?"), kWaitsKept).run();
}

std::vector<std::chrono::milliseconds> Store::leaver_waits() {
  auto& s = impl_->db.cached("SELECT waited FROM leaver_wait ORDER BY seq");
  s.reset();
  const sql::Rewind rewind(s);
  std::vector<std::chrono::milliseconds> all;
  while (s.step()) all.emplace_back(s.integer(0));
  return all;
}

}  // namespace muster
