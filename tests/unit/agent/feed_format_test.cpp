// What JSON, JSON Lines, SCIM and XML may look like, and what comes out of them.
#include <functional>

#include "feed_formats.h"

namespace muster {
namespace {

using namespace feed_test;

using Settings = FeedSettings (*)(const std::string&);

FeedSettings json_at_root(const std::string& path) { return of_json(path); }
FeedSettings json_of_workers(const std::string& path) { return of_json(path, "/data/1/workers"); }
FeedSettings json_in_utf16(const std::string& path) {
  FeedSettings s = of_json(path);
  s.encoding = "utf-16";
  return s;
}
FeedSettings xml_with_prefix(const std::string& path) {
  return of_format(path, "xml", "/wd:Report/wd:Entry",
                   {"wd:ID", "wd:Status", "concat(wd:First, '')", "wd:Last/@wd:name", "wd:Department", "wd:Start", "wd:End"});
}

struct Good {
  std::string name;
  Settings settings;
  std::string bytes;
  std::string expected;
};

const std::string kAnnText = "1042 active Ann Ames Sales 20190401 -\n";
const std::string kBobText = "1043 terminated Bob Beck Sales 20181115 20261031\n";

const std::vector<Good>& good() {
  static const std::vector<Good> cases{
      {"an array", json_at_root, "[" + kAnnJson + ",\n" + kBobJson + "]",
       "record 1 (line 1): " + kAnnText + "record 2 (line 2): " + kBobText},
      {"an array somewhere in a document", json_of_workers,
       "{\"data\": [[1, {\"workers\": [{}]}],\n{\"workers\": [" + kAnnJson + "], \"page\": {\"workers\": []}}], \"x\": null}\n",
       "record 1 (line 2): " + kAnnText},
      {"a byte order mark", json_at_root, "\xEF\xBB\xBF[" + kAnnJson + "]", "record 1 (line 1): " + kAnnText},
      {"UTF-16", json_in_utf16, "\xFF\xFE" + utf16("[" + kAnnJson + "]", false), "record 1 (line 1): " + kAnnText},
      {"a record of several lines", json_at_root,
       "[\n {\n  \"id\": \"1042\",\n  \"status\": \"Active\", \"start\": null, \"name\": {\"first\": \"A\\u00e9\", \"last\": \" x "
       "\"}\n }]",
       "record 1 (line 2): 1042 active A\xC3\xA9 x - - -\n"},
      {"a large number keeps its digits, true and false are words", json_at_root,
       R"([{"id": 123456789012345678901234567890, "status": "Active", "name": {"first": true, "last": 1.50}, "start": ""}])",
       "record 1 (line 1): 123456789012345678901234567890 active true 1.50 - - -\n"},
      {"a line for each person", of_json_lines, kAnnJson + "\n\r\n" + kBobJson + "\r\n",
       "record 1 (line 1): " + kAnnText + "record 2 (line 3): " + kBobText},
      {"no line end after the last", of_json_lines, kAnnJson + "\n" + kBobJson,
       "record 1 (line 1): " + kAnnText + "record 2 (line 2): " + kBobText},
      {"a bulk request", of_scim, bulk(operation(kAnnScim)), "record 1 (line 1): " + kAnnText},
      {"a bulk request that replaces", of_scim, bulk(operation(kAnnScim, "put", "/users/27")), "record 1 (line 1): " + kAnnText},
      {"a list response", of_scim, "{\"totalResults\": 1, \"startIndex\": 1, \"Resources\": [" + kAnnScim + "]}",
       "record 1 (line 1): " + kAnnText},
      {"elements", of_xml, xml(kAnnXml + kBobXml), "record 1 (line 3): " + kAnnText + "record 2 (line 5): " + kBobText},
      {"CDATA, entities, comments and blanks", of_xml,
       xml("<!-- all --><other><worker id=\"9\"/></other>\n<worker id=\"1042\"><status>\n "
           "Active\n</status><name><first><![CDATA[A&n]]>n"
           "</first><last>Am&#233;s &amp; <!-- x -->Co</last></name><start/></worker>\n"),
       "record 1 (line 4): 1042 active A&nn Am\xC3\xA9s & Co - - -\n"},
      {"names with prefixes, other XPaths", xml_with_prefix,
       "<wd:Report xmlns:wd=\"urn:x\">\n<wd:Entry><wd:ID>1042</wd:ID><wd:Status>Active</wd:Status><wd:First>Ann</wd:First><wd:Last "
       "wd:name=\"Ames\"/><wd:Start>2019-04-01</wd:Start></wd:Entry></wd:Report>",
       "record 1 (line 2): 1042 active Ann Ames - 20190401 -\n"},
      {"an encoding that XML declares", of_xml,
       "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<export><worker "
       "id=\"1\"><status>Active</status><name><first>J\xFCrgen</first>"
       "<last>B</last></name><start/></worker></export>",
       "record 1 (line 2): 1 active J\xC3\xBCrgen B - - -\n"},
  };
  return cases;
}

TEST_CASE("JSON, JSON Lines, SCIM and XML give the same people") {
  for (const Good& c : good()) {
    CAPTURE(c.name);
    const Folder folder;
    put(folder.path(), c.bytes);
    CHECK(lines_of(read(c.settings(folder.path()))) == c.expected);
  }
}

TEST_CASE("a SCIM path finds what RFC 7643 says it means") {
  struct Case {
    const char* path;
    const char* value;  ///< of the attribute 'v' of a user
    const char* expected;
  };
  const Case cases[]{
      {"V", "\"x\"", "x"},
      {"v", "[\"x\"]", "x"},
      {"v", "[]", "-"},
      {"v", "true", "true"},
      {"v.value", "{\"VALUE\": 7}", "7"},
      {"v[type eq \"work\"].value", R"([{"type": "home", "value": "h"}, {"type": "Work", "value": "w"}])", "w"},
      {"v[type eq \"work\" and primary eq true].value",
       R"([{"type": "work", "value": "a"}, {"type": "work", "value": "b", "primary": true}])", "b"},
      {"v[type eq \"other\"].value", R"([{"type": "home", "value": "h"}])", "-"},
      {"v.value", R"([{"value": "a"}, {"value": "b"}])",
       "value 'v.value' has 2 values: let the path say which one is meant, as in [type eq \"work\"]"},
      {"v", R"({"value": "a"})", "value 'v' is an object: let the path name a value in it"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.path);
    CAPTURE(c.value);
    const Folder folder;
    put(folder.path(), "{\"Resources\": [{\"id\": \"1\", \"v\": " + std::string(c.value) + "}]}");
    FeedSettings s = of_scim(folder.path());
    s.fields = {field("id", "id"), field("v", c.path)};
    s.fields[0].key = true;
    s.fields[1].optional = true;
    const Outcome o = read(s);
    const std::string parked = o.report.problems.empty() ? o.error : o.report.problems.front().what;
    CHECK((o.people.empty() ? parked : text(o.people.front()).substr(2)) == c.expected);
  }
}

TEST_CASE("memory is bounded by a record, not by the document") {
  const Folder folder;
  std::string people;
  for (int i = 0; i < 30000; ++i)
    people += (i ? "," : "") + ("{\"id\": \"" + std::to_string(i)) +
              R"(", "status": "Active", "name": {"first": "A", "last": "B"}, "start": ""})";
  put(folder.path(), "[" + people + "]");
  auto feed = open_feed(of_json(folder.path()));
  REQUIRE(feed);
  std::size_t n = 0;
  const auto report = (*feed)->read([&](Person&&) {
    ++n;
    return ok();
  });
  REQUIRE(report);
  CHECK(n == 30000);
  CHECK(report->records == 30000);
}

TEST_CASE("one person may have a record for each day in every format") {
  const Folder folder;
  put(folder.path(),
      "[" + kAnnJson + ", {\"id\": \"1042\", \"status\": \"Active\", \"name\": {\"last\": \"Ames\"}, \"start\": \"2027-01-01\"}]");
  FeedSettings s = of_json(folder.path());
  s.effective = "start";
  CHECK(read(s).people.size() == 2);
  s.effective = "";
  CHECK(read(s).error == folder.path() + ":1:121: '/id' '1042' is already in record 1");
}

}  // namespace
}  // namespace muster
