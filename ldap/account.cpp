#include "ldap/account.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace muster {
namespace {

using Method = AccountSettings::Method;

constexpr std::string_view kEndTime = "pwdEndTime", kLockedTime = "pwdAccountLockedTime", kShadowExpire = "shadowExpire";
constexpr std::string_view kPolicySubentry = "pwdPolicySubentry";
constexpr std::string_view kControl = "userAccountControl", kExpires = "accountExpires", kAccountLock = "nsAccountLock";

/// What a disable writes. A fixed time long ago: no clock of any server is behind it, and it cannot be taken for an expiry.
constexpr std::string_view kEndedLongAgo = "19700101000000Z";
constexpr std::string_view kLockedForGood = "000001010000Z";  ///< slapo-ppolicy(5); a lock after wrong passwords has its real time
constexpr std::string_view kExpiredLongAgo = "1";             ///< shadow(5): days since 1970; 0 is ambiguous

/// Bits of userAccountControl (MS-ADTS section 2.2.16).
constexpr std::uint32_t kDisabled = 0x2, kNormalAccount = 0x200;
/// accountExpires: 100 ns since 1601 (MS-ADTS 2.3.1, FILETIME); 0 and the largest number mean never (MS-ADA1 section 2.1).
constexpr std::int64_t kTicks = 10'000'000, kUnixEpoch = 11'644'473'600;
constexpr std::string_view kNever = "9223372036854775807";

/// The bits, which the server writes as a signed number; none: not a number.
std::optional<std::uint32_t> control_bits(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

std::string control_text(std::uint32_t bits) { return std::to_string(static_cast<std::int32_t>(bits)); }

std::optional<Instant> file_time(std::string_view text) {
  std::int64_t ticks = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), ticks);
  if (fault != std::errc() || end != text.data() + text.size() || ticks <= 0 || text == kNever) return std::nullopt;
  return Instant(std::chrono::seconds(ticks / kTicks - kUnixEpoch));
}

std::string file_time_text(Instant at) {
  return std::to_string((std::chrono::ceil<std::chrono::seconds>(at).time_since_epoch().count() + kUnixEpoch) * kTicks);
}

/// A generalizedTime or the like, compared as an instant.
bool same_time(std::string_view a, std::string_view b) {
  const auto first = parse_generalized_time(a), second = parse_generalized_time(b);
  return first && second ? *first == *second : a == b;
}

/// None: no number, or a negative one, which means never (shadow(5)).
std::optional<Instant> shadow_day(std::string_view text) {
  int days = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), days);
  if (fault != std::errc() || end != text.data() + text.size() || days < 0) return std::nullopt;
  return Instant(Day(std::chrono::days(days)));
}

std::string shadow_text(Instant at) { return std::to_string(std::chrono::ceil<std::chrono::days>(at).time_since_epoch().count()); }

Mod mod(Mod::Op op, std::string_view attribute, Values values) { return {op, std::string(attribute), std::move(values)}; }

/// Delete-old and add-new, so that a write by somebody else in between is not overwritten.
std::vector<Mod> change(std::string_view attribute, std::string_view from, std::string_view to) {
  std::vector<Mod> mods;
  if (!from.empty()) mods.push_back(mod(Mod::Op::remove, attribute, {std::string(from)}));
  if (!to.empty()) mods.push_back(mod(Mod::Op::add, attribute, {std::string(to)}));
  return mods;
}

constexpr const char* kOtherWays =
    "load the ppolicy overlay, or say how accounts are disabled here: <disable attribute=\"...\" value=\"...\"/> or <disable "
    "move-to=\"...\"/>";

Method best_of(const ServerInfo& server) {
  if (server.family == Family::active_directory) return Method::user_account_control;
  if (server.family == Family::ds389) return Method::account_lock;
  if (server.types.find(kEndTime)) return Method::password_end_time;
  if (server.types.find(kLockedTime)) return Method::password_lock;
  if (server.classes.find("shadowAccount") && server.types.find(kShadowExpire)) return Method::shadow_expire;
  return Method::automatic;
}

/// The attribute that a method writes; empty for a move.
std::string_view attribute_of(Method method, const AccountSettings& settings) {
  switch (method) {
    case Method::password_end_time: return kEndTime;
    case Method::password_lock: return kLockedTime;
    case Method::shadow_expire: return kShadowExpire;
    case Method::user_account_control: return kControl;
    case Method::account_lock: return kAccountLock;
    case Method::attribute: return settings.attribute;
    case Method::automatic:
    case Method::move: break;
  }
  return {};
}

