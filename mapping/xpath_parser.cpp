// From tokens to a Program: W3C XPath 1.0, section 3.
#include <array>
#include <utility>

#include "mapping/xpath_program.h"

namespace muster::xpath {

using Op = Program::Op;
using Type = Program::Type;
using Index = Program::Index;
using TokenKind = Token::Kind;

namespace {

struct Call {
  std::string_view name;
  Op op;
  Type type;
};
/// Functions that need no node-set. One argument at least, so that none is about the context node.
constexpr std::array<Call, 19> kCalls{{
    {"concat", Op::concat, Type::text},         {"starts-with", Op::starts_with, Type::truth},
    {"contains", Op::contains, Type::truth},    {"substring-before", Op::before, Type::text},
    {"substring-after", Op::after, Type::text}, {"substring", Op::substring, Type::text},
    {"translate", Op::translate, Type::text},   {"normalize-space", Op::squeeze, Type::text},
    {"string", Op::string, Type::text},         {"string-length", Op::length, Type::number},
    {"number", Op::number_of, Type::number},    {"floor", Op::floor, Type::number},
    {"ceiling", Op::ceiling, Type::number},     {"round", Op::round, Type::number},
    {"boolean", Op::boolean, Type::truth},      {"not", Op::not_, Type::truth},
    {"ascii", Op::ascii, Type::text},           {"lower-case", Op::lower, Type::text},
    {"upper-case", Op::upper, Type::text},
}};

/// The binary operators by precedence, weakest first.
constexpr int kLevels = 6;
int level_of(std::string_view op) {
  if (op == "or") return 0;
  if (op == "and") return 1;
  if (op == "=" || op == "!=") return 2;
  if (op == "<" || op == "<=" || op == ">" || op == ">=") return 3;
  if (op == "+" || op == "-") return 4;
  if (op == "*" || op == "div" || op == "mod") return 5;
  return -1;
}

}  // namespace

class Parser {
 public:
  Parser(const std::vector<Token>& tokens, const std::vector<std::string>& fields) : tokens_(tokens), fields_(fields) {}

  std::optional<Program> run() {
    const auto root = binary(0);
    if (!root || peek().kind != TokenKind::end) return std::nullopt;
    program_.root_ = *root;
    return std::move(program_);
  }

 private:
  using Found = std::optional<Index>;

  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool take(std::string_view op) {
    if (!peek().is_op(op)) return false;
    ++at_;
    return true;
  }
  Index put(Program::Node node) {
    program_.nodes_.push_back(std::move(node));
    return static_cast<Index>(program_.nodes_.size() - 1);
  }
  Index put(Op op, Type type, std::vector<Index> args) { return put(Program::Node{op, type, std::move(args), "", 0, 0}); }
  Type type(Index at) const { return program_.nodes_[at].type; }

  Found binary(int level) {
    if (level == kLevels) return unary();
    Found left = binary(level + 1);
    while (left && peek().kind == TokenKind::op && level_of(peek().text) == level) {
      const std::string op = peek().text;
      ++at_;
      const Found right = binary(level + 1);
      left = right ? join(op, *left, *right) : std::nullopt;
    }
    return left;
  }

  Found join(const std::string& op, Index a, Index b) {
    if (op == "or") return put(Op::or_, Type::truth, {a, b});
    if (op == "and") return put(Op::and_, Type::truth, {a, b});
    if (op == "=" || op == "!=") return equality(op == "=", a, b);
    if (op == "<") return relation(Op::lt, a, b);
    if (op == "<=") return relation(Op::le, a, b);
    if (op == ">") return relation(Op::gt, a, b);
    if (op == ">=") return relation(Op::ge, a, b);
    if (op == "+") return put(Op::add, Type::number, {a, b});
    if (op == "-") return put(Op::subtract, Type::number, {a, b});
    if (op == "*") return put(Op::multiply, Type::number, {a, b});
    return put(op == "div" ? Op::divide : Op::modulo, Type::number, {a, b});
  }

