#include "mapping/expression.h"

#include <doctest/doctest.h>

#include <pugixml.hpp>
#include <random>

using namespace muster;

namespace {

const std::vector<std::string> kFields{"id", "status", "first", "last", "department", "start", "end", "hours"};

Person zoe() {
  return {
      PersonKey("1042"), {"1042", "active", "Zoë", "O'Neil", "Sales East", "20200101", "", " 38.5 "}, "feed hris, line 2", true};
}
Now today() { return {*parse_iso_time("2026-11-23T07:37:53Z"), *parse_compact_date("20261123")}; }

struct Compiled {
  std::optional<Expression> expression;
  std::vector<ExpressionFault> faults;
};
Compiled compile(const std::string& text, ExpressionScope& scope) {
  Compiled c;
  c.expression = Expression::compile(text, scope, c.faults);
  return c;
}

}  // namespace

TEST_CASE("expressions: texts") {
  struct Case {
    const char* text;
    const char* expected;
  };
  const Case cases[] = {
      {"first", "Zoë"},
      {"./first", "Zoë"},
      {"child::first", "Zoë"},
      {"/person/first", "Zoë"},
      {"concat(first, ' ', last)", "Zoë O'Neil"},
      {"concat('CN=', last, \", \", first)", "CN=O'Neil, Zoë"},
      {"end", ""},
      {"string-length(first)", "3"},
      {"substring(first, 1, 2)", "Zo"},
      {"substring(first, 3)", "ë"},
      {"translate(first, 'ëZ', 'ez')", "zoe"},
      {"translate(last, \"'\", '')", "ONeil"},
      {"substring-before(department, ' ')", "Sales"},
      {"substring-after(department, ' ')", "East"},
      {"substring-before(first, 'x')", ""},
      {"normalize-space(hours)", "38.5"},
      {"number(hours) * 2", "77"},
      {"number(first)", "NaN"},
      {"1 div 0", "Infinity"},
      {"5 mod 3", "2"},
      {"-(1 + 2)", "-3"},
      {"$today", "20261123"},
      {"$now", "20261123073753"},
      {"status='active'", "true"},
      {"concat(substring(first, 1, 1), '.', last)", "Z.O'Neil"},
      {"ascii(first)", "Zoe"},
      {"upper-case(first)", "ZOË"},
      {"lower-case(ascii(concat(first, '.', last)))", "zoe.o'neil"},
      {"ascii ( 'Jörg' )", "Joerg"},
      {"ascii(1 div 0)", "Infinity"},
      {"count(*)", "8"},
      {"*[1]", "1042"},
      {"last[. = \"O'Neil\"]", "O'Neil"},
  };
  ExpressionScope scope(kFields);
  scope.load(zoe(), today());
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const Compiled compiled = compile(c.text, scope);
    REQUIRE(compiled.expression);
    CHECK(compiled.expression->text() == c.expected);
    CHECK(compiled.expression->source() == c.text);
  }
}

TEST_CASE("expressions: conditions") {
  struct Case {
    const char* text;
    bool expected;
  };
  const Case cases[] = {
      {"status='active'", true},
      {"status != 'active'", false},
      {"department='Engineering' or starts-with(department, 'Sales')", true},
      {"status='terminated' or ($today > end and end != '')", false},
      {"$today > start", true},
      {"$today >= 20261123 and $today <= 20261123", true},
      {"end", true},  // a node that is there, whatever it holds
      {"string(end)", false},
      {"end != ''", false},
      {"not(end = '')", false},
      {"contains(last, \"'\")", true},
      {"$today - start > 10000", true},
      {"hours > 38", true},
      {"first > 1", false},
      {"first < 1", false},
      {"boolean(0)", false},
      {"true() and not(false())", true},
      {"department = 'sales east'", false},  // XPath compares letter by letter
      {"*[. = 'active']", true},
      {"count(*[. = '']) = 1", true},
      {"status = department", false},
      {"first | last = 'Zoë'", true},
      {"true() > end", false},
      {"number(end) = number(end)", false},
  };
  ExpressionScope scope(kFields);
  scope.load(zoe(), today());
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const Compiled compiled = compile(c.text, scope);
    REQUIRE(compiled.expression);
    CHECK(compiled.expression->truth() == c.expected);
  }
}

