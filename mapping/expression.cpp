#include "mapping/expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <pugixml.hpp>

#include "mapping/xpath_program.h"
#include "mapping/xpath_tokens.h"

namespace muster {
namespace {

using TokenKind = xpath::Token::Kind;

/// "20261123073753Z" without its last letter, as a number; exact, being below 2^53.
double digits_of(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return static_cast<double>(value);
}

bool mentions(const std::vector<xpath::Token>& tokens, TokenKind kind, std::initializer_list<std::string_view> texts) {
  return std::any_of(tokens.begin(), tokens.end(), [&](const xpath::Token& token) {
    return token.kind == kind && std::find(texts.begin(), texts.end(), token.text) != texts.end();
  });
}

/// pugixml's functions on characters work on bytes: "É" has a length of two, and half of it is no text.
constexpr std::array<std::string_view, 3> kByteFunctions{"string-length", "substring", "translate"};

/// Functions that pugixml does not know, each with one of XPath 1.0 that takes the same argument and is not longer: what it judges.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kOwnFunctions{
    {{"ascii", "floor"}, {"lower-case", "string"}, {"upper-case", "string"}}};

std::string_view judged_as(const xpath::Token& token) {
  if (token.kind != TokenKind::function) return {};
  const auto found = std::find_if(kOwnFunctions.begin(), kOwnFunctions.end(), [&](const auto& f) { return f.first == token.text; });
  return found == kOwnFunctions.end() ? std::string_view() : found->second;
}

/// The text in the words of XPath 1.0, every other byte where it was.
std::string in_xpath_1(std::string text, const std::vector<xpath::Token>& tokens) {
  for (const xpath::Token& token : tokens) {
    std::string word(judged_as(token));
    if (word.empty()) continue;
    word.resize(token.text.size(), ' ');
    text.replace(token.offset, word.size(), word);
  }
  return text;
}

std::vector<std::size_t> fields_named(const std::vector<xpath::Token>& tokens, const std::vector<std::string>& fields) {
  std::vector<std::size_t> named;
  for (const xpath::Token& token : tokens) {
    const auto found = token.kind == TokenKind::name ? std::find(fields.begin(), fields.end(), token.text) : fields.end();
    if (found == fields.end()) continue;
    const auto index = static_cast<std::size_t>(found - fields.begin());
    if (std::find(named.begin(), named.end(), index) == named.end()) named.push_back(index);
  }
  return named;
}

}  // namespace

struct ExpressionScope::Impl {
  explicit Impl(std::vector<std::string> declared);
  void load(const Person& person, const Now& at);
  /// The record as a document, for expressions that need one. Brought up to date only when asked for.
  pugi::xpath_node document();

  std::vector<std::string> fields;
  xpath::Record record;
  std::optional<Now> now;
  pugi::xpath_variable_set variables;

 private:
  pugi::xml_document document_;
  std::vector<pugi::xml_node> texts_;
};

ExpressionScope::Impl::Impl(std::vector<std::string> declared) : fields(std::move(declared)) {
  record.fields.resize(fields.size());
  pugi::xml_node person = document_.append_child("person");
  for (const std::string& field : fields) { texts_.push_back(person.append_child(field.c_str()).append_child(pugi::node_pcdata)); }
  variables.set("today", 0.0);
  variables.set("now", 0.0);
  variables.set("number", "");
}

void ExpressionScope::Impl::load(const Person& person, const Now& at) {
  record.place.clear();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i < person.fields.size())
      record.fields[i] = person.fields[i];
    else
      record.fields[i].clear();
  }
  if (now && now->utc == at.utc && now->today == at.today) return;
  now = at;
  record.today = digits_of(compact_date(at.today));
  record.now = digits_of(generalized_time(at.utc));
  variables.set("today", record.today);
  variables.set("now", record.now);
}

pugi::xpath_node ExpressionScope::Impl::document() {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (record.fields[i] != texts_[i].value()) texts_[i].set_value(record.fields[i].c_str());
  }
  return document_.document_element();
}

