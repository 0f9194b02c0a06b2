// What happens with every broken file that HR systems, spreadsheets and file transfers have been seen to deliver. The rows are
// docs/feeds.md's.
#include <functional>
#include <utility>

#include "feed_support.h"
#include "service/file_watch.h"
#include "tests/support/on_windows.h"

namespace muster {
namespace {

using namespace feed_test;
using namespace std::string_literals;

using Tweak = std::function<void(FeedSettings&)>;

Tweak encoded(const std::string& name) {
  return [name](FeedSettings& s) { s.encoding = name; };
}
Tweak separated_by(char delimiter) {
  return [delimiter](FeedSettings& s) { s.delimiter = delimiter; };
}

std::string with(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) text.replace(at, what.size(), by);
  return text;
}

/// `{feed}` stands for the folder.
std::string seen_by_user(const std::string& text, const Folder& folder) {
  return with(with(text, folder.str(), "feed"), "feed\\", "feed/");
}

struct Case {
  std::string name;
  std::string bytes;
  std::string message;
  std::string hint;
  Tweak tweak = [](FeedSettings&) {};
};

const std::string kPeople = kHeader + kAnn + kBob;

/// So many people whose hire date is of another form.
std::string unreadable(int people) {
  std::string rows;
  for (int i = 1; i <= people; ++i) rows += std::to_string(i) + ",Active,Ann,Ames,Sales,01.04.2019,\n";
  return rows;
}

/// The snapshot is refused as a whole.
const std::vector<Case>& refused() {
  static const std::vector<Case> cases{
      {"empty file", "", "feed/hr.csv: the file is empty", "it was refused as a whole and nobody was changed"},
      {"only empty lines", "\n\r\n\n", "feed/hr.csv: the file is empty", "it was refused as a whole and nobody was changed"},
      {"only a byte order mark", "\xEF\xBB\xBF", "feed/hr.csv: the file is empty",
       "it was refused as a whole and nobody was changed"},
      {"a header and nobody", kHeader, "feed/hr.csv: the file has a header but no records",
       "it was refused as a whole and nobody was changed"},
      {"a column is missing",
       "Employee ID,Status,First Name,Last Name,Hire Date,Termination Date\n1042,Active,Ann,Ames,2019-04-01,\n",
       "feed/hr.csv:1: the header lacks the column 'Department'",
       "nobody is changed for want of a column: let HR deliver it, or remove the field from the configuration"},
      {"several columns are missing", "Employee ID,Status,First Name,Last Name\n1042,Active,Ann,Ames\n",
       "feed/hr.csv:1: the header lacks the columns 'Department', 'Hire Date' and 'Termination Date'",
       "nobody is changed for want of a column: let HR deliver it, or remove the field from the configuration"},
      {"a column has got another spelling", with(kPeople, "Hire Date", "hire_date"),
       "feed/hr.csv:1: the header lacks the column 'Hire Date'",
       "there is a column 'hire_date': columns are found by their exact names"},
      {"no header", kAnn + kBob,
       "feed/hr.csv:1: the header lacks the columns 'Employee ID', 'Status', 'First Name', 'Last Name', 'Department', 'Hire Date' "
       "and 'Termination Date'",
       "the first line must hold the names of the columns: is it missing?"},
      {"separated by semicolons", with(kPeople, ",", ";"),
       "feed/hr.csv:1: the header lacks the columns 'Employee ID', 'Status', 'First Name', 'Last Name', 'Department', 'Hire Date' "
       "and 'Termination Date'",
       "it looks like it is separated by ';': set delimiter=\";\""},
      {"separated by tabs", with(kPeople, ",", "\t"),
       "feed/hr.csv:1: the header lacks the columns 'Employee ID', 'Status', 'First Name', 'Last Name', 'Department', 'Hire Date' "
       "and 'Termination Date'",
       "it looks like it is separated by a tab: set delimiter=\"tab\""},
      {"separated by vertical bars", with(kPeople, ",", "|"),
       "feed/hr.csv:1: the header lacks the columns 'Employee ID', 'Status', 'First Name', 'Last Name', 'Department', 'Hire Date' "
       "and 'Termination Date'",
       "it looks like it is separated by '|': set delimiter=\"|\""},
      {"separated by commas, but semicolons are declared", kPeople,
       "feed/hr.csv:1: the header lacks the columns 'Employee ID', 'Status', 'First Name', 'Last Name', 'Department', 'Hire Date' "
       "and 'Termination Date'",
       "it looks like it is separated by ',': set delimiter=\",\"", separated_by(';')},
      {"a spreadsheet's sep= line", "sep=,\n" + kPeople,
       "feed/hr.csv:1: the header lacks the columns 'Employee ID', 'Status', 'First Name', 'Last Name', 'Department', 'Hire Date' "
       "and 'Termination Date'",
       "remove the line 'sep=', which only spreadsheets know"},
      {"a web page instead of the file", "<!DOCTYPE html>\n<html><body>Please log in</body></html>\n",
       "feed/hr.csv: the file is a web page or XML, not CSV", "let HR deliver CSV"},
      {"JSON instead of CSV", "{\"Report_Entry\": [{\"Employee ID\": \"1042\"}]}\n", "feed/hr.csv: the file is JSON, not CSV",
       "let HR deliver CSV"},
      {"a spreadsheet instead of CSV", "PK\x03\x04\x14\0\0\0"s,
       "feed/hr.csv: the file is a spreadsheet (.xlsx) or a ZIP archive, not CSV", "let HR deliver CSV"},
      {"an old spreadsheet instead of CSV", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
       "feed/hr.csv: the file is a spreadsheet (.xls), not CSV", "let HR deliver CSV"},
      {"a compressed file", "\x1F\x8B\x08\0"s, "feed/hr.csv: the file is compressed with gzip, not CSV", "let HR deliver CSV"},
      {"a PDF", "%PDF-1.7\n", "feed/hr.csv: the file is a PDF, not CSV", "let HR deliver CSV"},
      {"an encrypted file", "-----BEGIN PGP MESSAGE-----\n", "feed/hr.csv: the file is encrypted with PGP, not CSV",
       "let HR deliver CSV"},
      {"two columns of one name", "Employee ID,Status,Status,First Name,Last Name,Department,Hire Date,Termination Date\n",
       "feed/hr.csv:1: the header has column 'Status' twice, as columns 2 and 3",
       "nobody can tell which of them counts: let HR rename one"},
      {"a value too few", kHeader + "1042,Active,Ann,Ames,2019-04-01,\n" + kBob,
       "feed/hr.csv:2: 6 values where the header has 7 columns", "let HR write the record in full"},
      {"a value too many: a comma without quotes", kHeader + "1042,Active,Ann,Ames,Sales, North,2019-04-01,\n",
       "feed/hr.csv:2: 8 values where the header has 7 columns", "it ends with ',': let HR end the header and the records alike"},
      {"a trailing comma in every record", kHeader + "1042,Active,Ann,Ames,Sales,2019-04-01,,\n",
       "feed/hr.csv:2: 8 values where the header has 7 columns", "it ends with ',': let HR end the header and the records alike"},
      {"cut off in the last record", kHeader + kAnn + "1043,Terminated,Bo",
       "feed/hr.csv:3: 3 values where the header has 7 columns, and no line end: the file is cut off", "let HR write it again"},
      {"cut off inside quotes", kHeader + kAnn + "1043,Terminated,\"Bo",
       "feed/hr.csv:3: the quote that opens value 3 is never closed",
       "the quote is wrong, or the file is cut off: let HR write it again"},
      {"a quote that is never closed", kHeader + "1042,Active,\"Ann,Ames,Sales,2019-04-01,\n" + kBob,
       "feed/hr.csv:2: the quote that opens value 3 is never closed",
       "the quote is wrong, or the file is cut off: let HR write it again"},
      {"a quote that is closed by the next record's",
       kHeader + "1042,Active,Ann,Ames,\"Sales,2019-04-01,\n1043,Terminated,\"Bob\",Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:3:18: text follows the closing quote of value 5 (the record starts on line 2)",
       "write a quote inside a quoted value twice: \"\""},
      {"a quote inside a value", kHeader + "1042,Active,Ann,Ames,5\" pipes,2019-04-01,\n",
       "feed/hr.csv:2:23: a quote inside value 5, which does not start with one",
       "put the whole value in quotes and write the quote inside it twice: \"\""},
      {"text after a closing quote", kHeader + kAnn + "1043,Active,\"Bob\" B,Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:3:19: text follows the closing quote of value 3", "write a quote inside a quoted value twice: \"\""},
      {"a quote in the header", "Employee ID,\"Status\"x,First Name\n",
       "feed/hr.csv:1:21: text follows the closing quote of value 2", "write a quote inside a quoted value twice: \"\""},
      {"a record without end, in quotes", kHeader + "1042,Active,\"" + std::string(2 << 20, 'x'),
       "feed/hr.csv:2: the record is longer than 1 MiB: the quote that opens value 3 is probably never closed",
       "the file is damaged: let HR write it again"},
      {"a record without end", kHeader + std::string(2 << 20, 'x'),
       "feed/hr.csv:2: the record is longer than 1 MiB: it has no line ends", "the file is damaged: let HR write it again"},
      {"NUL bytes at the end, from a full disk or a crash", kPeople + std::string(4096, '\0'), "feed/hr.csv:4:1: a NUL byte",
       "the file is damaged, or it is UTF-16: then set encoding=\"utf-16\""},
      {"a NUL byte inside", kHeader + "1042,Active,A\0n,Ames,Sales,2019-04-01,\n"s, "feed/hr.csv:2:14: a NUL byte",
       "the file is damaged, or it is UTF-16: then set encoding=\"utf-16\""},
      {"Windows-1252, but UTF-8 is declared", kHeader + kAnn + "1044,Active,J\xFCrgen,Krau\xDF,Sales,2019-04-01,\n",
       "feed/hr.csv:3:14: the byte 0xFC is not valid UTF-8 here", "if the file is Windows-1252, set encoding=\"windows-1252\""},
      {"UTF-8 that is longer than it must be", kHeader + "1042,Active,\xC0\xAF,Ames,Sales,2019-04-01,\n",
       "feed/hr.csv:2:13: the byte 0xC0 is not valid UTF-8 here", "if the file is Windows-1252, set encoding=\"windows-1252\""},
      {"half a surrogate pair in UTF-8", kHeader + "1042,Active,\xED\xA0\xBD,Ames,Sales,2019-04-01,\n",
       "feed/hr.csv:2:13: the byte 0xED is not valid UTF-8 here", "if the file is Windows-1252, set encoding=\"windows-1252\""},
      {"a bad byte after good umlauts", kHeader + "1042,Active,J\xC3\xBCrgen,M\xC3\xBCller,S\xFC,2019-04-01,\n",
       "feed/hr.csv:2:28: the byte 0xFC is not valid UTF-8 here", "if the file is Windows-1252, set encoding=\"windows-1252\""},
      {"cut off inside a character", kHeader + kAnn + "1044,Active,J\xC3", "feed/hr.csv:3:14: the file ends inside a character",
       "it looks cut off: let HR write it again"},
      {"UTF-16 with a mark, but UTF-8 is declared", "\xFF\xFE" + utf16(kPeople, false),
       "feed/hr.csv: the file starts with the byte order mark of UTF-16, but encoding=\"utf-8\" is declared",
       "set encoding=\"utf-16\""},
      {"UTF-16 without a mark, but UTF-8 is declared", utf16(kPeople, true),
       "feed/hr.csv: the file looks like UTF-16, but encoding=\"utf-8\" is declared", "set encoding=\"utf-16be\""},
      {"UTF-8 with a mark, but UTF-16 is declared", "\xEF\xBB\xBF" + kPeople,
       "feed/hr.csv: the file starts with the byte order mark of UTF-8, but encoding=\"utf-16\" is declared",
       "set encoding=\"utf-8\"", encoded("utf-16")},
      {"UTF-8 without a mark, but UTF-16 is declared", kPeople,
       "feed/hr.csv: the file has no byte order mark, but encoding=\"utf-16\" is declared",
       "set encoding=\"utf-8\" or \"windows-1252\", whichever it is", encoded("utf-16")},
      {"UTF-16 without a mark, but the mark is to say its order", utf16(kPeople, false),
       "feed/hr.csv: the file has no byte order mark, but encoding=\"utf-16\" is declared", "set encoding=\"utf-16le\"",
       encoded("utf-16")},
      {"UTF-16 big endian, but little endian is declared", "\xFE\xFF" + utf16(kPeople, true),
       "feed/hr.csv: the file starts with the byte order mark of UTF-16 big endian, but encoding=\"utf-16le\" is declared",
       "set encoding=\"utf-16\"", encoded("utf-16le")},
      {"UTF-16 little endian, but big endian is declared", "\xFF\xFE" + utf16(kPeople, false),
       "feed/hr.csv: the file starts with the byte order mark of UTF-16 little endian, but encoding=\"utf-16be\" is declared",
       "set encoding=\"utf-16\"", encoded("utf-16be")},
      {"half a character of UTF-16", "\xFF\xFE" + utf16(kHeader, false) + "\x3D\xD8" + utf16("42", false),
       "feed/hr.csv:2:1: half a character of UTF-16 (0xD83D)", "the file is damaged, or in another encoding", encoded("utf-16")},
      {"a NUL in UTF-16", "\xFF\xFE" + utf16(kHeader + "10\0"s, false), "feed/hr.csv:2:3: a NUL character",
       "the file is damaged: let HR write it again", encoded("utf-16")},
      {"UTF-16 with an odd byte", "\xFF\xFE" + utf16(kPeople, false) + "x", "feed/hr.csv:4:1: the file ends inside a character",
       "it looks cut off: let HR write it again", encoded("utf-16")},
      {"a byte that Windows-1252 does not have", kHeader + "1042,Active,A\x81n,Ames,Sales,2019-04-01,\n",
       "feed/hr.csv:2:14: the byte 0x81 is no character of Windows-1252", "if the file is UTF-8, set encoding=\"utf-8\"",
       encoded("windows-1252")},
      {"UTF-8 with a mark, but Windows-1252 is declared", "\xEF\xBB\xBF" + kPeople,
       "feed/hr.csv: the file starts with the byte order mark of UTF-8, but encoding=\"windows-1252\" is declared",
       "set encoding=\"utf-8\"", encoded("windows-1252")},
      {"UTF-8 without a mark, but Windows-1252 is declared", kHeader + "1042,Active,J\xC3\xBCrgen,Ames,Sales,2019-04-01,\n",
       "feed/hr.csv: the file is UTF-8, but encoding=\"windows-1252\" is declared", "set encoding=\"utf-8\"",
       encoded("windows-1252")},
      {"UTF-16, but Windows-1252 is declared", "\xFF\xFE" + utf16(kPeople, false),
       "feed/hr.csv: the file starts with the byte order mark of UTF-16, but encoding=\"windows-1252\" is declared",
       "set encoding=\"utf-16\"", encoded("windows-1252")},
      {"a person twice", kPeople + kAnn, "feed/hr.csv:4: 'Employee ID' '1042' is already on line 2",
       "one person, one record: let HR remove one of the two"},
      {"a person twice, once in quotes and with blanks", kHeader + kAnn + "\" 1042 \",Terminated,Ann,Ames,Sales,2019-04-01,\n",
       "feed/hr.csv:3: 'Employee ID' '1042' is already on line 2", "one person, one record: let HR remove one of the two"},
      {"a person twice, one of them unreadable", kHeader + "1042,Active,Ann,Ames,Sales,01.04.2019,\n" + kAnn,
       "feed/hr.csv:3: 'Employee ID' '1042' is already on line 2", "one person, one record: let HR remove one of the two"},
      {"a record without a key", kHeader + kAnn + ",Active,Bob,Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:3: column 'Employee ID' is empty, so nobody can tell who this is", "every person needs a key"},
      {"a key that is only blanks", kHeader + "\"  \",Active,Bob,Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:2: column 'Employee ID' is empty, so nobody can tell who this is", "every person needs a key"},
      {"a key that a spreadsheet has rounded", kHeader + "1.00E+05,Active,Bob,Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:2: column 'Employee ID': '1.00E+05' is a number that a spreadsheet has rounded",
       "let HR write the column as text"},
      {"a key with a line end in it", kHeader + "\"10\n42\",Active,Bob,Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:2: column 'Employee ID': '10\\n42' cannot be a key: it contains a line end, a control character or U+FFFD",
       "let HR mend it"},
      {"a key that is too long", kHeader + std::string(300, '7') + ",Active,Bob,Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:2: column 'Employee ID': '777777777777777777777777777777777777777777777777777777777777...' is too long for a "
       "key",
       "at most 256 bytes"},
      {"a fault after a record of two lines", kHeader + "1042,Active,Ann,Ames,\"Sales\nNorth\",2019-04-01,\n" + "1043,Active\n",
       "feed/hr.csv:4: 2 values where the header has 7 columns", "let HR write the record in full"},
      {"more than 10000 records that cannot be read", kHeader + unreadable(10001),
       "feed/hr.csv: more than 10000 records cannot be read; the first: feed/hr.csv:2: column 'Hire Date': '01.04.2019' is no date "
       "of the form %Y-%m-%d",
       "it was refused as a whole and nobody was changed"},
  };
  return cases;
}

struct ParkedCase {
  std::string name;
  std::string record;  ///< of person 1043
  std::string message;
};

/// One person is parked, everybody else is taken.
const std::vector<ParkedCase>& parked() {
  static const std::vector<ParkedCase> cases{
      {"a day that does not exist", "1043,Active,Bob,Beck,Sales,2019-02-30,\n",
       "feed/hr.csv:3: column 'Hire Date': '2019-02-30' is no date of the form %Y-%m-%d"},
      {"the 29th of February in another year", "1043,Active,Bob,Beck,Sales,2025-02-29,\n",
       "feed/hr.csv:3: column 'Hire Date': '2025-02-29' is no date of the form %Y-%m-%d"},
      {"a date of another form", "1043,Active,Bob,Beck,Sales,31.02.2026,\n",
       "feed/hr.csv:3: column 'Hire Date': '31.02.2026' is no date of the form %Y-%m-%d"},
      {"a date with a time", "1043,Active,Bob,Beck,Sales,2019-04-01T00:00:00,\n",
       "feed/hr.csv:3: column 'Hire Date': '2019-04-01T00:00:00' is no date of the form %Y-%m-%d"},
      {"a month of the American order", "1043,Active,Bob,Beck,Sales,2019-31-12,\n",
       "feed/hr.csv:3: column 'Hire Date': '2019-31-12' is no date of the form %Y-%m-%d"},
      {"a spreadsheet's number of a day", "1043,Active,Bob,Beck,Sales,43556,\n",
       "feed/hr.csv:3: column 'Hire Date': '43556' is no date of the form %Y-%m-%d; it looks like a spreadsheet's number of a day"},
      {"a status that no <value> lists", "1043,Actve,Bob,Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:3: column 'Status': 'Actve' is none of 'Active', 'On Leave', 'Terminated'"},
      {"a status in another case", "1043,ACTIVE,Bob,Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:3: column 'Status': 'ACTIVE' is none of 'Active', 'On Leave', 'Terminated'"},
      {"no status, where all are listed", "1043,,Bob,Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:3: column 'Status' is empty, which no <value> lists"},
      {"a required value is empty", "1043,Active,Bob, ,Sales,2018-11-15,\n",
       "feed/hr.csv:3: column 'Last Name' is empty, but required"},
      {"a control character", "1043,Active,B\x07ob,Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:3: column 'First Name': 'B?ob' contains the control character 0x07"},
      {"a character that an earlier conversion lost", "1043,Active,Bob,M\xEF\xBF\xBDller,Sales,2018-11-15,\n",
       "feed/hr.csv:3: column 'Last Name': 'M�ller' contains U+FFFD: a character was lost before the file got here"},
      {"several values of one record", "1043,Actve,Bob,,Sales,2018-11-31,\n",
       "feed/hr.csv:3: column 'Status': 'Actve' is none of 'Active', 'On Leave', 'Terminated'; column 'Last Name' is empty, but "
       "required; column 'Hire Date': '2018-11-31' is no date of the form %Y-%m-%d"},
      {"a bad value in a record of two lines", "1043,Active,Bob,Beck,\"Sales\nNorth\",2018-11-31,\n",
       "feed/hr.csv:3: column 'Hire Date': '2018-11-31' is no date of the form %Y-%m-%d"},
      {"a status in which characters are wrong", "1043,\"Act\nive\",Bob,Beck,Sales,2018-11-15,\n",
       "feed/hr.csv:3: column 'Status': 'Act\\nive' is none of 'Active', 'On Leave', 'Terminated'"},
  };
  return cases;
}

/// Faults of the file as such; what brings them about is in the test below.
struct FileCase {
  std::string name;
  std::string message;
  std::string hint;
  Errc code;
};
constexpr const char* kRename = "it is read once it is complete; best, HR writes it under another name and renames it";
const FileCase kNoFile{"there is no file", "feed/hr.csv: there is no such file", "it is read as soon as HR puts it there",
                       Errc::not_found};
const FileCase kNobodyInFolder{"there is no file in the folder", "feed: there is no file in this folder",
                               "it is read as soon as HR puts one there", Errc::not_found};
const FileCase kWritten{"the file is still being written", "feed/hr.csv: still being written: a process has it open for writing",
                        kRename, Errc::untrusted};
const FileCase kChanged{"the file changes while it is read", "feed/hr.csv: changed while it was read",
                        "it is read again once it is complete; best, HR writes it under another name and renames it",
                        Errc::untrusted};
const FileCase* const kFileCases[]{&kNoFile, &kNobodyInFolder, &kWritten, &kChanged};

void check_outcome(const Outcome& o, const Folder& folder, const FileCase& expected) {
  CAPTURE(expected.name);
  CHECK(seen_by_user(o.error, folder) == expected.message);
  CHECK(o.hint == expected.hint);
  CHECK(o.code == expected.code);
}

/// Written into a cell of a Markdown table.
std::string cell(const std::string& text) { return with(text, "|", "\\|"); }

void check_row(const std::string& doc, const std::string& row) {
  CHECK_MESSAGE(doc.find("\n" + row + "\n") != std::string::npos, "docs/feeds.md lacks: ", row);
}

}  // namespace

