// Seeing it: how long changes take, and whether the service is healthy.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>

#include "service/loopback_http.h"
#include "tests/support/http_get.h"
#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;
using std::chrono::seconds;

namespace {

constexpr const char* kState = "<state path=\"state.db\"/>";

Site with(const std::string& element) {
  return Site(Site::Kind::openldap, {},
              [&](const std::string& folder) { replace_text(folder + "/muster.xml", kState, kState + element); });
}

void staff(Site& site) {
  for (const char* key : {"1", "2", "3"}) site.employ(key, {"Ann", "Lee" + std::string(key)});
  site.publish();
}

bool is_healthy(const Site& site) { return site.json({"status"}).value("healthy", false); }

/// The service says this one reason, and no other.
bool suffers(const Site& site, const std::string& what) {
  const json status = site.json({"status"});
  const json reasons = status.value("unhealthy", json::array());
  return status.value("healthy", true) == false && reasons.size() == 1 && reasons[0]["what"] == what;
}

void stop(Process& service) {
  service.signal(SIGTERM);
  CHECK(service.wait() == 0);
}

}  // namespace

TEST_CASE("seeing: the lag of each upstream, and nothing waits in the end") {
  Site site = with("");
  staff(site);
  const auto service = site.service();
  site.agrees("the start");
  site.change("dn: " + site.dn_of("1") + "\nchangetype: modify\nreplace: description\ndescription: seen\n");
  site.of("2").title = "Chief";
  site.publish();
  site.agrees("a change");
  REQUIRE(wait_until([&] { return site.json({"status"})["lag"]["oldest unsent"].is_null(); }));
  const json status = site.json({"status"});
  CHECK(status["healthy"] == true);
  CHECK(status["unhealthy"].empty());
  REQUIRE(status["lag"]["upstreams"].size() == 1);
  const json lane = status["lag"]["upstreams"].begin().value();
  CHECK(lane["set aside"] == 0);
  CHECK(lane["waiting"] == 0);
  for (const json& lag : {status["lag"], lane}) {
    CHECK(lag["seconds"]["of"] > 0);
    CHECK(lag["seconds"]["now"] >= 0);
    CHECK(lag["seconds"]["median"] <= lag["seconds"]["p99"]);
    CHECK(lag["seconds"]["p99"] < 30);
  }
  const std::string text = site.muster({"status"}).out;
  CHECK(text.find("lag") < text.find("service"));
  CHECK(text.find("Not healthy") == std::string::npos);
  stop(*service);
  CHECK(suffers(site, "not running"));
}

TEST_CASE("seeing: an upstream that takes nothing, and back by itself") {
  Site site = with("<health upstream-stuck=\"2s\"/>");
  std::filesystem::create_directory(site.file("events.jsonl"));  // nobody can write there
  staff(site);
  const auto service = site.service();
  REQUIRE(wait_until([&] { return suffers(site, "upstream stuck"); }));
  const json status = site.json({"status"});
  CHECK(status["lag"]["oldest unsent"]["seconds"] > 2);
  CHECK(site.muster({"status"}).out.find("Not healthy") == 0);
  std::filesystem::remove(site.file("events.jsonl"));
  CHECK(wait_until([&] { return is_healthy(site); }, seconds(90)));
  // How long it was away shows in the lag.
  CHECK(site.json({"status"})["lag"]["seconds"]["p99"] > 2);
  stop(*service);
}

TEST_CASE("seeing: a directory that says nothing, frozen and gone, and back by itself") {
  Site site = with("<health directory-silent=\"3s\"/>");
  staff(site);
  const auto service = site.service();
  site.agrees("the start");
  REQUIRE(wait_until([&] { return is_healthy(site); }));
  site.server().freeze();
  CHECK(wait_until([&] { return suffers(site, "no directory heartbeat"); }));
  site.server().thaw();
  CHECK(wait_until([&] { return is_healthy(site); }, seconds(90)));
  site.server().stop();
  CHECK(wait_until([&] { return suffers(site, "no directory heartbeat"); }));
  site.server().start();
  CHECK(wait_until([&] { return is_healthy(site); }, seconds(90)));
  stop(*service);
}

