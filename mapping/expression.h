// XPath 1.0 over the HR record (W3C XPath 1.0), compiled once. What looks at plain fields, which is nearly everything, runs as a
// program of our own (mapping/xpath_program.h); pugixml, private to expression.cpp, judges every text and evaluates the rest.
// Beyond XPath 1.0 there are lower-case() and upper-case() of XPath 2.0 and ascii() (schema/transliterate.h), for plain fields
// only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/calendar.h"
#include "schema/person.h"
#include "schema/result.h"

namespace muster {

/// The record that expressions see: <person> with one child per field (so a lone field name is true even when empty: write
/// `end != ''`), $today = 20261123 and $now = 20261123073753 (UTC) as numbers. Owns what compiled expressions refer to. One thread
/// at a time.
class ExpressionScope {
 public:
  explicit ExpressionScope(std::vector<std::string> fields);
  ~ExpressionScope();
  ExpressionScope(const ExpressionScope&) = delete;
  ExpressionScope& operator=(const ExpressionScope&) = delete;

  /// Expressions evaluate over `person` at `now` until the next call. Copies the fields; allocates nothing once they have been as
  /// long.
  void load(const Person& person, const Now& now);
  /// What $number is from now on: empty, "2", "3"...; load() makes it empty.
  void set_number(const std::string& text);
  const std::vector<std::string>& fields() const;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Why an expression does not compile. `offset` is a byte offset into its text.
struct ExpressionFault {
  std::size_t offset = 0;
  std::string message;  ///< "unknown field 'depratment'; did you mean 'department'?"
};

/// One compiled expression. Moves, does not copy; must not outlive its scope.
class Expression {
 public:
  /// Every fault of the text: syntax, unknown functions, unknown variables, names that are no field of the feed. `numbered`: the
  /// text may name $number.
  static std::optional<Expression> compile(std::string text, ExpressionScope& scope, std::vector<ExpressionFault>& faults,
                                           bool numbered = false);
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  /// Over the record last loaded into the scope.
  std::string text() const;
  bool truth() const;
  const std::string& source() const { return source_; }
  /// True when it always has the same truth value whatever the record says (false(), 1=2): the value. Used for unreachable roles.
  std::optional<bool> constant() const;
  /// True when the expression looks at $today or $now.
  bool depends_on_time() const;
  /// True when the expression places $number.
  bool places_number() const;
  /// Positions (as in Person::fields) of the fields that it names, in order of appearance, each once: for sentences.
  const std::vector<std::size_t>& fields() const;

 private:
  struct Impl;
  Expression(std::string source, std::unique_ptr<Impl> impl);
  std::string source_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster
