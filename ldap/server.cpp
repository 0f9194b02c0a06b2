// What a server says about itself: root DSE and subschema.
#include "ldap/server.h"

#include <algorithm>

#include "ldap/raw_search.h"
#include "schema/calendar.h"

namespace muster {
namespace {

constexpr std::string_view kActiveDirectoryCapability = "1.2.840.113556.1.4.800";  ///< MS-ADTS 3.1.1.3.4.3.1

bool contains(const std::vector<std::string>& list, std::string_view oid) {
  return std::find(list.begin(), list.end(), oid) != list.end();
}

Values values_of(const Attributes& attributes, std::string_view name) {
  const Values* found = attributes.find(name);
  return found ? *found : Values{};
}

bool has_class(const Attributes& root, std::string_view name) {
  const Values classes = values_of(root, "objectclass");
  return std::any_of(classes.begin(), classes.end(), [&](const std::string& c) { return to_lower(c) == name; });
}

/// As Connection::Impl::next(), but the sentence does not name the server: who opens a connection does.
Result<wire::Message> next(Connection::Impl& impl, int msgid, const std::string& doing) {
  auto message = wire::next_message(impl.ld.get(), {msgid, impl.timeout, {}, impl.waiting});
  if (!message) return std::move(message).error().within(doing);
  if (!*message) return Error{Errc::unreachable, doing + ": no answer for " + human_duration(impl.timeout), ""};
  return message;
}

/// Only the first entry of a base search, as raw attributes: root DSE and subschema have no entryUUID on every server.
Result<Attributes> read_raw(Connection::Impl& impl, const std::string& dn, const char* filter, std::vector<std::string> names) {
  std::vector<char*> wanted;
  for (std::string& n : names) wanted.push_back(n.data());
  wanted.push_back(nullptr);
  int msgid = 0;
  const std::string doing = dn.empty() ? "reading the root DSE" : "reading the schema at " + dn;
  LDAP* ld = impl.ld.get();
  const int rc =
      ldap_search_ext(ld, dn.c_str(), LDAP_SCOPE_BASE, filter, wanted.data(), 0, nullptr, nullptr, nullptr, LDAP_NO_LIMIT, &msgid);
  if (rc != LDAP_SUCCESS) return wire::error_from(rc, doing);
  Attributes attributes;
  for (;;) {
    auto message = next(impl, msgid, doing);
    if (!message) return std::move(message).error();
    if (ldap_msgtype(message->get()) == LDAP_RES_SEARCH_ENTRY) attributes = wire::raw_attributes(ld, message->get());
    if (ldap_msgtype(message->get()) != LDAP_RES_SEARCH_RESULT) continue;
    auto answer = wire::read_answer(ld, message->get());
    if (!answer) return std::move(answer).error();
    if (answer->code != LDAP_SUCCESS) return wire::error_from(*answer, doing);
    return attributes;
  }
}

Family family_of(const Attributes& root, const ServerInfo& info) {
  if (contains(info.capabilities, kActiveDirectoryCapability)) return Family::active_directory;
  if (has_class(root, "openldaprootdse")) return Family::openldap;
  const std::string vendor = to_lower(std::string(root.first("vendorname")) + std::string(root.first("vendorversion")));
  if (vendor.find("389") != std::string::npos) return Family::ds389;
  return Family::other;
}

std::string vendor_of(const Attributes& root, Family family) {
  const std::string_view name = root.first("vendorname"), version = root.first("vendorversion");
  switch (family) {
    case Family::openldap: return "OpenLDAP";
    case Family::active_directory: return name.empty() ? "Active Directory" : "Active Directory of " + std::string(name);
    case Family::ds389: return "389 Directory Server " + std::string(version);
    case Family::other: break;
  }
  if (name.empty() && version.empty()) return "an unnamed LDAP server";
  return std::string(name) + (name.empty() || version.empty() ? "" : " ") + std::string(version);
}

/// RFC 4532. `bind_dn` where the server does not tell.
Result<std::string> who_am_i(Connection::Impl& impl, const std::string& bind_dn) {
  const std::string doing = "asking who we are";
  int msgid = 0;
  LDAP* ld = impl.ld.get();
  if (!impl.info.has_extension(wire::kWhoAmI)) return bind_dn;
  if (const int rc = ldap_whoami(ld, nullptr, nullptr, &msgid); rc != LDAP_SUCCESS) return wire::error_from(rc, doing);
  auto message = next(impl, msgid, doing);
  if (!message) return std::move(message).error();
  berval* raw = nullptr;
  const int rc = ldap_parse_whoami(ld, message->get(), &raw);
  const wire::Bytes owned(raw);
  if (rc != LDAP_SUCCESS || !raw) return bind_dn;
  std::string_view told = wire::view(*raw);
  if (told.starts_with("u:")) return std::string(told.substr(2));
  if (!told.starts_with("dn:")) return std::string(told);
  told.remove_prefix(3);
  return std::string(told.substr(std::min(told.find_first_not_of(' '), told.size())));  // 389 puts a blank before it
}

void take_root(const Attributes& root, std::optional<Family> wanted, ServerInfo& info) {
  info.naming_contexts = values_of(root, "namingcontexts");
  info.controls = values_of(root, "supportedcontrol");
  info.extensions = values_of(root, "supportedextension");
  info.features = values_of(root, "supportedfeatures");
  info.capabilities = values_of(root, "supportedcapabilities");
  info.sasl_mechanisms = values_of(root, "supportedsaslmechanisms");
  info.default_context = root.first("defaultnamingcontext");
  info.host = root.first("dnshostname");
  info.family = wanted.value_or(family_of(root, info));
  info.vendor = vendor_of(root, info.family);
  info.types = info.family == Family::active_directory ? AttributeTypes::active_directory() : AttributeTypes::standard();
}

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) text.append({kDigits[static_cast<unsigned char>(c) >> 4], kDigits[c & 15]});
  return text;
}

