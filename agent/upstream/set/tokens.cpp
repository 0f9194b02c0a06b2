#include "agent/upstream/set/tokens.h"

#include <algorithm>
#include <array>
#include <set>

#include "agent/json_text.h"
#include "agent/upstream/scim/client.h"
#include "mapping/scim_path.h"
#include "schema/ascii.h"

namespace muster {

using nlohmann::json;

namespace {

using Events = UpstreamSettings::Events;

const std::string kScimEvent = "urn:ietf:params:scim:event:";
const std::string kRisc = "https://schemas.openid.net/secevent/risc/event-type/";
const std::string kCaep = "https://schemas.openid.net/secevent/caep/event-type/";
const std::string kVerification = "https://schemas.openid.net/secevent/ssf/event-type/verification";
const std::string kPatchOp = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const std::string kEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:";
/// Of attributes that SCIM has no name for.
const std::string kDirectory = "urn:muster:scim:schemas:directory:1.0:User:";

/// SCIM's names of what directories call otherwise (RFC 7643 section 4).
std::string path_of(const std::string& attribute) {
  static const std::map<std::string, std::string> kPaths{
      {"givenname", "name.givenName"},
      {"sn", "name.familyName"},
      {"displayname", "displayName"},
      {"title", "title"},
      {"uid", "userName"},
      {"userprincipalname", "userName"},
      {"mail", "emails[type eq \"work\"].value"},
      {"telephonenumber", "phoneNumbers[type eq \"work\"].value"},
      {"mobile", "phoneNumbers[type eq \"mobile\"].value"},
      {"preferredlanguage", "preferredLanguage"},
      {"employeetype", "userType"},
      {"employeenumber", kEnterprise + "employeeNumber"},
      {"department", kEnterprise + "department"},
      {"departmentnumber", kEnterprise + "department"},
  };
  const auto found = kPaths.find(to_lower(attribute));
  return found == kPaths.end() ? kDirectory + attribute : found->second;
}

std::vector<std::string> values_in(const json& event, const char* name) {
  const auto found = event.find(name);
  std::vector<std::string> values;
  if (found == event.end() || !found->is_array()) return values;
  for (const json& v : *found) {
    if (v.is_string()) values.push_back(v.get<std::string>());
  }
  return values;
}

std::string first_in(const json& event, const char* name) {
  const auto values = values_in(event, name);
  return values.empty() ? "" : values.front();
}

/// A telephone number as RFC 9493 section 3.2.5 wants it (E.164), without what people write in between; empty: it has no country.
std::string e164_of(const std::string& number) {
  if (number.find("(0)") != std::string::npos) return "";  // dialled from within the country only
  std::string digits;
  for (const char c : number) {
    if (is_digit(c)) digits += c;
    if (!is_digit(c) && std::string_view("+ -./()").find(c) == std::string_view::npos) return "";
  }
  const bool is_one = number.starts_with('+') && number.rfind('+') == 0 && digits.size() >= 7 && digits.size() <= 15;
  return is_one ? "+" + digits : "";
}

/// Puts the tokens of one event together.
class Maker {
 public:
  Maker(const json& event, const Events& settings) : event_(event), settings_(settings) {
    person_ = text_in(event, "person");
    entry_ = text_in(event, "entry");
    reason_ = text_in(event, "reason");
  }

  void applied() {
    const std::string action = text_in(event_, "action");
    if (action == "create") return created();
    if (action == "set" || action == "clear") return value_changed();
    if (action == "rename" || action == "move") return named_otherwise();
    if (action == "expire") return patched(json::array({operation(kDirectory + "expires", values_in(event_, "after"))}));
    if (action == "add-member" || action == "remove-member") return member(action == "add-member");
    if (action == "delete") return removed();
    if (action == "enable") return switched(true);
    if (action == "disable") switched(false);
  }
  /// Somebody else's change of a value or a membership.
  void changed() {
    if (event_.contains("group")) return member(!values_in(event_, "after").empty());
    value_changed();
  }
  void account() {
    const std::string is = first_in(event_, "after");
    if (is == "enabled" || is == "disabled") switched(is == "enabled");
  }
  void appeared() { scim("feed:add", json::object()); }
  void deleted() { scim("feed:remove", json::object()); }
  void relinked() { patched(json::array({operation("externalId", values_in(event_, "after"))})); }
  void renamed() { patched(json::array({operation(kDirectory + "dn", values_in(event_, "after"))})); }
  void credential() { risc("account-credential-change-required", json::object(), named()); }
  /// What became of a command (RFC 9967 section 2.5.1.1).
  void command() { scim("misc:asyncresp", {{"method", "PATCH"}, {"status", text_in(event_, "status")}}); }

