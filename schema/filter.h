// Search filters (RFC 4515), evaluated here so that a protection rule holds at the moment of a decision.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/attribute.h"
#include "schema/entry.h"
#include "schema/result.h"

namespace muster {

/// A parsed search filter. Copies are cheap (shared, immutable).
class Filter {
 public:
  /// Errc::config with the position of the fault. Supported: & | ! = >= <= ~= (as =), presence, substrings, and the extensible
  /// match with the rules of Active Directory (MS-ADTS section 3.1.1.3.4.4): 1.2.840.113556.1.4.803 and .804 for bits, .1941 for
  /// nested groups; other extensible rules are refused.
  static Result<Filter> parse(std::string_view text);

  /// RFC 4511 section 4.5.1.7: an undefined term is not a match. DN-valued and other typed attributes compare by their rule.
  /// What only the server can tell (asks_for_nesting()) is undefined.
  bool matches(const Entry& entry, const AttributeTypes& types) const;
  /// Lower-case names of all attributes that it looks at, sorted, each once.
  std::vector<std::string> attributes() const;
  /// What it asks an attribute to be, nested or not, in the order of the text.
  std::vector<std::string> values_of(std::string_view attribute) const;
  /// It uses the rule for nested groups.
  bool asks_for_nesting() const;
  const std::string& str() const { return text_; }

  struct Node;

 private:
  std::string text_;
  std::shared_ptr<const Node> root_;
};

/// Escapes a value for use in a filter (RFC 4515 section 3).
std::string escape_filter_value(std::string_view value);

}  // namespace muster