std::string_view disabled_value(const AccountSettings& settings) {
  switch (settings.method) {
    case Method::password_end_time: return kEndedLongAgo;
    case Method::password_lock: return kLockedForGood;
    case Method::shadow_expire: return kExpiredLongAgo;
    case Method::account_lock: return "true";
    case Method::attribute: return settings.value;
    case Method::user_account_control:
    case Method::automatic:
    case Method::move: break;
  }
  return {};
}

/// Only the one bit, and only if nobody else changed another meanwhile.
std::vector<Mod> set_disabled_bit(const Entry& entry, bool disabled) {
  const std::string_view now = entry.attributes.first(kControl);
  const auto bits = control_bits(now);
  if (!bits) return {};
  const std::uint32_t wanted = disabled ? *bits | kDisabled : *bits & ~kDisabled;
  return wanted == *bits ? std::vector<Mod>() : change(kControl, now, control_text(wanted));
}

Status check_settings(const ServerInfo& server, const AccountSettings& s) {
  if (s.method == Method::move) {
    if (s.move_to.empty()) return Error{Errc::config, "<disable> by moving does not say where to", "add move-to=\"OU=...\""};
    return ok();
  }
  const std::string name(attribute_of(s.method, s));
  if (name.empty())
    return Error{Errc::config, server.url + " (" + server.vendor + ") offers no way to disable accounts that muster knows",
                 kOtherWays};
  if (!server.types.find(name)) {
    const std::string near = server.types.nearest(name);
    return Error{Errc::config, "accounts cannot be disabled by " + name + ": the server's schema has no such attribute",
                 s.method == Method::attribute && !near.empty() ? "did you mean \"" + near + "\"?" : kOtherWays};
  }
  if (s.method == Method::attribute && s.value.empty())
    return Error{Errc::config, "<disable attribute=\"" + name + "\"> does not say which value means disabled", "add value=\"...\""};
  return ok();
}

}  // namespace

AccountControl::AccountControl(const ServerInfo& server, AccountSettings settings) : settings_(std::move(settings)) {
  const std::string attribute(attribute_of(settings_.method, settings_));
  name_ = settings_.method == Method::move ? "move" : settings_.method == Method::attribute ? "attribute " + attribute : attribute;
  equality_ = server.types.equality_of(attribute);
  if (const AttributeType* type = server.types.find(attribute)) single_valued_ = type->single_valued;
}

Result<AccountControl> AccountControl::choose(const ServerInfo& server, const AccountSettings& settings) {
  AccountSettings chosen = settings;
  if (chosen.method == Method::automatic) chosen.method = best_of(server);
  MUSTER_TRY(check_settings(server, chosen));
  return AccountControl(server, std::move(chosen));
}

std::string_view AccountControl::name() const { return name_; }

std::vector<std::string> AccountControl::attributes() const {
  switch (settings_.method) {
    case Method::password_end_time:
    case Method::password_lock: return {to_lower(name_), to_lower(kPolicySubentry)};
    case Method::shadow_expire: return {"objectclass", to_lower(kShadowExpire)};
    case Method::user_account_control: return {to_lower(kControl), to_lower(kExpires)};
    case Method::account_lock: return {to_lower(kAccountLock)};
    case Method::attribute: return {to_lower(settings_.attribute)};
    case Method::automatic:
    case Method::move: break;
  }
  return {};
}

bool AccountControl::is_disabled(const Entry& entry, Instant now) const {
  switch (settings_.method) {
    case Method::password_end_time: {
      const auto end = parse_generalized_time(entry.attributes.first(kEndTime));
      return end && *end <= now;
    }
    case Method::password_lock: return same_time(entry.attributes.first(kLockedTime), kLockedForGood);
    case Method::shadow_expire: {
      const auto end = shadow_day(entry.attributes.first(kShadowExpire));
      return end && *end <= now;
    }
    case Method::user_account_control: return control_bits(entry.attributes.first(kControl)).value_or(0) & kDisabled;
    case Method::account_lock: return to_lower(entry.attributes.first(kAccountLock)) == "true";
    case Method::attribute: {
      const Values* values = entry.attributes.find(settings_.attribute);
      return values && std::any_of(values->begin(), values->end(),
                                   [&](const std::string& v) { return equal(equality_, v, settings_.value); });
    }
    case Method::move: return entry.dn.parent().is_under(settings_.move_to);
    case Method::automatic: break;
  }
  return false;
}

