#include "ldap/effective_rights.h"

#include <algorithm>

#include "ldap/dirsync.h"
#include "ldap/raw_search.h"

namespace muster {
namespace {

/// Nobody has this value. A syntax that does not allow it refuses it without a change, and before rights are looked at.
constexpr const char* kNobody = "cn=muster probe";

std::string nobody_for(Matching rule) {
  if (rule == Matching::generalized_time) return "19000101000000Z";
  if (rule == Matching::integer) return "-2147483647";
  return kNobody;
}

bool among(const Values& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return to_lower(n) == to_lower(name); });
}

/// What a result code says of a right. Many faults are found only after the right was checked, but not on every server.
Allowed said_by(int code) {
  switch (code) {
    case LDAP_SUCCESS:
    case LDAP_X_NO_OPERATION:
    case result_code::no_such_attribute: return Allowed::yes;
    case result_code::insufficient_access: return Allowed::no;
    default: return Allowed::unknown;
  }
}

/// The rights of one attribute in "cn:rscwo, member:none".
std::string rights_of(const std::string& list, const std::string& attribute) {
  const std::string all = to_lower(list), name = to_lower(attribute) + ":";
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find(", ", at), all.size());
    if (all.compare(at, name.size(), name) == 0) return all.substr(at + name.size(), end - at - name.size());
    at = end + 2;
  }
  return {};
}

Allowed granted(const std::string& rights, char right) {
  if (rights.empty()) return Allowed::unknown;
  return rights != "none" && rights.find(right) != std::string::npos ? Allowed::yes : Allowed::no;
}

}  // namespace

Result<Values> EffectiveRights::computed(const std::string& dn, const std::string& attribute) {
  if (last_ && last_->dn == dn && last_->attribute == attribute) return last_->values;
  auto entry = connection_.read(dn, {attribute});
  if (!entry) return std::move(entry).error();
  const Values* values = *entry ? (*entry)->attributes.find(to_lower(attribute)) : nullptr;
  last_ = {dn, attribute, values ? *values : Values{}};
  return last_->values;
}

Result<std::string> EffectiveRights::get_effective(const std::string& dn, const std::string& attribute, const std::string& answer) {
  wire::RawRequest request{dn, LDAP_SCOPE_BASE, "(objectClass=*)", {attribute}, {}};
  request.controls = {{std::string(wire::kEffectiveRights), "dn:" + connection_.server().bound_as, true, true}};
  std::string found;
  auto end = wire::raw_search(connection_.impl(), request, "asking for the rights on " + dn, [&](LDAPMessage* message) {
    wire::each_attribute(connection_.impl().ld.get(), message, [&](const std::string& name, Values&& values) {
      if (name == answer && !values.empty()) found = values.front();
    });
    return ok();
  });
  if (!end) return std::move(end).error();
  return found;
}

Result<Allowed> EffectiveRights::try_out(WriteOp op) {
  op.pretend = true;
  const auto outcome = std::move(connection_.write({&op, 1}, 1).front());
  if (outcome.code < 0) return outcome.status.error();
  return said_by(outcome.code);
}

Result<Allowed> EffectiveRights::remove_nobody(const std::string& dn, const std::string& attribute) {
  const Matching rule = connection_.server().types.equality_of(attribute);
  if (rule == Matching::boolean) return Allowed::unknown;  // every value is somebody's
  WriteOp op{dn, ModifyOp{{{Mod::Op::remove, attribute, {nobody_for(rule)}}}}, "", {}};
  if (connection_.server().family == Family::openldap) {
    auto allowed = try_out(op);
    if (!allowed || *allowed != Allowed::unknown) return allowed;
  }
  const auto outcome = std::move(connection_.write({&op, 1}, 1).front());
  if (outcome.code < 0) return outcome.status.error();
  if (outcome.code == result_code::inappropriate_matching) return Allowed::yes;
  return said_by(outcome.code);
}

Result<Allowed> EffectiveRights::write(const std::string& dn, const std::string& attribute) {
  switch (connection_.server().family) {
    case Family::active_directory: {
      auto names = computed(dn, "allowedAttributesEffective");
      if (!names) return std::move(names).error();
      return among(*names, attribute) ? Allowed::yes : Allowed::no;
    }
    case Family::ds389: {
      auto rights = get_effective(dn, attribute, "attributelevelrights");
      if (!rights) return std::move(rights).error();
      return granted(rights_of(*rights, attribute), 'w');
    }
    case Family::openldap:
    case Family::other: break;
  }
  return remove_nobody(dn, attribute);
}

Result<Allowed> EffectiveRights::create(const std::string& parent, const std::string& example) {
  switch (connection_.server().family) {
    case Family::active_directory: {
      auto classes = computed(parent, "allowedChildClassesEffective");
      if (!classes) return std::move(classes).error();
      return among(*classes, "user") ? Allowed::yes : Allowed::no;
    }
    case Family::ds389: {
      auto rights = get_effective(example.empty() ? parent : example, "objectClass", "entrylevelrights");
      if (!rights) return std::move(rights).error();
      return granted(*rights, 'a');
    }
    case Family::openldap: {
      Attributes attributes;
      attributes.set("cn", {"muster probe"});
      return try_out({"cn=muster probe," + parent, AddOp{{"organizationalRole"}, attributes}, "", {}});
    }
    case Family::other: break;
  }
  return Allowed::unknown;
}

Result<Allowed> EffectiveRights::remove(const std::string& dn) {
  if (connection_.server().family == Family::ds389) {
    auto rights = get_effective(dn, "objectClass", "entrylevelrights");
    if (!rights) return std::move(rights).error();
    return granted(*rights, 'd');
  }
  if (connection_.server().family == Family::openldap) return try_out({dn, DeleteOp{}, "", {}});
  return Allowed::unknown;
}

Result<Allowed> EffectiveRights::move(const std::string& dn, const std::string& to) {
  const auto name = Dn::parse(dn);
  if (connection_.server().family != Family::openldap || !name || name->empty()) return Allowed::unknown;
  return try_out({dn, RenameOp{name->rdn(), to}, "", {}});
}

Result<Allowed> EffectiveRights::replicate() {
  wire::RawRequest request;
  request.base = connection_.server().default_context;
  request.filter = "(objectClass=musterNoSuchClass)";
  request.attributes = {"objectGUID"};
  request.controls = {wire::dirsync_request(0, "")};
  auto answer = wire::raw_search(connection_.impl(), request, "asking for changes", [](LDAPMessage*) { return ok(); });
  if (!answer) return std::move(answer).error();
  return answer->code == LDAP_SUCCESS ? Allowed::yes : Allowed::no;
}

Result<Allowed> EffectiveRights::see_deleted() {
  const std::string place = "CN=Deleted Objects," + connection_.server().default_context;
  bool any = false;
  for (const int scope : {LDAP_SCOPE_ONELEVEL, LDAP_SCOPE_BASE}) {
    wire::RawRequest request{place, scope, "(objectClass=*)", {"objectClass"}, {}};
    request.controls = {{std::string(wire::kShowDeleted), "", true, false}, wire::paged_request(1, "")};
    auto answer = wire::raw_search(connection_.impl(), request, "asking for deleted objects", [&](LDAPMessage* message) {
      // Samba shows the container to everybody, and nothing of it.
      wire::each_attribute(connection_.impl().ld.get(), message, [&](const std::string&, Values&&) { any = true; });
      return ok();
    });
    if (!answer) return std::move(answer).error();
  }
  return any ? Allowed::yes : Allowed::no;
}

}  // namespace muster
