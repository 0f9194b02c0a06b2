// AccountControl::in_force: OpenLDAP's ppolicy overlay ignores pwdEndTime and pwdAccountLockedTime where no policy is in force.
#include <algorithm>

#include "ldap/account.h"

namespace muster {
namespace {

using Method = AccountSettings::Method;

constexpr std::chrono::seconds kMemory{10};
constexpr std::string_view kNoEffect = "a disable would have no effect here: ";

Error no_effect(const std::string& why, std::string remedy) {
  return {Errc::refused, std::string(kNoEffect) + why, std::move(remedy)};
}

Error cannot_verify(const Entry& entry, const std::string& who) {
  return {Errc::refused,
          "whether a disable would have an effect here cannot be verified: " + entry.dn.str() + " has no pwdPolicySubentry, and " +
              who + " may not read the default policy in cn=config",
          "declare the default policy: <disable policy=\"DN of the pwdPolicy entry\"/>"};
}

bool has_value(const Entry& entry, std::string_view attribute, std::string_view lower) {
  const Values* values = entry.attributes.find(attribute);
  return values && std::any_of(values->begin(), values->end(), [lower](const std::string& v) { return to_lower(v) == lower; });
}

/// What cn=config says, as far as the account may see it.
struct Databases {
  struct Database {
    Dn dn, suffix;
  };
  struct Overlay {
    Dn database;
    std::string policy;
  };
  std::vector<Database> all;
  std::vector<Overlay> overlays;

  Status take(Entry&& entry) {
    if (has_value(entry, "objectClass", "olcppolicyconfig"))
      overlays.push_back({entry.dn.parent(), std::string(entry.attributes.first("olcPPolicyDefault"))});
    const Values* suffixes = entry.attributes.find("olcSuffix");
    for (const std::string& text : suffixes ? *suffixes : Values{}) {
      if (auto suffix = Dn::parse(text)) all.push_back({entry.dn, std::move(*suffix)});
    }
    return ok();
  }
  /// The one with the longest suffix above `dn`; null: not visible.
  const Database* of(const Dn& dn) const {
    const Database* best = nullptr;
    for (const Database& d : all) {
      if (dn.is_under(d.suffix) && (!best || d.suffix.is_under(best->suffix))) best = &d;
    }
    return best;
  }
  /// Its own overlay, or the global one, which sits on the frontend.
  const Overlay* overlay_of(const Database& database) const {
    const auto own = std::find_if(overlays.begin(), overlays.end(), [&](const Overlay& o) { return o.database == database.dn; });
    if (own != overlays.end()) return &*own;
    const auto global = std::find_if(overlays.begin(), overlays.end(),
                                     [](const Overlay& o) { return o.database.normal().find("frontend") != std::string::npos; });
    return global == overlays.end() ? nullptr : &*global;
  }
};

Result<Databases> read_config(Connection& connection) {
  SearchRequest request;
  request.base = "cn=config";
  request.filter = "(|(objectClass=olcDatabaseConfig)(objectClass=olcPPolicyConfig))";
  request.attributes = {"objectClass", "olcSuffix", "olcPPolicyDefault"};
  request.page_size = 0;
  Databases found;
  const Status read = connection.search(request, [&](Entry&& entry) { return found.take(std::move(entry)); });
  if (!read && read.error().code == Errc::unreachable) return read.error();
  // Any other error means that it cannot be seen, which is what an empty answer means too.
  return found;
}

}  // namespace

Status AccountControl::in_force(Connection& connection, const Entry& entry) {
  if (settings_.method == Method::shadow_expire && !has_value(entry, "objectClass", "shadowaccount"))
    return no_effect(entry.dn.str() + " is not a shadowAccount, so it has no shadowExpire",
                     "add the class shadowAccount to the people's entries");
  if (settings_.method == Method::user_account_control && !entry.attributes.find("userAccountControl"))
    return no_effect(entry.dn.str() + " has no userAccountControl that " + connection.server().bound_as + " may read",
                     "let the bind account read and write userAccountControl below the people's base");
  if (settings_.method != Method::password_end_time && settings_.method != Method::password_lock) return ok();
  auto policy = policy_of(connection, entry);
  if (!policy) return std::move(policy).error();
  const auto known = verified_.find(policy->dn.normal());
  const Time now = std::chrono::steady_clock::now();
  if (known != verified_.end() && now - known->second < kMemory) return ok();
  MUSTER_TRY(check_policy(connection, *policy));
  verified_[policy->dn.normal()] = now;
  return ok();
}

Result<AccountControl::Policy> AccountControl::policy_of(Connection& connection, const Entry& entry) {
  if (const std::string_view own = entry.attributes.first("pwdPolicySubentry"); !own.empty()) {
    auto dn = Dn::parse(own);
    if (!dn) return std::move(dn).error().within(entry.dn.str());
    return Policy{std::move(*dn), "pwdPolicySubentry of " + entry.dn.str()};
  }
  if (settings_.policy) return Policy{*settings_.policy, "<disable policy>"};
  return default_policy(connection, entry);
}

Result<AccountControl::Policy> AccountControl::default_policy(Connection& connection, const Entry& entry) {
  const Time now = std::chrono::steady_clock::now();
  if (default_ && now - default_->found < kMemory && entry.dn.is_under(default_->suffix)) return default_->policy;
  default_.reset();
  auto config = read_config(connection);
  if (!config) return std::move(config).error();
  const auto* database = config->of(entry.dn);
  if (!database) return cannot_verify(entry, connection.server().bound_as);
  const auto* overlay = config->overlay_of(*database);
  if (!overlay)
    return no_effect("the database " + database->suffix.str() + " has no ppolicy overlay, so the server ignores " + name_,
                     "load the ppolicy overlay on it and give it a default policy, or declare another way to <disable>");
  auto dn = Dn::parse(overlay->policy);
  if (!dn) return std::move(dn).error().within("olcPPolicyDefault");
  if (dn->empty())
    return no_effect(
        "neither " + entry.dn.str() + " nor the ppolicy overlay names a password policy, so the server ignores " + name_,
        "set olcPPolicyDefault to the DN of a pwdPolicy entry");
  default_ = Default{database->suffix, Policy{std::move(*dn), "olcPPolicyDefault"}, now};
  return default_->policy;
}

/// slapd applies no policy at all where the named one does not exist; it does not fall back to the default.
Status AccountControl::check_policy(Connection& connection, const Policy& policy) {
  auto read = connection.read(policy.dn.str(), {"objectClass", "pwdLockout"});
  if (!read && read.error().code == Errc::unreachable) return std::move(read).error();
  if (!read || !*read)
    return no_effect("the password policy " + policy.dn.str() + " (" + policy.named + ") does not exist, or " +
                         connection.server().bound_as + " may not see it",
                     "create it, or let the bind account read it");
  const Entry& entry = **read;
  if (entry.attributes.find("objectClass") && !has_value(entry, "objectClass", "pwdpolicy"))
    return no_effect(policy.dn.str() + " (" + policy.named + ") is not a password policy", "name an entry of class pwdPolicy");
  if (settings_.method == Method::password_lock && !has_value(entry, "pwdLockout", "true"))
    return no_effect("the password policy " + policy.dn.str() + " (" + policy.named +
                         ") does not have pwdLockout TRUE, so the server ignores " + name_,
                     "set pwdLockout to TRUE in it");
  return ok();
}

}  // namespace muster