TEST_CASE("expressions: every fault with its place and what to do") {
  struct Case {
    const char* text;
    std::vector<std::pair<std::size_t, const char*>> faults;
  };
  const Case cases[] = {
      {"", {{0, "the expression is empty"}}},
      {"   ", {{0, "the expression is empty"}}},
      {"depratment='Sales'", {{0, "unknown field 'depratment'; did you mean 'department'?"}}},
      {"status=active", {{7, "unknown field 'active'; the feed has no such field (a text needs quotes: 'active')"}}},
      {"concatt(first, last)", {{0, "unknown function 'concatt()'; did you mean 'concat()'?"}}},
      {"$toady > end", {{0, "unknown variable '$toady'; did you mean '$today'?"}}},
      {"$x > end", {{0, "unknown variable '$x'; there are $today and $now"}}},
      {"$number", {{0, "'$number' has no meaning here; it numbers names: <joiner rdn> and attributes with unique=\"true\""}}},
      {"asci(first)", {{0, "unknown function 'asci()'; did you mean 'ascii()'?"}}},
      {"lower(first)", {{0, "unknown function 'lower()'; expressions are XPath 1.0"}}},
      {"lowercase(first)", {{0, "unknown function 'lowercase()'; did you mean 'lower-case()'?"}}},
      {"ascii(first, last)", {{0, "ascii() takes 1 argument, here are 2"}}},
      {"upper-case(first) = 'A' and 2 > ", {{32, "not an XPath expression: Unrecognized node test"}}},
      {"ascii(*[1])",
       {{0, "ascii() is understood only beside plain field names: no other path, no < or > between a field and a truth value"}}},
      {"concat(first)", {{0, "concat() takes 2 or more arguments, here are 1"}}},
      {"not()", {{0, "not() takes 1 argument, here are 0"}}},
      {"substring(first)", {{0, "substring() takes 2 or 3 arguments, here are 1"}}},
      {"status == 'active'", {{7, "'==' is written '='"}}},
      {"status='active' && first!=''", {{16, "'&&' is written 'and'"}}},
      {"!first", {{0, "'!' is written 'not(...)'"}}},
      {"status='active", {{7, "the text that starts here has no closing quote"}}},
      {"first last", {{6, "an operator is missing before 'last'"}}},
      {"person/first", {{0, "'person' is the record itself, not one of its fields; write the field's name alone"}}},
      {"@id", {{0, "a person's record has fields, no XML attributes; write the field's name alone"}, {1, nullptr}}},
      {"frist='a' and lsat='b'",
       {{0, "unknown field 'frist'; did you mean 'first'?"}, {14, "unknown field 'lsat'; did you mean 'last'?"}}},
      {"first and", {{9, nullptr}}},
      {"(first", {{6, nullptr}}},
      {"string-length(*[1]) = 4",
       {{0,
         "string-length() is understood only beside plain field names: no other path, no < or > between a field and a truth "
         "value"}}},
  };
  ExpressionScope scope(kFields);
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const Compiled compiled = compile(c.text, scope);
    CHECK_FALSE(compiled.expression);
    REQUIRE_FALSE(compiled.faults.empty());
    for (std::size_t i = 0; i < c.faults.size() && i < compiled.faults.size(); ++i) {
      CAPTURE(compiled.faults[i].message);
      CHECK(compiled.faults[i].offset == c.faults[i].first);
      if (c.faults[i].second) CHECK(compiled.faults[i].message == c.faults[i].second);
    }
  }
}

