#include <nlohmann/json.hpp>

#include "agent/change_json.h"
#include "agent/store/impl.h"

namespace muster {

namespace {

#define HOLD_COLUMNS "id, kind, status, sentence, count, people, created, by, reason, decided, released"

HoldRow hold_from(sql::Statement& s) {
  HoldRow h;
  h.id = s.text(0);
  h.kind = s.text(1);
  h.status = s.text(2);
  h.sentence = s.text(3);
  h.count = static_cast<std::size_t>(s.integer(4));
  h.people = static_cast<std::size_t>(s.integer(5));
  h.created = instant(s.integer(6));
  h.by = s.text(7);
  h.reason = s.text(8);
  if (!s.is_null(9)) h.decided = instant(s.integer(9));
  h.released = static_cast<std::size_t>(s.integer(10));
  return h;
}

std::string first_text(sql::Statement& s) {
  const sql::Rewind rewind(s);
  return s.step() ? s.text(0) : std::string();
}

}  // namespace

std::vector<HoldRow> Store::holds(bool open_only) {
  auto& s = open_only ? impl_->db.cached("SELECT " HOLD_COLUMNS " FROM hold WHERE status='open' ORDER BY created, id")
                      : impl_->db.cached("SELECT " HOLD_COLUMNS " FROM hold ORDER BY created, id");
  const sql::Rewind rewind(s);
  std::vector<HoldRow> all;
  while (s.step()) all.push_back(hold_from(s));
  return all;
}

std::optional<HoldRow> Store::hold(std::string_view prefix) {
  auto& s = with(impl_->db.cached("SELECT " HOLD_COLUMNS " FROM hold WHERE substr(id,1,length(?1))=?1 LIMIT 2"), prefix);
  const sql::Rewind rewind(s);
  if (prefix.empty() || !s.step()) return std::nullopt;
  HoldRow h = hold_from(s);
  if (s.step()) return std::nullopt;
  return h;
}

void Store::put_hold(const HoldRow& h) {
  auto& s = impl_->db.cached("INSERT OR REPLACE INTO hold(" HOLD_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?)");
  with(s, std::string_view(h.id), std::string_view(h.kind), std::string_view(h.status), std::string_view(h.sentence),
       static_cast<std::int64_t>(h.count), static_cast<std::int64_t>(h.people), millis(h.created), std::string_view(h.by),
       std::string_view(h.reason));
  if (h.decided) s.bind(10, millis(*h.decided));
  s.bind(11, static_cast<std::int64_t>(h.released)).run();
}

void Store::set_hold_changes(const std::string& hold, const std::vector<JournalRow>& changes) {
  with(impl_->db.cached("DELETE FROM hold_change WHERE hold=?"), std::string_view(hold)).run();
  for (const JournalRow& r : changes) {
    const std::string body = dump(change_to_json(r.change));
    with(impl_->db.cached("INSERT OR REPLACE INTO hold_change VALUES(?,?,?,?,?,?)"), std::string_view(hold),
         std::string_view(r.hash), r.person, r.entry, r.group, std::string_view(body))
        .run();
  }
}

std::vector<JournalRow> Store::hold_changes(const std::string& hold) {
  auto& s = with(impl_->db.cached("SELECT hash, person, entry, grp, body FROM hold_change WHERE hold=? ORDER BY hash"),
                 std::string_view(hold));
  const sql::Rewind rewind(s);
  std::vector<JournalRow> all;
  while (s.step()) {
    JournalRow r;
    r.hash = s.text(0);
    r.person = s.integer(1);
    r.entry = s.integer(2);
    r.group = s.integer(3);
    r.change = change_from_json(nlohmann::json::parse(s.view(4), nullptr, false));
    all.push_back(std::move(r));
  }
  return all;
}

void Store::mark_held_people_dirty(const std::string& hold) {
  with(impl_->db.cached(
           "UPDATE grp SET dirty=1 WHERE gone=0 AND id IN (SELECT grp FROM hold_change WHERE hold=? AND person=0 AND entry=0)"),
       std::string_view(hold))
      .run();
  with(impl_->db.cached("UPDATE person SET dirty=1 WHERE id IN (SELECT person FROM hold_change WHERE hold=?)"),
       std::string_view(hold))
      .run();
  with(
      impl_->db.cached("UPDATE entry SET dirty=1 WHERE gone=0 AND id IN (SELECT entry FROM hold_change WHERE hold=? AND person=0)"),
      std::string_view(hold))
      .run();
}

void Store::decide_change(const JournalRow& change, const std::string& hold, bool approved, const std::string& by) {
  with(impl_->db.cached("INSERT OR REPLACE INTO decision VALUES(?,?,?,?,?,?)"), std::string_view(change.hash),
       std::string_view(hold), std::int64_t{approved}, std::string_view(by), change.person, change.entry)
      .run();
}
std::vector<std::string> Store::decided_hashes(Row person, Row entry) {
  auto& s = with(impl_->db.cached("SELECT hash FROM decision WHERE person=? AND (person<>0 OR entry=?)"), person, entry);
  const sql::Rewind rewind(s);
  std::vector<std::string> all;
  while (s.step()) all.push_back(s.text(0));
  return all;
}
std::string Store::approved_by(const std::string& hash) {
  return first_text(with(impl_->db.cached("SELECT hold FROM decision WHERE hash=? AND approved=1"), std::string_view(hash)));
}
std::string Store::rejected_by(const std::string& hash) {
  return first_text(with(impl_->db.cached("SELECT by FROM decision WHERE hash=? AND approved=0"), std::string_view(hash)));
}
void Store::forget_decision(const std::string& hash) {
  with(impl_->db.cached("DELETE FROM decision WHERE hash=?"), std::string_view(hash)).run();
}
void Store::rest_held_people(const std::string& hold) {
  with(impl_->db.cached("UPDATE person SET dirty=0 WHERE dirty=2 AND id IN (SELECT person FROM hold_change WHERE hold=?)"),
       std::string_view(hold))
      .run();
  with(impl_->db.cached(
           "UPDATE entry SET dirty=0 WHERE dirty=2 AND id IN (SELECT entry FROM hold_change WHERE hold=? AND person=0)"),
       std::string_view(hold))
      .run();
}

bool Store::hold_touched(const std::string& hold) {
  auto& s = impl_->db.cached(
      "SELECT 1 FROM hold_change c LEFT JOIN person p ON p.id=c.person LEFT JOIN entry e ON e.id=c.entry AND c.person=0"
      " WHERE c.hold=? AND (p.dirty=2 OR e.dirty=2) LIMIT 1");
  with(s, std::string_view(hold));
  const sql::Rewind rewind(s);
  return s.step();
}
bool Store::any_decisions() {
  auto& s = impl_->db.cached("SELECT 1 FROM decision LIMIT 1");
  const sql::Rewind rewind(s);
  return s.step();
}

}  // namespace muster
