#include "agent/store/impl.h"

namespace muster {

namespace {

#define GROUP_COLUMNS "id, uuid, dn, kind, version, digest, placeholder, gone, rid, guarded"

GroupRow group_from(sql::Statement& s) {
  GroupRow g;
  g.id = s.integer(0);
  g.uuid = entry_id_of(s.view(1));
  g.dn = stored_dn(s.view(2));
  g.kind = static_cast<GroupKind>(s.integer(3));
  g.version = s.text(4);
  g.digest = s.text(5);
  g.placeholder = s.integer(6) != 0;
  g.gone = s.integer(7) != 0;
  g.rid = s.integer(8);
  g.is_guarded = s.integer(9) != 0;
  return g;
}

std::optional<GroupRow> one_group(sql::Statement& s) {
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return group_from(s);
}

std::size_t one_count(sql::Statement& s) {
  const sql::Rewind rewind(s);
  return s.step() ? static_cast<std::size_t>(s.integer(0)) : 0;
}

}  // namespace

std::optional<GroupRow> Store::group(const EntryId& uuid) {
  auto& s = impl_->db.cached("SELECT " GROUP_COLUMNS " FROM grp WHERE uuid=?");
  return one_group(s.bind_blob(1, bytes_of(uuid)));
}
std::optional<GroupRow> Store::group_by_dn(const Dn& dn) {
  return one_group(
      with(impl_->db.cached("SELECT " GROUP_COLUMNS " FROM grp WHERE ndn=? AND gone=0"), std::string_view(dn.normal())));
}
std::optional<GroupRow> Store::group_by_row(Row id) {
  return one_group(with(impl_->db.cached("SELECT " GROUP_COLUMNS " FROM grp WHERE id=?"), id));
}
std::optional<GroupRow> Store::group_by_rid(std::int64_t rid) {
  return one_group(with(impl_->db.cached("SELECT " GROUP_COLUMNS " FROM grp WHERE rid=? AND rid<>0 AND gone=0"), rid));
}
std::vector<GroupRow> Store::groups() {
  auto& s = impl_->db.cached("SELECT " GROUP_COLUMNS " FROM grp WHERE gone=0 ORDER BY ndn");
  const sql::Rewind rewind(s);
  std::vector<GroupRow> all;
  while (s.step()) all.push_back(group_from(s));
  return all;
}

Row Store::put_group(const GroupRow& g) {
  auto& s =
      g.id ? impl_->db.cached(
                 "UPDATE grp SET uuid=?, dn=?, ndn=?, kind=?, version=?, digest=?, placeholder=?, rid=?, guarded=?, gone=0, dirty=1"
                 " WHERE id=?")
           : impl_->db.cached("INSERT INTO grp(uuid,dn,ndn,kind,version,digest,placeholder,rid,guarded) VALUES(?,?,?,?,?,?,?,?,?)");
  s.bind_blob(1, bytes_of(g.uuid)).bind(2, std::string_view(g.dn.str())).bind(3, std::string_view(g.dn.normal()));
  s.bind(4, static_cast<std::int64_t>(g.kind)).bind(5, std::string_view(g.version)).bind(6, std::string_view(g.digest));
  s.bind(7, std::int64_t{g.placeholder}).bind(8, g.rid).bind(9, std::int64_t{g.is_guarded});
  if (g.id) s.bind(10, g.id);
  s.run();
  return g.id ? g.id : impl_->db.last_id();
}
void Store::mark_group_gone(Row id) {
  with(impl_->db.cached("UPDATE grp SET gone=1, digest='' WHERE id=?"), id).run();
  mark_members_dirty(id);
  with(impl_->db.cached("DELETE FROM member WHERE grp=?"), id).run();
  with(impl_->db.cached("DELETE FROM granted WHERE grp=?"), id).run();
}
void Store::set_placeholder(Row group, bool present) {
  with(impl_->db.cached("UPDATE grp SET placeholder=? WHERE id=?"), std::int64_t{present}, group).run();
}
void Store::mark_waiting_for_groups_dirty() {
  impl_->db.cached("UPDATE person SET dirty=1 WHERE key IN (SELECT person FROM problem WHERE code='no-group')").run();
}

void Store::mark_members_dirty(Row group) {
  with(impl_->db.cached("UPDATE entry SET dirty=1 WHERE gone=0 AND ndn IN (SELECT value FROM member WHERE grp=?)"), group).run();
  with(impl_->db.cached(
           "UPDATE person SET dirty=1 WHERE entry IN (SELECT e.id FROM entry e JOIN member m ON m.value=e.ndn WHERE m.grp=?)"),
       group)
      .run();
}
std::vector<GroupRow> Store::dirty_groups() {
  auto& s = impl_->db.cached("SELECT " GROUP_COLUMNS " FROM grp WHERE dirty=1 AND gone=0 ORDER BY id");
  const sql::Rewind rewind(s);
  std::vector<GroupRow> all;
  while (s.step()) all.push_back(group_from(s));
  return all;
}
std::vector<GroupRow> Store::gone_groups_with_problems() {
  auto& s = impl_->db.cached("SELECT " GROUP_COLUMNS
                             " FROM grp WHERE gone=1 AND EXISTS (SELECT 1 FROM problem WHERE subject='g:'||grp.id "
                             "OR substr(subject,1,length('g:'||grp.id||':'))='g:'||grp.id||':')");
  const sql::Rewind rewind(s);
  std::vector<GroupRow> all;
  while (s.step()) all.push_back(group_from(s));
  return all;
}
void Store::clear_group_dirty(Row group) { with(impl_->db.cached("UPDATE grp SET dirty=0 WHERE id=?"), group).run(); }
void Store::mark_groups_of_value_dirty(std::string_view value) {
  with(impl_->db.cached("UPDATE grp SET dirty=1 WHERE gone=0 AND id IN (SELECT grp FROM member WHERE value=?)"), value).run();
}
void Store::each_group_id(const std::function<void(Row, const EntryId&)>& each) {
  auto s = impl_->db.prepare("SELECT id, uuid FROM grp WHERE gone=0");
  while (s.step()) each(s.integer(0), entry_id_of(s.view(1)));
}
void Store::each_group_version(const std::function<void(const EntryId&, std::string_view)>& each) {
  auto s = impl_->db.prepare("SELECT uuid, CASE digest WHEN '' THEN '' ELSE version END FROM grp WHERE gone=0 ORDER BY uuid");
  while (s.step()) each(entry_id_of(s.view(0)), s.view(1));
}
void Store::forget_group_digest(Row id) { with(impl_->db.cached("UPDATE grp SET digest='' WHERE id=? AND digest<>''"), id).run(); }
void Store::touch_group(Row group, std::string_view version) {
  with(impl_->db.cached("UPDATE grp SET version=? WHERE id=?"), version, group).run();
}
std::size_t Store::count_groups() { return one_count(impl_->db.cached("SELECT count(*) FROM grp WHERE gone=0")); }

void Store::each_member(Row group, const std::function<void(std::string_view)>& each) {
  auto s = impl_->db.prepare("SELECT value FROM member WHERE grp=? ORDER BY value");
  s.bind(1, group);
  while (s.step()) each(s.view(0));
}
std::size_t Store::count_members(Row group) {
  return one_count(with(impl_->db.cached("SELECT count(*) FROM member WHERE grp=?"), group));
}
bool Store::is_member(Row group, std::string_view value) {
  return one_count(with(impl_->db.cached("SELECT count(*) FROM member WHERE grp=? AND value=?"), group, value)) > 0;
}
void Store::add_member(Row group, std::string_view value) {
  with(impl_->db.cached("INSERT OR IGNORE INTO member VALUES(?,?)"), group, value).run();
}
void Store::remove_member(Row group, std::string_view value) {
  with(impl_->db.cached("DELETE FROM member WHERE grp=? AND value=?"), group, value).run();
}

void Store::rename_member(std::string_view from, std::string_view to) {
  with(impl_->db.cached("UPDATE OR IGNORE member SET value=? WHERE value=?"), to, from).run();
  with(impl_->db.cached("DELETE FROM member WHERE value=?"), from).run();
}

std::vector<MembershipRow> Store::memberships(Row entry, const std::vector<std::string>& values) {
  auto& s = impl_->db.cached(
      "SELECT g.id, g.dn, r.since, r.rule, r.text, r.cause FROM member m JOIN grp g ON g.id=m.grp"
      " LEFT JOIN granted r ON r.entry=? AND r.grp=g.id WHERE m.value=? AND g.gone=0 ORDER BY g.id");
  std::vector<MembershipRow> all;
  for (const std::string& value : values) {
    with(s, entry, std::string_view(value));
    const sql::Rewind rewind(s);
    while (s.step()) {
      MembershipRow m;
      m.group = s.integer(0);
      Dn& dn = impl_->group_dns[m.group];
      if (dn.str() != s.view(1)) dn = stored_dn(s.view(1));
      m.dn = dn;
      m.granted = !s.is_null(2);
      if (m.granted) {
        m.since = instant(s.integer(2));
        m.because = {s.text(3), s.text(4), s.text(5)};
      }
      all.push_back(std::move(m));
    }
  }
  return all;
}

void Store::set_granted(Row entry, Row group, Instant since, const Reason& b) {
  auto& s = impl_->db.cached(
      "INSERT INTO granted VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET rule=excluded.rule, text=excluded.text, "
      "cause=excluded.cause");
  with(s, entry, group, millis(since), std::string_view(b.rule), std::string_view(b.text), std::string_view(b.cause)).run();
}
void Store::forget_granted(Row entry, Row group) {
  with(impl_->db.cached("DELETE FROM granted WHERE entry=? AND grp=?"), entry, group).run();
}

std::vector<GroupRow> Store::granted_groups(Row entry) {
  auto& s = impl_->db.cached("SELECT " GROUP_COLUMNS
                             " FROM grp WHERE gone=0 AND id IN (SELECT grp FROM granted WHERE entry=?) ORDER BY id");
  with(s, entry);
  const sql::Rewind rewind(s);
  std::vector<GroupRow> all;
  while (s.step()) all.push_back(group_from(s));
  return all;
}

void Store::leave_behind(Row group, std::string_view value) {
  with(impl_->db.cached("INSERT OR IGNORE INTO left_behind VALUES(?,?)"), group, value).run();
}

std::vector<std::string> Store::left_behind(Row group) {
  std::vector<std::string> values = unresolved_members(group);
  auto& known = impl_->db.cached("SELECT 1 FROM left_behind WHERE grp=? AND value=?");
  std::erase_if(values, [&](const std::string& value) {
    with(known, group, std::string_view(value));
    const sql::Rewind rewind(known);
    return !known.step();
  });
  with(impl_->db.cached("DELETE FROM left_behind WHERE grp=?"), group).run();
  for (const std::string& value : values) leave_behind(group, value);
  return values;
}

std::vector<std::string> Store::unresolved_members(Row group) {
  auto& s = impl_->db.cached(
      "SELECT m.value FROM member m WHERE m.grp=? AND CASE substr(m.value,1,4) WHEN 'uid:'"
      " THEN NOT EXISTS(SELECT 1 FROM join_value j JOIN entry e ON e.id=j.entry WHERE j.ordinal=-1 AND j.value=substr(m.value,5) "
      "AND e.gone=0)"
      " ELSE NOT EXISTS(SELECT 1 FROM entry e WHERE e.ndn=m.value AND e.gone=0) END");
  with(s, group);
  const sql::Rewind rewind(s);
  std::vector<std::string> values;
  while (s.step()) values.push_back(s.text(0));
  return values;
}

}  // namespace muster
