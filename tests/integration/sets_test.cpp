// A real directory, the real service, and a receiver of tokens whose JOSE is another's: what happens arrives, as the right events,
// in order.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/jose/signing_key.h"
#include "agent/upstream/http/client.h"
#include "tests/support/lab.h"

using namespace muster;
using namespace muster::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr std::size_t kStatus = 1, kDepartment = 5;

struct Sets : LabServer {
  explicit Sets(Environment wishes = {}) : LabServer("sets", std::move(wishes)) {}
  json control(const std::string& method, const std::string& path, const std::string& body = "") const {
    HttpSettings settings;
    settings.url = value("CONTROL");
    HttpClient client(settings, "");
    const auto answer = client.send({.method = method, .url = path, .body = body});
    REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().text()));
    return json::parse(answer->body);
  }
  json state() const { return control("GET", "/state"); }
  void faults(const json& wished) const { control("PUT", "/faults", wished.dump()); }
  void expect_token(const std::string& token) const { control("PUT", "/token", token); }
  void believe(const std::vector<json>& keys) const {
    write_file(value("JWKS") + ".new", json{{"keys", keys}}.dump());
    std::filesystem::rename(value("JWKS") + ".new", value("JWKS"));
  }
  /// The token that nobody may send.
  void check_strictly() const {
    const json seen = state();
    for (const json& v : seen["violations"]) CHECK_MESSAGE(v == "", v.dump());
  }
};

json public_part(const std::string& path) {
  const auto key = SigningKey::read(path);
  REQUIRE_MESSAGE(key, (key ? "" : key.error().text()));
  return key->public_jwk();
}

void make_key(const std::string& path, const std::string& algorithm) {
  const Status made = make_signing_key(path, algorithm);
  REQUIRE_MESSAGE(made, (made ? "" : made.error().text()));
}

void write_secret(const std::string& path, const std::string& text) {
  std::filesystem::remove(path);
  write_file(path, text);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
}

std::string name_of(const Sets& sets) { return "events " + sets.url(); }

/// <events> for one receiver, with further attributes.
std::string element_of(const Sets& sets, const std::string& more = "") {
  return "<events push=\"" + sets.url() + "\" sign-key=\"sign.pem\" issuer=\"" + sets.value("ISSUER") + "\" audience=\"" +
         sets.value("AUDIENCE") + "\" secret=\"sets-token\" ca=\"" + sets.value("CA") + "\" timeout=\"5s\" " + more + "/>";
}

struct World : Company {
  explicit World(const Sets& sets, const std::string& more = "", int people = 40, const std::vector<const Sets*>& others = {})
      : Company({.people = people,
                 .edit =
                     [&](const std::string& folder) {
                       write_secret(folder + "/secrets/sets-token", sets.value("TOKEN"));
                       make_key(folder + "/sign.pem", "ES256");
                       std::string elements = element_of(sets, more);
                       for (const Sets* other : others) elements += "\n    " + element_of(*other);
                       sets.believe({public_part(folder + "/sign.pem")});
                       for (const Sets* other : others) other->believe({public_part(folder + "/sign.pem")});
                       replace_text(folder + "/muster.xml", "<file path=\"events.jsonl\"/>",
                                    "<file path=\"events.jsonl\"/>\n    " + elements);
                     }}),
        name(name_of(sets)) {}

  std::string name;
  nlohmann::json lane() const {
    const nlohmann::json status = json({"status"});
    return status["live"]["upstream"].value(name, nlohmann::json::object());
  }
  void set_mobile(const std::string& dn, const std::string& number) {
    REQUIRE(slapd().modify("dn: " + dn + "\nchangetype: modify\nreplace: mobile\nmobile: " + number + "\n") == 0);
  }
  void set_cell(const std::string& key, std::size_t column, const std::string& text) const {
    edit_person(key, [&](auto& cells) { cells[column] = text; });
  }
};

/// "prov:patch:full" of "urn:ietf:params:scim:event:prov:patch:full", "account-disabled" of RISC's.
std::string short_name(const std::string& uri) {
  const std::string scim = "urn:ietf:params:scim:event:";
  return uri.starts_with(scim) ? uri.substr(scim.size()) : uri.substr(uri.rfind('/') + 1);
}