TEST_CASE("seeing: a feed that is silent, and back by itself") {
  Site site = with("<health feed-silent=\"3s\"/>");
  staff(site);
  const auto service = site.service();
  REQUIRE(wait_until([&] { return suffers(site, "feed silent"); }));
  site.of("1").title = "Chief";
  site.publish();
  CHECK(wait_until([&] { return is_healthy(site); }, seconds(10)));
  CHECK(wait_until([&] { return suffers(site, "feed silent"); }));
  stop(*service);
}

TEST_CASE("seeing: a hold that waits, until somebody decides") {
  Site site = with("<health hold-waiting=\"2s\"/>");
  replace_text(site.config(), "max-disables=\"25\"", "max-disables=\"25\" max-creates=\"2\"");
  staff(site);
  const auto service = site.service();
  REQUIRE(wait_until([&] { return suffers(site, "hold waiting"); }));
  const std::string hold = site.json({"status"})["holds"][0]["id"];
  CHECK(site.muster({"approve", hold, "--by", "ann", "--reason", "as planned"}).code == 0);
  CHECK(wait_until([&] { return is_healthy(site); }));
  stop(*service);
}

namespace {

/// One line of the text format 0.0.4: a comment, or a sample.
bool is_exposition(const std::string& line, std::map<std::string, std::string>& types) {
  static const std::regex help(R"(# HELP [a-z_]+ [^\\]+)"), type(R"(# TYPE ([a-z_]+) (gauge|counter|summary))");
  static const std::regex sample(R"re(([a-z_]+)(\{[a-z]+="([^"\\]|\\[\\"n])*"(,[a-z]+="([^"\\]|\\[\\"n])*")*\})? [0-9.e+-]+)re");
  std::smatch found;
  if (std::regex_match(line, help)) return true;
  if (std::regex_match(line, found, type)) return types.emplace(found[1], found[2]).second;  // once each
  if (!std::regex_match(line, found, sample)) return false;
  const std::string name = found[1], family = std::regex_replace(name, std::regex("_(sum|count)$"), "");
  if (types.contains(family) && types[family] == "summary") return name != family || line.find("quantile=") != std::string::npos;
  return types.contains(name) && (types[name] == "counter") == name.ends_with("_total") &&
         line.find("quantile=") == std::string::npos;
}

/// The value of a sample whose line begins so; -1: there is none.
double sample_of(const std::string& text, const std::string& beginning) {
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with(beginning)) return std::stod(line.substr(line.rfind(' ')));
  }
  return -1;
}

}  // namespace

namespace {

/// The entry exists unless `is_missing`.
void declare_probe(Site& site, const std::string& every, const std::string& silent, bool is_missing = false) {
  replace_text(site.config(), kState,
               kState + std::string("<health directory-silent=\"") + silent + "\"><probe entry=\"cn=probe," + site.unit("people") +
                   "\" every=\"" + every + "\"/></health>");
  if (!is_missing) site.change(site.stranger("probe"));
  staff(site);
}

std::string last_probe(const Site& site) {
  const json at = site.json({"status"})["lag"]["last probe"];
  return at.is_string() ? at.get<std::string>() : "";
}

class Deaf : public LabServer {
 public:
  explicit Deaf(const std::string& port) : LabServer("deaf", {{"TO", port}}) {}
  void deafen() const { lab("deafen"); }
};

}  // namespace

