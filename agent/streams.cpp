#include "agent/streams.h"

#include <algorithm>

#include "agent/sha256.h"
#include "ldap/active_directory.h"
#include "schema/filter.h"

namespace muster {

namespace {

void add_places(std::vector<Dn>& bases, const Dn& place) {
  const bool covered = std::any_of(bases.begin(), bases.end(), [&](const Dn& b) { return place.is_under(b); });
  if (!place.empty() && !covered) bases.push_back(place);
}

std::vector<std::string> unique_sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// None: "auto".
std::optional<Family> family_named(std::string_view name) {
  for (const Family family : {Family::openldap, Family::active_directory, Family::ds389, Family::other}) {
    if (name == to_string(family)) return family;
  }
  return std::nullopt;
}

}  // namespace

std::string Stream::params() const {
  Sha256 sum;
  sum.add(base.normal()).add(filter);
  for (const std::string& a : attributes) sum.add(a);
  return sum.hex().substr(0, 16);
}

std::vector<Stream> streams_of(const Config& config, const AccountControl& accounts, Family family) {
  const DirectorySettings& d = config.settings.directory;
  std::vector<Dn> bases{d.people_base};
  for (const LeaverRule& l : config.rules.leavers) {
    if (l.move_to) add_places(bases, *l.move_to);
  }
  add_places(bases, d.disable.move_to);
  if (config.rules.joiner && config.rules.joiner->create) add_places(bases, *config.rules.joiner->create);
  for (const PlaceRule& p : config.rules.places) add_places(bases, p.base);

  std::vector<std::string> attributes = attributes_needed(config);
  for (const std::string& a : accounts.attributes()) attributes.push_back(a);
  attributes.push_back("uid");
  const bool hands_over = !config.rules.leavers.empty();
  if (hands_over) attributes.push_back("manager");
  std::vector<std::string> of_groups{"member", "memberuid", "objectclass", "uniquemember"};
  if (hands_over) of_groups.push_back(family == Family::active_directory ? "managedby" : "owner");
  if (family == Family::active_directory) {
    if (!config.settings.upstream.scims.empty()) attributes.push_back("userprincipalname");
    for (std::string& a : active_directory::account_attributes()) attributes.push_back(std::move(a));
    for (std::string& a : active_directory::group_attributes()) of_groups.push_back(std::move(a));
  }
  attributes = unique_sorted(std::move(attributes));

  const auto filter = Filter::parse(d.people_filter);
  const auto scoping = filter ? filter->values_of("memberOf") : std::vector<std::string>();

  std::vector<Stream> streams;
  for (const Dn& base : bases) {
    const int index = static_cast<int>(streams.size());
    streams.push_back({index, index ? "people:" + base.str() : "people", false, base, d.people_filter, attributes, scoping});
  }
  if (d.groups_base) {
    const int index = static_cast<int>(streams.size());
    streams.push_back({index, "groups", true, *d.groups_base, d.groups_filter, unique_sorted(std::move(of_groups)), {}});
  }
  return streams;
}

std::vector<std::string> member_values(const Entry& entry) {
  std::vector<std::string> values{entry.dn.normal()};
  if (const Values* uids = entry.attributes.find("uid")) {
    for (const std::string& uid : *uids) values.push_back("uid:" + uid);
  }
  return values;
}

Endpoint endpoint_of(const Settings& settings, Secret password) {
  const DirectorySettings& d = settings.directory;
  Endpoint e;
  e.name = d.name;
  e.urls = d.urls;
  if (d.bind == BindMethod::simple) e.bind = Endpoint::Bind::simple;
  if (d.bind == BindMethod::external) e.bind = Endpoint::Bind::external;
  if (d.bind == BindMethod::gssapi) e.bind = Endpoint::Bind::gssapi;
  if (d.bind == BindMethod::spnego) e.bind = Endpoint::Bind::spnego;
  e.site = d.site;
  e.keytab = d.keytab;
  e.principal = d.principal;
  e.bind_dn = d.bind_dn;
  e.password = std::move(password);
  e.tls_ca = d.tls_ca;
  e.tls_cert = d.tls_cert;
  e.tls_key = d.tls_key;
  e.start_tls = d.start_tls;
  e.family = family_named(d.family);
  e.connect_timeout = d.connect_timeout;
  e.timeout = d.timeout;
  return e;
}

AccountSettings account_settings_of(const DisableSettings& d) {
  AccountSettings a;
  switch (d.method) {
    case DisableSettings::Method::automatic: a.method = AccountSettings::Method::automatic; break;
    case DisableSettings::Method::password_end_time: a.method = AccountSettings::Method::password_end_time; break;
    case DisableSettings::Method::password_lock: a.method = AccountSettings::Method::password_lock; break;
    case DisableSettings::Method::shadow_expire: a.method = AccountSettings::Method::shadow_expire; break;
    case DisableSettings::Method::user_account_control: a.method = AccountSettings::Method::user_account_control; break;
    case DisableSettings::Method::account_lock: a.method = AccountSettings::Method::account_lock; break;
    case DisableSettings::Method::attribute: a.method = AccountSettings::Method::attribute; break;
    case DisableSettings::Method::move: a.method = AccountSettings::Method::move; break;
  }
  a.attribute = d.attribute;
  a.value = d.value;
  a.enabled = d.enabled;
  a.move_to = d.move_to;
  a.policy = d.policy;
  return a;
}

}  // namespace muster
