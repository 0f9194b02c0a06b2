// Commands by polling: a real transmitter, a real directory, and trouble in between.
#include <doctest/doctest.h>
#include <signal.h>

#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "agent/upstream/http/client.h"
#include "tests/support/site.h"

using namespace muster;
using namespace muster::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string kIssuer = "https://hr.example/events", kAudience = "https://muster.example/site-7";
const std::string kProv = "urn:ietf:params:scim:event:prov:";
const std::string kEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

struct Transmitter : LabServer {
  explicit Transmitter(Environment wishes = {}) : LabServer("poll", std::move(wishes)) {}
  json control(const std::string& path, const json& body = {}) const {
    HttpSettings settings;
    settings.url = value("CONTROL");
    HttpClient client(settings, "");
    const auto answer =
        client.send({.method = body.is_null() ? "GET" : "POST", .url = path, .body = body.is_null() ? "" : body.dump()});
    REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().text()));
    return json::parse(answer->body);
  }
  json state() const { return control("/state"); }
  void sign(const json& tokens) const { control("/sign", tokens); }
  bool is_acked(const std::string& jti) const {
    const json now = state();
    const json& acked = now["acked"];
    return std::find(acked.begin(), acked.end(), json(jti)) != acked.end();
  }
  /// What the receiver found wrong; empty: nothing yet.
  std::string err(const std::string& jti) const {
    const json now = state();
    return now["setErrs"].contains(jti) ? now["setErrs"][jti]["err"].get<std::string>() : "";
  }
  std::string said(const std::string& jti) const { return state()["setErrs"][jti]["description"]; }
};

std::int64_t seconds_now() { return std::time(nullptr); }

json user(const std::string& key, const std::string& first, const std::string& last, const std::string& department = "Sales") {
  return {{"externalId", key},
          {"active", true},
          {"name", {{"givenName", first}, {"familyName", last}}},
          {"title", "Clerk"},
          {kEnterprise, {{"department", department}}}};
}

json token(const std::string& jti, const std::string& event, const std::string& key, json payload = json::object()) {
  return {{"claims",
           {{"iss", kIssuer},
            {"aud", kAudience},
            {"jti", jti},
            {"iat", seconds_now()},
            {"txn", "txn-" + jti},
            {"sub_id", {{"format", "scim"}, {"uri", "/Users/" + key}, {"externalId", key}}},
            {"events", {{event, std::move(payload)}}}}}};
}
json create(const std::string& jti, const json& resource) {
  return token(jti, kProv + "create:full", resource["externalId"], {{"data", resource}});
}
json patch(const std::string& jti, const std::string& key, json operations) {
  return token(jti, kProv + "patch:full", key, {{"data", {{"Operations", std::move(operations)}}}});
}

void trust(const std::string& folder, const Transmitter& from, const std::string& keys) {
  write_file(folder + "/secrets/poll-token", from.value("TOKEN"));
  std::filesystem::permissions(folder + "/secrets/poll-token", std::filesystem::perms::owner_read);
  replace_text(folder + "/muster.xml", "<file path=\"events.jsonl\"/>",
               "<file path=\"events.jsonl\"/><events poll=\"" + from.url() + "\" secret=\"poll-token\" ca=\"" + from.value("CA") +
                   "\"><trust issuer=\"" + kIssuer + "\" audience=\"" + kAudience + "\" keys=\"" + keys +
                   "\" max-age=\"1h\"/></events>");
}

void fed_by_events(const std::string& folder) {
  const std::string text = read_file(folder + "/muster.xml");
  const auto from = text.find("<feed"), end = text.find("</feed>") + 7;
  write_file(folder + "/muster.xml", text.substr(0, from) +
                                         "<feed name=\"hr\" type=\"events\">"
                                         "<field name=\"id\" path=\"externalId\" key=\"true\"/>"
                                         "<field name=\"status\" path=\"active\"><value from=\"true\" to=\"Active\"/>"
                                         "<value from=\"false\" to=\"Terminated\"/><value from=\"leave\" to=\"On Leave\"/></field>"
                                         "<field name=\"first\" path=\"name.givenName\" required=\"true\"/>"
                                         "<field name=\"last\" path=\"name.familyName\" required=\"true\"/>"
                                         "<field name=\"department\" path=\"" +
                                         kEnterprise +
                                         ":department\"/>"
                                         "<field name=\"title\" path=\"title\"/></feed>" +
                                         text.substr(end));
}

/// Its people come by commands.
struct EventSite : Site {
  explicit EventSite(const Transmitter& from, const std::string& keys = "")
      : Site(Kind::openldap, {}, [&](const std::string& folder) {
          fed_by_events(folder);
          trust(folder, from, keys.empty() ? from.value("KEYS") : keys);
        }) {}
  bool has(const std::string& key, const std::string& attribute, const std::string& value) const {
    const auto found = server().entries(server().value("SUFFIX"), "(employeeNumber=" + key + ")", {attribute});
    return found.size() == 1 && found.front().contains(attribute) && found.front().at(attribute).front() == value;
  }
  std::size_t accounts() const { return server().entries(unit("people"), "(objectClass=inetOrgPerson)", {"1.1"}).size(); }
};

/// Its people come from a file.
struct FileSite : Site {
  explicit FileSite(const Transmitter& from, int people = 3)
      : Site(Kind::openldap, {}, [&](const std::string& folder) {
          trust(folder, from, from.value("KEYS"));
          replace_text(folder + "/muster.xml", "max-disables=\"25\"", "max-disables=\"2\"");
        }) {
    for (int i = 1; i <= people; ++i) employ(std::to_string(100 + i), {"First" + std::to_string(i), "Last" + std::to_string(i)});
    publish();
  }
  bool is_off(const std::string& key) const {
    const Accounts all = in_directory();
    const auto at = all.find(key);
    return at != all.end() && at->second.disabled;
  }
};

}  // namespace

TEST_CASE("A person comes, moves and goes by commands") {
  const Transmitter hr;
  EventSite site(hr, hr.value("KEYS_URL"));
  const auto service = site.service();
  hr.sign(create("c1", user("100", "Ada", "Lovelace")));
  REQUIRE(wait_until([&] { return site.has("100", "sn", "Lovelace"); }));
  REQUIRE(wait_until([&] { return hr.is_acked("c1"); }));
  CHECK(site.in_directory()["100"].groups == std::set<std::string>{"all-staff", "sales"});
  const json why = site.json({"why", "100"});
  CHECK_MESSAGE(why.dump().find("command c1 of " + kIssuer) != std::string::npos, why.dump());

  json renamed = patch("p1", "100",
                       {{{"op", "replace"}, {"path", kEnterprise + ":department"}, {"value", "Engineering"}},
                        {{"op", "Replace"}, {"path", "name.familyName"}, {"value", "King"}}});
  hr.sign(renamed);
  REQUIRE(wait_until([&] { return site.has("100", "sn", "King"); }));
  REQUIRE(wait_until([&] { return site.in_directory()["100"].groups == std::set<std::string>{"all-staff", "engineering"}; }));

  hr.sign(token("d1", "urn:ietf:params:SCIM:event:prov:delete", "100"));
  REQUIRE(wait_until([&] { return site.in_directory()["100"].disabled; }));
  CHECK(site.in_directory()["100"].groups.empty());
  REQUIRE(wait_until([&] { return hr.is_acked("d1"); }));

  REQUIRE(wait_until([&] { return site.events("command").size() >= 3; }));
  const auto commands = site.events("command");
  REQUIRE(commands.size() == 3);
  CHECK(commands[0]["jti"] == "c1");
  CHECK(commands[0]["txn"] == "txn-c1");
  CHECK(commands[0]["person"] == "100");
  const json status = site.json({"status"});
  CHECK(status["commands"]["taken"] == 3);
  CHECK(status["commands"]["refused"] == 0);
  CHECK_MESSAGE(status["live"]["upstream"]["poll " + hr.url()]["ok"] == true, status.dump());
}

