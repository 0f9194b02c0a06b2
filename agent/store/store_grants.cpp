// Access for a time, and orders to disable.
#include "agent/store/impl.h"

namespace muster {

namespace {

#define ACCESS_COLUMNS                                                                                                       \
  "a.id, a.person, coalesce(p.key,''), a.grp, coalesce(g.dn,''), a.by, a.reason, a.approver, a.seconds, a.created, a.until," \
  " a.state, a.hold, a.over FROM access_grant a LEFT JOIN person p ON p.id=a.person LEFT JOIN grp g ON g.id=a.grp"
#define ORDER_COLUMNS \
  "id, person, entry, by, reason, created, lifted, lifted_by, lifted_reason, upstream, issued FROM disable_order"

AccessGrantRow access_from(sql::Statement& s) {
  AccessGrantRow r;
  r.id = s.integer(0);
  r.person = s.integer(1);
  r.key = PersonKey(s.text(2));
  r.group = s.integer(3);
  r.dn = stored_dn(s.view(4));
  r.by = s.text(5);
  r.reason = s.text(6);
  r.approver = s.text(7);
  r.duration = std::chrono::seconds(s.integer(8));
  r.created = instant(s.integer(9));
  if (!s.is_null(10)) r.until = instant(s.integer(10));
  r.state = s.text(11);
  r.hold = s.text(12);
  r.over = s.text(13);
  return r;
}

std::vector<AccessGrantRow> all_access(sql::Statement& s) {
  const sql::Rewind rewind(s);
  std::vector<AccessGrantRow> rows;
  while (s.step()) rows.push_back(access_from(s));
  return rows;
}

std::optional<AccessGrantRow> one_access(sql::Statement& s) {
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return access_from(s);
}

OrderRow order_from(sql::Statement& s) {
  OrderRow r;
  r.id = s.integer(0);
  r.person = s.integer(1);
  r.entry = s.integer(2);
  r.by = s.text(3);
  r.reason = s.text(4);
  r.since = instant(s.integer(5));
  if (!s.is_null(6)) r.lifted = instant(s.integer(6));
  r.lifted_by = s.text(7);
  r.lifted_reason = s.text(8);
  r.upstream = s.text(9);
  r.issued = s.integer(10);
  return r;
}

std::optional<OrderRow> one_order(sql::Statement& s) {
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return order_from(s);
}

}  // namespace

Row Store::put_access_grant(const AccessGrantRow& r) {
  auto& s = impl_->db.cached(
      "INSERT INTO access_grant(id,person,grp,by,reason,approver,seconds,created,state,hold,over,until) "
      "VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"
      " ON CONFLICT(id) DO UPDATE SET approver=excluded.approver, state=excluded.state, hold=excluded.hold, over=excluded.over,"
      " until=excluded.until");
  with(s, r.id, r.person, r.group, std::string_view(r.by), std::string_view(r.reason), std::string_view(r.approver),
       std::int64_t{r.duration.count()}, millis(r.created), std::string_view(r.state), std::string_view(r.hold),
       std::string_view(r.over));
  if (!r.id) s.bind_null(1);
  if (r.until) {
    s.bind(12, millis(*r.until));
  } else {
    s.bind_null(12);
  }
  s.run();
  return r.id ? r.id : impl_->db.last_id();
}

std::optional<AccessGrantRow> Store::access_grant(Row id) {
  return one_access(with(impl_->db.cached("SELECT " ACCESS_COLUMNS " WHERE a.id=?"), id));
}
std::optional<AccessGrantRow> Store::access_grant_of_hold(const std::string& hold) {
  return one_access(
      with(impl_->db.cached("SELECT " ACCESS_COLUMNS " WHERE a.hold=? AND a.state='waiting'"), std::string_view(hold)));
}
std::vector<AccessGrantRow> Store::access_grants(bool open_only) {
  return all_access(open_only ? impl_->db.cached("SELECT " ACCESS_COLUMNS " WHERE a.state IN ('waiting','running') ORDER BY a.id")
                              : impl_->db.cached("SELECT " ACCESS_COLUMNS " ORDER BY a.id"));
}
std::vector<AccessGrantRow> Store::access_grants_of(Row person) {
  return all_access(with(
      impl_->db.cached("SELECT " ACCESS_COLUMNS " WHERE a.state IN ('waiting','running') AND a.person=? ORDER BY a.id"), person));
}
std::vector<AccessGrantRow> Store::access_grants_over(Instant now) {
  return all_access(
      with(impl_->db.cached("SELECT " ACCESS_COLUMNS " WHERE a.state='running' AND a.until<=? ORDER BY a.until"), millis(now)));
}
std::optional<Instant> Store::next_grant_end() {
  auto& s = impl_->db.cached("SELECT min(until) FROM access_grant WHERE state='running'");
  const sql::Rewind rewind(s);
  if (!s.step() || s.is_null(0)) return std::nullopt;
  return instant(s.integer(0));
}

Row Store::add_order(const OrderRow& r) {
  with(impl_->db.cached("INSERT INTO disable_order(person,entry,by,reason,created,upstream,issued) VALUES(?,?,?,?,?,?,?)"),
       r.person, r.entry, std::string_view(r.by), std::string_view(r.reason), millis(r.since), std::string_view(r.upstream),
       r.issued)
      .run();
  return impl_->db.last_id();
}
void Store::lift_order(Row id, const std::string& by, const std::string& reason, Instant at) {
  with(impl_->db.cached("UPDATE disable_order SET lifted=?, lifted_by=?, lifted_reason=? WHERE id=?"), millis(at),
       std::string_view(by), std::string_view(reason), id)
      .run();
}
void Store::set_order_issued(Row id, std::int64_t iat) {
  with(impl_->db.cached("UPDATE disable_order SET issued=? WHERE id=?"), iat, id).run();
}
std::optional<OrderRow> Store::order_on(Row person, Row entry) {
  auto& s = impl_->db.cached("SELECT " ORDER_COLUMNS
                             " WHERE lifted IS NULL AND ((person<>0 AND person=?) OR (entry<>0 AND entry=?)) ORDER BY id LIMIT 1");
  return one_order(with(s, person, entry));
}
std::optional<OrderRow> Store::last_lifted_order(Row person, Row entry) {
  auto& s = impl_->db.cached("SELECT " ORDER_COLUMNS
                             " WHERE lifted IS NOT NULL AND ((person<>0 AND person=?) OR (entry<>0 AND entry=?))"
                             " ORDER BY lifted DESC, id DESC LIMIT 1");
  return one_order(with(s, person, entry));
}
std::vector<OrderRow> Store::orders() {
  auto& s = impl_->db.cached("SELECT " ORDER_COLUMNS " WHERE lifted IS NULL ORDER BY id");
  const sql::Rewind rewind(s);
  std::vector<OrderRow> rows;
  while (s.step()) rows.push_back(order_from(s));
  return rows;
}

}  // namespace muster