/// Names of the events about somebody, in the order in which they arrived, without repetitions.
std::vector<std::string> events_about(const json& state, const std::string& key) {
  std::vector<std::string> names;
  for (const json& a : state["arrivals"]) {
    if (a["claims"]["sub_id"].value("externalId", "") != key) continue;
    const json& events = a["claims"]["events"];
    const std::string found = short_name(events.begin().key());
    if (names.empty() || names.back() != found) names.push_back(found);
  }
  return names;
}

/// All of `wanted` come in `found`, in this order, whatever else does.
bool has_in_order(const std::vector<std::string>& found, const std::vector<std::string>& wanted) {
  auto at = found.begin();
  for (const std::string& w : wanted) {
    at = std::find(at, found.end(), w);
    if (at == found.end()) return false;
    ++at;
  }
  return true;
}

std::set<std::string> arrived(const json& state) {
  std::set<std::string> all;
  for (const json& a : state["arrivals"]) all.insert(a["jti"].get<std::string>());
  return all;
}

/// Of the events in muster's file about changes of persons' attributes, those whose token has not arrived.
std::vector<std::string> missing(const World& world, const Sets& sets) {
  const auto there = arrived(sets.state());
  std::vector<std::string> lost;
  for (const json& e : world.events("changed")) {
    if (e.contains("attribute") && e["attribute"].is_string() && e["entry"].is_string() && !there.contains(e["id"]))
      lost.push_back(e.dump());
  }
  return lost;
}

/// What arrived about one person has rising numbers. An old address may have been that of several.
void check_order(const json& state) {
  std::map<std::string, long> last;
  for (const json& a : state["arrivals"]) {
    const json& claims = a["claims"];
    if (!claims["sub_id"].value("uri", "").starts_with("/Users/")) continue;
    long& before = last[claims["sub_id"].dump()];
    CHECK_MESSAGE(before <= claims["seq"].get<long>(), claims.dump());
    before = claims["seq"].get<long>();
  }
}

/// The mobile phones of some people get the number `number`, and everything of it arrives.
void everybody_gets(World& world, const Sets& sets, const std::string& number, std::chrono::milliseconds limit = 30s) {
  const auto count = [&] {
    const auto changed = world.events("changed");
    return std::count_if(changed.begin(), changed.end(), [&](const json& e) { return e["after"] == json{number}; });
  };
  const auto people = world.people();
  for (std::size_t i = 0; i < 10; ++i) world.set_mobile(world.dn_of(people[i]), number);
  REQUIRE(wait_until([&] { return count() == 10; }, 20s));
  if (wait_until([&] { return missing(world, sets).empty(); }, limit)) return;
  for (const std::string& m : missing(world, sets)) CHECK_MESSAGE(m.empty(), m);
  FAIL(world.lane().dump() << sets.state()["answers"].dump());
}

/// HR hires somebody like the person `like`, under the key and with the address of nobody else.
void hire(const World& world, const std::string& like, const std::string& key, const std::string& mail) {
  std::string feed = read_file(world.file("feed/hr.csv"));
  const auto from = feed.find(like);
  REQUIRE(from != std::string::npos);
  std::string line = feed.substr(from, feed.find('\n', from) - from);
  line.replace(line.find(like), like.size(), key);
  const std::string before = world.cell(like, "Work Email");
  line.replace(line.find(before), before.size(), mail);
  write_file(world.file("feed/hr.csv"), feed + line + "\n");
}

/// Whose group `name` changed by a token, as "add" or "remove".
std::size_t patches_of_groups(const json& state) {
  std::size_t all = 0;
  for (const json& a : state["arrivals"]) {
    const json& claims = a["claims"];
    all += claims["sub_id"].value("uri", "").starts_with("/Groups/") &&
           claims["events"].begin().key().find(":patch:") != std::string::npos;
  }
  return all;
}

}  // namespace