TEST_CASE("a file that cannot be trusted is refused as a whole, and says where and why") {
  for (const Case& c : refused()) {
    CAPTURE(c.name);
    const Folder folder;
    put(folder.path(), c.bytes);
    FeedSettings settings = hris(folder.path());
    c.tweak(settings);
    const Outcome o = read(settings);
    CHECK(seen_by_user(o.error, folder) == c.message);
    CHECK(o.hint == c.hint);
    CHECK(o.code == Errc::untrusted);
  }
}

TEST_CASE("a record that cannot be read parks one person and nobody else") {
  for (const ParkedCase& c : parked()) {
    CAPTURE(c.name);
    const Folder folder;
    put(folder.path(), kHeader + kAnn + c.record);
    const FeedSettings settings = hris(folder.path());
    const Outcome o = read(settings);
    CHECK(o.error == "");
    REQUIRE(o.people.size() == 1);
    CHECK(o.people[0].key.rep() == "1042");
    REQUIRE(o.report.problems.size() == 1);
    const FeedProblem& p = o.report.problems[0];
    CHECK(seen_by_user(p.str(), folder) == c.message);
    CHECK(p.person == "1043");
    CHECK(p.line == 3);
    CHECK(settings.index_of(p.field) >= 0);
  }
}

TEST_CASE("a feed that is not there, or not complete, changes nobody") {
  const Folder folder;
  check_outcome(read(hris(folder.path())), folder, kNoFile);
  check_outcome(read(hris(folder.str())), folder, kNobodyInFolder);
  put(folder.path("hr.csv.part"), kPeople);
  check_outcome(read(hris(folder.str())), folder, kNobodyInFolder);

  put(folder.path(), kPeople);
  {
    std::ofstream writer(folder.path(), std::ios::app);
    const Outcome o = read(hris(folder.path()));
    // Where the platform cannot tell who writes, an old file is taken for complete.
    if (writers_of(folder.path()) == Writers::some) check_outcome(o, folder, kWritten);
  }
  put(folder.path(), kPeople);
  CHECK(read(hris(folder.path())).error == "");
}

