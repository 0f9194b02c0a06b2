// Reconciliation: what was applied is verified in the directory, by itself and on demand. And what would change, asked beforehand.
#include <doctest/doctest.h>
#include <signal.h>
#include <sqlite3.h>

#include <filesystem>

#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

void staff(Site& site) {
  for (const char* key : {"1", "2", "3", "4", "5"}) site.employ(key, {"Ann", "Lee" + std::string(key)});
  site.publish();
}

void every_ten_seconds(const std::string& folder) {
  replace_text(folder + "/muster.xml", "<state path=\"state.db\"/>", "<state path=\"state.db\"/><resync every=\"10s\"/>");
}

/// As if the last one were years ago.
void forget_last_resync(const std::string& state) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(state.c_str(), &db) == SQLITE_OK);
  const char* sql = "UPDATE meta SET value='2020-01-01T00:00:00.000Z' WHERE key='resync.last'";
  CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

std::string modification(const std::string& dn, const std::string& attribute, const std::string& value) {
  return "dn: " + dn + "\nchangetype: modify\nreplace: " + attribute + "\n" + attribute + ": " + value + "\n";
}

/// What a plan must leave as it is.
std::string traces(const Site& site) {
  const json status = site.json({"status"});
  return status["audit records"].dump() + status["feed taken"].dump() + status["last settled"].dump() +
         read_file(site.file("events.jsonl")) + site.json({"problems"}).dump() + site.json({"holds"}).dump();
}

void mapping_beside(const Site& site, const std::string& name, const std::string& from, const std::string& to) {
  std::filesystem::create_directory(site.file(name + ".d"));
  std::string text = read_file(site.config());
  write_file(site.file(name + ".xml"), text.replace(text.find("mapping.d/"), 10, name + ".d/"));
  std::string rules = read_file(site.file("mapping.d/rules.xml"));
  REQUIRE(rules.find(from) != std::string::npos);
  write_file(site.file(name + ".d/rules.xml"), rules.replace(rules.find(from), from.size(), to));
}

json plan_with(const std::string& config, std::vector<std::string> more, int code) {
  more.insert(more.begin(), {"--output", "json", "plan"});
  const Finished done = Installed::muster_with(config, more);
  CHECK_MESSAGE(done.code == code, (done.out + done.err));
  return json::parse(done.out, nullptr, false);
}

}  // namespace

TEST_CASE("reconciliation: a full resync on demand reports its figures upstream, and status shows them") {
  Site site(Site::Kind::openldap);
  staff(site);
  REQUIRE(site.muster({"resync"}).code == 0);
  CHECK(site.events("reconciled").empty());
  site.change(modification(site.dn_of("1"), "displayName", "Somebody Else"));  // HR's: put back
  site.change(modification(site.dn_of("2"), "title", "King"));                 // HR's: reported
  REQUIRE(site.muster({"resync", "--full"}).code == 0);
  const auto events = site.events("reconciled");
  REQUIRE(events.size() == 1);
  const json& e = events.front();
  CHECK(e["people"] == 5);
  CHECK(e["entries"] == 5);
  CHECK(e["repaired"] == 1);
  CHECK(e["drift"] == 1);
  CHECK(e["agreeing"] == 3);
  CHECK(e["held"] == 0);
  CHECK(e["problems"] == 0);
  CHECK(e["failed"] == 0);
  CHECK(e["seconds"] > 0);
  CHECK(site.json({"status"})["last resync"]["repaired"] == 1);
}

TEST_CASE("reconciliation: the service compares by schedule, and catches up with what was missed while it was stopped") {
  Site site(Site::Kind::openldap, {}, every_ten_seconds);
  staff(site);
  auto service = site.service();
  REQUIRE(wait_until([&] { return site.events("reconciled").size() >= 2; }, std::chrono::seconds(40)));
  CHECK(site.events("reconciled").back()["agreeing"] == 5);
  const json status = site.json({"status"});
  CHECK(status["live"].contains("next resync"));
  CHECK(status["last resync"]["people"] == 5);
  // The watch goes on between two comparisons.
  site.change(modification(site.dn_of("1"), "displayName", "Somebody Else"));
  CHECK(wait_until([&] { return site.in_directory().at("1").values.at("displayname") == "Ann Lee1"; }));
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);

  const std::size_t told = site.events("reconciled").size();
  replace_text(site.config(), "every=\"10s\"", "every=\"7d\"");
  service = site.service();
  CHECK(wait_until([&] { return site.json({"status"})["live"].contains("next resync"); }));
  CHECK(site.events("reconciled").size() == told);  // the last one was less than seven days ago
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);

  const std::string last = site.json({"status"})["last resync"]["began"];
  forget_last_resync(site.file("state.db"));
  REQUIRE(site.json({"status"})["last resync"]["began"] != last);
  service = site.service();
  CHECK(wait_until([&] { return site.events("reconciled").size() == told + 1; }));
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
}