TEST_CASE("Tokens that may not be obeyed are refused, each with its error, and nobody is changed") {
  const Transmitter hr;
  EventSite site(hr);
  const auto service = site.service();
  hr.sign(create("good", user("100", "Ada", "Lovelace")));
  REQUIRE(wait_until([&] { return site.has("100", "sn", "Lovelace"); }));

  struct Case {
    std::string jti, err;
    std::function<void(json&)> change;
  };
  const auto claims = [](json& t) -> json& { return t["claims"]; };
  const std::vector<Case> cases{
      {"expired", "invalid_request", [&](json& t) { claims(t)["exp"] = seconds_now() - 1; }},
      {"old", "invalid_request", [&](json& t) { claims(t)["iat"] = seconds_now() - 3700; }},
      {"future", "invalid_request", [&](json& t) { claims(t)["iat"] = seconds_now() + 900; }},
      {"forged", "authentication_failed", [&](json& t) { t["key"] = "stranger"; }},
      {"unknown-key", "invalid_key",
       [&](json& t) {
         t["header"] = {{"kid", "nobody"}};
       }},
      {"unsigned", "authentication_failed",
       [&](json& t) {
         t["header"] = {{"alg", "none"}};
       }},
      {"audience", "invalid_audience", [&](json& t) { claims(t)["aud"] = "https://else.example"; }},
      {"issuer", "invalid_issuer", [&](json& t) { claims(t)["iss"] = "https://evil.example"; }},
      {"oversized", "invalid_request", [&](json& t) { claims(t)["more"] = std::string(70000, 'x'); }},
      {"typ", "invalid_request",
       [&](json& t) {
         t["header"] = {{"typ", "JWT"}};
       }},
      {"misnamed", "invalid_request",
       [&](json& t) {
         claims(t)["jti"] = "another";
         t["as"] = "misnamed";
       }},
      {"unknown-event", "invalid_request",
       [&](json& t) {
         claims(t)["events"] = {{"urn:x:y", json::object()}};
       }},
      {"notice", "invalid_request",
       [&](json& t) {
         claims(t)["events"] = {{kProv + "create:notice", {{"attributes", {"title"}}}}};
       }},
      {"about-another", "invalid_request", [&](json& t) { claims(t)["sub_id"]["externalId"] = "101"; }},
      {"bad-value", "invalid_request", [&](json& t) { claims(t)["events"].begin().value()["data"]["name"].erase("familyName"); }},
  };
  json all = json::array();
  for (const Case& c : cases) {
    json t = create(c.jti, user("100", "Eve", "Intruder"));
    c.change(t);
    all.push_back(t);
  }
  hr.sign(all);
  REQUIRE(wait_until([&] { return hr.state()["waiting"].empty(); }));
  for (const Case& c : cases) {
    REQUIRE_MESSAGE(hr.err(c.jti) == c.err, c.jti);
    CHECK_MESSAGE(!hr.said(c.jti).empty(), c.jti);
  }
  CHECK_MESSAGE(hr.said("bad-value").find("familyName") != std::string::npos, hr.said("bad-value"));
  for (const char* key : {"es", "rs", "ed"}) {
    json t = patch(std::string("by-") + key, "100", {{{"op", "add"}, {"path", "title"}, {"value", std::string("Title ") + key}}});
    t["key"] = key;
    hr.sign(t);
    REQUIRE(wait_until([&] { return site.has("100", "title", std::string("Title ") + key); }));
  }
  hr.sign(patch("odd", "100", {{{"op", "replace"}, {"path", "emails[type co \"w\"].value"}, {"value", "x"}}}));
  REQUIRE(wait_until([&] { return hr.err("odd") == "invalid_request"; }));
  CHECK(site.has("100", "sn", "Lovelace"));
  CHECK(site.accounts() == 1);
  CHECK(wait_until([&] { return site.events("command-refused").size() == cases.size() + 1; }));
}

TEST_CASE("A token that comes again is answered again and has no second effect, and its name is nobody else's") {
  const Transmitter hr;
  EventSite site(hr);
  const auto service = site.service();
  hr.sign(create("c1", user("100", "Ada", "Lovelace")));
  REQUIRE(wait_until([&] { return hr.is_acked("c1"); }));
  hr.sign(patch("p1", "100", {{{"op", "replace"}, {"path", "name.familyName"}, {"value", "King"}}}));
  REQUIRE(wait_until([&] { return site.has("100", "sn", "King"); }));
  hr.control("/again", {{"jti", "c1"}});
  REQUIRE(wait_until([&] { return hr.is_acked("c1"); }));
  hr.sign(create("p1", user("100", "Ada", "Byron")));
  REQUIRE(wait_until([&] { return hr.err("p1") == "invalid_request"; }));
  CHECK_MESSAGE(hr.said("p1").find("jti") != std::string::npos, hr.said("p1"));
  hr.sign(patch("p2", "100", {{{"op", "replace"}, {"path", "title"}, {"value", "Countess"}}}));
  REQUIRE(wait_until([&] { return site.has("100", "title", "Countess"); }));
  CHECK(site.has("100", "sn", "King"));
  CHECK(wait_until([&] { return site.events("command").size() == 3; }));

  json older = create("c0", user("100", "Ada", "Byron"));
  older["claims"]["iat"] = seconds_now() - 600;
  hr.sign({older, patch("a-patch", "101", {{{"op", "add"}, {"path", "title"}, {"value", "Admiral"}}}),
           create("b-create", user("101", "Grace", "Hopper"))});
  REQUIRE(wait_until([&] { return site.has("101", "title", "Admiral"); }));
  REQUIRE(wait_until([&] { return hr.is_acked("c0"); }));
  CHECK(site.has("100", "sn", "King"));
}

TEST_CASE("Accounts are switched off and on by commands, and the limits count them") {
  const Transmitter hr;
  FileSite site(hr, 6);
  const auto service = site.service();
  site.agrees("before");
  hr.sign(token("off", kProv + "deactivate", "101"));
  REQUIRE(wait_until([&] { return site.is_off("101"); }));
  hr.sign(token("on", kProv + "activate", "101"));
  REQUIRE(wait_until([&] { return !site.is_off("101"); }));
  site.agrees("after it is lifted");
  json late = token("late", kProv + "deactivate", "101");
  late["claims"]["iat"] = seconds_now() - 600;
  hr.sign(late);
  REQUIRE(wait_until([&] { return hr.is_acked("late"); }));
  CHECK(!site.json({"status"}).value("disabled by order", 1));

  hr.sign(create("people", user("900", "New", "Person")));
  REQUIRE(wait_until([&] { return hr.err("people") == "access_denied"; }));
  CHECK_MESSAGE(hr.said("people").find("feed hr") != std::string::npos, hr.said("people"));
  hr.sign(token("nobody", kProv + "deactivate", "999"));
  REQUIRE(wait_until([&] { return hr.err("nobody") == "invalid_request"; }));

  json many = json::array();
  for (int i = 1; i <= 6; ++i) many.push_back(token("off" + std::to_string(i), kProv + "deactivate", std::to_string(100 + i)));
  hr.sign(many);
  REQUIRE(wait_until([&] { return hr.is_acked("off6"); }));
  REQUIRE(wait_until([&] { return !site.json({"holds"})["holds"].empty(); }));
  for (int i = 1; i <= 6; ++i) CHECK(!site.is_off(std::to_string(100 + i)));
  CHECK(site.in_directory()["101"].groups == std::set<std::string>{"all-staff", "sales"});
  const std::string hold = site.json({"holds"})["holds"][0]["id"];
  const Finished approved = site.muster({"approve", hold, "--by", "Grace", "--reason", "meant"});
  REQUIRE_MESSAGE(approved.code == 0, (approved.out + approved.err));
  REQUIRE(wait_until([&] { return site.is_off("101") && site.is_off("106"); }));
}

TEST_CASE("Protected people are left alone, and a mass of leavers waits for somebody here") {
  const Transmitter hr;
  EventSite site(hr);
  replace_text(site.config(), "max-disables=\"25\" max-disables-percent=\"100\" max-membership-removals=\"100\"/>",
               "max-disables=\"2\" max-disables-percent=\"100\"><protect person=\"100\"/></safety>");
  const auto service = site.service();
  json all = json::array(), gone = json::array();
  for (int i = 0; i < 6; ++i) {
    const std::string key = std::to_string(100 + i);
    all.push_back(create("c" + key, user(key, "First" + key, "Last" + key)));
    if (i > 0) gone.push_back(token("d" + key, kProv + "delete", key));
  }
  hr.sign(all);
  REQUIRE(wait_until([&] { return site.accounts() >= 5; }));
  hr.sign(token("off", kProv + "deactivate", "100"));
  hr.sign(gone);
  REQUIRE(wait_until([&] { return hr.is_acked("d105") && hr.is_acked("off"); }));
  REQUIRE(wait_until([&] { return !site.json({"holds"})["holds"].empty(); }));
  const Accounts all_on = site.in_directory();
  for (const auto& person : all_on) CHECK_MESSAGE(!person.second.disabled, person.first);
}

