#include "mapping/xpath_tokens.h"

#include <algorithm>
#include <array>

#include "schema/ascii.h"
#include "schema/attribute.h"

namespace muster::xpath {
namespace {

using TokenKind = Token::Kind;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool in_name(char c) { return starts_name(c) || is_digit(c) || c == '-' || c == '.'; }
bool is_node_type(std::string_view name) {
  return name == "comment" || name == "text" || name == "processing-instruction" || name == "node";
}
bool is_operator_name(std::string_view name) { return name == "and" || name == "or" || name == "mod" || name == "div"; }

class Lexer {
 public:
  Lexer(std::string_view text, std::vector<ExpressionFault>& faults) : text_(text), faults_(faults) {}

  std::vector<Token> run() {
    for (skip_space(); at_ < text_.size(); skip_space()) step();
    put(TokenKind::end, "", text_.size());
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  void put(TokenKind kind, std::string_view text, std::size_t offset) { tokens_.push_back({kind, std::string(text), offset}); }
  void fault(std::size_t offset, std::string message) { faults_.push_back({offset, std::move(message)}); }

  /// Section 3.7: after an operand, * multiplies and and/or/mod/div are operators; elsewhere they are names.
  bool after_operand() const {
    if (tokens_.empty()) return false;
    const Token& last = tokens_.back();
    if (last.kind != TokenKind::op)
      return last.kind != TokenKind::axis && last.kind != TokenKind::function && last.kind != TokenKind::node_type;
    return last.text == ")" || last.text == "]" || last.text == "." || last.text == "..";
  }

  void step() {
    const char c = peek();
    if (c == '\'' || c == '"') return literal(c);
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '$') return variable();
    if (starts_name(c)) return name();
    symbol();
  }

  void literal(char quote) {
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) {
      fault(at_, "the text that starts here has no closing quote");
      at_ = text_.size();
      return;
    }
    put(TokenKind::literal, text_.substr(at_ + 1, end - at_ - 1), at_);
    at_ = end + 1;
  }

  void number() {
    const std::size_t start = at_;
    while (is_digit(peek())) ++at_;
    if (peek() == '.') ++at_;
    while (is_digit(peek())) ++at_;
    put(TokenKind::number, text_.substr(start, at_ - start), start);
  }

  std::string_view take_name() {
    const std::size_t start = at_;
    while (in_name(peek())) ++at_;
    if (peek() == ':' && starts_name(peek(1))) {
      ++at_;
      while (in_name(peek())) ++at_;
    }
    return text_.substr(start, at_ - start);
  }

  void variable() {
    const std::size_t start = at_++;
    if (!starts_name(peek())) return fault(start, "a variable's name must follow '$'");
    put(TokenKind::variable, take_name(), start);
  }

  void name() {
    const std::size_t start = at_;
    const std::string_view word = take_name();
    if (after_operand()) {
      if (is_operator_name(word)) return put(TokenKind::op, word, start);
      return fault(start, "an operator is missing before '" + std::string(word) + "'");
    }
    const std::size_t end = at_;
    skip_space();
    if (peek() == ':' && peek(1) == ':') {
      put(TokenKind::axis, word, start);
      at_ += 2;
    } else if (peek() == '(') {
      put(is_node_type(word) ? TokenKind::node_type : TokenKind::function, word, start);
    } else {
      at_ = end;
      put(TokenKind::name, word, start);
    }
  }

  void symbol() {
    static constexpr std::array<std::string_view, 20> kSymbols{"//", "..", "!=", "<=", ">=", "(", ")", "[", "]", ".",
                                                               "@",  ",",  "/",  "|",  "+",  "-", "=", "<", ">", "*"};
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("==")) return wrong(2, "'==' is written '='");
    if (rest.starts_with("&&")) return wrong(2, "'&&' is written 'and'");
    if (rest.starts_with("||")) return wrong(2, "'||' is written 'or'");
    const auto found = std::find_if(kSymbols.begin(), kSymbols.end(), [&](auto s) { return rest.starts_with(s); });
    if (found == kSymbols.end()) {
      return wrong(1, rest[0] == '!' ? "'!' is written 'not(...)'" : "'" + std::string(1, rest[0]) + "' has no meaning here");
    }
    const bool name_test = *found == "*" && !after_operand();
    put(name_test ? TokenKind::name : TokenKind::op, *found, at_);
    at_ += found->size();
  }

  void wrong(std::size_t length, std::string message) {
    fault(at_, std::move(message));
    at_ += length;
  }

