#include "agent/upstream/scim/resource.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "schema/dn.h"

namespace muster::scim {

namespace {

constexpr std::string_view kPatch = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Names compare without case (RFC 7643 section 2.1): the member as the server spells it.
json::const_iterator member(const json& object, std::string_view name) {
  if (!object.is_object()) return object.end();
  const auto exact = object.find(std::string(name));
  if (exact != object.end()) return exact;
  const std::string wanted = to_lower(name);
  for (auto it = object.begin(); it != object.end(); ++it) {
    if (to_lower(it.key()) == wanted) return it;
  }
  return object.end();
}

json value_of(const json& object, std::string_view name) {
  const auto at = member(object, name);
  return at == object.end() ? json() : *at;
}

void set_member(json& object, std::string_view name, json value) {
  const auto at = member(object, name);
  const std::string key = at == object.end() ? std::string(name) : at.key();
  if (value.is_null() || (value.is_array() && value.empty()) || (value.is_object() && value.empty()))
    object.erase(key);
  else
    object[key] = std::move(value);
}

/// None: the text cannot be of this type.
std::optional<json> typed(const std::string& text, const AttributeKind* kind) {
  const std::string type = kind ? kind->type : "string";
  if (type == "boolean") {
    const std::string word = to_lower(text);
    if (word == "true" || word == "1" || word == "yes") return json(true);
    if (word == "false" || word == "0" || word == "no") return json(false);
    return std::nullopt;
  }
  if (type == "integer") {
    std::int64_t number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return json(number);
  }
  if (type == "decimal") {
    const json number = json::parse(text, nullptr, false);
    if (!number.is_number()) return std::nullopt;
    return number;
  }
  return json(text);
}

json term_value(const ScimPath::Term& term) { return term.is_text ? json(term.value) : json(term.value == "true"); }

bool matches(const json& element, const std::vector<ScimPath::Term>& where) {
  return std::all_of(where.begin(), where.end(), [&](const ScimPath::Term& t) {
    const json is = value_of(element, t.sub);
    if (is.is_string() && t.is_text) return to_lower(is.get<std::string>()) == to_lower(t.value);
    return is == term_value(t);
  });
}

bool is_multi(const ScimPath& path, const Schema& schema) {
  if (!path.where.empty()) return true;
  const AttributeKind* kind = schema.find(path, false);
  return kind && kind->multi_valued;
}

/// One attribute of a resource, with all that we say of it.
class Writer {
 public:
  Writer(const Schema& schema, std::vector<std::string>* refused) : schema_(schema), refused_(refused) {}

  void write(json& home, const Mapped& m) const {
    const std::vector<json> values = typed_values(m);
    if (is_multi(m.path, schema_))
      write_elements(home, m.path, values);
    else if (m.path.sub.empty())
      set_member(home, m.path.attribute, values.empty() ? json() : values.front());
    else
      write_sub(home, m.path, values.empty() ? json() : values.front());
  }

 private:
  std::vector<json> typed_values(const Mapped& m) const {
    const AttributeKind* kind = schema_.find(m.path, true);
    std::vector<json> values;
    for (const std::string& text : m.values) {
      auto value = typed(text, kind);
      if (value)
        values.push_back(std::move(*value));
      else if (refused_)
        refused_->push_back("'" + text + "' is no " + kind->type + ", as " + m.path.attribute + " must be");
    }
    return values;
  }

  static void write_sub(json& home, const ScimPath& path, json value) {
    json object = value_of(home, path.attribute);
    if (!object.is_object()) object = json::object();
    set_member(object, path.sub, std::move(value));
    set_member(home, path.attribute, std::move(object));
  }

  /// Elements that the path means get our values, one each; what is left over goes, what is missing comes.
  static void write_elements(json& home, const ScimPath& path, const std::vector<json>& values) {
    const json before = value_of(home, path.attribute);
    json after = json::array();
    std::size_t used = 0;
    for (const json& element : before.is_array() ? before : json::array()) {
      if (path.sub.empty() ? false : !matches(element, path.where)) {
        after.push_back(element);
      } else if (used < values.size()) {
        after.push_back(element_with(element, path, values[used++]));
      } else if (json rest = element_with(element, path, json()); has_content(rest, path)) {
        after.push_back(std::move(rest));
      }
    }
    while (used < values.size()) after.push_back(element_with(json::object(), path, values[used++]));
    set_member(home, path.attribute, std::move(after));
  }

  static json element_with(json element, const ScimPath& path, json value) {
    if (path.sub.empty()) return value;
    if (!element.is_object()) element = json::object();
    for (const ScimPath::Term& t : path.where) set_member(element, t.sub, term_value(t));
    // A text for people that the server made of the old value is not true any more.
    if (value_of(element, path.sub) != value && to_lower(path.sub) == "value") {
      set_member(element, "display", json());
      set_member(element, "$ref", json());
    }
    set_member(element, path.sub, std::move(value));
    return element;
  }

  /// Whether anything but the filter's own words is left.
  static bool has_content(const json& element, const ScimPath& path) {
    static const std::set<std::string> kNoContent{"type", "primary", "display", "$ref"};
    for (auto it = element.begin(); it != element.end(); ++it) {
      const std::string name = to_lower(it.key());
      const bool is_term =
          std::any_of(path.where.begin(), path.where.end(), [&](const auto& t) { return to_lower(t.sub) == name; });
      if (!is_term && !kNoContent.contains(name)) return true;
    }
    return false;
  }