TEST_CASE("expressions: what is known before any record") {
  struct Case {
    const char* text;
    std::optional<bool> constant;
    bool depends_on_time;
    std::vector<std::size_t> fields;
  };
  const Case cases[] = {
      {"status='active'", std::nullopt, false, {1}},
      {"false()", false, false, {}},
      {"1=2", false, false, {}},
      {"'x'", true, false, {}},
      {"first", true, false, {2}},
      {"status='active' and status='leave'", false, false, {1}},
      {"status='active' or status!='active'", true, false, {1}},
      {"status='active' and false()", false, false, {1}},
      {"not(status='a' and status='b')", true, false, {1}},
      {"status!='active' and status!='leave'", std::nullopt, false, {1}},
      {"$today > end and last != first and end != ''", std::nullopt, true, {6, 3, 2}},
      {"$now > 0", std::nullopt, true, {}},
  };
  ExpressionScope scope(kFields);
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const Compiled compiled = compile(c.text, scope);
    REQUIRE(compiled.expression);
    CHECK(compiled.expression->constant() == c.constant);
    CHECK(compiled.expression->depends_on_time() == c.depends_on_time);
    CHECK(compiled.expression->fields() == c.fields);
  }
}

TEST_CASE("expressions: each record is its own, and nothing of the last person remains") {
  ExpressionScope scope(kFields);
  const Compiled own = compile("concat(first, '|', end, '|', hours)", scope);
  const Compiled general = compile("concat(*[3], '|', *[7], '|', *[8])", scope);
  REQUIRE(own.expression);
  REQUIRE(general.expression);
  Person other{PersonKey("7"), {"7", "active", "Al", "Ng", "", "", "20270101"}, "", true};
  for (int round = 0; round < 2; ++round) {
    scope.load(zoe(), today());
    CHECK(own.expression->text() == "Zoë|| 38.5 ");
    CHECK(general.expression->text() == "Zoë|| 38.5 ");
    scope.load(other, today());
    CHECK(own.expression->text() == "Al|20270101|");
    CHECK(general.expression->text() == "Al|20270101|");
  }
}

namespace {

/// Random expressions over plain fields, with every operator and function that the own evaluator has.
class Author {
 public:
  explicit Author(std::uint32_t seed) : engine_(seed) {}

  std::string any(int depth) {
    switch (below(3)) {
      case 0: return truth(depth);
      case 1: return number(depth);
      default: return text(depth);
    }
  }
  std::string value() { return pick({"", "a", "b", "Sales", "active", "7", "-3.25", " 12 ", "1e3", "20261123", "x y  z", "0"}); }
  std::size_t below(std::size_t n) { return engine_() % n; }

 private:
  std::string pick(std::initializer_list<const char*> from) { return *(from.begin() + below(from.size())); }
  std::string field() { return kFields[below(kFields.size())]; }

  std::string text(int depth) {
    if (depth == 0) return below(2) ? field() : "'" + value() + "'";
    const int d = depth - 1;
    switch (below(9)) {
      case 0: return "concat(" + any(d) + ", " + any(d) + ", " + any(d) + ")";
      case 1: return "substring-before(" + any(d) + ", " + text(d) + ")";
      case 2: return "substring-after(" + any(d) + ", " + text(d) + ")";
      case 3: return "substring(" + text(d) + ", " + number(d) + ")";
      case 4: return "substring(" + text(d) + ", " + number(d) + ", " + number(d) + ")";
      case 5: return "normalize-space(" + any(d) + ")";
      case 6: return "translate(" + text(d) + ", " + text(d) + ", " + text(d) + ")";
      case 7: return "string(" + any(d) + ")";
      default: return field();
    }
  }

  std::string number(int depth) {
    if (depth == 0) return pick({"0", "1", "2.5", "7", "$today", "$now", "100"});
    const int d = depth - 1;
    switch (below(8)) {
      case 0: return "(" + any(d) + pick({" + ", " - ", " * ", " div ", " mod "}) + any(d) + ")";
      case 1: return "number(" + any(d) + ")";
      case 2: return "string-length(" + any(d) + ")";
      case 3: return "floor(" + any(d) + ")";
      case 4: return "ceiling(" + any(d) + ")";
      case 5: return "round(" + any(d) + ")";
      case 6: return "-" + number(d);
      default: return number(0);
    }
  }

