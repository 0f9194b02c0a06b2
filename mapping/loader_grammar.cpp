// What libxml2 finds, said so that people can act on it.
#include <algorithm>

#include "mapping/loader_files.h"
#include "mapping/loader_values.h"
#include "schema/attribute.h"

namespace muster {
namespace {

using Kind = XsdFault::Kind;

/// An element, and the names from the root down to it.
struct Place {
  Element element;
  std::vector<std::string> path;
};

void collect(const Element& element, std::vector<std::string> path, std::vector<Place>& places) {
  path.emplace_back(element.name());
  places.push_back({element, path});
  for (const Element& child : element.children()) collect(child, path, places);
}

std::vector<std::string> tags(const ElementType& type) {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : type.children) names.push_back("<" + name + ">");
  return names;
}

std::vector<std::string> names_of(const ElementType& type) {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : type.children) names.push_back(name);
  return names;
}

std::string bracketed(const std::vector<std::string>& names) {
  std::vector<std::string> tagged;
  for (const std::string& name : names) tagged.push_back("<" + name + ">");
  return listed(tagged);
}

/// The attribute's name without the namespace that libxml2 puts before it.
std::string plain(const std::string& attribute) {
  const std::size_t brace = attribute.find('}');
  return brace == std::string::npos ? attribute : attribute.substr(brace + 1);
}

class Translator {
 public:
  Translator(const Place& place, const Grammar& grammar, const std::vector<XsdFault>& faults, std::size_t index)
      : place_(place),
        element_(place.element),
        grammar_(grammar),
        faults_(faults),
        index_(index),
        type_(grammar.element(place.path)) {}

  void say(const XsdFault& fault) const {
    const std::string attribute = plain(fault.attribute);
    switch (fault.kind) {
      case Kind::wrong_root: return wrong_root();
      case Kind::wrong_namespace: return wrong_namespace();
      case Kind::unknown_element: return unknown_element();
      case Kind::unknown_attribute: return unknown_attribute(attribute);
      case Kind::missing_attribute: return missing_attribute(attribute);
      case Kind::bad_value: return bad_value(attribute);
      case Kind::text: return text();
      case Kind::other: return element_.wrong("this does not follow schema/muster.xsd: " + fault.original);
    }
  }

 private:
  void wrong_root() const {
    element_.wrong("the root element " + element_.tag() + " is none of muster's", "it must be " + bracketed(grammar_.roots()));
  }

  void wrong_namespace() const {
    element_.wrong(element_.tag() + " is not in the namespace urn:muster:config:1",
                   "write <" + std::string(element_.name()) + " xmlns=\"urn:muster:config:1\">");
  }

  void unknown_element() const {
    const std::string name(element_.name());
    std::vector<std::string> above = place_.path;
    above.pop_back();
    const ElementType* parent = grammar_.element(above);
    const std::string holder = "<" + above.back() + ">";
    if (!parent) return element_.wrong("unknown element " + element_.tag());
    if (parent->children.count(name)) return wrong_namespace();
    if (const auto parents = grammar_.parents_of(name); !parents.empty()) {
      return element_.wrong(element_.tag() + " does not belong into " + holder, "it belongs into " + bracketed(parents));
    }
    const std::string near = nearest_of(name, names_of(*parent));
    if (!near.empty()) return element_.wrong("unknown element " + element_.tag(), "did you mean <" + near + ">?");
    element_.wrong("unknown element " + element_.tag(),
                   holder + " takes " + (tags(*parent).empty() ? "no elements" : listed(tags(*parent))));
  }

  void unknown_attribute(const std::string& attribute) const {
    if (!type_) return;
    const std::string takes = type_->attributes.empty() ? "takes no attributes" : "takes " + listed(type_->attributes);
    element_.wrong_at(attribute, "unknown attribute '" + attribute + "' of " + element_.tag(),
                      did_you_mean(attribute, type_->attributes, element_.tag() + " " + takes));
  }

  /// A misspelt attribute is one fault, not also a missing one.
  bool misspelt(const std::string& attribute) const {
    return std::any_of(faults_.begin(), faults_.end(), [&](const XsdFault& f) {
      return f.element == index_ && f.kind == Kind::unknown_attribute &&
             nearest_of(plain(f.attribute), type_->attributes) == attribute;
    });
  }

  void missing_attribute(const std::string& attribute) const {
    if (!type_ || misspelt(attribute)) return;
    const ValueType* value = grammar_.value(*type_, attribute);
    const bool choice = value && value->kind == ValueType::Kind::choice;
    element_.wrong(element_.tag() + " lacks the attribute '" + attribute + "'",
                   choice ? "it is " + listed(value->choices) : "add " + attribute + "=\"...\"");
  }

  void bad_value(const std::string& attribute) const {
    const ValueType* value = type_ ? grammar_.value(*type_, attribute) : nullptr;
    const std::string written = element_.text(attribute), name = "'" + attribute + "' of " + element_.tag();
    if (!value) return;
    if (written.empty()) return element_.wrong_in(attribute, name + " is empty", "give it a value");
    switch (value->kind) {
      case ValueType::Kind::choice:
        return element_.wrong_in(attribute, "'" + written + "' is no value of " + name,
                                 did_you_mean(written, value->choices, "it is " + listed(value->choices)));
      case ValueType::Kind::pattern: return element_.wrong_in(attribute, "'" + written + "' cannot be " + name, value->meaning);
      case ValueType::Kind::integer:
      case ValueType::Kind::decimal: return bad_number(attribute, *value);
      case ValueType::Kind::text: break;
    }
    element_.wrong_in(attribute, "'" + written + "' cannot be " + name);
  }

  void bad_number(const std::string& attribute, const ValueType& value) const {
    const std::string written = element_.text(attribute), name = "'" + attribute + "' of " + element_.tag();
    const bool whole = value.kind == ValueType::Kind::integer;
    const bool number = written.find_first_not_of(whole ? "+-0123456789" : "+-.0123456789") == std::string::npos;
    const std::string range = "between " + value.least + " and " + value.most;
    if (number) return element_.wrong_in(attribute, name + " is " + written, "it must be " + range);
    element_.wrong_in(attribute, name + " is '" + written + "', which is no " + (whole ? "whole number" : "number"),
                      "write one " + range);
  }

  void text() const {
    const bool elements = type_ && !type_->children.empty();
    element_.complaints().error(element_.at_text(), "text stands in " + element_.tag(),
                                elements ? "it takes " + listed(tags(*type_)) : "values belong into attributes");
  }

  const Place& place_;
  const Element& element_;
  const Grammar& grammar_;
  const std::vector<XsdFault>& faults_;
  std::size_t index_;
  const ElementType* type_;
};

}  // namespace

void complain_about(const Element& root, const std::vector<XsdFault>& faults, const Grammar& grammar) {
  std::vector<Place> places;
  collect(root, {}, places);
  for (const XsdFault& fault : faults) {
    if (fault.element < places.size()) Translator(places[fault.element], grammar, faults, fault.element).say(fault);
  }
}

}  // namespace muster