TEST_CASE("A mass that comes in small parts waits for somebody here, too") {
  const Transmitter hr;
  FileSite site(hr, 6);
  auto service = site.service();
  site.agrees("before");
  for (const std::string key : {"101", "102"}) {
    hr.sign(token("off" + key, kProv + "deactivate", key));
    REQUIRE(wait_until([&] { return site.is_off(key); }));
  }
  hr.sign(token("off103", kProv + "deactivate", "103"));
  REQUIRE(wait_until([&] { return !site.json({"holds"})["holds"].empty(); }));
  const json hold = site.json({"holds"})["holds"][0];
  CHECK(hold["why"].get<std::string>().ends_with("with the 2 that commands brought within an hour"));
  // It is known to the next start, and to what comes by the feed.
  service->signal(SIGTERM);
  REQUIRE(service->wait() == 0);
  site.dismiss("104");
  site.publish();
  service = site.service();
  REQUIRE(wait_until([&] {
    const json holds = site.json({"holds"})["holds"];
    return holds.size() == 1 && holds[0]["people"] == 2;
  }));
  CHECK_MESSAGE(!site.is_off("103"), site.muster({"holds"}).out);
  CHECK(!site.is_off("104"));
  REQUIRE(site.muster({"approve", site.json({"holds"})["holds"][0]["id"], "--by", "Grace", "--reason", "meant"}).code == 0);
  CHECK(wait_until([&] { return site.is_off("103") && site.is_off("104"); }));
}

TEST_CASE("A disable that is refused, and tried again and again, counts once") {
  const Transmitter hr;
  FileSite site(hr, 6);
  const auto service = site.service();
  site.agrees("before");
  auto& slapd = dynamic_cast<Slapd&>(site.server());
  slapd.restrict_to("access to dn.exact=\"" + site.dn_of("101") + "\" by users read by * none");
  hr.sign(token("off101", kProv + "deactivate", "101"));
  REQUIRE(wait_until([&] { return site.events("alarm").size() > 0; }));
  for (int i = 0; i < 3; ++i) {
    const auto before = site.events("alarm").size();
    (void)site.muster({"resync"});  // whatever was refused is tried again
    REQUIRE(wait_until([&] { return site.events("alarm").size() > before; }));
  }
  CHECK(!site.is_off("101"));
  slapd.restrict_to("");
  (void)site.muster({"resync"});
  REQUIRE(wait_until([&] { return site.is_off("101"); }));
  // Two are allowed, and this is the second.
  hr.sign(token("off102", kProv + "deactivate", "102"));
  CHECK(wait_until([&] { return site.is_off("102"); }));
  CHECK(site.json({"holds"})["holds"].empty());
}

TEST_CASE("What somebody here ordered, upstream does not lift") {
  const Transmitter hr;
  FileSite site(hr);
  const auto service = site.service();
  site.agrees("before");
  REQUIRE(site.muster({"disable", "101", "--by", "Grace", "--reason", "investigation"}).code == 0);
  hr.sign(token("on", kProv + "activate", "101"));
  REQUIRE(wait_until([&] { return hr.err("on") == "access_denied"; }));
  CHECK(site.is_off("101"));

  hr.sign(token("off", kProv + "deactivate", "102"));
  REQUIRE(wait_until([&] { return site.is_off("102"); }));
  const json why = site.json({"why", "102"});
  CHECK_MESSAGE(why.dump().find("command off of " + kIssuer) != std::string::npos, why.dump());
  REQUIRE(site.muster({"disable", "102", "--by", "Grace", "--reason", "investigation"}).code == 0);
  hr.sign(token("on2", kProv + "activate", "102"));
  REQUIRE(wait_until([&] { return hr.err("on2") == "access_denied"; }));
  CHECK(site.is_off("102"));
}

