// <feed> of other types than CSV: what it says, and what is wrong with it.
#include <doctest/doctest.h>

#include "mapping/loader.h"
#include "tests/support/on_windows.h"
#include "tests/unit/mapping/bad_config_cases.h"

using namespace muster;
using namespace muster::test;

namespace {

/// `id`: where the key is, with its attribute's name.
LoadResult with_feed(const std::string& attributes, const std::string& id, const std::string& more = "",
                     const std::string& events = "") {
  std::string text = kGoodMain;
  const auto begin = text.find("  <feed "), end = text.find("  <state ");
  const std::string place = id.substr(0, id.find('='));
  std::string fields = "    <field name=\"id\" " + id + " key=\"true\"/>\n";
  for (const std::string name : {"status", "first", "department", "start", "end"}) {
    const bool date = name == "start" || name == "end";
    const std::string where = place == "path" && id.find("\"/") != std::string::npos ? "/" + name : name;
    fields += "    <field name=\"" + name + "\" " + place + "=\"" + where + "\"" +
              (date ? " type=\"date\" format=\"%Y-%m-%d\"" : "") + "/>\n";
  }
  text.replace(begin, end - begin, "  <feed name=\"hr\" " + attributes + ">\n" + fields + more + "  </feed>\n");
  text.insert(text.find("<file path=\"events.jsonl\"/>"), events);
  return load_config(kMain, ConfigFiles::with_mappings({{kMain, text}, {kRules, kGoodRules}}));
}

}  // namespace

TEST_CASE("<feed> of every type says where its records are") {
  const LoadResult json = with_feed("type=\"json\" path=\"hr.json\" records=\"/a~1b/0\"", "path=\"/id\"");
  REQUIRE(json.config);
  CHECK(json.config->settings.feed.format() == "json");
  CHECK(json.config->settings.feed.records == "/a~1b/0");
  CHECK(json.config->settings.feed.fields[0].column == "/id");
  CHECK_FALSE(json.config->settings.feed.fields[0].optional);
  CHECK(with_feed("type=\"jsonl\" path=\"hr\"", "path=\"/id\"").config);
  CHECK(with_feed("type=\"xml\" path=\"hr\" records=\"/wd:Report/wd:Entry\"", "path=\"@id\"").config);
  const LoadResult scim = with_feed("type=\"scim\" path=\"hr\"", "path=\"externalId\"",
                                    "<field name=\"x\" path=\"emails[type eq &quot;work&quot;].value\" optional=\"true\"/>");
  REQUIRE(scim.config);
  CHECK(scim.config->settings.feed.fields.back().optional);
}

TEST_CASE("<feed type=\"exec\"> says what is run, how often, and how much of it is read") {
  const LoadResult found = with_feed(
      "type=\"exec\" output=\"json\" command=\"/opt/hr/export  --all\" every=\"15m\" timeout=\"90s\" max-bytes=\"5000\" "
      "min-ratio=\"0.5\"",
      "path=\"/id\"", "<arg value=\"a b\"/>");
  REQUIRE(found.config);
  const FeedSettings& feed = found.config->settings.feed;
  CHECK(feed.format() == "json");
  CHECK(test::with_linux_paths(feed.path) == "/etc/muster/state.db.feed");
  CHECK(feed.command.words == std::vector<std::string>{"/opt/hr/export", "--all", "a b"});
  CHECK(feed.command.every == std::chrono::minutes(15));
  CHECK(feed.command.timeout == std::chrono::seconds(90));
  CHECK(feed.command.most_bytes == 5000);
}

TEST_CASE("<feed type=\"events\"> has SCIM paths, nothing of a file, and somebody who is trusted") {
  const std::string trust =
      "<events poll=\"https://hr.example/poll\"><trust issuer=\"i\" audience=\"a\" keys=\"https://hr.example/keys\"/></events>";
  const LoadResult found = with_feed("type=\"events\" missing=\"keep\"", "path=\"externalId\"", "", trust);
  REQUIRE(found.config);
  CHECK(found.config->settings.feed.format() == "scim");
  CHECK(found.config->settings.feed.path.empty());
  const std::pair<const char*, const char*> wrong[] = {
      {"path=\"x\"", "people who come by events are in no file; remove it"},
      {"mode=\"delta\"", "people who come by events come one by one; remove it"},
      {"min-ratio=\"0.5\"", "people who come by events come one by one; remove it"},
      {"effective=\"start\"", "an event counts at once; remove it"},
      {"command=\"/bin/true\"", "only a feed of type=\"exec\" runs a command; add type=\"exec\", or remove it"},
  };
  for (const auto& [attribute, says] : wrong) {
    const LoadResult bad = with_feed(std::string("type=\"events\" ") + attribute, "path=\"externalId\"", "", trust);
    REQUIRE(bad.errors.size() == 1);
    CHECK(bad.errors[0].str() == std::string(kMain) + ":9:33: " + says);
  }
  const LoadResult path = with_feed("type=\"events\"", "path=\"emails[\"", "", trust);
  REQUIRE(path.errors.size() == 1);
  CHECK(path.errors[0].what == "'emails[' is no SCIM path: the bracket is not closed");
}