  /// Section 3.4: truth values first, then numbers, then texts. A field is a node-set of exactly one node.
  Index equality(bool equal, Index a, Index b) {
    if (type(a) == Type::truth || type(b) == Type::truth) return put(equal ? Op::eq_truth : Op::ne_truth, Type::truth, {a, b});
    if (type(a) == Type::number || type(b) == Type::number) return put(equal ? Op::eq_number : Op::ne_number, Type::truth, {a, b});
    return put(equal ? Op::eq_text : Op::ne_text, Type::truth, {a, b});
  }

  /// pugixml and the recommendation disagree about a node-set that is smaller than a truth value: left to pugixml.
  Found relation(Op op, Index a, Index b) {
    const bool disputed = (type(a) == Type::field && type(b) == Type::truth) || (type(a) == Type::truth && type(b) == Type::field);
    if (disputed) return std::nullopt;
    return put(op, Type::truth, {a, b});
  }

  Found unary() {
    if (!take("-")) return primary();
    const Found operand = nested([&] { return unary(); });
    if (!operand) return std::nullopt;
    return put(Op::negate, Type::number, {*operand});
  }

  Found primary() {
    const Token& token = peek();
    switch (token.kind) {
      case TokenKind::literal: ++at_; return put(Program::Node{Op::literal, Type::text, {}, token.text, 0, 0});
      case TokenKind::number: ++at_; return put(Program::Node{Op::number, Type::number, {}, "", to_number(token.text), 0});
      case TokenKind::variable: return variable();
      case TokenKind::function: return call();
      case TokenKind::name:
      case TokenKind::axis:
      case TokenKind::op:
        if (take("(")) return group();
        return path();
      case TokenKind::node_type:
      case TokenKind::end: return std::nullopt;
    }
    return std::nullopt;
  }

  Found variable() {
    const std::string name = peek().text;
    ++at_;
    if (name == "number") return put(Op::place, Type::text, {});
    return put(name == "today" ? Op::today : Op::now, Type::number, {});
  }

  Found group() {
    const Found inner = nested([&] { return binary(0); });
    if (!inner || !take(")") || goes_on()) return std::nullopt;
    return inner;
  }

  /// first, ./first, child::first, /person/first: one field.
  Found path() {
    if (peek().is_op("/") && peek(1).is(TokenKind::name, "person") && peek(2).is_op("/"))
      at_ += 3;
    else if (peek().is_op(".") && peek(1).is_op("/"))
      at_ += 2;
    if (peek().is(TokenKind::axis, "child")) ++at_;
    if (peek().kind != TokenKind::name) return std::nullopt;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i] != peek().text) continue;
      ++at_;
      if (goes_on()) return std::nullopt;
      return put(Program::Node{Op::field, Type::field, {}, "", 0, i});
    }
    return std::nullopt;
  }

  /// A path, predicate or union that continues what was read: node-set business.
  bool goes_on() const { return peek().is_op("/") || peek().is_op("//") || peek().is_op("[") || peek().is_op("|"); }

  Found call() {
    const std::string name = peek().text;
    at_ += 2;  // the name and its parenthesis, which the lexer saw
    std::vector<Index> args;
    if (!take(")")) {
      do {
        const Found arg = nested([&] { return binary(0); });
        if (!arg) return std::nullopt;
        args.push_back(*arg);
      } while (take(","));
      if (!take(")")) return std::nullopt;
    }
    if (goes_on()) return std::nullopt;
    return function(name, std::move(args));
  }

  Found function(const std::string& name, std::vector<Index> args) {
    if (args.empty()) {
      if (name == "true") return put(Op::true_, Type::truth, {});
      if (name == "false") return put(Op::false_, Type::truth, {});
      return std::nullopt;
    }
    for (const Call& call : kCalls) {
      if (call.name == name) return put(call.op, call.type, std::move(args));
    }
    return std::nullopt;
  }

  /// Deeper nesting than any person writes goes to pugixml, which has its own limit.
  template <class Parse>
  Found nested(Parse parse) {
    if (depth_ == 64) return std::nullopt;
    ++depth_;
    const Found found = parse();
    --depth_;
    return found;
  }

  const std::vector<Token>& tokens_;
  const std::vector<std::string>& fields_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Program program_;
};

std::optional<Program> Program::compile(const std::vector<Token>& tokens, const std::vector<std::string>& fields) {
  return Parser(tokens, fields).run();
}

}  // namespace muster::xpath
