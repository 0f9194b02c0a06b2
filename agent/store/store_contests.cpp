#include "agent/store/impl.h"

namespace muster {

namespace {
constexpr std::int64_t kHour = 3'600'000;
}

void Store::count_other_writer(const std::string& name, Instant at, const std::string& by) {
  // A writer that is not known takes the place of none that is.
  auto& s = impl_->db.cached(
      "INSERT INTO other_writer VALUES(?1,1,?2,?2,?3) ON CONFLICT DO UPDATE SET count=count+1, last=excluded.last,"
      " by=CASE excluded.by WHEN '' THEN by ELSE excluded.by END");
  with(s, std::string_view(name), millis(at), std::string_view(by)).run();
}

std::vector<Store::OtherWriter> Store::other_writers() {
  auto& s = impl_->db.cached("SELECT name, count, first, last, by FROM other_writer ORDER BY name");
  const sql::Rewind rewind(s);
  std::vector<OtherWriter> all;
  while (s.step()) {
    all.push_back({s.text(0), static_cast<std::size_t>(s.integer(1)), instant(s.integer(2)), instant(s.integer(3)), s.text(4)});
  }
  return all;
}

void Store::note_foreign(Row entry, const std::string& name, Instant at, const std::string& by) {
  // Once given up, the name stays that of whom it was given up for: a problem is one sentence as long as it lasts.
  auto& s = impl_->db.cached(
      "INSERT INTO contest(entry,name,last,by) VALUES(?,?,?,?) ON CONFLICT DO UPDATE SET last=excluded.last, open=1,"
      " by=CASE WHEN given_up IS NOT NULL OR excluded.by='' THEN by ELSE excluded.by END");
  with(s, entry, std::string_view(name), millis(at), std::string_view(by)).run();
}

void Store::note_revert(Row entry, const std::string& name, Instant at) {
  auto& s = impl_->db.cached(
      "UPDATE contest SET second=first, first=?3, open=0, last=max(last,?3),"
      " given_up=CASE WHEN given_up IS NULL AND second>=?3-?4 THEN ?3 ELSE given_up END WHERE entry=?1 AND name=?2 AND open=1");
  with(s, entry, std::string_view(name), millis(at), kHour).run();
}

std::vector<Fight> Store::fights(Row entry) {
  auto& s = impl_->db.cached("SELECT name, given_up, by FROM contest WHERE entry=? AND given_up IS NOT NULL ORDER BY name");
  with(s, entry);
  const sql::Rewind rewind(s);
  std::vector<Fight> all;
  while (s.step()) all.push_back({s.text(0), instant(s.integer(1)), s.text(2)});
  return all;
}

void Store::end_quiet_contests(Instant now) {
  const std::int64_t quiet = millis(now) - kHour;
  auto& fought = with(impl_->db.cached("SELECT DISTINCT entry FROM contest WHERE last<=? AND given_up IS NOT NULL"), quiet);
  std::vector<Row> entries;
  {
    const sql::Rewind rewind(fought);
    while (fought.step()) entries.push_back(fought.integer(0));
  }
  with(impl_->db.cached("DELETE FROM contest WHERE last<=?"), quiet).run();
  for (const Row entry : entries) mark_owner_dirty(entry);
}

void Store::forget_contests(Row entry) { with(impl_->db.cached("DELETE FROM contest WHERE entry=?"), entry).run(); }

}  // namespace muster