  std::string_view text_;
  std::vector<ExpressionFault>& faults_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

/// The core function library (W3C XPath 1.0, section 4) and muster's own, with the numbers of arguments.
struct Function {
  std::string_view name;
  std::size_t least, most;
};
constexpr std::size_t kAny = 1000;
constexpr std::array<Function, 30> kFunctions{{
    {"last", 0, 0},
    {"position", 0, 0},
    {"count", 1, 1},
    {"id", 1, 1},
    {"local-name", 0, 1},
    {"namespace-uri", 0, 1},
    {"name", 0, 1},
    {"string", 0, 1},
    {"concat", 2, kAny},
    {"starts-with", 2, 2},
    {"contains", 2, 2},
    {"substring-before", 2, 2},
    {"substring-after", 2, 2},
    {"substring", 2, 3},
    {"string-length", 0, 1},
    {"normalize-space", 0, 1},
    {"translate", 3, 3},
    {"boolean", 1, 1},
    {"not", 1, 1},
    {"true", 0, 0},
    {"false", 0, 0},
    {"lang", 1, 1},
    {"number", 0, 1},
    {"sum", 1, 1},
    {"floor", 1, 1},
    {"ceiling", 1, 1},
    {"round", 1, 1},
    {"ascii", 1, 1},
    {"lower-case", 1, 1},
    {"upper-case", 1, 1},
}};

const Function* find_function(std::string_view name) {
  const auto found = std::find_if(kFunctions.begin(), kFunctions.end(), [&](const Function& f) { return f.name == name; });
  return found == kFunctions.end() ? nullptr : found;
}

class Checker {
 public:
  Checker(const std::vector<Token>& tokens, const Vocabulary& known, std::vector<ExpressionFault>& faults)
      : tokens_(tokens), known_(known), fields_(known.fields), faults_(faults) {}

  void run() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) check(i);
  }

 private:
  void check(std::size_t i) {
    const Token& token = tokens_[i];
    switch (token.kind) {
      case TokenKind::variable: return variable(token);
      case TokenKind::function: return function(i);
      case TokenKind::name: return name(i);
      case TokenKind::axis:
        if (token.text == "attribute") no_attributes(token);
        return;
      case TokenKind::op:
        if (token.text == "@") no_attributes(token);
        return;
      case TokenKind::node_type:
      case TokenKind::literal:
      case TokenKind::number:
      case TokenKind::end: return;
    }
  }

  void fault(const Token& token, std::string message) { faults_.push_back({token.offset, std::move(message)}); }
  void no_attributes(const Token& token) {
    fault(token, "a person's record has fields, no XML attributes; write the field's name alone");
  }

  void variable(const Token& token) {
    if (token.text == "today" || token.text == "now" || (token.text == "number" && known_.numbered)) return;
    if (token.text == "number")
      return fault(token, "'$number' has no meaning here; it numbers names: <joiner rdn> and attributes with unique=\"true\"");
    const std::string near = nearest_of(token.text, {"today", "now", "number"});
    fault(token, "unknown variable '$" + token.text + "'; " +
                     (near.empty() ? "there are $today and $now" : "did you mean '$" + near + "'?"));
  }

  void function(std::size_t i) {
    const Token& token = tokens_[i];
    const Function* known = find_function(token.text);
    if (known == nullptr) return unknown_function(token);
    const std::size_t given = arguments(i + 1);
    if (given >= known->least && given <= known->most) return;
    std::string takes = std::to_string(known->least);
    if (known->most == kAny)
      takes += " or more";
    else if (known->most != known->least)
      takes += " or " + std::to_string(known->most);
    fault(token,
          token.text + "() takes " + takes + (takes == "1" ? " argument" : " arguments") + ", here are " + std::to_string(given));
  }

  void unknown_function(const Token& token) {
    std::vector<std::string> names;
    for (const Function& f : kFunctions) names.emplace_back(f.name);
    const std::string near = nearest_of(token.text, names);
    fault(token, "unknown function '" + token.text + "()'; " +
                     (near.empty() ? "expressions are XPath 1.0" : "did you mean '" + near + "()'?"));
  }

  /// Arguments between the parenthesis at `open` and its partner; unbalanced text is counted to its end.
  std::size_t arguments(std::size_t open) const {
    if (tokens_[open + 1].is_op(")")) return 0;
    std::size_t depth = 0, commas = 0;
    for (std::size_t i = open; i < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      if (token.is_op("(") || token.is_op("[")) ++depth;
      if ((token.is_op(")") || token.is_op("]")) && --depth == 0) break;
      if (token.is_op(",") && depth == 1) ++commas;
    }
    return commas + 1;
  }

  void name(std::size_t i) {
    const Token& token = tokens_[i];
    if (token.text == "*") return;
    if (std::find(fields_.begin(), fields_.end(), token.text) != fields_.end()) return;
    if (token.text == "person") return person(i);
    const std::string near = nearest_of(token.text, fields_);
    fault(token, "unknown field '" + token.text + "'; " +
                     (near.empty() ? "the feed has no such field (a text needs quotes: '" + token.text + "')"
                                   : "did you mean '" + near + "'?"));
  }

  /// Expressions start at <person>, so a relative path `person/first` finds nothing, ever.
  void person(std::size_t i) {
    const bool rooted =
        i > 0 && (tokens_[i - 1].is_op("/") || tokens_[i - 1].is_op("//") || tokens_[i - 1].kind == TokenKind::axis);
    if (!rooted) fault(tokens_[i], "'person' is the record itself, not one of its fields; write the field's name alone");
  }

  const std::vector<Token>& tokens_;
  const Vocabulary& known_;
  const std::vector<std::string>& fields_;
  std::vector<ExpressionFault>& faults_;
};

}  // namespace

std::vector<Token> tokenise(std::string_view text, std::vector<ExpressionFault>& faults) { return Lexer(text, faults).run(); }

void check_names(const std::vector<Token>& tokens, const Vocabulary& known, std::vector<ExpressionFault>& faults) {
  Checker(tokens, known, faults).run();
}

}  // namespace muster::xpath
