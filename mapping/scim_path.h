// Where a value stands in a SCIM resource: what `upstream=` of an attribute says. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace muster {

/// A path of RFC 7644 section 3.5.2, figure 7, as far as a mapping needs it:
/// [schema ":"] attribute ["[" sub " eq " value *(" and " ...) "]"] ["." sub].
struct ScimPath {
  /// One comparison of a filter; all of them hold for the element that is meant, and are written into a new one.
  struct Term {
    std::string sub;
    std::string value;
    bool is_text = true;  ///< false: true or false
    friend bool operator==(const Term&, const Term&) = default;
  };
  std::string schema;  ///< URN of an extension; empty: the core schema
  std::string attribute;
  std::vector<Term> where;
  std::string sub;  ///< empty: a simple attribute

  /// Errc::config: a sentence that says what is wrong, and an example.
  static Result<ScimPath> parse(std::string_view text);
  friend bool operator==(const ScimPath&, const ScimPath&) = default;
};

inline constexpr std::string_view kScimUser = "urn:ietf:params:scim:schemas:core:2.0:User";
inline constexpr std::string_view kScimGroup = "urn:ietf:params:scim:schemas:core:2.0:Group";

}  // namespace muster
