#include <algorithm>

#include "agent/store/impl.h"

namespace muster {

namespace {

bool any_row(sql::Statement& s) {
  const sql::Rewind rewind(s);
  return s.step();
}

}  // namespace

void Store::keep_names(Row person, const std::vector<std::pair<std::string, std::string>>& has, Instant now) {
  std::vector<std::pair<std::string, std::string>> known;
  {
    auto& s = with(impl_->db.cached("SELECT attribute, value FROM name_given WHERE person=? AND until IS NULL"), person);
    const sql::Rewind rewind(s);
    while (s.step()) known.emplace_back(s.text(0), s.text(1));
  }
  for (const auto& name : known) {
    if (std::find(has.begin(), has.end(), name) != has.end()) continue;
    auto& s = impl_->db.cached("UPDATE name_given SET until=? WHERE attribute=? AND value=? AND person=?");
    with(s, millis(now), std::string_view(name.first), std::string_view(name.second), person).run();
  }
  for (const auto& name : has) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto& s = impl_->db.cached(
        "INSERT INTO name_given(attribute,value,person,since) VALUES(?,?,?,?)"
        " ON CONFLICT(attribute,value,person) DO UPDATE SET until=NULL");
    with(s, std::string_view(name.first), std::string_view(name.second), person, millis(now)).run();
  }
}

bool Store::had_name(std::string_view attribute, std::string_view value, Row but, std::optional<Instant> since) {
  auto& s = impl_->db.cached(
      "SELECT 1 FROM name_given WHERE attribute=?1 AND value=?2 AND person<>?3 AND (until IS NULL OR ?4 IS NULL OR until>?4) LIMIT "
      "1");
  s.reset();
  s.bind(1, attribute).bind(2, value).bind(3, but);
  if (since)
    s.bind(4, millis(*since));
  else
    s.bind_null(4);
  return any_row(s);
}

void Store::promise_names(Row person, const std::vector<std::pair<std::string, std::string>>& names) {
  with(impl_->db.cached("DELETE FROM name_promised WHERE person=?"), person).run();
  for (const auto& [attribute, value] : names) {
    with(impl_->db.cached("INSERT OR IGNORE INTO name_promised(attribute,value,person) VALUES(?,?,?)"), std::string_view(attribute),
         std::string_view(value), person)
        .run();
  }
}

bool Store::is_promised(std::string_view attribute, std::string_view value, Row but) {
  return any_row(with(impl_->db.cached("SELECT 1 FROM name_promised WHERE attribute=? AND value=? AND person<>? LIMIT 1"),
                      attribute, value, but));
}

std::string Store::promised(std::string_view attribute, Row person) {
  auto& s = with(impl_->db.cached("SELECT value FROM name_promised WHERE person=? AND attribute=? LIMIT 1"), person, attribute);
  const sql::Rewind rewind(s);
  return s.step() ? s.text(0) : std::string();
}

bool Store::any_entry_called(const std::string& rdn, Row but) {
  auto& s = impl_->db.cached("SELECT 1 FROM entry WHERE (ndn=?1 OR (ndn>=?2 AND ndn<?3)) AND gone=0 AND id<>?4 LIMIT 1");
  s.reset();
  // Whatever follows the RDN follows a comma, and '-' is the next character.
  s.bind(1, std::string_view(rdn)).bind(2, std::string_view(rdn + ",")).bind(3, std::string_view(rdn + "-")).bind(4, but);
  return any_row(s);
}

}  // namespace muster
