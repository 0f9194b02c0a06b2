// A configuration file's text, and where things stand in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/location.h"

namespace muster {

/// Text of a well-formed XML document in UTF-8. Offsets are in bytes of the text; places are lines and columns of characters.
class SourceText {
 public:
  /// `file` as complaints name it. A byte order mark is dropped.
  SourceText(std::string file, std::string text);

  const std::string& file() const { return file_; }
  const std::string& text() const { return text_; }
  Location at(std::size_t offset) const;

  /// One attribute of a start tag, as written.
  struct Attribute {
    std::string_view name;  ///< with its prefix
    std::size_t begin = 0;  ///< of the name
    std::size_t value = 0;  ///< first byte between the quotes
    std::size_t end = 0;    ///< the closing quote
  };
  /// An attribute of the element whose '<' is at `tag`.
  std::optional<Attribute> attribute(std::size_t tag, std::string_view name) const;
  /// Where a byte of the attribute's value, as a parser delivers it, is written: an entity such as &gt; is one byte there and
  /// four here, a line break of two bytes is one blank (XML 1.0 section 3.3.3).
  std::size_t offset_in(const Attribute& attribute, std::size_t decoded) const;

 private:
  std::string file_;
  std::string text_;
  std::vector<std::size_t> lines_;  ///< offsets of the lines' first bytes
};

}  // namespace muster