  std::string truth(int depth) {
    if (depth == 0) return pick({"true()", "false()"});
    const int d = depth - 1;
    switch (below(8)) {
      case 0: return "(" + any(d) + " and " + any(d) + ")";
      case 1: return "(" + any(d) + " or " + any(d) + ")";
      case 2: return "not(" + any(d) + ")";
      case 3: return "starts-with(" + any(d) + ", " + any(d) + ")";
      case 4: return "contains(" + any(d) + ", " + any(d) + ")";
      case 5: return "boolean(" + any(d) + ")";
      default: return "(" + any(d) + pick({" = ", " != ", " < ", " <= ", " > ", " >= "}) + any(d) + ")";
    }
  }

  std::mt19937 engine_;
};

/// pugixml over the same record, as a user of pugixml would ask it.
class Oracle {
 public:
  Oracle(const Person& person, const Now& now) {
    pugi::xml_node record = document_.append_child("person");
    for (std::size_t i = 0; i < kFields.size(); ++i) {
      record.append_child(kFields[i].c_str()).append_child(pugi::node_pcdata).set_value(person.fields[i].c_str());
    }
    variables_.set("today", std::stod(compact_date(now.today)));
    variables_.set("now", std::stod(generalized_time(now.utc)));
  }
  std::string text(const std::string& expression) { return query(expression).evaluate_string(document_.document_element()); }
  bool truth(const std::string& expression) { return query(expression).evaluate_boolean(document_.document_element()); }

 private:
  pugi::xpath_query query(const std::string& expression) { return pugi::xpath_query(expression.c_str(), &variables_); }
  pugi::xml_document document_;
  pugi::xpath_variable_set variables_;
};

}  // namespace

TEST_CASE("property: random expressions give what a general XPath engine gives") {
  Author author(20261123);
  ExpressionScope scope(kFields);
  std::size_t distinct_answers = 0, refused = 0;
  for (int round = 0; round < 6000; ++round) {
    Person person = zoe();
    for (std::string& field : person.fields) field = author.value();
    const std::string text = author.any(static_cast<int>(author.below(5)));
    CAPTURE(text);
    const Compiled compiled = compile(text, scope);
    // Left to pugixml, whose functions on characters count bytes: refused as a whole.
    if (!compiled.expression &&
        compiled.faults.front().message.find("understood only beside plain field names") != std::string::npos) {
      ++refused;
      continue;
    }
    REQUIRE(compiled.expression);
    scope.load(person, today());
    Oracle oracle(person, today());
    const std::string expected = oracle.text(text);
    if (expected != "" && expected != "true" && expected != "false" && expected != "NaN") ++distinct_answers;
    CHECK(compiled.expression->text() == expected);
    CHECK(compiled.expression->truth() == oracle.truth(text));
    if (const auto constant = compiled.expression->constant()) CHECK(*constant == oracle.truth(text));
  }
  CHECK(distinct_answers > 1500);
  CHECK(refused < 100);
}

TEST_CASE("expressions: $number is a text that its scope is given") {
  ExpressionScope scope(kFields);
  scope.load(zoe(), today());
  std::vector<ExpressionFault> faults;
  auto name = Expression::compile("concat(lower-case(ascii(first)), $number, '@x.example')", scope, faults, true);
  auto plain = Expression::compile("first", scope, faults, true);
  REQUIRE(name);
  REQUIRE(plain);
  CHECK(name->places_number());
  CHECK_FALSE(plain->places_number());
  CHECK(name->text() == "zoe@x.example");
  scope.set_number("2");
  CHECK(name->text() == "zoe2@x.example");
  scope.load(zoe(), today());
  CHECK(name->text() == "zoe@x.example");
}
