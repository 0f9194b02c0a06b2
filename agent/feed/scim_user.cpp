#include "agent/feed/scim_user.h"

#include <algorithm>

#include "agent/feed/json_record.h"
#include "agent/feed/records.h"
#include "mapping/scim_path.h"

namespace muster {

using nlohmann::json;

namespace {

Error wrong(std::string what) { return {Errc::untrusted, std::move(what), ""}; }

enum class Op { add, replace, remove };

struct Operation {
  Op op;
  const json* value;
};

json& member_of(json& object, const std::string& name) { return object[name_in_any_case(object, name)]; }

void add_to(json& target, const json& value) {
  if (target.is_object() && value.is_object()) {
    for (const auto& [name, inner] : value.items()) member_of(target, name) = inner;
  } else if (target.is_array()) {
    const json several = value.is_array() ? value : json::array({value});
    for (const json& one : several) {
      if (std::find(target.begin(), target.end(), one) == target.end()) target.push_back(one);
    }
  } else {
    target = value;
  }
}

/// At `name` of an object. Sub-attributes that a replacement does not name stay (RFC 7644 section 3.5.2.3).
void change(json& object, const std::string& name, const Operation& o) {
  const std::string written = name_in_any_case(object, name);
  if (o.op == Op::remove) {
    object.erase(written);
    return;
  }
  json& target = object[written];
  if (o.op == Op::add || (target.is_object() && o.value->is_object()))
    add_to(target, *o.value);
  else
    target = *o.value;
}

Status change_attribute(json& holder, const ScimPath& path, const Operation& o) {
  if (path.sub.empty()) {
    change(holder, path.attribute, o);
    return ok();
  }
  json& attribute = member_of(holder, path.attribute);
  if (attribute.is_null()) attribute = json::object();
  if (!attribute.is_object()) return wrong("'" + path.attribute + "' has several values or none that is an object; use a filter");
  change(attribute, path.sub, o);
  return ok();
}

/// A new element for `add` that the filter would find.
json element_for(const ScimPath& path) {
  json made = json::object();
  for (const ScimPath::Term& t : path.where) made[t.sub] = t.is_text ? json(t.value) : json(t.value == "true");
  return made;
}

Status change_elements(json& holder, const ScimPath& path, const Operation& o) {
  json& list = member_of(holder, path.attribute);
  if (list.is_null()) list = json::array();
  if (!list.is_array()) return wrong("'" + path.attribute + "' has no elements to choose from");
  const auto is_meant = [&](const json& e) {
    return std::all_of(path.where.begin(), path.where.end(), [&](const ScimPath::Term& t) { return fits(e, t); });
  };
  if (o.op == Op::remove && path.sub.empty()) {
    list.erase(std::remove_if(list.begin(), list.end(), is_meant), list.end());
    return ok();
  }
  bool any = false;
  for (json& e : list) {
    if (!e.is_object() || !is_meant(e)) continue;
    any = true;
    if (!path.sub.empty())
      change(e, path.sub, o);
    else if (o.op == Op::add)
      add_to(e, *o.value);
    else
      e = *o.value;
  }
  if (any || o.op == Op::remove) return ok();
  if (o.op == Op::replace) return wrong("no element of '" + path.attribute + "' is the one to replace");
  json made = element_for(path);
  if (path.sub.empty())
    add_to(made, *o.value);
  else
    change(made, path.sub, o);
  list.push_back(std::move(made));
  return ok();
}

Status change_at(json& resource, const std::string& text, const Operation& o) {
  // An element as a whole is no place of a value, so ScimPath does not know it.
  const bool is_whole = text.ends_with(']');
  auto path = ScimPath::parse(is_whole ? text + ".value" : text);
  if (!path) return wrong(path.error().what);
  if (is_whole) path->sub.clear();
  json* holder = path->schema.empty() ? &resource : &member_of(resource, path->schema);
  if (holder->is_null()) *holder = json::object();
  if (!holder->is_object()) return wrong("'" + path->schema + "' is no object");
  return path->where.empty() ? change_attribute(*holder, *path, o) : change_elements(*holder, *path, o);
}

/// Without a path, `value` names the attributes.
Status change_all(json& resource, const Operation& o) {
  if (o.op == Op::remove) return wrong("an operation 'remove' needs a path");
  if (!o.value->is_object()) return wrong("an operation without a path needs an object as its value");
  for (const auto& [name, value] : o.value->items()) {
    const bool is_extension = name.find(':') != std::string::npos && value.is_object();
    if (is_extension)
      add_to(member_of(resource, name), value);
    else
      change(resource, name, {o.op, &value});
  }
  return ok();
}

Status apply(json& resource, const json& operation) {
  if (!operation.is_object()) return wrong("an operation of the patch is no object");
  const auto text = [&](const char* name) {
    const auto found = operation.find(name_in_any_case(operation, name));
    return found != operation.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string op = to_lower(text("op"));
  if (op != "add" && op != "replace" && op != "remove")
    return wrong("a patch adds, replaces or removes; this one says '" + op + "'");
  const auto value = operation.find(name_in_any_case(operation, "value"));
  if (op != "remove" && value == operation.end()) return wrong("an operation '" + op + "' needs a value");
  const Operation wished{op == "add"      ? Op::add
                         : op == "remove" ? Op::remove
                                          : Op::replace,
                         value == operation.end() ? nullptr : &*value};
  const std::string path = text("path");
  return path.empty() ? change_all(resource, wished) : change_at(resource, path, wished);
}

}  // namespace

Result<Person> read_scim_user(const FeedSettings& settings, const json& resource) {
  auto maker = RecordMaker::make(settings);
  if (!maker) return std::move(maker).error();
  maker->bind_in_order();
  std::vector<FoundValue> found;
  for (const FieldSettings& f : settings.fields) {
    const auto path = ScimPath::parse(f.column);
    if (!path) return path.error();
    found.push_back(find_by_scim_path(resource, *path));
  }
  RecordMaker::Values values;
  RecordMaker::Flaws flaws;
  for (const FoundValue& f : found) {
    values.push_back(f.text);
    flaws.push_back(f.flaw);
  }
  Person person;
  std::string key, field;
  if (auto bad = maker->read_key(values, flaws, key)) return wrong(std::move(bad->what));
  if (auto bad = maker->read_fields(values, flaws, person.fields, field)) return wrong(std::move(bad->what));
  person.key = PersonKey(std::move(key));
  return person;
}

Status patch_scim_user(json& resource, const json& patch) {
  const auto list = patch.is_object() ? patch.find(name_in_any_case(patch, "Operations")) : patch.end();
  if (!patch.is_object() || list == patch.end() || !list->is_array() || list->empty())
    return wrong("the patch has no Operations (RFC 7644 section 3.5.2)");
  for (const json& operation : *list) MUSTER_TRY(apply(resource, operation));
  return ok();
}

}  // namespace muster
