// HR's people in every format, and from a command, on a real server.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>

#include "agent/feed/csv.h"
#include "tests/support/lab.h"

using namespace muster::test;
using nlohmann::json;

namespace {

using Row = std::vector<std::string>;

/// The rows of HR's file, the header first.
std::vector<Row> rows_of(const Company& c) {
  std::vector<Row> rows;
  muster::CsvReader csv(',', [&](const muster::CsvRecord& r) {
    rows.emplace_back(r.values.begin(), r.values.end());
    return true;
  });
  REQUIRE_FALSE(csv.read(read_file(c.file("feed/hr.csv"))));
  REQUIRE_FALSE(csv.finish());
  return rows;
}

/// "Hire Date" as a name that XML and SCIM allow.
std::string name_of(std::string column) {
  std::replace(column.begin(), column.end(), ' ', '_');
  return column;
}

json object_of(const Row& header, const Row& row) {
  json object;
  for (std::size_t i = 0; i < header.size(); ++i) object[name_of(header[i])] = row[i];
  return object;
}

json people_of(
    const Company& c, const std::function<json(const json&)>& wrap = [](const json& o) { return o; }) {
  const auto rows = rows_of(c);
  json all = json::array();
  for (std::size_t i = 1; i < rows.size(); ++i) all.push_back(wrap(object_of(rows[0], rows[i])));
  return all;
}

std::string json_lines_of(const Company& c) {
  std::string text;
  for (const json& person : people_of(c)) text += person.dump() + "\n";
  return text;
}

std::string xml_of(const Company& c) {
  std::string text = "<hr:export xmlns:hr=\"urn:example:hr\">\n";
  for (const json& person : people_of(c)) {
    text += "  <hr:person";
    for (const auto& [name, value] : person.items()) text += " " + name + "=\"" + value.get<std::string>() + "\"";
    text += "/>\n";
  }
  return text + "</hr:export>\n";
}

std::string scim_of(const Company& c) {
  return json{
      {"schemas", {"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}},
      {"Operations", people_of(c,
                               [](const json& o) {
                                 return json{{"method", "POST"}, {"path", "/Users"}, {"data", {{"urn:example:hr:1.0:User", o}}}};
                               })}}
      .dump(1);
}

/// In muster.xml: another feed with the same fields, which are at `before` + name.
void use_feed(const std::string& config, const std::string& attributes, const std::string& before) {
  std::string text = read_file(config);
  const auto feed = text.find("<feed "), end = text.find("</feed>"), fields = text.find("<field ", feed);
  std::string changed = text.substr(fields, end - fields);
  for (auto at = changed.find("column=\""); at != std::string::npos; at = changed.find("column=\"", at + 1)) {
    const auto close = changed.find('"', at + 8);
    changed.replace(at, close - at, "path=\"" + before + name_of(changed.substr(at + 8, close - at - 8)));
  }
  write_file(config, text.substr(0, feed) + "<feed name=\"hris\" " + attributes + ">\n    " + changed + text.substr(end));
}

/// The same company, from a command that prints what is in `answer`.
std::string command_for(const Company& c) {
  return "type=\"exec\" output=\"jsonl\" every=\"10s\" command=\"/bin/cat " + c.file("answer") + "\"";
}

std::string first_employee(const Company& c, std::size_t nth = 0) { return c.employee("Engineering", nth); }

}  // namespace

TEST_CASE("feeds: the same people in another format are no change") {
  Company c({});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string csv_config = read_file(c.config());
  struct Format {
    std::string attributes, before, text;
  };
  const Format formats[]{
      {"type=\"json\" records=\"/hr/people\"", "/", json{{"hr", {{"people", people_of(c)}}}}.dump()},
      {"type=\"jsonl\"", "/", json_lines_of(c)},
      {"type=\"xml\" records=\"/hr:export/hr:person\"", "@", xml_of(c)},
      {"type=\"scim\"", "urn:example:hr:1.0:User:", scim_of(c)},
  };
  for (const Format& f : formats) {
    CAPTURE(f.attributes);
    write_file(c.config(), csv_config);
    use_feed(c.config(), f.attributes + " path=\"answer\"", f.before);
    replace_file(c.file("answer"), f.text);
    const auto planned = c.muster({"plan"});
    CHECK_MESSAGE(planned.code == 0, (planned.out + planned.err));
    const auto checked = c.muster({"check"});
    CHECK_MESSAGE(checked.out.find(std::to_string(people_of(c).size()) + " people") != std::string::npos,
                  (checked.out + checked.err));
    const auto taken = c.json({"resync"});
    CHECK(taken["applied"] == 0);
    CHECK(taken["people"] == people_of(c).size());
  }
  // And what differs is a change.
  const std::string key = first_employee(c), before = c.cell(key, "Job Title");
  c.edit_person(key, [&](auto& cells) { std::replace(cells.begin(), cells.end(), before, std::string("Pilot")); });
  replace_file(c.file("answer"), scim_of(c));
  CHECK(c.muster({"resync"}).code == 0);
  CHECK(c.slapd().values(c.dn_of(key), "title") == std::vector<std::string>{"Pilot"});
}

TEST_CASE("feeds: what a command prints comes into force by itself, and its failures are seen") {
  Company c({});
  REQUIRE(c.muster({"resync"}).code == 0);
  use_feed(c.config(), command_for(c), "/");
  replace_file(c.file("answer"), json_lines_of(c));
  const auto planned = c.muster({"plan"});
  CHECK_MESSAGE(planned.code == 0, (planned.out + planned.err));
  CHECK_FALSE(std::ifstream(c.file("state.db.feed")).good());

  const std::string key = first_employee(c), dn = c.dn_of(key), before = c.cell(key, "Job Title");
  const auto retitle = [&](const std::string& from, const std::string& to) {
    c.edit_person(key, [&](auto& cells) { std::replace(cells.begin(), cells.end(), from, to); });
    replace_file(c.file("answer"), json_lines_of(c));
  };
  retitle(before, "Pilot");
  const auto service = c.service();
  const auto has_title = [&](const std::string& title) {
    return wait_until([&] { return c.slapd().values(dn, "title") == std::vector<std::string>{title}; }, std::chrono::seconds(40));
  };
  REQUIRE_MESSAGE(has_title("Pilot"), read_file(c.file("service.log")));

  const std::string answer = read_file(c.file("answer"));
  std::remove(c.file("answer").c_str());
  const auto says = [&](const std::string& text) {
    return wait_until([&] { return c.muster({"problems"}).out.find(text) != std::string::npos; }, std::chrono::seconds(40));
  };
  CHECK_MESSAGE(says("/bin/cat ended with code 1; it says: /bin/cat: "), c.muster({"problems"}).out);
  CHECK(c.slapd().values(dn, "title") == std::vector<std::string>{"Pilot"});

  replace_file(c.file("answer"), answer);
  retitle("Pilot", "Astronaut");
  REQUIRE_MESSAGE(has_title("Astronaut"), read_file(c.file("service.log")));
  CHECK(wait_until([&] { return c.muster({"problems"}).out.find("/bin/cat") == std::string::npos; }));
  CHECK(c.events("applied").back()["cause"].get<std::string>().find("feed hris, record ") == 0);

  replace_text(c.config(), "every=\"10s\"", "every=\"20s\"");
  service->signal(SIGHUP);
  const auto log_says = [&](const std::string& text) {
    return wait_until([&] { return read_file(c.file("service.log")).find(text) != std::string::npos; });
  };
  CHECK(log_says("the command of <feed> changed"));
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
}

TEST_CASE("feeds: a file may stand for what a command would print, in a plan") {
  Company c({});
  use_feed(c.config(), command_for(c), "/");
  replace_file(c.file("answer"), json_lines_of(c));
  const auto first = c.muster({"resync"});
  REQUIRE_MESSAGE(first.code == 0, (first.out + first.err));
  const std::string key = first_employee(c), before = c.cell(key, "Job Title");
  c.edit_person(key, [&](auto& cells) { std::replace(cells.begin(), cells.end(), before, std::string("Pilot")); });
  write_file(c.file("other.jsonl"), json_lines_of(c));
  const json difference = c.json({"plan", "--feed", c.file("other.jsonl")})["difference"];
  CHECK(difference["more"] == 1);
  CHECK(difference["people"][0]["person"] == key);
  CHECK(c.muster({"plan"}).code == 0);
}