TEST_CASE("SETs: joiner, mover, leaver, a new address, groups and a deletion arrive as what they are, in order per person") {
  const Sets sets;
  World world(sets);
  const auto service = world.service();
  everybody_gets(world, sets, "+49 30 1");
  const auto becomes = [&](const std::string& key, const std::vector<std::string>& wanted) {
    if (wait_until([&] { return has_in_order(events_about(sets.state(), key), wanted); }, 20s)) return;
    std::string found;
    for (const std::string& e : events_about(sets.state(), key)) found += e + " ";
    FAIL_CHECK("about " << key << " arrived: " << found << world.lane().dump());
  };
  const std::string mover = world.employee("Sales"), leaver = world.employee("Sales", 1);
  const std::string moved = world.cell(mover, "Work Email");

  hire(world, mover, "990001", "new.joiner@example.com");
  becomes("990001", {"prov:create:full"});

  const std::size_t before = patches_of_groups(sets.state());
  world.set_cell(mover, kDepartment, "Research");
  becomes(mover, {"prov:patch:full"});
  CHECK(wait_until([&] { return patches_of_groups(sets.state()) >= before + 2; }, 20s));
  world.edit_person(mover, [&](auto& cells) { std::replace(cells.begin(), cells.end(), moved, std::string("moved@example.com")); });
  const auto address_changed = [&] {
    const json state = sets.state();
    return std::any_of(state["arrivals"].begin(), state["arrivals"].end(), [&](const json& a) {
      const json& claims = a["claims"];
      return claims["events"].contains("https://schemas.openid.net/secevent/risc/event-type/identifier-changed") &&
             claims["sub_id"] == json{{"format", "email"}, {"email", moved}};
    });
  };
  CHECK(wait_until(address_changed, 20s));

  world.set_cell(leaver, kStatus, "Terminated");
  becomes(leaver, {"prov:deactivate"});
  const std::string gone = world.employee("Sales", 2), dn = world.dn_of(gone);
  REQUIRE(world.slapd().modify("dn: " + dn + "\nchangetype: delete\n") == 0);
  becomes(gone, {"feed:remove"});
  sets.check_strictly();
  check_order(sets.state());
}

TEST_CASE("SETs: whatever is refused for a time, cut, slow or killed, each token arrives, in order per person") {
  Sets sets;
  World world(sets);
  auto service = world.service();
  everybody_gets(world, sets, "+49 30 1");
  sets.faults({{"rate", 0.3}, {"kinds", {"429", "500", "500-after", "drop", "drop-after", "slow"}}});
  for (int round = 2; round < 5; ++round) {
    const auto people = world.people();
    for (std::size_t i = 0; i < 12; ++i) world.set_mobile(world.dn_of(people[i]), "+49 40 " + std::to_string(round));
    // Some of it is sent while the trouble lasts.
    const std::size_t before = sets.state()["arrivals"].size();
    (void)wait_until([&] { return sets.state()["arrivals"].size() > before; }, 5s);
    if (round == 2) {
      service->signal(SIGKILL);
      service->wait();
      service = world.service();
    }
    if (round == 3) {
      sets.kill();
      sets.start();
      sets.faults({{"rate", 0.3}, {"kinds", {"500-after", "drop-after"}}});
    }
  }
  sets.faults({{"rate", 0}});
  everybody_gets(world, sets, "+49 30 2", 90s);
  sets.check_strictly();
  check_order(sets.state());
}

TEST_CASE("SETs: who has another telephone number had the old one as RFC 9493 section 3.2.5 writes it, or nothing is said of it") {
  const Sets sets;
  World world(sets);
  const auto service = world.service();
  const std::string dn = world.dn_of(world.people()[0]);
  for (const char* number : {"+49 (30) 123-45", "4711", "+493012346"}) {
    REQUIRE(world.slapd().modify("dn: " + dn + "\nchangetype: modify\nreplace: telephoneNumber\ntelephoneNumber: " + number +
                                 "\n") == 0);
    REQUIRE(wait_until([&] {
      const auto changed = world.events("changed");
      return !changed.empty() && changed.back()["after"] == json{number};
    }));
  }
  REQUIRE(wait_until([&] { return missing(world, sets).empty() && world.lane().value("waiting", 1) == 0; }, 20s));
  sets.check_strictly();
}