TEST_CASE("a file that HR replaces, lengthens or rewrites while it is read is refused" * doctest::skip(test::kOnWindows)) {
  struct Way {
    std::string name;
    std::function<void(const std::string&)> change;
  };
  const Way ways[]{
      {"records are appended", [](const std::string& path) { put(path, kPeople + "1044,Active,Cy,Cole,Sales,2019-04-01,\n"); }},
      {"another file takes its name",
       [](const std::string& path) {
         put(path + ".new", kHeader + kBob + "1044,Active,Cy,Cole,Sales,2019-04-01,\n");
         std::filesystem::rename(path + ".new", path);
       }},
      {"other bytes of the same number, and the old time",
       [](const std::string& path) {
         const auto at = std::filesystem::last_write_time(path);
         put(path, with(kPeople, "Beck", "Bock"));
         std::filesystem::last_write_time(path, at);
       }},
  };
  for (const Way& way : ways) {
    CAPTURE(way.name);
    const Folder folder;
    put(folder.path(), kPeople);
    auto feed = open_feed(hris(folder.path()));
    REQUIRE(feed);
    bool first = true;
    const auto report = (*feed)->read([&](Person&&) {
      if (std::exchange(first, false)) way.change(folder.path());
      return ok();
    });
    REQUIRE_FALSE(report);
    Outcome o;
    o.error = report.error().what;
    o.hint = report.error().hint;
    o.code = report.error().code;
    check_outcome(o, folder, kChanged);
  }
}

