// What a good feed may look like, and what comes out of it.
#include "agent/feed/feed.h"

#include <algorithm>

#include "agent/feed/date_format.h"
#include "agent/feed/key_lines.h"
#include "feed_support.h"

namespace muster {
namespace {

using namespace feed_test;

struct Good {
  std::string name;
  std::string bytes;
  std::string expected;  ///< one line per person: line in the file, fields
  char delimiter = ',';
  std::string encoding = "utf-8";
};

std::string lines_of(const Outcome& o) {
  std::string all = o.error;
  for (const Person& p : o.people) all += p.source.substr(p.source.find("line")) + ": " + text(p) + "\n";
  return all;
}

const std::string kBoth =
    "line 2: 1042 active Ann Ames Sales 20190401 -\n"
    "line 3: 1043 terminated Bob Beck Sales 20181115 20261031\n";

std::string replaced(std::string s, const std::string& what, const std::string& by) {
  for (auto at = s.find(what); at != std::string::npos; at = s.find(what, at + by.size())) s.replace(at, what.size(), by);
  return s;
}

const std::string kPeople = kHeader + kAnn + kBob;

TEST_CASE("whatever a spreadsheet or an HR system may legally write is read") {
  const Good cases[]{
      {"lines end with LF", kPeople, kBoth},
      {"lines end with CRLF", replaced(kPeople, "\n", "\r\n"), kBoth},
      {"lines end with CR, as on old Macs", replaced(kPeople, "\n", "\r"), kBoth},
      {"line ends are mixed", kHeader + replaced(kAnn, "\n", "\r\n") + kBob, kBoth},
      {"no line end after the last record", kPeople.substr(0, kPeople.size() - 1), kBoth},
      {"a byte order mark", "\xEF\xBB\xBF" + kPeople, kBoth},
      {"UTF-16 little endian with a mark", "\xFF\xFE" + utf16(kPeople, false), kBoth, ',', "utf-16"},
      {"UTF-16 big endian with a mark", "\xFE\xFF" + utf16(kPeople, true), kBoth, ',', "utf-16"},
      {"UTF-16 little endian, declared", utf16(kPeople, false), kBoth, ',', "utf-16le"},
      {"UTF-16 little endian, declared and marked", "\xFF\xFE" + utf16(kPeople, false), kBoth, ',', "utf-16le"},
      {"UTF-16 big endian, declared", utf16(kPeople, true), kBoth, ',', "utf-16be"},
      {"separated by semicolons", replaced(kPeople, ",", ";"), kBoth, ';'},
      {"separated by tabs", replaced(kPeople, ",", "\t"), kBoth, '\t'},
      {"every value in quotes",
       "\"" + replaced(replaced(kPeople.substr(0, kPeople.size() - 1), ",", "\",\""), "\n", "\"\n\"") + "\"\n", kBoth},
      {"blanks around values and quotes", replaced(replaced(kPeople, "Ann", "  \"Ann\" "), "Bob", "\" Bob\t\""), kBoth},
      {"empty lines between records", kHeader + "\n" + kAnn + "\r\n  \n" + kBob + "\n\n",
       "line 3: 1042 active Ann Ames Sales 20190401 -\nline 6: 1043 terminated Bob Beck Sales 20181115 20261031\n"},
      {"lines of delimiters only, as spreadsheets leave them", kPeople + ",,,,,,\n,,,,,,\n,,\n", kBoth},
      {"a delimiter in quotes", kHeader + replaced(kAnn, "Sales", "\"Sales, North\""),
       "line 2: 1042 active Ann Ames Sales, North 20190401 -\n"},
      {"a quote in quotes", kHeader + replaced(kAnn, "Ann", "\"Ann \"\"Annie\"\"\""),
       "line 2: 1042 active Ann \"Annie\" Ames Sales 20190401 -\n"},
      {"line ends in quotes: the record is where it starts", kHeader + replaced(kAnn, "Sales", "\"Sales\n\r\nNorth\"") + kBob,
       "line 2: 1042 active Ann Ames Sales\n\r\nNorth 20190401 -\nline 5: 1043 terminated Bob Beck Sales 20181115 20261031\n"},
      {"columns in another order, and more of them",
       "Note,Last Name,First Name,Note,Employee ID,Termination Date,Hire "
       "Date,Department,Status\nx,Ames,Ann,y,1042,,2019-04-01,Sales,Active\n",
       "line 2: 1042 active Ann Ames Sales 20190401 -\n"},
      {"leading zeros and case of keys count",
       kHeader + "007,Active,Ann,Ames,,,\n7,Active,Ann,Ames,,,\na7,Active,Ann,Ames,,,\nA7,Active,Ann,Ames,,,\n",
       "line 2: 007 active Ann Ames - - -\nline 3: 7 active Ann Ames - - -\nline 4: a7 active Ann Ames - - -\nline 5: A7 active "
       "Ann Ames - - -\n"},
      {"names of the world in UTF-8",
       kHeader + "1,Active,Jürgen,Groß,Продажи,,\n2,Active,美咲,佐藤,営業,,\n3,Active,Zoë,O’Neil,𝔖ales,,\n",
       "line 2: 1 active Jürgen Groß Продажи - -\nline 3: 2 active 美咲 佐藤 営業 - -\nline 4: 3 active Zoë O’Neil 𝔖ales - -\n"},
      {"names of Western Europe in Windows-1252",
       kHeader + "1,Active,J\xFCrgen,Gro\xDF,\x80uro,,\n2,Active,Zo\xEB,O\x92Neil,Sales,,\n",
       "line 2: 1 active Jürgen Groß €uro - -\nline 3: 2 active Zoë O’Neil Sales - -\n", ',', "windows-1252"},
      {"a surrogate pair in UTF-16",
       "\xFF\xFE" + utf16(kHeader + "1,Active,", false) + "\x35\xD8\x16\xDD" + utf16(",Ames,,,\n", false),
       "line 2: 1 active 𝔖 Ames - - -\n", ',', "utf-16"},
  };
  for (const Good& c : cases) {
    CAPTURE(c.name);
    const Folder folder;
    put(folder.path(), c.bytes);
    FeedSettings settings = hris(folder.path());
    settings.delimiter = c.delimiter;
    settings.encoding = c.encoding;
    CHECK(lines_of(read(settings)) == c.expected);
  }
}

TEST_CASE("a report says what was read, by the digest that sha256sum prints") {
  const Folder folder;
  put(folder.path(), kPeople + "1044,Active,Cy,,Sales,,\n");
  auto feed = open_feed(hris(folder.path()));
  REQUIRE(feed);
  const auto digest = (*feed)->digest();
  REQUIRE(digest);
  const Outcome o = read(hris(folder.path()));
  CHECK(o.report.digest == *digest);
  CHECK(o.report.file == folder.path());
  CHECK(o.report.bytes == kPeople.size() + 24);
  CHECK(o.report.records == 2);
  CHECK(o.report.problems.size() == 1);
  REQUIRE(o.people.size() == 2);
  CHECK(o.people[1].source == "feed hris, line 3");
  CHECK(o.people[1].key.rep() == "1043");
  CHECK(o.people[1].listed);

  put(folder.path(), "abc");
  const auto known = (*feed)->digest();
  REQUIRE(known);
  CHECK(*known == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4, "abc"
}

TEST_CASE("the newest file of a folder counts, and what is not complete does not") {
  const Folder folder;
  put(folder.path("monday.csv"), kHeader + kAnn, std::chrono::hours(48));
  put(folder.path("tuesday.csv"), kPeople, std::chrono::hours(24));
  for (const char* name :
       {".tuesday.csv.swp", "wednesday.csv.part", "wednesday.tmp", "wednesday.csv~", "w.filepart", "w.partial", "w.crdownload"}) {
    put(folder.path(name), "half", std::chrono::hours(2));
  }
  std::filesystem::create_directory(folder.path("archive"));
  const Outcome o = read(hris(folder.str()));
  CHECK(lines_of(o) == kBoth);
  CHECK(o.report.file == folder.path("tuesday.csv"));
  put(folder.path("wednesday.csv"), kHeader + kBob, std::chrono::hours(1));
  CHECK(read(hris(folder.str())).report.file == folder.path("wednesday.csv"));
}

TEST_CASE("an empty delta is nothing to do, an empty snapshot is a fault") {
  const Folder folder;
  put(folder.path(), kHeader);
  FeedSettings settings = hris(folder.path());
  CHECK(read(settings).code == Errc::untrusted);
  settings.mode = FeedSettings::Mode::delta;
  const Outcome o = read(settings);
  CHECK(o.error == "");
  CHECK(o.report.records == 0);
}

TEST_CASE("whoever takes the people can stop the reading") {
  const Folder folder;
  put(folder.path(), kPeople);
  auto feed = open_feed(hris(folder.path()));
  REQUIRE(feed);
  int taken = 0;
  const auto report = (*feed)->read([&](Person&&) -> Status {
    ++taken;
    return Error{Errc::io, "the disk is full", ""};
  });
  REQUIRE_FALSE(report);
  CHECK(report.error().what == "the disk is full");
  CHECK(taken == 1);
}

TEST_CASE("a large file with characters of every length across its pieces loses nothing") {
  const Folder folder;
  std::string bytes = kHeader;
  const char* const names[]{"Ann", "Jürgen", "美咲", "𝔖am", "\"O\"\"Neil\r\n𝔖\""};
  for (int i = 0; i < 40000; ++i) bytes += std::to_string(i) + ",Active," + names[i % 5] + ",Ames,Sales,2019-04-01,\r\n";
  put(folder.path(), bytes);
  const Outcome o = read(hris(folder.path()));
  CHECK(o.error == "");
  REQUIRE(o.people.size() == 40000);
  std::size_t right = 0, line = 2;
  const char* const expected[]{"Ann", "Jürgen", "美咲", "𝔖am", "O\"Neil\r\n𝔖"};
  for (std::size_t i = 0; i < o.people.size(); ++i) {
    const Person& p = o.people[i];
    right +=
        p.key.rep() == std::to_string(i) && p.fields[2] == expected[i % 5] && p.source == "feed hris, line " + std::to_string(line);
    line += i % 5 == 4 ? 2 : 1;
  }
  CHECK(right == 40000);
}

TEST_CASE("dates are read in the form that is declared, whatever the locale") {
  struct Row {
    std::string format;
    std::string text;
    std::string expected;  ///< empty: no date
  };
  const Row rows[]{
      {"%Y-%m-%d", "2026-02-28", "20260228"},
      {"%Y-%m-%d", "2026-2-8", "20260208"},
      {"%Y-%m-%d", "2024-02-29", "20240229"},
      {"%Y-%m-%d", "2026-02-29", ""},
      {"%Y-%m-%d", "2026-02-28x", ""},
      {"%Y-%m-%d", "26-02-28", ""},
      {"%Y-%m-%d", "2026-00-10", ""},
      {"%Y-%m-%d", "2026-13-10", ""},
      {"%Y-%m-%d", "0000-01-01", ""},
      {"%Y-%m-%d", "9999-12-31", "99991231"},
      {"%d.%m.%Y", "31.1.2026", "20260131"},
      {"%d.%m.%Y", "1/2/2026", ""},
      {"%m/%d/%Y", "02/28/2026", "20260228"},
      {"%m/%d/%Y", "28/02/2026", ""},
      {"%Y%m%d", "20260228", "20260228"},
      {"%Y%m%d", "2026228", ""},
      {"%Y%m%d", "202602281", ""},
      {"%d%m%y", "280226", "20260228"},
      {"%d.%m.%y", "28.02.68", "20680228"},
      {"%d.%m.%y", "28.02.69", "19690228"},
      {"%d-%b-%Y", "28-FEB-2026", "20260228"},
      {"%d %B %Y", "28 February 2026", "20260228"},
      {"%B %e, %Y", "March  1, 2026", "20260301"},
      {"%d-%b-%Y", "28-Febr-2026", ""},
      {"%d-%b-%Y", "28-Mai-2026", ""},
      {"%Y-%m-%dT%H:%M:%S", "2026-02-28T23:59:60", "20260228"},
      {"%Y-%m-%d %H:%M", "2026-02-28 7:05", "20260228"},
      {"%Y-%m-%d %H:%M", "2026-02-28 25:05", ""},
      {"100%% %Y-%m-%d", "100% 2026-02-28", "20260228"},
      {"%Y-%m-%d", "", ""},
  };
  for (const Row& r : rows) {
    CAPTURE(r.format);
    CAPTURE(r.text);
    const auto format = DateFormat::compile(r.format);
    REQUIRE(format);
    const auto day = format->parse(r.text);
    CHECK((day ? compact_date(*day) : "") == r.expected);
  }
  for (const char* wrong : {"%Q", "%Y-%m-%", "%j"}) CHECK_FALSE(DateFormat::compile(wrong));
}

TEST_CASE("a key is found again among a hundred thousand, with its line, and no other is") {
  KeyLines keys;
  std::size_t fresh = 0, found = 0;
  for (std::size_t i = 1; i <= 100000; ++i) fresh += keys.put("E" + std::to_string(i), i + 1) == 0;
  for (std::size_t i = 1; i <= 100000; ++i) found += keys.put("E" + std::to_string(i), 7) == i + 1;
  CHECK(fresh == 100000);
  CHECK(found == 100000);
  CHECK(keys.size() == 100000);
}

}  // namespace
}  // namespace muster
