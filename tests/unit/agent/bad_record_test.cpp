// What happens with every broken file of the formats that have no header. The rows are docs/feeds.md's.
#include "feed_formats.h"

namespace muster {
namespace {

using namespace feed_test;

struct Case {
  std::string name;
  FeedSettings (*settings)(const std::string&);
  std::string bytes;
  std::string message;
  std::string hint;
};

FeedSettings at_root(const std::string& path) { return of_json(path); }
FeedSettings of_workers(const std::string& path) { return of_json(path, "/workers"); }

std::string nested(std::size_t n) { return std::string(n, '[') + std::string(n, ']'); }

const std::string kMend = "let HR write the file with a library for JSON";
const std::string kMendXml = "let HR write the file with a library for XML";

const std::vector<Case>& json_cases() {
  static const std::vector<Case> cases{
      {"JSON: an empty file", at_root, "", "feed/hr.csv: the file is empty", "it was refused as a whole and nobody was changed"},
      {"JSON: nobody", at_root, "[]", "feed/hr.csv: the array of records is empty",
       "it was refused as a whole and nobody was changed"},
      {"JSON: XML instead", at_root, "<a/>", "feed/hr.csv: the file is a web page or XML, not JSON", "let HR deliver JSON"},
      {"JSON: no array at the root", at_root, "{\"workers\": [" + kAnnJson + "]}",
       "feed/hr.csv: the document is no array of records", "there is an array at '/workers': set records=\"/workers\""},
      {"JSON: no array where it should be", of_workers, "{\"people\": 1}",
       "feed/hr.csv: there is no array of records at '/workers'", "let HR deliver one object for each person, in an array"},
      {"JSON: an array twice", of_workers, "{\"workers\": [" + kAnnJson + "],\n\"workers\": []}",
       "feed/hr.csv:2:12: there is a second array of records", "nobody can tell which of them counts: let HR remove one"},
      {"JSON: a record that is no object", at_root, "[" + kAnnJson + ",\n \"1043\"]",
       "feed/hr.csv:2:7: a record must be an object, not a single value", "let HR deliver one object for each person"},
      {"JSON: cut off between records", at_root, "[" + kAnnJson + ",\n",
       "feed/hr.csv:1:120: the text ends inside a value: it is cut off", "let HR write it again"},
      {"JSON: cut off inside a text", at_root, "[" + kAnnJson + ",\n{\"id\": \"10",
       "feed/hr.csv:2:10: the text ends inside a value: it is cut off", "let HR write it again"},
      {"JSON: a comma too many", at_root, "[" + kAnnJson + ",]",
       "feed/hr.csv:1:120: this is no JSON: unexpected ']'; expected '[', '{', or a literal", kMend},
      {"JSON: single quotes", at_root, "[{'id': 1}]", "feed/hr.csv:1:3: this is no JSON: invalid literal", kMend},
      {"JSON: something behind the end", at_root, "[" + kAnnJson + "]\n[]",
       "feed/hr.csv:2:1: this is no JSON: unexpected '['; expected end of input", kMend},
      {"JSON: half a surrogate pair", at_root, "[{\"id\": \"\\uD83D\"}]",
       "feed/hr.csv:1:16: this is no JSON: invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF", kMend},
      {"JSON: a number that is too large", at_root, "[{\"id\": 1e999}]",
       "feed/hr.csv:1:14: this is no JSON: number overflow parsing '1e999'", kMend},
      {"JSON: a member twice", at_root, "[{\"id\": 1,\n\"id\": 2}]", "feed/hr.csv:2:4: the member 'id' stands twice in one object",
       "nobody can tell which of them counts: let HR remove one"},
      {"JSON: too deep", at_root, "[{\"id\": " + nested(70) + "}]",
       "feed/hr.csv:1:71: objects and arrays are nested deeper than 64", "let HR deliver something flatter"},
      {"JSON: a byte that is no UTF-8", at_root, "[{\"id\": \"1\",\n\"x\": \"J\xFCrgen\"}]",
       "feed/hr.csv:2:8: the byte 0xFC is not valid UTF-8 here", "if the file is Windows-1252, set encoding=\"windows-1252\""},
      {"JSON: a person twice", at_root, "[" + kAnnJson + ",\n" + kAnnJson + "]",
       "feed/hr.csv:2:1: '/id' '1042' is already in record 1", "one person, one record: let HR remove one of the two"},
      {"JSON: no key", at_root, "[{\"ID\": \"1\"}]", "feed/hr.csv:1:2: value '/id' is empty, so nobody can tell who this is",
       "every person needs a key"},
      {"JSON: a key that is an object", at_root, "[{\"id\": {}}]",
       "feed/hr.csv:1:2: value '/id' is an object: let the path name a value in it", "every person needs one key"},
      {"JSON: a value that nobody has", at_root, R"([{"id": 1, "status": "Active", "name": {"last": "B"}, "startDate": ""}])",
       "feed/hr.csv: no record has the value '/name/first'",
       "nobody is changed for want of a value: let HR deliver it, correct its path, or, where it may happen that nobody has one, "
       "add "
       "optional=\"true\" to the field 'first'"},
      {"JSON Lines: a document", of_json_lines, "[\n" + kAnnJson + "\n]\n",
       "feed/hr.csv:1:1: a record must be an object, not an array", "let HR deliver one object for each person"},
      {"JSON Lines: two on one line", of_json_lines, kAnnJson + kBobJson,
       "feed/hr.csv:1:118: this is no JSON: unexpected '{'; expected end of input", kMend},
      {"JSON Lines: a record over two lines", of_json_lines, "{\"id\":\n1}\n",
       "feed/hr.csv:1:6: the text ends inside a value: it is cut off", "let HR write it again"},
      {"JSON Lines: cut off", of_json_lines, kAnnJson + "\n{\"id\": \"10",
       "feed/hr.csv:2:10: the text ends inside a value: it is cut off", "let HR write it again"},
      {"JSON Lines: nobody", of_json_lines, "\n\n", "feed/hr.csv: the file has no records",
       "it was refused as a whole and nobody was changed"},
  };
  return cases;
}

const std::vector<Case>& other_cases() {
  static const std::vector<Case> cases{
      {"SCIM: neither of the two", of_scim, "{\"users\": []}", "feed/hr.csv: the document has neither 'Operations' nor 'Resources'",
       "it must be a BulkRequest or a ListResponse of SCIM (RFC 7644)"},
      {"SCIM: one page of several", of_scim, "{\"totalResults\": 250, \"Resources\": [" + kAnnScim + "]}",
       "feed/hr.csv: totalResults is 250, but there are 1 resources: it is one page of several",
       "let HR deliver all pages in one document"},
      {"SCIM: a change of a part", of_scim, bulk(operation("{}", "PATCH")),
       "feed/hr.csv:1:102: the method 'PATCH' is not for a feed",
       "a feed lists people as they are: POST or PUT with all of their data"},
      {"SCIM: a deletion", of_scim, bulk(operation("{}", "DELETE", "/Users/2")),
       "feed/hr.csv:1:102: the method 'DELETE' is not for a feed",
       "a feed lists people as they are: POST or PUT with all of their data"},
      {"SCIM: a group", of_scim, bulk(operation("{}", "POST", "/Groups")),
       "feed/hr.csv:1:102: the path '/Groups' leads to no person", "a feed lists people: let HR send only /Users"},
      {"SCIM: no data", of_scim, bulk(operation("null")), "feed/hr.csv:1:102: the operation has no data",
       "let HR send the person's data as an object"},
      {"SCIM: nobody", of_scim, bulk(""), "feed/hr.csv: there are no operations",
       "it was refused as a whole and nobody was changed"},
      {"XML: an empty file", of_xml, "", "feed/hr.csv: the file is empty", "it was refused as a whole and nobody was changed"},
      {"XML: JSON instead", of_xml, "[{}]", "feed/hr.csv: the file is JSON, not XML", "let HR deliver XML"},
      {"XML: another root", of_xml, "<workers>" + kAnnXml + "</workers>", "feed/hr.csv: there is no element at '/export/worker'",
       "the root element is <workers>; records must lead from the root to an element for each person"},
      {"XML: cut off", of_xml, "<export>\n" + kAnnXml + "<worker id=\"2\"><sta",
       "feed/hr.csv:4:20: this is no well-formed XML: Couldn't find end of Start Tag sta", "is it cut off? Let HR write it again"},
      {"XML: an element closed under another name", of_xml, "<export>\n<worker id=\"1\"></wrker></export>",
       "feed/hr.csv:2:24: this is no well-formed XML: Opening and ending tag mismatch: worker line 2 and wrker", kMendXml},
      {"XML: a DOCTYPE", of_xml, "<!DOCTYPE export [<!ENTITY a \"b\">]>\n<export/>",
       "feed/hr.csv:1:18: the file has a DOCTYPE, whose entities could name other files, or blow up",
       "let HR deliver XML without one"},
      {"XML: an entity that nobody declares", of_xml, "<export><worker id=\"1\"><status>&nbsp;</status></worker></export>",
       "feed/hr.csv:1:38: this is no well-formed XML: Entity 'nbsp' not defined", kMendXml},
      {"XML: a person twice", of_xml, xml(kAnnXml + kAnnXml), "feed/hr.csv:5: '@id' '1042' is already in record 1",
       "one person, one record: let HR remove one of the two"},
      {"XML: two keys",
       [](const std::string& path) {
         FeedSettings s = of_xml(path);
         s.fields[0].column = "id";
         return s;
       },
       xml("<worker><id>1</id><id>2</id></worker>"), "feed/hr.csv:3: value 'id' has 2 values: let the path say which one is meant",
       "every person needs one key"},
      {"XML: a value that nobody has", of_xml,
       xml("<worker id=\"1\"><status>Active</status><name><first/><last>B</last></name></worker>"),
       "feed/hr.csv: no record has the value 'start'",
       "nobody is changed for want of a value: let HR deliver it, correct its path, or, where it may happen that nobody has one, "
       "add "
       "optional=\"true\" to the field 'start'"},
      {"XML: a record without end", of_xml, xml("<worker id=\"1\">\n" + std::string(1100000, 'x') + "</worker>"),
       "feed/hr.csv:3: the record is longer than 1 MiB", "the file is damaged: let HR write it again"},
  };
  return cases;
}

std::string seen_by_user(std::string text, const Folder& folder) {
  for (auto at = text.find(folder.str()); at != std::string::npos; at = text.find(folder.str()))
    text.replace(at, folder.str().size(), "feed");
  for (auto at = text.find("feed\\"); at != std::string::npos; at = text.find("feed\\")) text[at + 4] = '/';
  return text;
}

std::string cell(const std::string& text) {
  std::string all;
  for (const char c : text) all += c == '|' ? "\\|" : std::string(1, c);
  return all;
}

void check_all(const std::vector<Case>& cases) {
  std::ifstream file(MUSTER_FEEDS_MD);
  const std::string doc((std::istreambuf_iterator<char>(file)), {});
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Folder folder;
    put(folder.path(), c.bytes);
    const Outcome o = read(c.settings(folder.path()));
    CHECK(seen_by_user(o.error, folder) == c.message);
    CHECK(o.hint == c.hint);
    CHECK(o.code == Errc::untrusted);
    const std::string row = "| " + c.name + " | `" + cell(c.message) + "` | " + cell(c.hint) + " |";
    const bool is_documented = doc.find("\n" + row + "\n") != std::string::npos;
    CHECK_MESSAGE(is_documented, row);
  }
}

TEST_CASE("every bad JSON feed is refused as docs/feeds.md says") { check_all(json_cases()); }
TEST_CASE("every bad SCIM or XML feed is refused as docs/feeds.md says") { check_all(other_cases()); }

TEST_CASE("a bad value parks one person in every format") {
  struct Parked {
    FeedSettings (*settings)(const std::string&);
    std::string bytes;
    std::string message;
  };
  const Parked cases[]{
      {at_root, "[" + kAnnJson + R"(, {"id": 7, "status": "Actve", "name": {"first": "A", "last": "B"}, "start": "1.4.19"}])",
       "feed/hr.csv:1:121: value '/status': 'Actve' is none of 'Active', 'On Leave', 'Terminated'; value '/start': '1.4.19' is no "
       "date of the "
       "form %Y-%m-%d"},
      {at_root, "[" + kAnnJson + R"(, {"id": 7, "status": ["Active"], "name": {"last": "B\u0000"}}])",
       "feed/hr.csv:1:121: value '/status' is an array: let the path name one of its values; value '/name/last': 'B?' contains the "
       "control "
       "character 0x00"},
      {of_json_lines, kAnnJson + "\n{\"id\": 7, \"status\": \"Active\"}\n",
       "feed/hr.csv:2: value '/name/last' is empty, but required"},
      {of_xml, xml(kAnnXml + "<worker id=\"7\"><status>Active</status><name><last><x>B</x></last></name></worker>\n"),
       "feed/hr.csv:5: value 'name/last' is an element with others in it: let the path name one of them"},
  };
  for (const Parked& c : cases) {
    CAPTURE(c.message);
    const Folder folder;
    put(folder.path(), c.bytes);
    const Outcome o = read(c.settings(folder.path()));
    CHECK(o.error == "");
    CHECK(o.people.size() == 1);
    REQUIRE(o.report.problems.size() == 1);
    CHECK(o.report.problems.front().person == "7");
    CHECK(seen_by_user(o.report.problems.front().str(), folder) == c.message);
  }
}

TEST_CASE("all faults of JSON Lines are told at once, those of a document until it cannot be read") {
  const Folder folder;
  put(folder.path(), "{\"id\": }\n" + kAnnJson + "\n{\"id\": \"\"}\n" + kAnnJson + "\n");
  const Outcome o = read(of_json_lines(folder.path()), true);
  std::string lines;
  for (const FeedProblem& f : o.faults) lines += seen_by_user(f.str(), folder) + "\n";
  CHECK(lines ==
        "feed/hr.csv:1:8: this is no JSON: unexpected '}'; expected '[', '{', or a literal\n"
        "feed/hr.csv:3: value '/id' is empty, so nobody can tell who this is\n"
        "feed/hr.csv:4: '/id' '1042' is already in record 2\n");
}

}  // namespace
}  // namespace muster