TEST_CASE("A key that is not published yet is waited for, and not refused") {
  const Transmitter hr;
  EventSite site(hr, hr.value("KEYS_URL"));
  const auto service = site.service();
  hr.sign(create("c1", user("100", "Ada", "Lovelace")));
  REQUIRE(wait_until([&] { return hr.is_acked("c1"); }));
  json next = patch("p1", "100", {{{"op", "replace"}, {"path", "title"}, {"value", "Countess"}}});
  next["header"] = {{"kid", "next"}};
  hr.sign(next);
  REQUIRE(wait_until([&] { return hr.state()["delivered"].value("p1", 0) >= 2; }));
  CHECK(hr.err("p1") == "");
  CHECK(!hr.is_acked("p1"));
  hr.sign(patch("p2", "100", {{{"op", "replace"}, {"path", "title"}, {"value", "Duchess"}}}));
  REQUIRE(wait_until([&] { return site.has("100", "title", "Duchess"); }));
}

TEST_CASE("Killed between the store and the acknowledgement, or before: no command is lost, and none is done twice") {
  for (const char* where : {"command-noted", "command-taken"}) {
    CAPTURE(where);
    const Transmitter hr;
    EventSite site(hr);
    {
      const auto doomed = site.service({{"MUSTER_CRASH_AT", where}});
      hr.sign(create("c1", user("100", "Ada", "Lovelace")));
      REQUIRE(doomed->wait() == 128 + SIGKILL);
    }
    CHECK(!hr.is_acked("c1"));
    const auto service = site.service();
    REQUIRE(wait_until([&] { return hr.is_acked("c1"); }));
    REQUIRE(wait_until([&] { return site.has("100", "sn", "Lovelace"); }));
    REQUIRE(wait_until([&] { return !site.events("command").empty(); }));
    CHECK(site.events("command").size() == 1);
    CHECK(site.accounts() == 1);
    CHECK(hr.state()["delivered"]["c1"].get<int>() >= 2);
  }
}

TEST_CASE("The transmitter is away and comes back, and so is the directory") {
  Transmitter hr(Environment{{"HOLD_MS", "1000"}});
  EventSite site(hr);
  const auto service = site.service();
  hr.sign(create("c1", user("100", "Ada", "Lovelace")));
  REQUIRE(wait_until([&] { return site.has("100", "sn", "Lovelace"); }));
  hr.kill();
  REQUIRE(wait_until([&] {
    const json live = site.json({"status"})["live"];
    return live["upstream"]["poll " + hr.url()].value("ok", true) == false;
  }));
  hr.start();
  site.server().stop();
  hr.sign(create("c2", user("101", "Grace", "Hopper")));
  REQUIRE(wait_until([&] { return hr.is_acked("c2"); }, 30s));
  site.server().start();
  REQUIRE(wait_until([&] { return site.has("101", "sn", "Hopper"); }, 60s));
}

TEST_CASE("A command without a service fetches what is there, and answers it") {
  Transmitter hr;
  EventSite site(hr);
  hr.sign({create("c1", user("100", "Ada", "Lovelace")), create("c2", user("101", "Grace", "Hopper"))});
  const std::string asked = "poll " + hr.url() + " answers, and the keys of " + kIssuer + " can be read";
  const Finished looked = site.muster({"check"});
  CHECK_MESSAGE(looked.out.find(asked) != std::string::npos, (looked.out + looked.err));
  CHECK(hr.state()["acked"].empty());
  CHECK(hr.state()["delivered"].empty());
  const Finished done = site.muster({"resync"});
  REQUIRE_MESSAGE(done.code == 0, (done.out + done.err));
  CHECK(site.accounts() == 2);
  CHECK(hr.is_acked("c1"));
  CHECK(hr.is_acked("c2"));
  hr.stop();
  const Finished alone = site.muster({"resync"});
  CHECK(alone.code == 0);
  const Finished away = site.muster({"check"});
  CHECK(away.code != 0);
  CHECK(away.out.find(asked) == std::string::npos);
  CHECK_MESSAGE(alone.err.find("commands stay with upstream") != std::string::npos, alone.err);
}