std::optional<Instant> AccountControl::expires(const Entry& entry) const {
  const std::string_view end = entry.attributes.first(kEndTime), day = entry.attributes.first(kShadowExpire);
  if (settings_.method == Method::password_end_time && !same_time(end, kEndedLongAgo)) return parse_generalized_time(end);
  if (settings_.method == Method::shadow_expire && day != kExpiredLongAgo) return shadow_day(day);
  if (settings_.method == Method::user_account_control) return file_time(entry.attributes.first(kExpires));
  return std::nullopt;
}

Instant AccountControl::rounded(Instant at) const {
  if (settings_.method == Method::shadow_expire) return std::chrono::ceil<std::chrono::days>(at);
  return std::chrono::ceil<std::chrono::seconds>(at);
}

std::vector<Mod> AccountControl::disable(const Entry& entry, Instant now) const {
  if (settings_.method == Method::move || is_disabled(entry, now)) return {};
  if (settings_.method == Method::user_account_control) return set_disabled_bit(entry, true);
  if (settings_.method == Method::attribute && !single_valued_) {
    const Values* values = entry.attributes.find(settings_.attribute);
    const bool was = values && std::any_of(values->begin(), values->end(),
                                           [&](const std::string& v) { return equal(equality_, v, settings_.enabled); });
    return change(settings_.attribute, was ? settings_.enabled : "", settings_.value);
  }
  // Replace: whatever is there, and whoever wrote it in between, a disable must not fail because of it.
  return {mod(Mod::Op::replace, attribute_of(settings_.method, settings_), {std::string(disabled_value(settings_))})};
}

std::vector<Mod> AccountControl::enable(const Entry& entry) const {
  const std::string attribute(attribute_of(settings_.method, settings_));
  if (attribute.empty()) return {};
  const std::string_view now = entry.attributes.first(attribute);
  if (settings_.method == Method::user_account_control) return set_disabled_bit(entry, false);
  if (settings_.method != Method::attribute) {
    if (settings_.method == Method::password_lock && !is_disabled(entry, {})) return {};
    return change(attribute, now, "");
  }
  if (!is_disabled(entry, {})) return {};
  return change(attribute, single_valued_ ? std::string(now) : settings_.value, settings_.enabled);
}

Result<std::vector<Mod>> AccountControl::expire(const Entry& entry, std::optional<Instant> at) const {
  if (settings_.method == Method::user_account_control) {
    if (expires(entry) == (at ? std::optional(rounded(*at)) : std::nullopt)) return std::vector<Mod>();
    return change(kExpires, entry.attributes.first(kExpires), at ? file_time_text(*at) : std::string(kNever));
  }
  const bool time = settings_.method == Method::password_end_time;
  if (!time && settings_.method != Method::shadow_expire)
    return Error{Errc::config, entry.dn.str() + ": an account that is disabled by " + name_ + " cannot be given an end date",
                 "use Active Directory, a server with pwdEndTime (OpenLDAP 2.5 or later), or accounts of class shadowAccount"};
  const std::string_view attribute = time ? kEndTime : kShadowExpire, now = entry.attributes.first(attribute);
  const bool disabled = time ? same_time(now, kEndedLongAgo) : now == kExpiredLongAgo;
  if (disabled) return std::vector<Mod>();
  if (!at) return change(attribute, now, "");
  const Instant end = rounded(*at);
  if (expires(entry) == end) return std::vector<Mod>();
  return change(attribute, now, time ? generalized_time(end) : shadow_text(end));
}

Attributes AccountControl::initially(bool disabled) const {
  Attributes attributes;
  if (settings_.method == Method::user_account_control) {
    attributes.set(kControl, {control_text(kNormalAccount | (disabled ? kDisabled : 0))});
  } else if (disabled && settings_.method != Method::move) {
    attributes.set(attribute_of(settings_.method, settings_), {std::string(disabled_value(settings_))});
  }
  return attributes;
}

}  // namespace muster