TEST_CASE("seeing: a probe is written, watched and acknowledged, again and again") {
  Site site = with("");
  declare_probe(site, "2s", "1m");
  const auto service = site.service();
  site.agrees("the start");
  REQUIRE(wait_until([&] { return !last_probe(site).empty(); }));
  const std::string first = last_probe(site);
  CHECK(wait_until([&] { return last_probe(site) > first; }));
  const json status = site.json({"status"});
  CHECK(status["lag"]["upstreams"].begin().value()["last probe"] >= first);
  CHECK(status["live"]["probe"].value("error", json()).is_null());
  const auto told = site.events();
  const auto probe = std::find_if(told.begin(), told.end(), [](const json& e) { return e["kind"] == "probe"; });
  REQUIRE(probe != told.end());
  CHECK((*probe)["dn"] == "cn=probe," + site.unit("people"));
  CHECK((*probe)["seconds"] < 30);
  // It belongs to nobody, so it is neither planned for nor told as anybody's change.
  CHECK(std::none_of(told.begin(), told.end(), [&](const json& e) { return e["kind"] != "probe" && e["dn"] == (*probe)["dn"]; }));
  site.agrees("the end");
  stop(*service);
}

TEST_CASE("seeing: a watch that died without a word is noticed by the probe, and begun anew") {
  Site site = with("");
  declare_probe(site, "3s", "2s");
  const std::string url = site.server().url();
  const Deaf between(url.substr(url.rfind(':') + 1));
  replace_text(site.config(), site.server().value("LDAPS_URL"), between.url());
  const auto service = site.service();
  site.agrees("the start");
  REQUIRE(wait_until([&] { return !last_probe(site).empty() && is_healthy(site); }));
  between.deafen();
  // The connection over which the service asks whether the server is there answers as before.
  CHECK(wait_until([&] { return suffers(site, "no directory heartbeat"); }));
  CHECK(wait_until([&] { return is_healthy(site); }));
  site.change("dn: " + site.dn_of("1") + "\nchangetype: modify\nreplace: displayName\ndisplayName: Nobody\n");
  site.agrees("a drift after that");
  stop(*service);
}

TEST_CASE("seeing: a probe asks a SCIM server, and one that does not answer is stuck") {
  LabServer scim("scim", {});
  Site site = with("");
  declare_probe(site, "2s", "1m");
  write_file(site.file("secrets/scim-token"), scim.value("TOKEN"));
  std::filesystem::permissions(site.file("secrets/scim-token"), std::filesystem::perms::owner_read);
  replace_text(
      site.config(), "<file path=\"events.jsonl\"/>",
      "<file path=\"events.jsonl\"/><scim url=\"" + scim.url() + "\" secret=\"scim-token\" ca=\"" + scim.value("CA") + "\"/>");
  replace_text(site.config(), "<health ", "<health upstream-stuck=\"5s\" ");
  const auto service = site.service();
  site.agrees("the start");
  REQUIRE(wait_until([&] { return !last_probe(site).empty() && is_healthy(site); }));
  scim.kill();
  CHECK(wait_until([&] { return suffers(site, "upstream stuck"); }));
  // The file has later ones; what counts is what all have.
  const std::string last = last_probe(site);
  CHECK(wait_until([&] {
    const json lanes = site.json({"status"})["lag"]["upstreams"];
    return std::any_of(lanes.begin(), lanes.end(), [&](const json& lane) { return lane["last probe"] > last; });
  }));
  CHECK(last_probe(site) == last);
  scim.start();
  CHECK(wait_until([&] { return is_healthy(site) && last_probe(site) > last; }, seconds(120)));
  stop(*service);
}

TEST_CASE("seeing: a probe that cannot be written says so") {
  Site site = with("");
  declare_probe(site, "1s", "2s", true);
  const Finished check = site.muster({"check"});
  CHECK(check.code != 0);
  CHECK(check.out.find("cn=probe," + site.unit("people")) != std::string::npos);
  const auto service = site.service();
  REQUIRE(wait_until([&] { return suffers(site, "no directory heartbeat"); }));
  CHECK(site.muster({"status"}).out.find("cn=probe") != std::string::npos);
  site.change(site.stranger("probe"));
  CHECK(wait_until([&] { return is_healthy(site) && !last_probe(site).empty(); }, seconds(90)));
  CHECK(site.muster({"check"}).out.find("the watch would report it") != std::string::npos);
  stop(*service);
}

