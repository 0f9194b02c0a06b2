#include "agent/context.h"

#include <algorithm>

#include "ldap/active_directory.h"

namespace muster {

ServerTraits ServerTraits::of(const ServerInfo& server) {
  constexpr unsigned kStrong = 128;  // what Active Directory wants for passwords (MS-ADTS section 3.1.1.3.1.5)
  ServerTraits t{server.family,
                 server.default_context,
                 server.tls || server.sealed >= kStrong,
                 server.bound_as,
                 server.link_ttl,
                 server.has_extension("1.3.6.1.4.1.4203.1.11.1"),
                 true,
                 true};
  const auto requires_it = [&](const char* object_class, const std::string& attribute) {
    if (!server.classes.find(object_class)) return server.family != Family::active_directory;
    const auto must = server.classes.must_of({object_class});
    return std::find(must.begin(), must.end(), attribute) != must.end();
  };
  t.member_required = requires_it("groupofnames", "member");
  t.unique_member_required = requires_it("groupofuniquenames", "uniquemember");
  if (server.family == Family::active_directory) t.member_required = false;  // of class group
  return t;
}

bool needs_member(GroupKind kind, const Context& context) {
  switch (kind) {
    case GroupKind::member: return context.server.member_required;
    case GroupKind::unique_member: return context.server.unique_member_required;
    case GroupKind::member_uid: break;
  }
  return false;
}

Status Context::go_on() const {
  if (alive) alive();
  if (stop.stop_requested()) return Error{Errc::cancelled, "the service is stopping", "what is left is done when it runs again"};
  return ok();
}

const Stream* Context::stream_of(const Dn& dn) const {
  for (const Stream& s : streams) {
    if (!s.groups && dn.is_under(s.base)) return &s;
  }
  return nullptr;
}

const Stream* Context::groups() const { return !streams.empty() && streams.back().groups ? &streams.back() : nullptr; }

std::vector<std::pair<int, std::string>> join_values_of(const Entry& entry, const Context& context) {
  std::vector<std::pair<int, std::string>> values;
  int ordinal = 0;
  for (const JoinRule& rule : context.rules().joins) {
    const Matching equality = context.types.equality_of(rule.attribute);
    if (const Values* found = entry.attributes.find(rule.attribute)) {
      for (const std::string& v : *found) values.emplace_back(ordinal, normalise(equality, v));
    }
    ++ordinal;
  }
  if (const Values* uids = entry.attributes.find("uid")) {
    for (const std::string& uid : *uids) values.emplace_back(-1, uid);
  }
  std::ptrdiff_t index = 0;
  for (const std::string& name : context.rules().unique_attributes()) {
    if (const Values* found = entry.attributes.find(name)) {
      for (const std::string& v : *found) values.emplace_back(unique_ordinal(index), normalise(context.types.equality_of(name), v));
    }
    ++index;
  }
  return values;
}

int unique_ordinal(std::ptrdiff_t index) {
  constexpr int kFirst = 1000;  // join rules are fewer
  return kFirst + static_cast<int>(index);
}

std::optional<std::string> logon_suffix_of(const ServerInfo& server) {
  if (server.family != Family::active_directory) return std::nullopt;
  const auto domain = Dn::parse(server.default_context);
  const std::string name = domain ? active_directory::domain_of(*domain) : "";
  return name.empty() ? name : "@" + name;
}

std::vector<std::pair<int, std::string>> join_values_of(const Person& person, const Context& context, const Now& now) {
  std::vector<std::pair<int, std::string>> values;
  int ordinal = 0;
  for (const std::string& v : join_values(person, context.rules(), now)) {
    const JoinRule& rule = context.rules().joins[static_cast<std::size_t>(ordinal)];
    if (!v.empty()) values.emplace_back(ordinal, normalise(context.types.equality_of(rule.attribute), v));
    ++ordinal;
  }
  return values;
}

Result<bool> has_member(Connection& connection, const GroupRow& group, const std::string& value) {
  SearchRequest request;
  request.base = group.dn.str();
  request.scope = SearchRequest::Scope::base;
  request.filter = std::string("(") + member_attribute(group.kind) + "=" + escape_filter_value(value) + ")";
  request.attributes = {"1.1"};
  request.page_size = 0;
  bool found = false;
  const Status searched = connection.search(request, [&](Entry&&) {
    found = true;
    return ok();
  });
  if (!searched) return searched.error();
  return found;
}

const char* member_attribute(GroupKind kind) {
  switch (kind) {
    case GroupKind::unique_member: return "uniqueMember";
    case GroupKind::member_uid: return "memberUid";
    case GroupKind::member: break;
  }
  return "member";
}

std::string member_value(GroupKind kind, const Entry& entry) {
  return kind == GroupKind::member_uid ? std::string(entry.attributes.first("uid")) : entry.dn.str();
}

std::string member_key(GroupKind kind, std::string_view value) {
  if (kind == GroupKind::member_uid) return "uid:" + std::string(value);
  return normalise(kind == GroupKind::unique_member ? Matching::name_and_uid : Matching::dn, value);
}

std::optional<Row> entry_of_member(Store& store, std::string_view key) {
  if (!key.starts_with("uid:")) {
    const auto dn = Dn::parse(key);
    return dn ? store.entry_row_by_dn(*dn) : std::nullopt;
  }
  const auto rows = store.entries_with_join_value(-1, std::string(key.substr(4)));
  return rows.size() == 1 ? std::optional(rows.front()) : std::nullopt;
}

}  // namespace muster
