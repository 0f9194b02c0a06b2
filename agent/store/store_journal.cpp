#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/change_json.h"
#include "agent/store/impl.h"

namespace muster {

namespace {

JournalRow journal_from(sql::Statement& s) {
  JournalRow r;
  r.seq = s.integer(0);
  r.person = s.integer(1);
  r.entry = s.integer(2);
  r.group = s.integer(3);
  r.hash = s.text(4);
  r.hold = s.text(5);
  r.change = change_from_json(nlohmann::json::parse(s.view(6), nullptr, false));
  return r;
}

std::vector<JournalRow> all_rows(sql::Statement& s) {
  const sql::Rewind rewind(s);
  std::vector<JournalRow> rows;
  while (s.step()) rows.push_back(journal_from(s));
  return rows;
}

ProblemRow problem_from(sql::Statement& s) {
  ProblemRow p;
  p.person = s.text(0);
  p.dn = s.text(1);
  p.code = s.text(2);
  p.what = s.text(3);
  p.where = s.text(4);
  p.attribute = s.text(5);
  p.drift = s.integer(6) != 0;
  p.since = instant(s.integer(7));
  return p;
}

bool same(const ProblemRow& a, const ProblemRow& b) {
  return a.code == b.code && a.attribute == b.attribute && a.what == b.what && a.where == b.where;
}

#define PROBLEM_COLUMNS "person, dn, code, what, place, attribute, drift, since"

}  // namespace

Store::ProblemDiff Store::set_problems(const std::string& subject, const std::vector<ProblemRow>& now_there, Instant now) {
  ProblemDiff diff;
  const std::vector<ProblemRow> before = problems(subject);
  for (const ProblemRow& old : before) {
    if (std::any_of(now_there.begin(), now_there.end(), [&](const ProblemRow& p) { return same(p, old); })) continue;
    auto& s = impl_->db.cached("DELETE FROM problem WHERE subject=? AND code=? AND attribute=? AND what=?");
    with(s, std::string_view(subject), std::string_view(old.code), std::string_view(old.attribute), std::string_view(old.what))
        .run();
    diff.cleared.push_back(old);
  }
  for (const ProblemRow& p : now_there) {
    if (std::any_of(before.begin(), before.end(), [&](const ProblemRow& old) { return same(p, old); })) continue;
    auto& s = impl_->db.cached("INSERT INTO problem(subject," PROBLEM_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?)");
    with(s, std::string_view(subject), std::string_view(p.person), std::string_view(p.dn), std::string_view(p.code),
         std::string_view(p.what), std::string_view(p.where), std::string_view(p.attribute), std::int64_t{p.drift}, millis(now))
        .run();
    diff.raised.push_back(p);
  }
  return diff;
}

std::vector<ProblemRow> Store::problems(std::string_view subject) {
  auto& s = subject.empty() ? impl_->db.cached("SELECT " PROBLEM_COLUMNS " FROM problem ORDER BY since, person, id")
                            : impl_->db.cached("SELECT " PROBLEM_COLUMNS " FROM problem WHERE subject=?");
  if (!subject.empty()) s.bind(1, subject);
  const sql::Rewind rewind(s);
  std::vector<ProblemRow> all;
  while (s.step()) all.push_back(problem_from(s));
  return all;
}
std::vector<std::string> Store::problem_subjects(std::string_view prefix) {
  auto& s = impl_->db.cached("SELECT DISTINCT subject FROM problem WHERE substr(subject,1,length(?1))=?1");
  s.bind(1, prefix);
  const sql::Rewind rewind(s);
  std::vector<std::string> all;
  while (s.step()) all.emplace_back(s.text(0));
  return all;
}
std::size_t Store::count_problems() {
  auto& s = impl_->db.cached("SELECT count(*) FROM problem");
  const sql::Rewind rewind(s);
  return s.step() ? static_cast<std::size_t>(s.integer(0)) : 0;
}

#define JOURNAL_COLUMNS "seq, person, entry, grp, hash, hold, body"

void Store::drop_planned() {
  impl_->db.exec("UPDATE grp SET dirty=1 WHERE gone=0 AND id IN (SELECT grp FROM journal WHERE intent=0 AND person=0 AND entry=0)");
  impl_->db.exec("DELETE FROM journal WHERE intent=0");
}
void Store::add_planned(const JournalRow& r) {
  auto& s = impl_->db.cached("INSERT INTO journal(action,person,entry,grp,hash,hold,kind,decision,body) VALUES(?,?,?,?,?,?,?,?,?)");
  const std::string body = dump(change_to_json(r.change));
  with(s, static_cast<std::int64_t>(r.change.action), r.person, r.entry, r.group, std::string_view(r.hash),
       std::string_view(r.hold), static_cast<std::int64_t>(kind_of(r.change.action)), static_cast<std::int64_t>(r.change.decision),
       std::string_view(body))
      .run();
}
std::vector<JournalRow> Store::planned(Action action, std::size_t limit) {
  auto& s = impl_->db.cached("SELECT " JOURNAL_COLUMNS " FROM journal WHERE intent=0 AND action=? ORDER BY grp, seq LIMIT ?");
  return all_rows(with(s, static_cast<std::int64_t>(action), static_cast<std::int64_t>(limit)));
}
void Store::each_planned(const std::function<void(const PlannedKey&)>& each) {
  auto s = impl_->db.prepare("SELECT seq, action, kind, decision, person, hold<>'', held FROM journal WHERE intent=0 ORDER BY seq");
  while (s.step()) {
    each({s.integer(0), static_cast<Action>(s.integer(1)), static_cast<Kind>(s.integer(2)), static_cast<Decision>(s.integer(3)),
          s.integer(4), s.integer(5) != 0, static_cast<int>(s.integer(6))});
  }
}
void Store::each_planned_change(const std::function<void(const JournalRow&)>& each) {
  auto s = impl_->db.prepare("SELECT " JOURNAL_COLUMNS " FROM journal WHERE intent=0 ORDER BY person, seq");
  while (s.step()) each(journal_from(s));
}
void Store::set_held(Row seq, Kind kind) {
  with(impl_->db.cached("UPDATE journal SET held=? WHERE seq=?"), static_cast<std::int64_t>(kind), seq).run();
}
std::vector<std::string> Store::held_hashes(Kind kind) {
  auto& s =
      with(impl_->db.cached("SELECT hash FROM journal WHERE intent=0 AND held=? ORDER BY hash"), static_cast<std::int64_t>(kind));
  const sql::Rewind rewind(s);
  std::vector<std::string> all;
  while (s.step()) all.push_back(s.text(0));
  return all;
}
void Store::move_to_hold(Kind kind, const std::string& hold) {
  with(impl_->db.cached("DELETE FROM hold_change WHERE hold=?"), std::string_view(hold)).run();
  auto& s = impl_->db.cached(
      "INSERT OR REPLACE INTO hold_change SELECT ?, hash, person, entry, grp, body FROM journal WHERE intent=0 AND held=?");
  with(s, std::string_view(hold), static_cast<std::int64_t>(kind)).run();
  with(impl_->db.cached("DELETE FROM journal WHERE intent=0 AND held=?"), static_cast<std::int64_t>(kind)).run();
}
void Store::set_intent(Row seq) { with(impl_->db.cached("UPDATE journal SET intent=1 WHERE seq=?"), seq).run(); }
std::vector<JournalRow> Store::intents() {
  return all_rows(impl_->db.cached("SELECT " JOURNAL_COLUMNS " FROM journal WHERE intent=1 ORDER BY seq"));
}
void Store::forget_change(Row seq) { with(impl_->db.cached("DELETE FROM journal WHERE seq=?"), seq).run(); }
void Store::forget_planned_of(Row person, Row entry) {
  with(impl_->db.cached("DELETE FROM journal WHERE intent=0 AND person=? AND (person<>0 OR entry=?)"), person, entry).run();
}
void Store::forget_planned_members(Row group) {
  with(impl_->db.cached("DELETE FROM journal WHERE intent=0 AND person=0 AND entry=0 AND grp=?"), group).run();
}
std::size_t Store::count_planned() {
  auto& s = impl_->db.cached("SELECT count(*) FROM journal");
  const sql::Rewind rewind(s);
  return s.step() ? static_cast<std::size_t>(s.integer(0)) : 0;
}

}  // namespace muster
