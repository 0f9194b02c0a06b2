// Expressions in attributes, and what can be said of them without any record.
#include <algorithm>

#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"
#include "mapping/xpath_tokens.h"

namespace muster {
namespace {

using Token = xpath::Token;

/// An unknown field where the feed, being broken, declares none at all says nothing new.
bool follows_from_feed(const ExpressionFault& fault, const ExpressionScope& scope) {
  return scope.fields().empty() && fault.message.starts_with("unknown field");
}

void complain(const Element& element, std::string_view attribute, const ExpressionFault& fault) {
  const std::size_t hint = fault.message.find("; ");
  const bool split = hint != std::string::npos;
  element.wrong_in(attribute, fault.message.substr(0, hint), split ? fault.message.substr(hint + 2) : "", fault.offset);
}

/// A comparison with a text that the field never holds: a misspelt status would disable nobody, and nobody would notice.
class Comparisons {
 public:
  Comparisons(const Element& element, std::string_view attribute, const FeedSettings& feed)
      : element_(element), attribute_(attribute), feed_(feed) {}

  void check(const std::string& expression) const {
    std::vector<ExpressionFault> none;
    const std::vector<Token> tokens = xpath::tokenise(expression, none);
    for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
      if (!tokens[i + 1].is_op("=") && !tokens[i + 1].is_op("!=")) continue;
      compare(tokens[i], tokens[i + 2]);
      compare(tokens[i + 2], tokens[i]);
    }
  }

 private:
  void compare(const Token& name, const Token& literal) const {
    const int index = name.kind == Token::Kind::name ? feed_.index_of(name.text) : -1;
    if (index < 0 || literal.kind != Token::Kind::literal || literal.text.empty()) return;
    const FieldSettings& field = feed_.fields[static_cast<std::size_t>(index)];
    if (field.type == FieldSettings::Type::date) return compare_date(field, literal);
    std::vector<std::string> values;
    for (const auto& [ignored, to] : field.values) values.push_back(to);
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    if (values.empty() || std::find(values.begin(), values.end(), literal.text) != values.end()) return;
    wrong(literal, "'" + field.name + "' is never '" + literal.text + "'",
          did_you_mean(literal.text, values, "its <value> elements give " + listed(values)));
  }

  void compare_date(const FieldSettings& field, const Token& literal) const {
    const bool digits = literal.text.size() == 8 && literal.text.find_first_not_of("0123456789") == std::string::npos;
    if (!digits)
      wrong(literal, "the date '" + field.name + "' is never '" + literal.text + "'",
            "write dates as 20261231, whatever the feed's format");
  }

  void wrong(const Token& literal, std::string what, std::string hint) const {
    element_.wrong_in(attribute_, std::move(what), std::move(hint), literal.offset);
  }

  const Element& element_;
  std::string_view attribute_;
  const FeedSettings& feed_;
};

}  // namespace

std::optional<Expression> read_expression(const Element& element, std::string_view attribute, const RuleContext& context,
                                          bool numbered) {
  const std::string text = element.text(attribute);
  if (text.empty()) return std::nullopt;
  std::vector<ExpressionFault> faults;
  auto expression = Expression::compile(text, context.scope, faults, numbered);
  for (const ExpressionFault& fault : faults) {
    if (!follows_from_feed(fault, context.scope)) complain(element, attribute, fault);
  }
  if (expression) Comparisons(element, attribute, context.settings.feed).check(text);
  return expression;
}

std::optional<Expression> read_condition(const Element& element, std::string_view attribute, const RuleContext& context) {
  auto condition = read_expression(element, attribute, context);
  if (!condition || !condition->constant().has_value()) return condition;
  const std::string quoted = "\"" + condition->source() + "\"";
  if (!*condition->constant()) {
    element.wrong_in(attribute, quoted + " is never true, so this " + element.tag() + " applies to nobody",
                     "correct the condition, or remove the element");
  } else if (!condition->fields().empty()) {
    const std::string& field = context.scope.fields()[condition->fields().front()];
    element.wrong_in(attribute, quoted + " is true for everybody, whatever the field holds",
                     "a field's name alone is always true: write " + field + " != ''");
  }
  return condition;
}

}  // namespace muster