ExpressionScope::ExpressionScope(std::vector<std::string> fields) : impl_(std::make_unique<Impl>(std::move(fields))) {}
ExpressionScope::~ExpressionScope() = default;
void ExpressionScope::load(const Person& person, const Now& now) { impl_->load(person, now); }
void ExpressionScope::set_number(const std::string& text) { impl_->record.place = text; }
const std::vector<std::string>& ExpressionScope::fields() const { return impl_->fields; }

struct Expression::Impl {
  ExpressionScope::Impl& scope;
  std::optional<xpath::Program> program;
  std::optional<pugi::xpath_query> query;  ///< only where there is no program
  std::vector<std::size_t> fields;
  std::optional<bool> constant;
  bool depends_on_time = false;
  bool places_number = false;
};

namespace {

/// pugixml reads every expression once, program or not: it is the judge of what is XPath.
std::optional<pugi::xpath_query> read_query(const std::string& text, pugi::xpath_variable_set& variables,
                                            std::vector<ExpressionFault>& faults) {
  try {
    return pugi::xpath_query(text.c_str(), &variables);
  } catch (const pugi::xpath_exception& e) {
    const auto offset = static_cast<std::size_t>(std::max<std::ptrdiff_t>(e.result().offset, 0));
    faults.push_back({std::min(offset, text.size()), std::string("not an XPath expression: ") + e.result().description()});
    return std::nullopt;
  }
}

bool needs_program(const xpath::Token& token) {
  if (token.kind == TokenKind::variable) return token.text == "number";
  const bool counts_bytes = std::find(kByteFunctions.begin(), kByteFunctions.end(), token.text) != kByteFunctions.end();
  return token.kind == TokenKind::function && (counts_bytes || !judged_as(token).empty());
}

void refuse_what_needs_a_program(const std::vector<xpath::Token>& tokens, std::vector<ExpressionFault>& faults) {
  for (const xpath::Token& token : tokens) {
    if (!needs_program(token)) continue;
    faults.push_back({token.offset, (token.kind == TokenKind::variable ? "$" + token.text : token.text + "()") +
                                        " is understood only beside plain field names: no other path, no < or > between a field "
                                        "and a truth value"});
  }
}

}  // namespace

Expression::Expression(std::string source, std::unique_ptr<Impl> impl) : source_(std::move(source)), impl_(std::move(impl)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

std::optional<Expression> Expression::compile(std::string text, ExpressionScope& scope, std::vector<ExpressionFault>& faults,
                                              bool numbered) {
  std::vector<ExpressionFault> found;
  const std::vector<xpath::Token> tokens = xpath::tokenise(text, found);
  if (tokens.size() == 1 && found.empty()) found.push_back({0, "the expression is empty"});
  xpath::check_names(tokens, {scope.fields(), numbered}, found);
  std::unique_ptr<Impl> impl(new Impl{scope.impl(), std::nullopt, std::nullopt, {}, std::nullopt, false, false});
  if (found.empty()) impl->query = read_query(in_xpath_1(text, tokens), impl->scope.variables, found);
  if (found.empty()) {
    impl->program = xpath::Program::compile(tokens, scope.fields());
    if (!impl->program) refuse_what_needs_a_program(tokens, found);
  }
  if (!found.empty()) {
    faults.insert(faults.end(), found.begin(), found.end());
    return std::nullopt;
  }
  impl->fields = fields_named(tokens, scope.fields());
  impl->depends_on_time = mentions(tokens, TokenKind::variable, {"today", "now"});
  impl->places_number = mentions(tokens, TokenKind::variable, {"number"});
  if (impl->program) impl->constant = impl->program->constant();
  if (impl->program) impl->query.reset();
  return Expression(std::move(text), std::move(impl));
}

std::string Expression::text() const {
  if (!impl_->program) return impl_->query->evaluate_string(impl_->scope.document());
  std::string out;
  impl_->program->append_text(impl_->scope.record, out);
  return out;
}

bool Expression::truth() const {
  if (!impl_->program) return impl_->query->evaluate_boolean(impl_->scope.document());
  return impl_->program->truth(impl_->scope.record);
}

std::optional<bool> Expression::constant() const { return impl_->constant; }
bool Expression::depends_on_time() const { return impl_->depends_on_time; }
bool Expression::places_number() const { return impl_->places_number; }
const std::vector<std::size_t>& Expression::fields() const { return impl_->fields; }

}  // namespace muster