  std::vector<SetToken> take() { return std::move(tokens_); }

 private:
  // --- whom it is about
  json user() const {
    json id = {{"format", "scim"}, {"uri", "/Users/" + scim::url_encoded(entry_.empty() ? person_ : entry_)}};
    if (!person_.empty()) id["externalId"] = person_;
    return id;
  }
  json group() const {
    const std::string id = text_in(event_, "group entry");
    return {{"format", "scim"}, {"uri", "/Groups/" + scim::url_encoded(id.empty() ? text_in(event_, "group") : id)}};
  }
  json named() const { return {{"format", "iss_sub"}, {"iss", settings_.issuer}, {"sub", person_.empty() ? entry_ : person_}}; }

  // --- what happened
  void created() {
    json data = {{"schemas", {kScimUser}}};
    json attributes = json::array();
    if (!person_.empty()) data["externalId"] = person_;
    if (const auto initial = event_.find("initial"); initial != event_.end() && initial->is_object()) {
      for (const auto& [name, values] : initial->items()) {
        attributes.push_back(path_of(name));
        put(data, name, values);
      }
    }
    if (settings_.is_full)
      scim("prov:create:full", {{"data", std::move(data)}});
    else
      scim("prov:create:notice", {{"attributes", std::move(attributes)}});
  }

  /// Where the path of an attribute leads in a resource.
  static void put(json& resource, const std::string& name, const json& values) {
    const auto path = ScimPath::parse(path_of(name));
    if (!path || !values.is_array() || values.empty()) return;
    json& holder = path->schema.empty() ? resource : resource[path->schema];
    if (!path->schema.empty()) {
      json& schemas = resource["schemas"];
      if (std::find(schemas.begin(), schemas.end(), json(path->schema)) == schemas.end()) schemas.push_back(path->schema);
    }
    if (!path->where.empty()) {
      json element = {{path->sub, values.front()}};
      for (const ScimPath::Term& term : path->where) element[term.sub] = term.value;
      holder[path->attribute].push_back(std::move(element));
    } else if (!path->sub.empty()) {
      holder[path->attribute][path->sub] = values.front();
    } else {
      holder[path->attribute] = values.size() == 1 ? values.front() : values;
    }
  }

  static json operation(const std::string& path, const std::vector<std::string>& values) {
    if (values.empty()) return {{"op", "remove"}, {"path", path}};
    // A name of SCIM's has one place.
    const bool is_one = values.size() == 1 || !path.starts_with(kDirectory);
    return {{"op", "replace"}, {"path", path}, {"value", is_one ? json(values.front()) : json(values)}};
  }

  void value_changed() {
    const std::string attribute = text_in(event_, "attribute");
    if (attribute.empty()) return;
    patched(json::array({operation(path_of(attribute), values_in(event_, "after"))}));
    identifier_changed(to_lower(attribute));
  }

  /// RISC 1.0 section 2.6: the subject has the old value.
  void identifier_changed(const std::string& attribute) {
    const bool is_mail = attribute == "mail";
    if (!is_mail && attribute != "telephonenumber") return;
    const auto identifier = [&](const char* name) { return is_mail ? first_in(event_, name) : e164_of(first_in(event_, name)); };
    const std::string before = identifier("before"), after = identifier("after");
    if (before.empty() || before == after) return;
    json payload = json::object();
    if (!after.empty()) payload["new-value"] = after;
    const char* format = is_mail ? "email" : "phone_number";
    risc("identifier-changed", std::move(payload), {{"format", format}, {format, before}});
  }

  void named_otherwise() {
    const char* what = text_in(event_, "action") == "move" ? "parent" : "rdn";
    patched(json::array({operation(kDirectory + what, {first_in(event_, "after")})}));
  }

  void patched(json operations) {
    json paths = json::array();
    for (const json& o : operations) paths.push_back(o["path"]);
    patch(std::move(operations), std::move(paths), user());
  }

  void member(bool added) {
    const std::string id = entry_.empty() ? person_ : entry_;
    json operation = {{"op", added ? "add" : "remove"}, {"path", "members"}};
    if (added)
      operation["value"] = {{{"value", id}}};
    else
      operation["path"] = "members[value eq \"" + id + "\"]";
    patch(json::array({std::move(operation)}), json::array({"members"}), group());
  }

