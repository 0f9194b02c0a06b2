// HR's people in every format, and from a command, on a real server.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

#include "agent/feed/csv.h"
#include "agent/upstream/http/client.h"
#include "tests/support/lab.h"
#include "tests/support/site.h"

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
  CHECK(log_says("the source of <feed> changed"));
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

TEST_CASE("feeds: a record of a delta that cannot be read stays a problem until HR tells another") {
  Company c({.edit = [](const std::string& f) { replace_text(f + "/muster.xml", "mode=\"snapshot\"", "mode=\"delta\""); }});
  REQUIRE(c.muster({"resync"}).code == 0);
  const auto lines = lines_of(read_file(c.file("feed/hr.csv")));
  const std::string key = first_employee(c), other = first_employee(c, 1);
  const auto tell = [&](const std::string& who, const std::string& first_day) {
    std::string text = lines.front() + "\n";
    for (const std::string& line : lines) {
      if (!line.starts_with(who + ",")) continue;
      text += line + "\n";
      const std::string start = "," + c.cell(who, "Hire Date");
      if (!first_day.empty()) text.replace(text.find(start), start.size(), "," + first_day);
    }
    replace_file(c.file("feed/hr.csv"), text);
    (void)c.muster({"resync"});
    return c.muster({"problems"}).out.find("bad-record") != std::string::npos;
  };
  CHECK(tell(key, "31.02.2026"));
  CHECK(tell(other, ""));
  CHECK_FALSE(tell(key, ""));
}

TEST_CASE("feeds: where the fields are others than before nobody is read by old values in new places") {
  Company c({.edit = [](const std::string& f) { replace_text(f + "/muster.xml", "mode=\"snapshot\"", "mode=\"delta\""); }});
  REQUIRE(c.muster({"resync"}).code == 0);
  const std::string everybody = read_file(c.file("feed/hr.csv")), key = first_employee(c), other = c.dn_of(first_employee(c, 1));
  const auto lines = lines_of(everybody);
  std::string one = lines.front() + "\n";
  for (const std::string& line : lines) {
    if (line.starts_with(key + ",")) one += line + "\n";
  }
  replace_file(c.file("feed/hr.csv"), one);
  // What stood first stands second now.
  replace_text(c.config(), "<field ", "<field name=\"again\" column=\"Status\"/>\n    <field ");
  const auto refused = c.muster({"resync"});
  CHECK(refused.code == 1);
  CHECK_MESSAGE(refused.err.find("its fields are not those of before") != std::string::npos, refused.err);
  CHECK(c.muster({"problems"}).out.find("feed-refused") != std::string::npos);
  CHECK(c.slapd().can_bind(other, "sample"));
  replace_file(c.file("feed/hr.csv"), everybody);
  CHECK(c.json({"resync"})["applied"] == 0);
}

namespace {

const std::string kEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// HR, as a SCIM server. `wishes`: attributes of <feed>.
struct Hr : LabServer {
  Hr() : LabServer("scim", {}) {}
  /// Somebody as HR has them from `when` on.
  void employ(int number, const std::string& title, bool active = true, const std::string& when = "2026-01-01T00:00:00Z") const {
    const std::string key = std::to_string(number);
    put(key, {{"schemas", {"urn:ietf:params:scim:schemas:core:2.0:User", kEnterprise}},
              {"userName", "user" + key},
              {"externalId", key},
              {"active", active},
              {"name", {{"givenName", "Ann" + key}, {"familyName", "Lee"}}},
              {"title", title},
              {kEnterprise, {{"department", "Sales"}}},
              {"meta", {{"created", "2026-01-01T00:00:00Z"}, {"lastModified", when}}}});
  }
  void forget(int number) const { put(std::to_string(number), nullptr); }

 private:
  void put(const std::string& id, const json& user) const {
    muster::HttpSettings settings;
    settings.url = value("CONTROL");
    muster::HttpClient client(settings, "");
    const json body = {{"users", {{id, user}}}};
    const auto answer = client.send({.method = "PUT", .url = "/resources", .body = body.dump()});
    REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().text()));
  }
};

