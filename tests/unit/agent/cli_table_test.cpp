#include <doctest/doctest.h>

#include "agent/cli/table.h"
#include "agent/cli/text.h"

using namespace muster;

namespace {

Table people() {
  Table table({{"Person"}, {"Name"}, {"Groups", Table::Column::Align::right}}, "HR knows nobody.");
  table.add({"1042", "Jürgen Groß", "12"});
  table.add({"7", "李 伟", "3"});
  return table;
}

std::vector<std::size_t> widths_of_lines(const std::string& text) {
  std::vector<std::size_t> widths;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != text.npos; at = end + 1)
    widths.push_back(display_width(text.substr(at, end - at)));
  return widths;
}

}  // namespace

TEST_CASE("columns line up by what is seen, not by bytes, and numbers stand right") {
  CHECK(people().render(Style(), 0) ==
        "Person  Name         Groups\n"
        "1042    Jürgen Groß      12\n"
        "7       李 伟             3\n");
}

TEST_CASE("a table without rows is a sentence") {
  CHECK(Table({{"Hold"}, {"Kind"}}, "Nothing is on hold.").render(Style(), 40) == "Nothing is on hold.\n");
}

TEST_CASE("missing cells are empty and leave no blanks at the end") {
  Table table({{"A"}, {"B"}}, "");
  table.add({"x"});
  CHECK(table.render(Style(), 0) == "A  B\nx\n");
}

TEST_CASE("on a narrow terminal the widest column is cut, and says so") {
  Table table({{"Id"}, {"DN"}, {"What"}}, "");
  table.add({"1042", "uid=juergen.gross,ou=people,dc=example,dc=com", "disable"});
  const std::string text = table.render(Style(), 40);
  CHECK(text ==
        "Id    DN                         What\n"
        "1042  uid=juergen.gross,ou=peo…  disable\n");
  for (const std::size_t width : widths_of_lines(text)) CHECK(width <= 40);
}

TEST_CASE("no column is cut below its least, even where the line is too long then") {
  Table table({{"DN", Table::Column::Align::left, 10}, {"Number", Table::Column::Align::right}}, "");
  table.add({"uid=anna.jensen,ou=people", "123456"});
  CHECK(table.render(Style(), 5) == "DN          Number\nuid=anna.…  123456\n");
}

TEST_CASE("a value cannot start a line, move the cursor or turn the writing direction") {
  struct Case {
    const char* name;
    std::string given, shown;
  };
  const Case cases[] = {
      {"plain", "vpn", "vpn"},
      {"umlauts and other alphabets", "Zoë Łukasz 李", "Zoë Łukasz 李"},
      {"new line", "a\nb\r\tc", "a\\nb\\r\\tc"},
      {"escape sequence", "\x1b[31mred", "\\x1b[31mred"},
      {"C1 control",
       "a\xc2\x9b"
       "2J",
       "a\\xc2\\x9b2J"},
      {"right-to-left override",
       "a\xe2\x80\xae"
       "b",
       "a\\xe2\\x80\\xaeb"},
      {"delete", "a\x7f", "a\\x7f"},
      {"zero byte", std::string("a\0b", 3), "a\\x00b"},
      {"Latin-1 byte", "Mu\xfcller", "Mu\\xfcller"},
      {"sequence cut short", "a\xe2\x82", "a\\xe2\\x82"},
      {"overlong form", "\xc0\xaf", "\\xc0\\xaf"},
      {"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(printable(c.given) == c.shown);
    Table table({{"V"}}, "");
    table.add({c.given});
    CHECK(table.render(Style(), 0) == "V\n" + c.shown + "\n");
  }
}

TEST_CASE("width is what a terminal shows") {
  struct Case {
    const char* text;
    std::size_t width;
  };
  const Case cases[] = {{"", 0},
                        {"abc", 3},
                        {"Groß", 4},
                        {"e\xcc\x81", 1},
                        {"李伟", 4},
                        {"한국", 4},
                        {"a\xe2\x80\x8b"
                         "b",
                         2},
                        {"😀", 2},
                        {"\xff", 1}};
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(display_width(c.text) == c.width);
  }
}

TEST_CASE("cutting never splits a character or a wide one's two columns") {
  CHECK(truncated("Jürgen", 6) == "Jürgen");
  CHECK(truncated("Jürgen", 3) == "Jü…");
  CHECK(truncated("李伟李", 4) == "李…");
  CHECK(truncated("abc", 1) == "…");
  CHECK(truncated("abc", 0).empty());
}

TEST_CASE("text is wrapped at blanks") {
  CHECK(wrapped("one two three", 7) == std::vector<std::string>{"one two", "three"});
  CHECK(wrapped("unbreakable x", 4) == std::vector<std::string>{"unbreakable", "x"});
  CHECK(wrapped("", 4) == std::vector<std::string>{""});
}
