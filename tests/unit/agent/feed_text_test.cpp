// Decoder and CsvReader give the same in whatever pieces the bytes come.
#include <doctest/doctest.h>

#include <algorithm>

#include "agent/feed/csv.h"
#include "agent/feed/encoding.h"

namespace muster {
namespace {

/// Text, then "!" and the fault.
std::string decoded(const std::string& encoding, std::string_view bytes, std::size_t piece) {
  auto decoder = Decoder::make(encoding);
  REQUIRE(decoder);
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (auto fault = (*decoder)->decode(bytes.substr(at, piece), text)) return text + "!" + fault->what;
  }
  if (auto fault = (*decoder)->finish(text)) return text + "!" + fault->what;
  return text;
}

/// "3: a|b": line and values; "3:7! ..." a fault.
std::string rows_of(std::string_view text, std::size_t piece, char delimiter = ',') {
  std::string rows;
  CsvReader reader(delimiter, [&](const CsvRecord& r) {
    rows += std::to_string(r.line) + (r.last ? "$" : ":");
    for (std::size_t i = 0; i < r.values.size(); ++i) rows += (i ? "|" : " ") + std::string(r.values[i]);
    rows += "\n";
    return true;
  });
  const auto with = [&](const CsvReader::Fault& f) {
    return rows + std::to_string(f.line) + ":" + std::to_string(f.column) + "! " + f.what;
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    if (const auto fault = reader.read(text.substr(at, piece))) return with(*fault);
  }
  if (const auto fault = reader.finish()) return with(*fault);
  return rows + "ends at " + std::to_string(reader.line()) + ":" + std::to_string(reader.column());
}

TEST_CASE("characters are the same in whatever pieces their bytes come") {
  struct Row {
    std::string encoding;
    std::string bytes;
    std::string expected;
  };
  const Row rows[]{
      {"utf-8", "", ""},
      {"utf-8", "a", "a"},
      {"utf-8",
       "\xEF\xBB\xBF"
       "Jürgen 美咲 𝔖",
       "Jürgen 美咲 𝔖"},
      {"utf-8", "\xEF\xBB\xBF", ""},
      {"utf-8", "ab\xC3", "ab!the file ends inside a character"},
      {"utf-8", "12345678\xC3(", "12345678!the byte 0xC3 is not valid UTF-8 here"},
      {"utf-8", "12345678\xF4\x90\x80\x80", "12345678!the byte 0xF4 is not valid UTF-8 here"},
      {"utf-8", "12345678\xE0\x9F\xBF", "12345678!the byte 0xE0 is not valid UTF-8 here"},
      {"utf-8", "12345678\x80", "12345678!the byte 0x80 is not valid UTF-8 here"},
      {"utf-8", std::string("12345678\0", 9), "12345678!a NUL byte"},
      {"utf-16", std::string("\xFF\xFEh\0i\0", 6), "hi"},
      {"utf-16", std::string("\xFE\xFF\0h\0i", 6), "hi"},
      {"utf-16be", std::string("\xD8\x35\xDD\x16\x20\xAC", 6), "𝔖€"},
      {"utf-16be", std::string("\0h\xDD\x16", 4), "h!half a character of UTF-16 (0xDD16)"},
      {"utf-16be", std::string("\0h\xD8\x35\0i", 6), "h!half a character of UTF-16 (0xD835)"},
      {"utf-16le", std::string("h\0\x35\xD8", 4), "h!the file ends inside a character"},
      {"windows-1252", "a\x80\x9F\xFF", "a€Ÿÿ"},
      {"windows-1252", "abc\x81", "abc!the byte 0x81 is no character of Windows-1252"},
      {"windows-1252",
       "ab\xFC"
       "cd\xC3\xBC",
       "abücdÃ¼"},
      {"windows-1252", "abcd\xC3\xBC", "abcdÃ¼!the file is UTF-8, but encoding=\"windows-1252\" is declared"},
  };
  for (const Row& r : rows) {
    CAPTURE(r.encoding);
    CAPTURE(r.expected);
    for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 100U}) CHECK(decoded(r.encoding, r.bytes, piece) == r.expected);
  }
}

TEST_CASE("every character of Windows-1252 has its place") {
  // The 27 characters that the code page has between 0x80 and 0x9F, in order.
  const std::string bytes =
      "\x80\x82\x83\x84\x85\x86\x87\x88\x89\x8A\x8B\x8C\x8E\x91\x92\x93\x94\x95\x96\x97\x98\x99\x9A\x9B\x9C\x9E\x9F";
  CHECK(decoded("windows-1252", bytes, 4) == "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ");
  for (const char* undefined : {"\x81", "\x8D", "\x8F", "\x90", "\x9D"})
    CHECK(decoded("windows-1252", undefined, 1).front() == '!');
}

TEST_CASE("rows and their lines are the same in whatever pieces the text comes") {
  struct Row {
    std::string name;
    std::string text;
    std::string expected;
  };
  const Row rows[]{
      {"nothing", "", "ends at 1:1"},
      {"LF", "a,b\nc,d\n", "1: a|b\n2: c|d\nends at 3:1"},
      {"CRLF", "a,b\r\nc,d\r\n", "1: a|b\n2: c|d\nends at 3:1"},
      {"CR", "a,b\rc,d\r", "1: a|b\n2: c|d\nends at 3:1"},
      {"CR, CR, LF: two lines end", "a\r\r\nb\n", "1: a\n3: b\nends at 4:1"},
      {"no end", "a,b\nc,d", "1: a|b\n2$ c|d\nends at 2:4"},
      {"an end after a delimiter", "a,b\nc,", "1: a|b\n2$ c|\nends at 2:3"},
      {"empty lines", "\n\r\n\ra\n", "4: a\nends at 5:1"},
      {"empty values", ",\n\"\",\n", "1: |\n2: |\nends at 3:1"},
      {"quotes", "\"a,b\",\"c\"\"d\"\n", "1: a,b|c\"d\nends at 2:1"},
      {"line ends in quotes", "\"a\r\nb\rc\nd\",e\nf\n", "1: a\r\nb\rc\nd|e\n5: f\nends at 6:1"},
      {"a stray quote", "a,b\nü\"x,d\n", "1: a|b\n2:2! a quote inside value 1, which does not start with one"},
      {"text after a quote", "a,\"b\nü\"x\n", "2:3! text follows the closing quote of value 2 (the record starts on line 1)"},
      {"an open quote", "a,b\nc,\"d\ne", "1: a|b\n2:0! the quote that opens value 2 is never closed"},
  };
  for (const Row& r : rows) {
    CAPTURE(r.name);
    for (const std::size_t piece : {1U, 2U, 3U, 4U, 100U}) {
      CAPTURE(piece);
      CHECK(rows_of(r.text, piece) == r.expected);
    }
  }
}

TEST_CASE("whoever takes the rows can stop the reading") {
  int rows = 0;
  CsvReader reader(',', [&](const CsvRecord&) { return ++rows < 2; });
  CHECK_FALSE(reader.read("a\nb\nc\nd\n"));
  CHECK(reader.stopped());
  CHECK_FALSE(reader.finish());
  CHECK(rows == 2);
}

}  // namespace
}  // namespace muster