TEST_CASE("a file that is cut off because it is still being written is called that, not broken") {
  const Folder folder;
  put(folder.path(), kHeader + kAnn + "1043,Termi");
  std::ofstream writer(folder.path(), std::ios::app);
  const Outcome o = read(hris(folder.path()));
  if (writers_of(folder.path()) == Writers::some) check_outcome(o, folder, kWritten);
  writer.close();
  std::filesystem::last_write_time(folder.path(), std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  CHECK(seen_by_user(read(hris(folder.path())).error, folder) ==
        "feed/hr.csv:3: 2 values where the header has 7 columns, and no line end: the file is cut off");
}

TEST_CASE("all faults of a file are told at once when somebody asks for them, in the order of its lines") {
  const Folder folder;
  put(folder.path(),
      kHeader + kAnn + "1043,Active\n" + kAnn + ",Active,Cy,Cole,Sales,2019-04-01,\n" + "1045,Active,\"Di\"x,Dean\n");
  const Outcome o = read(hris(folder.path()), true);
  std::string lines;
  for (const FeedProblem& f : o.faults) lines += seen_by_user(f.str(), folder) + "\n";
  CHECK(lines ==
        "feed/hr.csv:3: 2 values where the header has 7 columns\n"
        "feed/hr.csv:4: 'Employee ID' '1042' is already on line 2\n"
        "feed/hr.csv:5: column 'Employee ID' is empty, so nobody can tell who this is\n"
        "feed/hr.csv:6:17: text follows the closing quote of value 3\n");
  REQUIRE_FALSE(o.faults.empty());
  CHECK(o.faults.front().str() == o.error);
}

TEST_CASE("a configuration that no feed can be read with is refused at once") {
  struct Wrong {
    std::string name;
    Tweak tweak;
    std::string what;
    std::string hint;
  };
  const Wrong cases[]{
      {"an output of another build",
       [](FeedSettings& s) {
         s.type = "exec";
         s.output = "yaml";
         s.command.words = {"/bin/true"};
       },
       "muster.xml:10:3: this muster reads no feed of type 'yaml'", "it reads csv, json, jsonl, scim and xml"},
      {"no command", [](FeedSettings& s) { s.type = "exec"; }, "muster.xml:10:3: the feed 'hris' names no command",
       "add command=\"/path/of/a/program\""},
      {"a database", [](FeedSettings& s) { s.type = "sql"; }, "muster.xml:10:3: this muster reads no feed of type 'sql'",
       "it reads csv, json, jsonl, scim and xml"},
      {"an unknown encoding", encoded("ebcdic"), "muster.xml:10:3: unknown encoding 'ebcdic'",
       "there are utf-8, utf-16, utf-16le, utf-16be and windows-1252"},
      {"a quote as delimiter", separated_by('"'), "muster.xml:10:3: this delimiter cannot separate columns",
       "write one character such as , or ; or the word tab"},
      {"a line end as delimiter", separated_by('\n'), "muster.xml:10:3: this delimiter cannot separate columns",
       "write one character such as , or ; or the word tab"},
      {"no key", [](FeedSettings& s) { s.fields[0].key = false; }, "muster.xml:10:3: no field of the feed 'hris' is the key",
       "add key=\"true\" to one"},
      {"a date format that is none", [](FeedSettings& s) { s.fields[5].format = "%Q"; },
       "muster.xml:12:5: '%Q' is no form of a date", "there are %Y %y %m %b %B %d %e %H %M %S"},
  };
  for (const Wrong& c : cases) {
    CAPTURE(c.name);
    FeedSettings settings = hris("hr.csv");
    c.tweak(settings);
    const auto feed = open_feed(settings);
    REQUIRE_FALSE(feed);
    CHECK(feed.error().what == c.what);
    CHECK(feed.error().hint == c.hint);
    CHECK(feed.error().code == Errc::config);
  }
}

TEST_CASE("every bad feed is in the user's manual, word for word") {
  std::ifstream file(MUSTER_FEEDS_MD);
  const std::string doc((std::istreambuf_iterator<char>(file)), {});
  REQUIRE(doc.size() > 1000);
  CHECK(refused().size() >= 45);
  for (const Case& c : refused()) { check_row(doc, "| " + cell(c.name) + " | `" + cell(c.message) + "` | " + cell(c.hint) + " |"); }
  for (const FileCase* c : kFileCases)
    check_row(doc, "| " + cell(c->name) + " | `" + cell(c->message) + "` | " + cell(c->hint) + " |");
  for (const ParkedCase& c : parked()) check_row(doc, "| " + cell(c.name) + " | `" + cell(c.message) + "` |");
}

}  // namespace muster
