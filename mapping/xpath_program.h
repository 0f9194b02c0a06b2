// The part of XPath 1.0 that needs no document: private to expressions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/xpath_tokens.h"

namespace muster::xpath {

/// What an expression is evaluated over.
struct Record {
  std::vector<std::string> fields;
  double today = 0;
  double now = 0;
  std::string place;  ///< $number
};

/// An expression over plain field names, compiled to a tree: several times faster than a general XPath engine, and it counts
/// characters where pugixml counts bytes (string-length, substring, translate), and knows functions and a variable of muster's own.
/// Otherwise the same answers, which
/// expression_test.cpp checks on random expressions. Location paths beyond one field, and functions of node-sets, are not its
/// business.
class Program {
 public:
  /// None: not in this part of the language (or not XPath at all).
  static std::optional<Program> compile(const std::vector<Token>& tokens, const std::vector<std::string>& fields);

  bool truth(const Record& record) const { return truth(root_, record); }
  void append_text(const Record& record, std::string& out) const { append(root_, record, out); }
  /// The truth value, where it is the same for every record.
  std::optional<bool> constant() const { return constant(root_); }

  enum class Op : std::uint8_t {
    literal,
    number,
    field,
    today,
    now,
    place,
    or_,
    and_,
    eq_text,
    ne_text,
    eq_number,
    ne_number,
    eq_truth,
    ne_truth,
    lt,
    le,
    gt,
    ge,
    add,
    subtract,
    multiply,
    divide,
    modulo,
    negate,
    not_,
    true_,
    false_,
    boolean,
    string,
    number_of,
    floor,
    ceiling,
    round,
    concat,
    starts_with,
    contains,
    before,
    after,
    substring,
    length,
    squeeze,
    translate,
    ascii,
    lower,
    upper,
  };
  enum class Type : std::uint8_t { text, number, truth, field };
  using Index = std::uint32_t;
  struct Node {
    Op op{};
    Type type{};
    std::vector<Index> args;
    std::string text;       ///< literal
    double number = 0;      ///< number
    std::size_t field = 0;  ///< field
  };

 private:
  friend class Parser;
  bool truth(Index at, const Record& record) const;
  bool compare(const Node& node, const Record& record) const;
  double number(Index at, const Record& record) const;
  double arithmetic(const Node& node, const Record& record) const;
  void append(Index at, const Record& record, std::string& out) const;
  void append_function(const Node& node, const Record& record, std::string& out) const;
  /// A view of the text, in place where it lies somewhere already, else in `scratch`.
  std::string_view view(Index at, const Record& record, std::string& scratch) const;

  std::optional<bool> constant(Index at) const;
  std::optional<bool> constant_junction(const Node& node) const;
  bool reads_record(Index at) const;

  std::vector<Node> nodes_;
  Index root_ = 0;
};

/// XPath's conversions (section 4.2, 4.4).
double to_number(std::string_view text);
std::string to_text(double number);

}  // namespace muster::xpath