TEST_CASE("SETs: keys change without a restart and without a refused token, by every algorithm") {
  const Sets sets;
  World world(sets);
  std::vector<json> published{public_part(world.file("sign.pem"))};
  const auto service = world.service();
  int number = 0;
  everybody_gets(world, sets, "+49 30 " + std::to_string(++number));
  for (const char* algorithm : {"RS256", "EdDSA", "ES256"}) {
    make_key(world.file("next.pem"), algorithm);
    published.push_back(public_part(world.file("next.pem")));
    sets.believe(published);
    std::filesystem::rename(world.file("next.pem"), world.file("sign.pem"));
    everybody_gets(world, sets, "+49 30 " + std::to_string(++number));
  }
  const json state = sets.state();
  std::map<std::string, std::string> algorithms;
  for (const json& a : state["arrivals"]) algorithms[a["kid"]] = a["alg"];
  REQUIRE(algorithms.size() == 4);
  for (const json& key : published) CHECK(algorithms[key["kid"]] == key["alg"]);
  CHECK(state["refusals"].empty());
  sets.check_strictly();
}

TEST_CASE("SETs: a receiver that does not know us is an error that status shows, and nothing is lost") {
  const Sets sets;
  World world(sets);
  const auto service = world.service();
  everybody_gets(world, sets, "+49 30 1");
  sets.expect_token("another-token");
  world.set_mobile(world.dn_of(world.people()[0]), "+49 30 2");
  REQUIRE(wait_until([&] { return world.lane().value("ok", true) == false; }, 20s));
  const json lane = world.lane();
  CHECK_MESSAGE(lane["error"].get<std::string>().find("401") != std::string::npos, lane.dump());
  CHECK(lane["waiting"].get<int>() > 0);
  write_secret(world.file("secrets/sets-token"), "another-token");
  everybody_gets(world, sets, "+49 30 3", 60s);
  CHECK(wait_until([&] { return world.lane().value("ok", false); }, 20s));
}

TEST_CASE("SETs: an event that the receiver will not have is set aside, holds up nobody, and may be sent again") {
  const Sets sets;
  World world(sets);
  const std::string bad = world.people()[11];
  const auto service = world.service();
  everybody_gets(world, sets, "+49 30 1");
  sets.faults({{"rate", 0}, {"refuse", bad}});
  world.set_mobile(world.dn_of(bad), "+49 30 9");
  // Others get through while it is tried again and again.
  world.set_mobile(world.dn_of(world.people()[0]), "+49 30 10");
  CHECK(wait_until([&] { return missing(world, sets).size() == 1; }, 20s));
  const auto is_aside = [&] { return world.json({"upstream"})["set aside"].size() == 1; };
  REQUIRE(wait_until(is_aside, 90s));
  const json aside = world.json({"upstream"})["set aside"][0];
  CHECK(aside["person"] == bad);
  CHECK(aside["refused"] == 5);
  CHECK_MESSAGE(aside["why"].get<std::string>().find("invalid_request: nothing about " + bad) != std::string::npos, aside.dump());
  CHECK(world.muster({"problems"}).out.find("set-aside") != std::string::npos);
  CHECK(wait_until([&] { return world.lane()["waiting"] == 0; }, 60s));
  sets.faults({{"rate", 0}});
  const std::string id = aside["id"];
  CHECK(world.muster({"upstream", "retry", "--id", "nobody", "--by", "Ann", "--reason", "mended"}).code == 1);
  CHECK(world.muster({"upstream", "retry", "--id", id, "--by", "Ann", "--reason", "mended"}).code == 0);
  CHECK(wait_until([&] { return missing(world, sets).empty(); }, 60s));
  CHECK(wait_until([&] { return world.json({"upstream"})["set aside"].empty(); }, 20s));
  CHECK(world.muster({"problems"}).out.find("set-aside") == std::string::npos);
}

