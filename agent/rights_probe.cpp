#include "agent/rights_probe.h"

#include <map>

namespace muster {

namespace {

class RightsProbe {
 public:
  RightsProbe(Connection& connection, const RightsScope& scope) : connection_(connection), rights_(connection), scope_(scope) {}

  Result<RightFound> test(const Right& right) {
    RightFound found{right, Allowed::unknown, {}, ""};
    auto allowed = ask(right, found);
    if (!allowed) return std::move(allowed).error();
    found.allowed = *allowed;
    return found;
  }

 private:
  std::optional<Dn> own_dn() const {
    auto dn = Dn::parse(scope_.account);
    return dn ? std::optional(std::move(*dn)) : std::nullopt;
  }

  /// An entry of a stream, or of its kind at another place, that the agent may be expected to write.
  Result<std::optional<Entry>> sample(const std::string& where, bool subtree, bool groups) {
    const std::string key = where + (groups ? "\n" : "");
    if (const auto known = samples_.find(key); known != samples_.end()) return known->second;
    SearchRequest request;
    request.base = where;
    request.scope = subtree ? SearchRequest::Scope::subtree : SearchRequest::Scope::base;
    request.attributes = {"objectClass"};
    request.page_size = 10;
    for (const Stream& s : scope_.streams) {
      if (s.groups == groups) request.filter = s.filter;
    }
    if (scope_.family == Family::active_directory)
      request.filter = "(&" + request.filter + "(!(adminCount=1))(!(isCriticalSystemObject=TRUE)))";
    std::optional<Entry> taken;
    const Error enough{Errc::cancelled, "", ""};
    const Status read = connection_.search(request, [&](Entry&& e) -> Status {
      if ((own_ && e.dn == *own_) || (subtree && e.dn.str() == where)) return ok();
      taken = std::move(e);
      return enough;
    });
    if (!read && read.error().code == Errc::unreachable) return read.error();
    return samples_[key] = std::move(taken);
  }

  /// The attribute in which a group of these classes names its members.
  static std::string member_attribute(const Entry& group) {
    const Values* classes = group.attributes.find("objectclass");
    for (const std::string& c : classes ? *classes : Values{}) {
      if (to_lower(c) == "posixgroup") return "memberUid";
      if (to_lower(c) == "groupofuniquenames") return "uniqueMember";
    }
    return "member";
  }

  Result<Allowed> write(const Entry& entry, const std::vector<std::string>& attributes, RightFound& found) {
    found.tested_on = entry.dn.str();
    Allowed all = Allowed::yes;
    for (const std::string& a : attributes) {
      auto allowed = rights_.write(entry.dn.str(), a);
      if (!allowed) return allowed;
      if (*allowed == Allowed::no) found.missing.push_back(a);
      if (*allowed == Allowed::unknown) all = Allowed::unknown;
    }
    return found.missing.empty() ? all : Allowed::no;
  }

  Result<Allowed> visible(const std::string& dn, RightFound& found) {
    found.tested_on = dn;
    auto entry = connection_.read(dn, {"objectClass"});
    if (!entry && entry.error().code == Errc::unreachable) return std::move(entry).error();
    return entry && *entry ? Allowed::yes : Allowed::no;  // also one that it may see, but not know again
  }

  Result<Allowed> ask(const Right& r, RightFound& found) {
    switch (r.kind) {
      case RightKind::read:
      case RightKind::changelog: return visible(r.where, found);
      case RightKind::replicate: return rights_.replicate();
      case RightKind::see_deleted: return rights_.see_deleted();
      case RightKind::reset_password: return Allowed::unknown;
      case RightKind::write:
      case RightKind::create:
      case RightKind::remove:
      case RightKind::move:
      case RightKind::members: break;
    }
    auto entry = sample(r.where, r.subtree, r.kind == RightKind::members);
    if (!entry) return std::move(entry).error();
    if (r.kind == RightKind::create) {
      found.tested_on = r.where;
      return rights_.create(r.where, *entry ? (*entry)->dn.str() : "");
    }
    if (!*entry) return Allowed::unknown;
    const std::string dn = (*entry)->dn.str();
    if (r.kind == RightKind::write) return write(**entry, r.attributes, found);
    if (r.kind == RightKind::members) return write(**entry, {member_attribute(**entry)}, found);
    auto allowed = r.kind == RightKind::remove ? rights_.remove(dn) : rights_.move(dn, r.to);
    if (allowed && *allowed != Allowed::unknown) found.tested_on = dn;
    return allowed;
  }

  Connection& connection_;
  EffectiveRights rights_;
  const RightsScope& scope_;
  std::optional<Dn> own_ = own_dn();
  std::map<std::string, std::optional<Entry>> samples_;
};

}  // namespace

Result<std::vector<RightFound>> probe_rights(Connection& connection, const std::vector<Right>& rights, const RightsScope& scope) {
  RightsProbe probe(connection, scope);
  std::vector<RightFound> all;
  for (const Right& r : rights) {
    auto found = probe.test(r);
    if (!found) return std::move(found).error();
    all.push_back(std::move(*found));
  }
  return all;
}

}  // namespace muster
