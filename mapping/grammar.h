// What schema/muster.xsd says, for "did you mean": read from the XSD itself, so there is one list of names.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// The embedded schema/muster.xsd.
std::string_view config_xsd();

/// A simple type of the XSD.
struct ValueType {
  enum class Kind { text, choice, integer, decimal, pattern } kind = Kind::text;
  std::vector<std::string> choices;
  std::string least, most;  ///< as written
  std::string meaning;      ///< the type's documentation
  bool may_be_empty = false;
};

/// What one element may hold.
struct ElementType {
  std::vector<std::string> attributes;                          ///< in the XSD's order
  std::map<std::string, std::string, std::less<>> value_types;  ///< of the attributes, by name
  std::map<std::string, std::string, std::less<>> children;     ///< name to type
};

/// The vocabulary of an XSD in the style of schema/muster.xsd: named types, elements in choices.
class Grammar {
 public:
  explicit Grammar(std::string_view xsd);

  /// The type of an element by the names from the root down to it; null: not in the grammar.
  const ElementType* element(const std::vector<std::string>& path) const;
  const ValueType* value(const ElementType& element, std::string_view attribute) const;
  /// Names of elements that may hold a child of that name, sorted.
  std::vector<std::string> parents_of(std::string_view child) const;
  std::vector<std::string> roots() const;

 private:
  std::map<std::string, std::string, std::less<>> roots_;
  std::map<std::string, ElementType, std::less<>> elements_;
  std::map<std::string, ValueType, std::less<>> values_;
};

}  // namespace muster