TEST_CASE("SETs: of three receivers one is dead and one refuses an event for good, and the third is held up by neither") {
  Sets dead;
  const Sets refusing, fine;
  World world(dead, "", 40, {&refusing, &fine});
  dead.kill();
  const std::string bad = world.people()[11];
  refusing.faults({{"rate", 0}, {"refuse", bad}});
  const auto service = world.service();
  world.set_mobile(world.dn_of(bad), "+49 30 9");
  int round = 0;
  const auto is_aside = [&] {
    everybody_gets(world, fine, "+49 30 " + std::to_string(100 + ++round), 5s);
    return world.json({"upstream"})["set aside"].size() == 1;
  };
  REQUIRE(wait_until(is_aside, 90s));
  CHECK(round > 2);

  const auto listed = [&](const Sets& sets) {
    const json report = world.json({"upstream"});
    for (const json& u : report["upstreams"]) {
      if (u["name"] == name_of(sets)) return u;
    }
    return json();
  };
  CHECK(world.json({"upstream"})["set aside"][0]["upstream"] == name_of(refusing));
  CHECK(wait_until([&] { return listed(refusing)["waiting"] == 0 && listed(fine)["waiting"] == 0; }, 60s));
  CHECK(listed(refusing)["set aside"] == 1);
  CHECK(listed(fine)["set aside"] == 0);
  CHECK(listed(dead)["set aside"] == 0);
  CHECK(listed(dead)["waiting"].get<int>() >= 10 * round);

  const json status = world.json({"status"});
  const json lag = status["lag"]["upstreams"], live = status["live"]["upstream"];
  CHECK_MESSAGE(lag[name_of(fine)]["seconds"]["p99"].get<double>() < 3.0, lag.dump());
  CHECK(lag[name_of(fine)]["oldest unsent"].is_null());
  CHECK(lag[name_of(dead)]["oldest unsent"]["seconds"].get<double>() > 20.0);
  CHECK(live[name_of(fine)]["ok"] == true);
  CHECK(live[name_of(refusing)]["ok"] == true);
  CHECK(live[name_of(dead)]["ok"] == false);
  CHECK_MESSAGE(live[name_of(dead)]["error"].get<std::string>().find(dead.value("PORT")) != std::string::npos, live.dump());

  dead.start();
  CHECK(wait_until([&] { return listed(dead)["waiting"] == 0; }, 90s));
  CHECK(missing(world, dead).empty());
  CHECK(missing(world, refusing).size() == 1);
  const json late = dead.state(), prompt = fine.state();
  CHECK(arrived(late) == arrived(prompt));
  CHECK(late["repeats"] == 0);
  CHECK(prompt["repeats"] == 0);
  for (const Sets* sets : std::initializer_list<const Sets*>{&dead, &refusing, &fine}) {
    sets->check_strictly();
    check_order(sets->state());
  }
}

TEST_CASE("SETs: a reload takes over receivers and the port of metrics, and loses nothing") {
  const Sets first, second;
  Sets spare;
  World world(first);
  const std::string port = spare.value("PORT"), other_port = spare.value("CONTROL_PORT");
  spare.kill();
  second.believe({public_part(world.file("sign.pem"))});
  const auto service = world.service();
  const auto reload_with = [&](const std::string& from, const std::string& to) {
    replace_text(world.config(), from, to);
    service->signal(SIGHUP);
  };
  const auto runs = [&](const Sets& sets) {
    const json status = world.json({"status"});
    const json live = status["live"].value("upstream", json::object());
    return status["lag"]["upstreams"].contains(name_of(sets)) && live.value(name_of(sets), json::object()).value("ok", false);
  };
  const auto lacks = [&](const Sets& sets, const std::string& number) {
    const auto there = arrived(sets.state());
    const auto changed = world.events("changed");
    return std::count_if(changed.begin(), changed.end(),
                         [&](const json& e) { return e["after"] == json{number} && !there.contains(e["id"]); });
  };
  const auto metrics = [](const std::string& at) -> std::string {
    HttpSettings settings;
    settings.url = "http://127.0.0.1:" + at;
    const auto page = HttpClient(settings, "").send({.method = "GET", .url = "/metrics"});
    return page ? page->body : "";
  };
  const auto error = [&] {
    const json status = world.json({"status"});
    return status["live"].value("reload error", "");
  };
  everybody_gets(world, first, "+49 30 1");

  reload_with(element_of(first), element_of(first) + element_of(second));
  REQUIRE(wait_until([&] { return runs(first) && runs(second); }, 20s));
  everybody_gets(world, first, "+49 30 2");
  CHECK(wait_until([&] { return lacks(second, "+49 30 2") == 0; }, 20s));

  reload_with("<upstream>", "<metrics port=\"" + port + "\"/><upstream>");
  CHECK(wait_until([&] { return metrics(port).find(name_of(second)) != std::string::npos; }, 20s));
  reload_with("<metrics port=\"" + port, "<metrics port=\"" + second.value("PORT"));
  CHECK(wait_until([&] { return error().find("<metrics>") != std::string::npos; }, 20s));
  CHECK_FALSE(metrics(port).empty());
  reload_with("<metrics port=\"" + second.value("PORT"), "<metrics port=\"" + other_port);
  CHECK(wait_until([&] { return error().empty() && !metrics(other_port).empty(); }, 20s));
  CHECK(metrics(port).empty());

  reload_with(element_of(first), "");
  REQUIRE(wait_until([&] { return !runs(first) && runs(second); }, 20s));
  CHECK(metrics(other_port).find(name_of(first)) == std::string::npos);
  // It is begun anew while there is something to tell.
  const auto people = world.people();
  for (int round = 3; round < 9; ++round) {
    const std::string number = "+49 30 " + std::to_string(round);
    for (std::size_t i = 0; i < 10; ++i) {
      world.set_mobile(world.dn_of(people[i]), number);
      if (i == 5) reload_with(round % 2 ? "timeout=\"5s\"" : "timeout=\"6s\"", round % 2 ? "timeout=\"6s\"" : "timeout=\"5s\"");
    }
  }
  const auto all_told = [&] {
    const auto changed = world.events("changed");
    return std::count_if(changed.begin(), changed.end(), [](const json& e) { return e["after"] == json{"+49 30 8"}; }) == 10;
  };
  REQUIRE(wait_until(all_told, 20s));
  for (int round = 3; round < 9; ++round)
    CHECK(wait_until([&] { return lacks(second, "+49 30 " + std::to_string(round)) == 0; }, 20s));
  CHECK(lacks(first, "+49 30 8") == 10);
  second.check_strictly();
  check_order(second.state());
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
}

