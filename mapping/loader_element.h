// An element of a configuration file with its place: the only way in which the loader looks at XML. Private to the loader.
#pragma once

#include <array>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/complaints.h"
#include "mapping/source_text.h"

namespace muster {

/// One file that was read. Elements refer to it.
struct SourceFile {
  SourceText text;
  std::string path;    ///< absolute
  std::string folder;  ///< absolute: where its relative paths start
  pugi::xml_document document;
};

/// The readers answer with the fallback where an attribute is absent. Where it is there and cannot be read, the XSD has complained
/// already; should it not have, they do.
class Element {
 public:
  Element(pugi::xml_node node, const SourceFile& file, Complaints& complaints)
      : node_(node), file_(&file), complaints_(&complaints) {}

  std::string_view name() const;  ///< without a prefix
  std::string tag() const { return "<" + std::string(name()) + ">"; }
  const SourceFile& file() const { return *file_; }
  std::vector<Element> children() const;
  std::vector<Element> children(std::string_view name) const;

  Location at() const;
  Location at(std::string_view attribute) const;  ///< of its name; of the element where it is absent
  /// Of a byte of an attribute's value.
  Location in(std::string_view attribute, std::size_t offset = 0) const;
  /// Of the first text in the element that is not blank.
  Location at_text() const;

  bool has_misspelt_attribute() const;
  bool has(std::string_view attribute) const { return !find(attribute).empty(); }
  std::string text(std::string_view attribute, std::string_view fallback = "") const;
  bool truth(std::string_view attribute, bool fallback) const;
  std::size_t count(std::string_view attribute, std::size_t fallback) const;
  double real(std::string_view attribute, double fallback) const;
  template <class T, std::size_t N>
  T choice(std::string_view attribute, T fallback, const std::array<std::pair<std::string_view, T>, N>& names) const {
    if (!has(attribute)) return fallback;
    const std::string word = text(attribute);
    for (const auto& [name, value] : names) {
      if (name == word) return value;
    }
    doubt(attribute);
    return fallback;
  }

  /// Complaints about the element, an attribute, or a byte of its value.
  void wrong(std::string what, std::string hint = "") const;
  void wrong_at(std::string_view attribute, std::string what, std::string hint = "") const;
  /// wrong() about something that is missing; silent where an attribute is misspelt, which may be it.
  void lacks(std::string what, std::string hint) const;
  void wrong_in(std::string_view attribute, std::string what, std::string hint = "", std::size_t offset = 0) const;
  void warn(Location at, std::string what, std::string hint = "") const;
  /// A value that the XSD should have refused.
  void doubt(std::string_view attribute) const;
  Complaints& complaints() const { return *complaints_; }

 private:
  pugi::xml_attribute find(std::string_view attribute) const;
  std::size_t offset() const;
  std::optional<SourceText::Attribute> written(std::string_view attribute) const;

  pugi::xml_node node_;
  const SourceFile* file_;
  Complaints* complaints_;
};

/// The only child of a name, or none. Complains about every further one, naming the first.
std::optional<Element> only_child(const Element& parent, std::string_view name);
/// only_child() that must be there.
std::optional<Element> required_child(const Element& parent, std::string_view name, std::string why);

}  // namespace muster