void ask_hr(const std::string& folder, const Hr& hr, const std::string& mode) {
  write_file(folder + "/secrets/hr-token", hr.value("TOKEN"));
  std::filesystem::permissions(folder + "/secrets/hr-token", std::filesystem::perms::owner_read);
  const std::string config = folder + "/muster.xml";
  std::string text = read_file(config);
  const auto feed = text.find("<feed "), end = text.find("</feed>");
  text.replace(feed, end - feed,
               "<feed name=\"hr\" type=\"scim\" mode=\"" + mode + "\">\n  <server url=\"" + hr.url() +
                   "\" secret=\"hr-token\" ca=\"" + hr.value("CA") +
                   "\" every=\"10s\"/>\n"
                   "  <field name=\"id\" path=\"externalId\" key=\"true\"/>\n"
                   "  <field name=\"status\" path=\"active\"><value from=\"true\" to=\"Active\"/><value from=\"leave\" to=\"On "
                   "Leave\"/><value from=\"false\" "
                   "to=\"Terminated\"/></field>\n"
                   "  <field name=\"first\" path=\"name.givenName\"/>\n  <field name=\"last\" path=\"name.familyName\"/>\n"
                   "  <field name=\"department\" path=\"" +
                   kEnterprise + ":department\"/>\n  <field name=\"title\" path=\"title\"/>\n");
  write_file(config, text);
}

std::string title_of(const Site& site, int number) {
  return site.server().values("cn=Ann" + std::to_string(number) + " Lee," + site.unit("people"), "title").front();
}

constexpr int kEmployees = 60;  ///< more than the server gives on one page

}  // namespace

TEST_CASE("feeds: HR's people come from a SCIM server, page by page, and who is no longer there has left") {
  Hr hr;
  for (int i = 1; i <= kEmployees; ++i) hr.employ(i, "Clerk");
  Site site(Site::Kind::openldap, {}, [&](const std::string& folder) { ask_hr(folder, hr, "snapshot"); });
  const json first = site.json({"resync"});
  CHECK(first["people"] == kEmployees);
  CHECK(title_of(site, kEmployees) == "Clerk");
  const auto checked = site.muster({"check"});
  CHECK_MESSAGE(checked.out.find("users of " + hr.url() + ": 60 people") != std::string::npos, checked.out);
  CHECK(site.muster({"plan"}).code == 0);

  const auto service = site.service();
  hr.forget(1);
  hr.employ(2, "Pilot");
  const auto is_off = [&] { return !site.server().values("cn=Ann1 Lee," + site.unit("leavers"), "pwdEndTime").empty(); };
  CHECK_MESSAGE(wait_until(is_off, std::chrono::seconds(40)), read_file(site.file("service.log")));
  CHECK(wait_until([&] { return title_of(site, 2) == "Pilot"; }));

  // A server that cannot be asked changes nobody, and is heard of.
  hr.stop();
  const auto says = [&] { return site.muster({"problems"}).out.find("feed-refused") != std::string::npos; };
  CHECK(wait_until(says, std::chrono::seconds(40)));
  CHECK(title_of(site, 2) == "Pilot");
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
}

TEST_CASE("feeds: a SCIM server is asked for what was modified since") {
  const Hr hr;
  for (int i = 1; i <= 3; ++i) hr.employ(i, "Clerk");
  Site site(Site::Kind::openldap, {}, [&](const std::string& folder) { ask_hr(folder, hr, "delta"); });
  REQUIRE(site.json({"resync"})["people"] == 3);
  hr.employ(1, "Pilot", true, "2026-02-01T12:00:00Z");
  hr.employ(2, "Pilot", true, "2025-12-01T12:00:00Z");  // older than what was seen: not asked for
  hr.forget(3);                                         // nobody is missing from a delta
  CHECK(site.muster({"resync"}).code == 0);
  CHECK(title_of(site, 1) == "Pilot");
  CHECK(title_of(site, 2) == "Clerk");
  CHECK(title_of(site, 3) == "Clerk");
  hr.employ(2, "Astronaut", false, "2026-02-01T12:00:00Z");  // at the very time that was seen last
  CHECK(site.muster({"resync"}).code == 0);
  CHECK_FALSE(site.server().values("cn=Ann2 Lee," + site.unit("leavers"), "pwdEndTime").empty());
}