TEST_CASE("SETs: a receiver that does not believe the key, the issuer or the audience stops everything until it does") {
  const Sets sets;
  World world(sets);
  const auto service = world.service();
  everybody_gets(world, sets, "+49 30 1");
  sets.believe({});
  world.set_mobile(world.dn_of(world.people()[0]), "+49 30 2");
  REQUIRE(wait_until([&] { return world.lane().value("ok", true) == false; }, 20s));
  const json lane = world.lane();
  CHECK_MESSAGE(lane["error"].get<std::string>().find("invalid_key") != std::string::npos, lane.dump());
  sets.believe({public_part(world.file("sign.pem"))});
  everybody_gets(world, sets, "+49 30 3", 60s);
}

TEST_CASE("SETs: over HTTP/2, and verification events at the start and then as often as wished") {
  const Sets sets(Environment{{"HTTP2", "1"}});
  World world(sets, "verify-every=\"1s\"");
  const auto verifications = [&] {
    const json state = sets.state();
    return std::count_if(state["arrivals"].begin(), state["arrivals"].end(), [](const json& a) {
      return a["claims"]["events"].contains("https://schemas.openid.net/secevent/ssf/event-type/verification");
    });
  };
  const auto service = world.service();
  CHECK(wait_until([&] { return verifications() >= 3; }, 30s));
  CHECK(wait_until([&] { return world.lane().contains("verified"); }, 10s));
  everybody_gets(world, sets, "+49 30 1");
  const json state = sets.state();
  CHECK(state["versions"].contains("2.0"));
  CHECK(!state["versions"].contains("1.1"));
  sets.check_strictly();
}

TEST_CASE("SETs: muster check says what is wrong with key and receiver, and what it could not try") {
  Sets sets;
  World silent(sets);
  const Finished untried = silent.muster({"check"});
  CHECK_MESSAGE(untried.code == 0, untried.out);
  CHECK(untried.out.find("signs by ES256") != std::string::npos);
  CHECK(untried.out.find("was not tried") != std::string::npos);

  const Sets other;
  World world(other, "verify-every=\"1h\"");
  const Finished fine = world.muster({"check"});
  CHECK_MESSAGE(fine.code == 0, fine.out);
  CHECK(fine.out.find("a verification event was taken") != std::string::npos);
  other.expect_token("another-token");
  const Finished unknown = world.muster({"check"});
  CHECK(unknown.code == 1);
  CHECK(unknown.out.find("401") != std::string::npos);
  CHECK((unknown.out + unknown.err).find(other.value("TOKEN")) == std::string::npos);
  std::filesystem::permissions(world.file("sign.pem"), std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  CHECK(world.muster({"check"}).out.find("sign.pem") != std::string::npos);
}