TEST_CASE("what would change: other rules are compared with those in force, by person and by rule, and nothing is touched") {
  Site site(Site::Kind::openldap);
  staff(site);
  REQUIRE(site.muster({"resync"}).code == 0);
  auto service = site.service();
  REQUIRE(wait_until([&] { return site.json({"status"})["waiting upstream"] == 0; }));
  const std::string before = traces(site), directory = text_of(site.in_directory());
  mapping_beside(site, "new", "department='Sales'", "department='Sales' and id != '3'");
  const json made = plan_with(site.file("new.xml"), {}, 3);
  REQUIRE(made.contains("difference"));
  const json& d = made["difference"];
  CHECK(d["more"] == 1);
  CHECK(d["less"] == 0);
  REQUIRE(d["people"].size() == 1);
  CHECK(d["people"][0]["person"] == "3");
  CHECK(d["people"][0]["more"][0]["action"] == "remove-member");
  REQUIRE(d["rules"].size() == 1);
  CHECK(d["rules"][0]["people"] == 1);
  CHECK(d["rules"][0]["rule"].get<std::string>().starts_with("new.d/rules.xml:"));
  CHECK(made["changes"].size() == 1);
  CHECK(plan_with(site.file("new.xml"), {"--person", "4"}, 0)["difference"]["people"].empty());
  const Finished text = Installed::muster_with(site.file("new.xml"), {"plan"});
  CHECK(text.out.find("1 more, 0 less, for 1 of 5 people") != std::string::npos);
  CHECK(traces(site) == before);
  CHECK(text_of(site.in_directory()) == directory);
  CHECK(!plan_with(site.config(), {}, 0).contains("difference"));

  mapping_beside(site, "bad", "department='Sales'", "departmen='Sales'");
  CHECK(Installed::muster_with(site.file("bad.xml"), {"plan"}).code == 2);
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
}

TEST_CASE("what would change: rules that lie elsewhere are compared with a configuration that is named, and limits are told") {
  Site site(Site::Kind::openldap, {},
            [](const std::string& folder) { replace_text(folder + "/muster.xml", "max-disables=\"25\"", "max-disables=\"2\""); });
  staff(site);
  REQUIRE(site.muster({"resync"}).code == 0);
  const Folder elsewhere;
  std::string text = read_file(site.config());
  text.replace(text.find("path=\"feed\""), 11, "path=\"" + site.file("feed") + "\"");
  write_file(elsewhere / "new.xml", text);
  std::filesystem::create_directory(elsewhere / "mapping.d");
  std::string rules = read_file(site.file("mapping.d/rules.xml"));
  rules.replace(rules.find("status='Terminated'"), 19, "status='Active'");
  write_file(elsewhere / "mapping.d/rules.xml", rules);
  const json made = plan_with(elsewhere / "new.xml", {"--against", site.config()}, 4);
  CHECK(made["holds"].size() == 1);
  CHECK(made["difference"]["people"].size() == 5);
  CHECK(!std::filesystem::exists(elsewhere / "state.db"));
  CHECK(site.json({"holds"})["holds"].empty());
  CHECK(site.json({"plan"})["changes"].empty());
}

TEST_CASE("what would change: another feed is compared with what HR said last") {
  Site site(Site::Kind::openldap);
  staff(site);
  REQUIRE(site.muster({"resync"}).code == 0);
  const std::string before = traces(site);
  std::string feed = read_file(site.file("feed/hr.csv"));
  const std::string line = "\"2\",\"Active\"";
  REQUIRE(feed.find(line) != std::string::npos);
  write_file(site.file("next.csv"), feed.replace(feed.find(line), line.size(), "\"2\",\"On Leave\""));
  const json made = plan_with(site.config(), {"--feed", site.file("next.csv")}, 3);
  REQUIRE(made["difference"]["people"].size() == 1);
  CHECK(made["difference"]["people"][0]["more"][0]["action"] == "disable");
  write_file(site.file("broken.csv"), "Id,Status\n1,Active\n");
  CHECK(Installed::muster_with(site.config(), {"plan", "--feed", site.file("broken.csv")}).code == 1);
  CHECK(traces(site) == before);
  CHECK(!site.in_directory().at("2").disabled);
  CHECK(site.json({"plan"})["changes"].empty());
}