  void patch(json operations, json paths, json about) {
    if (settings_.is_full)
      scim("prov:patch:full", {{"data", {{"schemas", {kPatchOp}}, {"Operations", std::move(operations)}}}}, std::move(about));
    else
      scim("prov:patch:notice", {{"attributes", std::move(paths)}}, std::move(about));
  }

  void switched(bool on) {
    scim(on ? "prov:activate" : "prov:deactivate", json::object());
    risc(on ? "account-enabled" : "account-disabled", json::object(), named());
    const std::string decision = text_in(event_, "decision");
    if (on || (decision != "leaver" && decision != "order")) return;
    caep("session-revoked", {{"event_timestamp", seconds()}, {"initiating_entity", "policy"}, {"reason_admin", {{"en", reason_}}}});
  }

  void removed() {
    scim("prov:delete", json::object());
    risc("account-purged", json::object(), named());
  }

  // --- tokens
  void scim(const std::string& what, json payload) { scim(what, std::move(payload), user()); }
  void scim(const std::string& what, json payload, json about) {
    if (settings_.is_scim) add("", kScimEvent + what, std::move(payload), std::move(about));
  }
  void risc(const std::string& what, json payload, json about) {
    if (settings_.is_risc) add(".risc", kRisc + what, std::move(payload), std::move(about));
  }
  void caep(const std::string& what, json payload) {
    if (settings_.is_caep) add(".caep", kCaep + what, std::move(payload), named());
  }

  std::int64_t seconds() const {
    const auto at = parse_iso_time(text_in(event_, "time"));
    return at ? std::chrono::floor<std::chrono::seconds>(*at).time_since_epoch().count() : 0;
  }

  /// `mark`: makes the token's name another one than the event's, whichever families are sent.
  void add(const char* mark, const std::string& uri, json payload, json about) {
    const std::string id = text_in(event_, "id");
    const std::string txn = text_in(event_, "txn"), run = text_in(event_, "run");
    SetToken token;
    token.jti = id + mark;
    token.subject = !person_.empty() ? "person " + person_ : "entry " + entry_;
    const json claims = {{"iss", settings_.issuer},
                         {"aud", settings_.audience},
                         {"jti", token.jti},
                         {"iat", seconds()},
                         {"txn", !txn.empty()   ? txn
                                 : !run.empty() ? run
                                                : id},
                         {"sub_id", std::move(about)},
                         {"seq", event_.value("seq", std::int64_t{0})},
                         {"events", {{uri, std::move(payload)}}}};
    token.claims = claims.dump(-1, ' ', false, json::error_handler_t::replace);
    tokens_.push_back(std::move(token));
  }

  const json& event_;
  const Events& settings_;
  std::string person_, entry_, reason_;
  std::vector<SetToken> tokens_;
};

struct Rule {
  const char* kind;
  void (Maker::*make)();
};
constexpr std::array kRules{Rule{"applied", &Maker::applied},       Rule{"changed", &Maker::changed},
                            Rule{"drift", &Maker::changed},         Rule{"appeared", &Maker::appeared},
                            Rule{"deleted", &Maker::deleted},       Rule{"renamed", &Maker::renamed},
                            Rule{"account", &Maker::account},       Rule{"relinked", &Maker::relinked},
                            Rule{"credential", &Maker::credential}, Rule{"command", &Maker::command}};

const Rule* rule_of(const std::string& kind) {
  const auto found = std::find_if(kRules.begin(), kRules.end(), [&](const Rule& r) { return r.kind == kind; });
  return found == kRules.end() ? nullptr : &*found;
}

}  // namespace

std::vector<SetToken> tokens_of(const json& event, const Events& settings) {
  const Rule* rule = rule_of(text_in(event, "kind"));
  if (!rule) return {};
  Maker maker(event, settings);
  (maker.*(rule->make))();
  return maker.take();
}

SetToken verification_token(const Events& settings, const std::string& state, Instant at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  const json claims = {{"iss", settings.issuer},
                       {"aud", settings.audience},
                       {"jti", state},
                       {"iat", seconds},
                       {"txn", state},
                       {"sub_id", {{"format", "opaque"}, {"id", settings.issuer}}},
                       {"events", {{kVerification, {{"state", state}}}}}};
  return {state, "stream", claims.dump()};
}

bool is_without_token(const std::string& kind) { return !rule_of(kind); }

}  // namespace muster