/// Which database of which server counts the changes. AD's invocationId may be hidden from an account; then the server's name must
/// do.
Status find_incarnation(Connection::Impl& impl, const Attributes& root) {
  ServerInfo& info = impl.info;
  if (info.family == Family::openldap) return ok();
  info.incarnation = info.url;
  const std::string service(root.first("dsservicename"));
  if (info.family == Family::active_directory && !service.empty()) {
    auto object = read_raw(impl, service, "(objectClass=*)", {"invocationId"});
    if (!object && object.error().code == Errc::unreachable) return std::move(object).error();
    const std::string id = object ? hex(object->first("invocationid")) : "";
    if (!id.empty()) info.incarnation = id;
  }
  std::replace(info.incarnation.begin(), info.incarnation.end(), ':', ' ');
  return ok();
}

/// Whether the forest has switched on Privileged Access Management (MS-ADTS section 3.1.1.9.2). Where that is hidden from the
/// account, it is not counted on.
Status find_link_ttl(Connection::Impl& impl, const Attributes& root) {
  ServerInfo& info = impl.info;
  const std::string_view configuration = root.first("configurationnamingcontext");
  if (info.family != Family::active_directory || !info.has_control(wire::kLinkTtl) || configuration.empty()) return ok();
  auto object = read_raw(impl, "CN=Partitions," + std::string(configuration), "(objectClass=*)", {"msDS-EnabledFeature"});
  if (!object) return object.error().code == Errc::unreachable ? Status(std::move(object).error()) : ok();
  const Values features = values_of(*object, "msds-enabledfeature");
  info.link_ttl = std::any_of(features.begin(), features.end(), [](const std::string& feature) {
    return to_lower(feature).starts_with("cn=privileged access management feature,");
  });
  return ok();
}

}  // namespace

bool ServerInfo::has_control(std::string_view oid) const { return contains(controls, oid); }
bool ServerInfo::has_extension(std::string_view oid) const { return contains(extensions, oid); }

std::string_view to_string(Family family) {
  switch (family) {
    case Family::openldap: return "openldap";
    case Family::active_directory: return "ad";
    case Family::ds389: return "389ds";
    case Family::other: break;
  }
  return "other";
}

Result<Attributes> wire::read_root(Connection::Impl& impl, const std::vector<std::string>& names) {
  MUSTER_TRY(impl.usable());
  auto root = read_raw(impl, "", "(objectClass=*)", names);
  if (!root) return impl.fail(std::move(root).error());
  return root;
}

Attributes wire::raw_attributes(LDAP* ld, LDAPMessage* message) {
  Attributes attributes;
  each_attribute(ld, message, [&](const std::string& name, Values&& values) { attributes.set(name, std::move(values)); });
  return attributes;
}

Status wire::describe_server(Connection::Impl& impl, const Endpoint& endpoint) {
  auto root = read_raw(impl, "", "(objectClass=*)",
                       {"objectClass", "namingContexts", "supportedControl", "supportedExtension", "supportedFeatures",
                        "supportedCapabilities", "supportedSASLMechanisms", "vendorName", "vendorVersion", "subschemaSubentry",
                        "defaultNamingContext", "configurationNamingContext", "dnsHostName", "dsServiceName"});
  if (!root) return std::move(root).error();
  take_root(*root, endpoint.family, impl.info);
  impl.subschema = root->first("subschemasubentry");
  auto who = who_am_i(impl, endpoint.bind_dn);
  if (!who) return std::move(who).error();
  impl.info.bound_as = std::move(*who);
  MUSTER_TRY(find_link_ttl(impl, *root));
  return find_incarnation(impl, *root);
}

Status wire::describe_schema(Connection::Impl& impl) {
  if (impl.subschema.empty()) return ok();
  auto schema = read_raw(impl, impl.subschema, "(objectClass=subschema)", {"attributeTypes", "objectClasses"});
  // An account that may not read the schema works with the standard types; a broken connection does not work at all.
  if (!schema) return schema.error().code == Errc::unreachable ? Status(std::move(schema).error()) : ok();
  impl.info.classes = ObjectClasses::parse(values_of(*schema, "objectclasses"));
  const Values types = values_of(*schema, "attributetypes");
  if (!types.empty()) impl.info.types = AttributeTypes::parse(types);
  return ok();
}

}  // namespace muster