  const Schema& schema_;
  std::vector<std::string>* refused_;
};

void name_schemas(json& resource, const Ours& ours) {
  json schemas = value_of(resource, "schemas");
  if (!schemas.is_array()) schemas = json::array();
  const auto add = [&](const std::string& urn) {
    const bool there = std::any_of(schemas.begin(), schemas.end(),
                                   [&](const json& s) { return s.is_string() && to_lower(s.get<std::string>()) == to_lower(urn); });
    if (!there) schemas.push_back(urn);
  };
  add(ours.schema);
  for (const Mapped& m : ours.mapped) {
    if (!m.path.schema.empty() && !m.values.empty()) add(m.path.schema);
  }
  set_member(resource, "schemas", std::move(schemas));
}

/// Order of elements says nothing (RFC 7643 section 2.4).
bool same(const json& a, const json& b) {
  if (!a.is_array() || !b.is_array()) return a == b;
  return a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin());
}

bool is_urn(const std::string& name) { return to_lower(name.substr(0, 4)) == "urn:"; }

void patch_into(json& operations, const json& current, const json& wanted, const std::string& prefix) {
  static const std::set<std::string> kNotOurs{"id", "meta", "schemas", "groups", "members"};
  const auto skipped = [&](const std::string& name) { return prefix.empty() && kNotOurs.contains(to_lower(name)); };
  for (auto it = wanted.begin(); it != wanted.end(); ++it) {
    if (skipped(it.key())) continue;
    const json is = value_of(current, it.key());
    if (same(is, *it)) continue;
    if (prefix.empty() && is_urn(it.key()) && it->is_object())
      patch_into(operations, is.is_object() ? is : json::object(), *it, it.key() + ":");
    else
      operations.push_back({{"op", is.is_null() ? "add" : "replace"}, {"path", prefix + it.key()}, {"value", *it}});
  }
  for (auto it = current.begin(); it != current.end(); ++it) {
    if (skipped(it.key()) || member(wanted, it.key()) != wanted.end()) continue;
    if (prefix.empty() && is_urn(it.key()) && it->is_object())
      patch_into(operations, *it, json::object(), it.key() + ":");
    else
      operations.push_back({{"op", "remove"}, {"path", prefix + it.key()}});
  }
}

}  // namespace

std::string Ours::text() const {
  json all = {{"schema", schema}, {"externalId", external_id}};
  if (active) all["active"] = *active;
  for (const Mapped& m : mapped) {
    json where = json::array();
    for (const ScimPath::Term& t : m.path.where) where.push_back({t.sub, t.value});
    all["mapped"].push_back({m.path.schema, m.path.attribute, std::move(where), m.path.sub, m.values});
  }
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

json merged(const json& current, const Ours& ours, const Schema& schema, std::vector<std::string>* refused) {
  json resource = current.is_object() ? current : json::object();
  const Writer writer(schema, refused);
  for (const Mapped& m : ours.mapped) {
    if (m.path.schema.empty()) {
      writer.write(resource, m);
      continue;
    }
    json extension = value_of(resource, m.path.schema);
    if (!extension.is_object()) extension = json::object();
    writer.write(extension, m);
    set_member(resource, m.path.schema, std::move(extension));
  }
  if (!ours.external_id.empty()) set_member(resource, "externalId", ours.external_id);
  if (ours.active) set_member(resource, "active", *ours.active);
  name_schemas(resource, ours);
  return resource;
}

json patch_between(const json& current, const json& wanted) {
  json operations = json::array();
  patch_into(operations, current.is_object() ? current : json::object(), wanted, "");
  return operations;
}

json patch_request(json operations) { return {{"schemas", {kPatch}}, {"Operations", std::move(operations)}}; }

std::string quoted(std::string_view value) { return json(value).dump(-1, ' ', false, json::error_handler_t::replace); }

void Schema::add(const std::string& urn, const std::string& prefix, const json& attributes) {
  if (!attributes.is_array()) return;
  for (const json& a : attributes) {
    const json name = value_of(a, "name");
    if (!name.is_string()) continue;
    AttributeKind kind;
    if (const json type = value_of(a, "type"); type.is_string()) kind.type = type;
    kind.multi_valued = value_of(a, "multiValued") == json(true);
    kind.writable = value_of(a, "mutability") != json("readOnly");
    kind.case_exact = value_of(a, "caseExact") == json(true);
    const std::string key = to_lower(prefix + name.get<std::string>());
    if (prefix.empty()) add(urn, key + ".", value_of(a, "subAttributes"));
    kinds_[to_lower(urn) + "|" + key] = std::move(kind);
  }
}

Schema Schema::parse(const std::vector<json>& schemas, std::string_view core) {
  Schema schema;
  for (const json& s : schemas) {
    const json id = value_of(s, "id");
    if (!id.is_string()) continue;
    const auto urn = id.get<std::string>();
    schema.add(to_lower(urn) == to_lower(core) ? "" : urn, "", value_of(s, "attributes"));
  }
  return schema;
}

const AttributeKind* Schema::find(const ScimPath& path, bool of_sub) const {
  std::string key = to_lower(path.schema) + "|" + to_lower(path.attribute);
  if (of_sub && !path.sub.empty()) key += "." + to_lower(path.sub);
  const auto at = kinds_.find(key);
  return at == kinds_.end() ? nullptr : &at->second;
}

bool Schema::has_schema(std::string_view urn) const {
  const std::string prefix = to_lower(urn) + "|";
  const auto at = kinds_.lower_bound(prefix);
  return at != kinds_.end() && at->first.starts_with(prefix);
}

Schema Schema::standard_user() {
  Schema schema;
  for (const char* name : {"emails", "phonenumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509certificates"}) {
    schema.kinds_[std::string("|") + name] = {"complex", true, true, false};
    schema.kinds_[std::string("|") + name + ".primary"] = {"boolean", false, true, false};
  }
  return schema;
}

}  // namespace muster::scim