TEST_CASE("<feed> of another type that cannot work is refused with its place") {
  struct Case {
    const char* attributes;
    const char* id;
    const char* says;
    const char* more = "";
  };
  const Case cases[] = {
      {"type=\"yaml\" path=\"x\"", "column=\"id\"",
       "muster.xml:9:25: 'yaml' is no value of 'type' of <feed>; it is csv, json, jsonl, scim, xml, exec or events"},
      {"type=\"json\"", "path=\"/id\"", "muster.xml:9:3: <feed> lacks the attribute 'path'; add path=\"...\""},
      {"type=\"json\" path=\"x\" records=\"workers\"", "path=\"/id\"",
       "muster.xml:9:49: 'workers' is no JSON Pointer; write /workers, for example (RFC 6901)"},
      {"type=\"json\" path=\"x\" delimiter=\";\"", "path=\"/id\"", "muster.xml:9:40: only CSV has delimiters; remove it"},
      {"type=\"json\" path=\"x\"", "path=\"/i~d\"",
       "muster.xml:10:28: '/i~d' is no JSON Pointer; write /name or /name/first (RFC 6901)"},
      {"type=\"json\" path=\"x\"", "column=\"id\"", "muster.xml:10:22: only CSV has columns; write path=\"...\" instead"},
      {"type=\"json\" path=\"x\"", "path=\"/id\"", "muster.xml:16:1: <field> lacks the attribute 'path'; add path=\"...\"",
       "<field name=\"x\"/>"},
      {"type=\"jsonl\" path=\"x\" records=\"/a\"", "path=\"/id\"",
       "muster.xml:9:41: 'records' is for JSON and XML, not for jsonl; remove it"},
      {"path=\"x\"", "column=\"id\"", "muster.xml:16:28: 'optional' is not for CSV, whose header says what there is; remove it",
       "<field name=\"x\" column=\"x\" optional=\"true\"/>"},
      {"path=\"x\"", "path=\"/id\"", "muster.xml:10:22: a field of CSV is a column; write column=\"...\" instead"},
      {"path=\"x\" command=\"/bin/true\"", "column=\"id\"",
       "muster.xml:9:28: only a feed of type=\"exec\" runs a command; add type=\"exec\", or remove it"},
      {"type=\"events\"", "path=\"externalId\"",
       "muster.xml:9:3: the feed's people come by events, but nobody is polled and trusted for them; add <events "
       "poll=\"https://...\"> with <trust issuer=\"...\" keys=\"...\"/> to <upstream>"},
      {"path=\"x\" every=\"1h\"", "column=\"id\"",
       "muster.xml:9:28: only a feed of type=\"exec\" is run; a file is read whenever it changes; remove it"},
      {"path=\"x\"", "column=\"id\"", "muster.xml:16:1: <arg> belongs to a command; remove it, or add type=\"exec\"",
       "<arg value=\"x\"/>"},
      {"type=\"xml\" path=\"x\"", "path=\"@id\"",
       "muster.xml:9:3: a feed of XML does not say which elements are people; add records=\"/workers/worker\" or the like"},
      {"type=\"xml\" path=\"x\" records=\"//worker\"", "path=\"@id\"",
       "muster.xml:9:48: '//worker' does not lead to elements; write the names from the root on: /workers/worker"},
      {"type=\"xml\" path=\"x\" records=\"/a/b\" encoding=\"utf-8\"", "path=\"@id\"",
       "muster.xml:9:54: XML says itself how it is encoded; remove it"},
      {"type=\"xml\" path=\"x\" records=\"/a/b\"", "path=\"name[\"", "muster.xml:10:33: 'name[' is no XPath: "},
      {"type=\"scim\" path=\"x\"", "path=\"emails[type]\"",
       "muster.xml:10:28: 'emails[type]' is no SCIM path: in brackets stand comparisons"},
      {"type=\"exec\" output=\"csv\"", "column=\"id\"",
       "muster.xml:9:3: a feed of type=\"exec\" has no command; add command=\"/path/of/a/program\""},
      {"type=\"exec\" command=\"/bin/true\"", "column=\"id\"",
       "muster.xml:9:3: a feed of type=\"exec\" does not say what the command prints; add output=\"csv\", json, jsonl, scim or "
       "xml"},
      {"type=\"exec\" output=\"csv\" command=\"export\"", "column=\"id\"",
       "muster.xml:9:53: 'export' is no absolute path; write where the program lies"},
      {"type=\"exec\" output=\"csv\" command=\"/bin/true\" path=\"x\"", "column=\"id\"",
       "muster.xml:9:64: what is fetched is in no file of yours; remove 'path', or else 'type=\"exec\"' or <server>"},
      {"type=\"exec\" output=\"csv\" command=\"/bin/true\" every=\"1s\"", "column=\"id\"",
       "muster.xml:9:71: 'every' is 1s; it must be between "},
  };
  for (const Case& c : cases) {
    CAPTURE(c.attributes);
    CAPTURE(c.id);
    const LoadResult found = with_feed(c.attributes, c.id, c.more);
    CHECK(!found.config);
    REQUIRE(!found.errors.empty());
    const std::string said = found.errors.front().str();
    CHECK(said.substr(said.find("muster.xml"), std::string(c.says).size()) == c.says);
  }
}