TEST_CASE("seeing: a probe is not written into an account that is somebody's, or protected") {
  Site site = with("");
  declare_probe(site, "1s", "2s");
  replace_text(site.config(), "entry=\"cn=probe,", "entry=\"cn=Ann Lee1,");
  auto service = site.service();
  site.agrees("the start");
  REQUIRE(wait_until([&] { return suffers(site, "no directory heartbeat"); }));
  CHECK(site.muster({"status"}).out.find("belongs to person 1") != std::string::npos);
  CHECK(site.server().values(site.dn_of("1"), "description").empty());
  // The same of an entry that a rule protects.
  replace_text(site.config(), "entry=\"cn=Ann Lee1,", "every=\"1h\" entry=\"cn=probe,");
  replace_text(site.config(), " every=\"1s\"/></health>", "/></health>");
  replace_text(site.config(), "max-disables=\"25\" max-disables-percent=\"100\" max-membership-removals=\"100\"/>",
               "max-disables=\"25\" max-disables-percent=\"100\"><protect filter=\"(cn=probe)\"/></safety>");
  service->signal(SIGHUP);
  REQUIRE(wait_until([&] { return site.muster({"status"}).out.find("is protected by <protect filter>") != std::string::npos; }));
  CHECK(site.server().values("cn=probe," + site.unit("people"), "description").empty());
  stop(*service);
}

TEST_CASE("seeing: metrics for Prometheus, and /healthz") {
  std::uint16_t port = 0;
  {
    const auto probe = muster::LoopbackHttp::open(0, [](const std::string&) { return muster::LoopbackHttp::Page{}; });
    REQUIRE(probe);
    port = (*probe)->port();
  }
  Site site = with("<metrics port=\"" + std::to_string(port) + "\"/><health directory-silent=\"3s\"/>");
  staff(site);
  const auto service = site.service();
  site.agrees("the start");
  REQUIRE(wait_until([&] { return http_request(port, "GET", "/healthz").status == 200; }));
  const HttpAnswer metrics = http_request(port, "GET", "/metrics");
  REQUIRE(metrics.status == 200);
  CHECK(metrics.head.find("text/plain; version=0.0.4") != std::string::npos);
  CHECK(metrics.body.ends_with("\n"));
  std::map<std::string, std::string> types;
  for (const std::string& line : lines_of(metrics.body)) CHECK_MESSAGE(is_exposition(line, types), line);
  CHECK(sample_of(metrics.body, "muster_healthy ") == 1);
  CHECK(sample_of(metrics.body, "muster_people ") == 3);
  CHECK(sample_of(metrics.body, "muster_changes_total{action=\"create\"}") == 3);
  CHECK(sample_of(metrics.body, "muster_changes_total{action=\"disable\"}") == 0);
  CHECK(sample_of(metrics.body, "muster_directory_connected{server=\"ldap") == 1);
  CHECK(sample_of(metrics.body, "muster_lag_seconds{upstream=\"file ") >= 0);
  CHECK(sample_of(metrics.body, "muster_lag_seconds_count{upstream=\"file ") > 0);
  CHECK(http_request(port, "GET", "/state.db").status == 404);

  site.server().stop();
  REQUIRE(wait_until([&] { return http_request(port, "GET", "/healthz").status == 503; }));
  const json health = json::parse(http_request(port, "GET", "/healthz").body, nullptr, false);
  CHECK(health["healthy"] == false);
  CHECK(health["unhealthy"][0]["what"] == "no directory heartbeat");
  CHECK(sample_of(http_request(port, "GET", "/metrics").body, "muster_healthy ") == 0);
  stop(*service);
}
