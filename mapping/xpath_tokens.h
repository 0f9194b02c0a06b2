// XPath 1.0 as tokens (W3C XPath 1.0, section 3.7): private to expressions. For faults that name their place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/expression.h"

namespace muster::xpath {

/// `text` is without the quotes of a literal and the $ of a variable; `offset` is where the token starts, in bytes.
struct Token {
  enum class Kind : std::uint8_t { name, function, node_type, axis, variable, literal, number, op, end };
  Kind kind = Kind::end;
  std::string text;
  std::size_t offset = 0;
  bool is(Kind k, std::string_view t) const { return kind == k && text == t; }
  bool is_op(std::string_view t) const { return is(Kind::op, t); }
};

/// The tokens, closed by one of kind end. What is no token becomes a fault.
std::vector<Token> tokenise(std::string_view text, std::vector<ExpressionFault>& faults);

/// What an expression may name.
struct Vocabulary {
  const std::vector<std::string>& fields;
  bool numbered = false;  ///< $number too
};

/// Names that are no field, unknown functions and variables, wrong numbers of arguments.
void check_names(const std::vector<Token>& tokens, const Vocabulary& known, std::vector<ExpressionFault>& faults);

}  // namespace muster::xpath
