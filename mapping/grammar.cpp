#include "mapping/grammar.h"

#include <pugixml.hpp>
#include <set>

namespace muster {
namespace {

ValueType value_type(const pugi::xml_node& type) {
  ValueType read;
  const pugi::xml_node restriction = type.child("xs:restriction");
  const std::string_view base = restriction.attribute("base").value();
  if (base == "xs:integer") read.kind = ValueType::Kind::integer;
  if (base == "xs:decimal") read.kind = ValueType::Kind::decimal;
  if (restriction.child("xs:pattern")) read.kind = ValueType::Kind::pattern;
  for (const pugi::xml_node& choice : restriction.children("xs:enumeration")) {
    read.kind = ValueType::Kind::choice;
    read.choices.emplace_back(choice.attribute("value").value());
  }
  read.least = restriction.child("xs:minInclusive").attribute("value").value();
  read.most = restriction.child("xs:maxInclusive").attribute("value").value();
  read.meaning = type.child("xs:annotation").child_value("xs:documentation");
  read.may_be_empty = read.kind == ValueType::Kind::text && !restriction.child("xs:minLength");
  return read;
}

void read_attributes(const pugi::xml_node& from, ElementType& read) {
  for (const pugi::xml_node& attribute : from.children("xs:attribute")) {
    read.attributes.emplace_back(attribute.attribute("name").value());
    read.value_types.emplace(attribute.attribute("name").value(), attribute.attribute("type").value());
  }
}

ElementType element_type(const pugi::xml_node& type) {
  ElementType read;
  for (const pugi::xml_node& child : type.child("xs:choice").children("xs:element")) {
    read.children.emplace(child.attribute("name").value(), child.attribute("type").value());
  }
  read_attributes(type, read);
  for (const pugi::xml_node& group : type.children("xs:attributeGroup")) {
    read_attributes(type.parent().find_child_by_attribute("xs:attributeGroup", "name", group.attribute("ref").value()), read);
  }
  return read;
}

}  // namespace

Grammar::Grammar(std::string_view xsd) {
  pugi::xml_document document;
  document.load_buffer(xsd.data(), xsd.size());
  for (const pugi::xml_node& node : document.document_element().children()) {
    const std::string_view kind = node.name();
    const std::string name = node.attribute("name").value();
    if (kind == "xs:element") roots_.emplace(name, node.attribute("type").value());
    if (kind == "xs:complexType") elements_.emplace(name, element_type(node));
    if (kind == "xs:simpleType") values_.emplace(name, value_type(node));
  }
}

const ElementType* Grammar::element(const std::vector<std::string>& path) const {
  const std::map<std::string, std::string, std::less<>>* names = &roots_;
  const ElementType* type = nullptr;
  for (const std::string& name : path) {
    const auto found = names->find(name);
    if (found == names->end()) return nullptr;
    type = &elements_.at(found->second);
    names = &type->children;
  }
  return type;
}

const ValueType* Grammar::value(const ElementType& element, std::string_view attribute) const {
  const auto found = element.value_types.find(attribute);
  return found == element.value_types.end() ? nullptr : &values_.at(found->second);
}

std::vector<std::string> Grammar::parents_of(std::string_view child) const {
  std::set<std::string> parents;
  const auto look = [&](const std::string& name, const std::string& type) {
    if (elements_.at(type).children.count(child)) parents.insert(name);
  };
  for (const auto& [name, type] : roots_) look(name, type);
  for (const auto& [ignored, parent] : elements_) {
    for (const auto& [name, type] : parent.children) look(name, type);
  }
  return {parents.begin(), parents.end()};
}

std::vector<std::string> Grammar::roots() const {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : roots_) names.push_back(name);
  return names;
}

}  // namespace muster
