// A real directory, a real SCIM server, and trouble in between: both end up with the same people and groups.
#include <doctest/doctest.h>
#include <signal.h>

#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "agent/upstream/http/client.h"
#include "tests/support/lab.h"

using namespace muster;
using namespace muster::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string kEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

struct Scim : LabServer {
  explicit Scim(Environment wishes = {}) : LabServer("scim", std::move(wishes)) {}
  json control(const std::string& method, const std::string& path, const json& body = {}) const {
    HttpSettings settings;
    settings.url = value("CONTROL");
    HttpClient client(settings, "");
    const auto answer = client.send({.method = method, .url = path, .body = body.is_null() ? "" : body.dump()});
    REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().text() + "; its log: " + read_file(folder() + "/scim/log")));
    return json::parse(answer->body);
  }
  json state() const { return control("GET", "/state"); }
  void faults(const json& wished) const { control("PUT", "/faults", wished); }
  void no_faults() const { faults({{"rate", 0}}); }
  /// The request that nobody may send.
  void check_strictly() const {
    const json seen = state();
    for (const json& v : seen["violations"]) CHECK_MESSAGE(v == "", v.dump());
  }
};

/// A person or a group as either side has it: comparable text.
using Picture = std::map<std::string, std::string>;

std::string one(const LabServer::Found& entry, const std::string& name) {
  const auto at = entry.find(name);
  return at == entry.end() ? "" : at->second.front();
}

std::string uid_in(const std::string& dn) {
  const auto from = dn.find("uid=") + 4;
  return dn.substr(from, dn.find(',') - from);
}

/// An account with an end works until then (generalizedTime).
bool is_on(const std::string& end) {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y%m%d%H%M%SZ", &parts));
  return end.empty() || end > text;
}

struct World : Company {
  explicit World(const Scim& scim, const std::string& more = "")
      : Company({.people = 40, .edit = [&](const std::string& folder) {
                   write_file(folder + "/secrets/scim-token", scim.value("TOKEN"));
                   std::filesystem::permissions(folder + "/secrets/scim-token", std::filesystem::perms::owner_read);
                   replace_text(folder + "/muster.xml", "<file path=\"events.jsonl\"/>",
                                "<file path=\"events.jsonl\"/>\n    <scim url=\"" + scim.url() + "\" secret=\"scim-token\" ca=\"" +
                                    scim.value("CA") + "\" timeout=\"5s\" " + more + "/>");
                   replace_text(folder + "/mapping.d/attributes.xml", "<attribute name=\"mobile\" ",
                                "<attribute name=\"secretary\" owner=\"directory\" upstream=\"" + kEnterprise +
                                    ":manager.value\"/>\n    <attribute name=\"businessCategory\" owner=\"directory\" upstream=\"" +
                                    kEnterprise +
                                    ":division\"/>\n    <attribute name=\"preferredLanguage\" owner=\"directory\" "
                                    "upstream=\"preferredLanguage\"/>\n    <attribute name=\"mobile\" ");
                 }}) {}

  /// A group that no rule knows, so that only administrators change it.
  std::string chess() { return "cn=chess,ou=groups," + slapd().value("SUFFIX"); }
  std::string people_base() { return "ou=people," + slapd().value("SUFFIX"); }

  /// Names of entries that are not there mean nobody.
  Picture people_here() {
    Picture all;
    const auto entries =
        slapd().entries(slapd().value("SUFFIX"), "(objectClass=inetOrgPerson)",
                        {"uid", "telephoneNumber", "mobile", "businessCategory", "preferredLanguage", "secretary", "pwdEndTime"});
    std::set<std::string> there;
    for (const auto& e : entries) there.insert(one(e, "uid"));
    for (const auto& e : entries) {
      const std::string manager = e.contains("secretary") ? uid_in(one(e, "secretary")) : "";
      if (one(e, "dn").find("ou=people") == std::string::npos && one(e, "dn").find("ou=leavers") == std::string::npos) continue;
      all[one(e, "uid")] = picture(is_on(one(e, "pwdendtime")), one(e, "telephonenumber"), one(e, "mobile"),
                                   one(e, "businesscategory"), one(e, "preferredlanguage"), there.contains(manager) ? manager : "");
    }
    return all;
  }

  /// A name that stays in a group after its entry is nobody's membership.
  std::map<std::string, std::set<std::string>> groups_here() {
    std::map<std::string, std::set<std::string>> all;
    const Picture people = people_here();
    for (const auto& e : slapd().entries("ou=groups," + slapd().value("SUFFIX"),
                                         "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
                                         {"cn", "member", "uniqueMember", "memberUid"})) {
      auto& members = all[one(e, "cn")];
      for (const char* kind : {"member", "uniquemember"}) {
        if (!e.contains(kind)) continue;
        for (const std::string& dn : e.at(kind)) {
          if (dn.find("uid=") == 0) members.insert(uid_in(dn));
        }
      }
      if (e.contains("memberuid")) members.insert(e.at("memberuid").begin(), e.at("memberuid").end());
      std::erase_if(members, [&](const std::string& uid) { return !people.contains(uid); });
    }
    return all;
  }

  static std::string picture(bool active, const std::string& work, const std::string& mobile, const std::string& division,
                             const std::string& language, const std::string& manager) {
    return std::string(active ? "active" : "off") + " work=" + work + " mobile=" + mobile + " division=" + division +
           " language=" + language + " manager=" + manager;
  }
};

std::string phone(const json& user, const std::string& type) {
  for (const json& p : user.value("phoneNumbers", json::array())) {
    if (p.value("type", "") == type) return p.value("value", "");
  }
  return "";
}

Picture people_there(const json& state) {
  std::map<std::string, std::string> names;
  for (const json& u : state["users"]) names[u["id"]] = u["userName"];
  Picture all;
  for (const json& u : state["users"]) {
    const json extension = u.value(kEnterprise, json::object());
    const std::string manager = extension.contains("manager") ? extension["manager"].value("value", "") : "";
    all[u["userName"]] =
        World::picture(u.value("active", true), phone(u, "work"), phone(u, "mobile"), extension.value("division", ""),
                       u.value("preferredLanguage", ""), manager.empty() ? "" : names[manager]);
  }
  return all;
}

std::map<std::string, std::set<std::string>> groups_there(const json& state) {
  std::map<std::string, std::string> names;
  for (const json& u : state["users"]) names[u["id"]] = u["userName"];
  std::map<std::string, std::set<std::string>> all;
  for (const json& g : state["groups"]) {
    auto& members = all[g["displayName"]];
    for (const json& m : g.value("members", json::array())) {
      if (const auto at = names.find(m.value("value", "")); at != names.end()) members.insert(at->second);
    }
  }
  return all;
}

bool is_same(World& world, const Scim& scim) {
  const json there = scim.state();
  return people_there(there) == world.people_here() && groups_there(there) == world.groups_here();
}

/// Fails the test with what differs.
void must_agree(World& world, const Scim& scim, std::chrono::milliseconds limit = 60s) {
  if (wait_until([&] { return is_same(world, scim); }, limit)) return scim.check_strictly();
  INFO(world.muster({"problems"}).out);
  const json there = scim.state();
  const Picture is = people_there(there), wanted = world.people_here();
  for (const auto& w : wanted) {
    const std::string found = is.contains(w.first) ? is.at(w.first) : "missing";
    CHECK_MESSAGE(found == w.second, (w.first + " here " + w.second + ", there " + found));
  }
  for (const auto& i : is) CHECK_MESSAGE(wanted.contains(i.first), (i.first + " is there and not here"));
  const auto groups = groups_there(there), here = world.groups_here();
  for (const auto& here_one : here) {
    INFO(here_one.first);
    REQUIRE(groups.contains(here_one.first));
    std::string left, right;
    for (const auto& m : here_one.second) left += m + " ";
    for (const auto& m : groups.at(here_one.first)) right += m + " ";
    CHECK(right == left);
  }
  CHECK(groups.size() == here.size());
  FAIL("the SCIM server does not hold what the directory holds");
}

std::string set_text(const std::string& dn, const std::string& attribute, const std::string& value) {
  return "dn: " + dn + "\nchangetype: modify\nreplace: " + attribute + "\n" +
         (value.empty() ? "" : attribute + ": " + value + "\n");
}

std::string new_person(const std::string& dn, const std::string& uid) {
  return "dn: " + dn + "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: " + uid + "\ncn: " + uid + "\nsn: " + uid +
         "\ntelephoneNumber: +1 555 0100\n";
}

/// One thing that an administrator does, chosen by chance.
class Administrator {
 public:
  Administrator(World& world, unsigned seed) : world_(world), chance_(seed) {
    for (const std::string& key : world.people()) people_.push_back(world.dn_of(key));
  }
  void act() {
    const std::string dn = someone();
    switch (roll(8)) {
      case 0: return change(set_text(dn, "telephoneNumber", roll(4) ? "+49 30 " + std::to_string(roll(1000000)) : ""));
      case 1: return change(set_text(dn, "mobile", "+49 170 " + std::to_string(roll(1000000))));
      case 2: return change(set_text(dn, "businessCategory", roll(3) ? "Division " + std::to_string(roll(9)) : ""));
      case 3: return change(set_text(dn, "secretary", roll(3) ? someone() : ""));
      case 4: return change(set_text(dn, "preferredLanguage", roll(2) ? "de" : "pt-BR"));
      case 5: return hire();
      case 6: return fire();
      default: return membership(dn);
    }
  }

 private:
  unsigned roll(unsigned sides) { return std::uniform_int_distribution<unsigned>(0, sides - 1)(chance_); }
  std::string someone() { return people_[roll(static_cast<unsigned>(people_.size()))]; }
  /// What somebody else did meanwhile may stand against it: then nothing happened.
  void change(const std::string& ldif) {
    std::string ignored;
    (void)world_.slapd().modify(ldif, &ignored);
  }
  void hire() {
    const std::string uid = "extra" + std::to_string(++hired_), dn = "uid=" + uid + "," + world_.people_base();
    change(new_person(dn, uid));
    extras_.push_back(dn);
  }
  void fire() {
    if (extras_.empty()) return;
    change("dn: " + extras_.back() + "\nchangetype: delete\n");
    extras_.pop_back();
  }
  void membership(const std::string& dn) {
    const std::string who = !extras_.empty() && roll(2) ? extras_[roll(static_cast<unsigned>(extras_.size()))] : dn;
    change("dn: " + world_.chess() + "\nchangetype: modify\n" + (roll(2) ? "add" : "delete") + ": member\nmember: " + who + "\n");
  }

  World& world_;
  std::mt19937 chance_;
  std::vector<std::string> people_, extras_;
  int hired_ = 0;
};

void found_chess_club(World& world) {
  const std::string first = world.dn_of(world.people().front());
  std::string complaint;
  const int code = world.slapd().modify(
      "dn: " + world.chess() + "\nchangetype: add\nobjectClass: groupOfNames\ncn: chess\nmember: " + first + "\n", &complaint);
  REQUIRE_MESSAGE(code == 0, complaint);
}

std::size_t requests_of(const Scim& scim) {
  std::size_t all = 0;
  const json state = scim.state();
  for (const auto& r : state["requests"].items()) all += r.value().get<std::size_t>();
  return all;
}

}  // namespace

TEST_CASE("SCIM: the server holds the people and groups of the directory, and follows every change") {
  const Scim scim;
  World world(scim);
  const auto service = world.service();
  must_agree(world, scim);
  CHECK(scim.state()["requests"].value("POST /Bulk", 0) > 0);

  const std::string ann = world.dn_of(world.people()[0]), bob = world.dn_of(world.people()[1]);
  found_chess_club(world);
  must_agree(world, scim, 20s);
  const auto change = [&](const std::string& ldif) {
    std::string complaint;
    REQUIRE_MESSAGE(world.slapd().modify(ldif, &complaint) == 0, (ldif + complaint));
    must_agree(world, scim, 20s);
  };
  change(set_text(ann, "telephoneNumber", "+49 30 1234567"));
  change(set_text(ann, "telephoneNumber", ""));
  change(set_text(ann, "secretary", bob));
  change(set_text(ann, "businessCategory", "Research \"and\" Zoë"));
  change("dn: " + world.chess() + "\nchangetype: modify\nadd: member\nmember: " + bob + "\n");
  change("dn: " + world.chess() + "\nchangetype: modify\ndelete: member\nmember: " + ann + "\n");
  change(new_person("uid=guest," + world.people_base(), "guest"));
  change("dn: " + world.chess() + "\nchangetype: modify\nadd: member\nmember: uid=guest," + world.people_base() + "\n");
  change("dn: " + world.chess() + "\nchangetype: modify\ndelete: member\nmember: uid=guest," + world.people_base() + "\n");
  change("dn: uid=guest," + world.people_base() + "\nchangetype: delete\n");
  change("dn: " + world.chess() + "\nchangetype: delete\n");
  // HR's leaver is off there, too.
  const std::string leaver = world.people()[2];
  world.remove_person(leaver);
  must_agree(world, scim, 30s);
  CHECK(people_there(scim.state()).size() == world.people_here().size());
  const json status = world.json({"status"});
  const json& lane = status["live"]["upstream"]["scim " + scim.url()];
  CHECK(lane["ok"] == true);
  CHECK(lane["people"] == world.people_here().size());
}

TEST_CASE("SCIM: whatever is killed, cut, refused for a time or slow, both sides agree in the end") {
  Scim scim;
  World world(scim);
  found_chess_club(world);
  scim.faults({{"rate", 0.25}, {"kinds", {"429", "500", "500-after", "truncate", "drop", "drop-after", "slow"}}});
  auto service = world.service();
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  Administrator administrator(world, seed);
  const int rounds = std::getenv("MUSTER_SOAK") ? 216 : 4;  // 10,000 changes
  for (int round = 0; round < rounds; ++round) {
    const int turn = round % 4;
    for (int i = 0; i < 25; ++i) administrator.act();
    if (turn == 0) scim.kill();
    for (int i = 0; i < 10; ++i) administrator.act();
    if (turn == 0) scim.start();
    if (turn == 1) {
      // The agent, too, at any moment.
      service->signal(SIGKILL);
      service->wait();
      for (int i = 0; i < 10; ++i) administrator.act();
      service = world.service();
    }
    // Some of it is sent while the trouble lasts, unless all was already.
    const std::size_t before = requests_of(scim);
    (void)wait_until([&] { return requests_of(scim) > before + 10; }, 5s);
    for (int i = 0; i < 10; ++i) administrator.act();
    if (turn == 2) {
      scim.stop();
      scim.start();
    }
  }
  scim.faults({{"rate", 0}});
  must_agree(world, scim, 120s);
}

TEST_CASE("SCIM: a server that has neither PATCH nor bulk, and pages by cursor, is spoken to as it wishes") {
  const Scim scim({{"PATCH", "0"}, {"BULK", "0"}, {"PAGES", "cursor"}});
  World world(scim);
  found_chess_club(world);
  const auto service = world.service();
  must_agree(world, scim);
  const std::string ann = world.dn_of(world.people()[0]), bob = world.dn_of(world.people()[1]);
  REQUIRE(world.slapd().modify(set_text(ann, "telephoneNumber", "+49 30 1")) == 0);
  REQUIRE(world.slapd().modify("dn: " + world.chess() + "\nchangetype: modify\nadd: member\nmember: " + bob + "\n") == 0);
  must_agree(world, scim, 20s);
  const json requests = scim.state()["requests"];
  CHECK(!requests.contains("PATCH /Users"));
  CHECK(!requests.contains("PATCH /Groups"));
  CHECK(!requests.contains("POST /Bulk"));
}

TEST_CASE("SCIM: who is there already is recognised, by externalId or userName, and what others own stays") {
  const Scim scim;
  World world(scim);
  const std::string first = world.people()[0], second = world.people()[1];
  const std::string ann = uid_in(world.dn_of(first)), bob = uid_in(world.dn_of(second));
  const std::string user = "urn:ietf:params:scim:schemas:core:2.0:User";
  scim.control("PUT", "/resources",
               {{"users",
                 {{"u1",
                   {{"schemas", {user}},
                    {"userName", "old-name"},
                    {"externalId", first},
                    {"nickName", "Annie"},
                    {"phoneNumbers", {{{"type", "home"}, {"value", "1"}}, {{"type", "work"}, {"value", "2"}}}}}},
                  {"u2", {{"schemas", {user}}, {"userName", bob}, {"active", false}}}}}});
  REQUIRE(world.muster({"resync"}).code == 0);
  INFO(world.muster({"problems"}).out);
  must_agree(world, scim, 5s);
  const json state = scim.state();
  CHECK(state["users"].size() == world.people_here().size());
  for (const json& u : state["users"]) {
    if (u["userName"] == ann) {
      CHECK(u["id"] == "u1");
      CHECK(u["nickName"] == "Annie");
      CHECK(phone(u, "home") == "1");
    }
    if (u["userName"] == bob) {
      CHECK(u["id"] == "u2");
      CHECK(u["externalId"] == second);
    }
  }
  // Nothing is left to do.
  const json before = scim.state()["requests"];
  REQUIRE(world.muster({"resync"}).code == 0);
  CHECK(scim.state()["requests"] == before);
}

TEST_CASE("SCIM: a comparison of everything finds and repairs what somebody else changed there") {
  const Scim scim;
  World world(scim);
  found_chess_club(world);
  REQUIRE(world.muster({"resync"}).code == 0);
  must_agree(world, scim, 5s);
  const json state = scim.state();
  const json &lost = state["users"][0], &changed = state["users"][1];
  json wrecked = {{"users",
                   {{lost["id"].get<std::string>(), nullptr},
                    {changed["id"].get<std::string>(), {{"active", false}, {"phoneNumbers", json::array()}}}}}};
  for (const json& g : state["groups"]) wrecked["groups"][g["id"].get<std::string>()] = {{"members", json::array()}};
  scim.control("PUT", "/resources", wrecked);
  CHECK(!is_same(world, scim));
  REQUIRE(world.muster({"resync"}).code == 0);
  CHECK(!is_same(world, scim));
  REQUIRE(world.muster({"resync", "--full"}).code == 0);
  must_agree(world, scim, 5s);
}

TEST_CASE("SCIM: where somebody else was quicker the resource is read again, and nothing of theirs is overwritten unseen") {
  for (const char* patch : {"1", "0"}) {
    CAPTURE(patch);
    const Scim scim({{"ETAG", "1"}, {"PATCH", patch}});
    World world(scim);
    const auto service = world.service();
    must_agree(world, scim);
    const std::size_t before = scim.state()["conditional"];
    scim.faults({{"rate", 0}, {"conflicts", 2}});  // a third for the same person would be a problem of theirs
    for (int i = 0; i < 3; ++i)
      REQUIRE(world.slapd().modify(set_text(world.dn_of(world.people()[static_cast<std::size_t>(i)]), "telephoneNumber",
                                            "+49 30 " + std::to_string(i + 1))) == 0);
    must_agree(world, scim, 30s);
    CHECK(scim.state()["conditional"].get<std::size_t>() >= before + 5);
  }
}

TEST_CASE("SCIM: who is deleted here is only switched off there, where that is wished") {
  const Scim scim;
  World world(scim, "on-delete=\"deactivate\"");
  const auto service = world.service();
  must_agree(world, scim);
  REQUIRE(world.slapd().modify(new_person("uid=guest," + world.people_base(), "guest")) == 0);
  const auto guest = [&] {
    const Picture there = people_there(scim.state());
    return there.contains("guest") ? there.at("guest") : "";
  };
  REQUIRE(wait_until([&] { return guest().starts_with("active"); }, 20s));
  REQUIRE(world.slapd().modify("dn: uid=guest," + world.people_base() + "\nchangetype: delete\n") == 0);
  CHECK(wait_until([&] { return guest().starts_with("off"); }, 20s));
  // It comes back: the same one, not another.
  REQUIRE(world.slapd().modify(new_person("uid=guest," + world.people_base(), "guest")) == 0);
  CHECK(wait_until([&] { return guest().starts_with("active"); }, 20s));
  const json state = scim.state();
  const auto called_guest = [](const json& u) { return u["userName"] == "guest"; };
  CHECK(std::count_if(state["users"].begin(), state["users"].end(), called_guest) == 1);
}

TEST_CASE("SCIM: one whom the server refuses is shown and holds up nobody") {
  const Scim scim;
  World world(scim);
  const std::string key = world.people()[3], uid = uid_in(world.dn_of(key));
  scim.faults({{"rate", 0}, {"refuse", uid}});
  const auto service = world.service();
  REQUIRE(wait_until([&] { return people_there(scim.state()).size() + 1 == world.people_here().size(); }, 30s));
  REQUIRE(wait_until([&] { return world.muster({"problems"}).out.find("not " + uid) != std::string::npos; }));
  REQUIRE(world.slapd().modify(set_text(world.dn_of(world.people()[4]), "telephoneNumber", "+49 30 77")) == 0);
  REQUIRE(wait_until([&] {
    return people_there(scim.state()).at(uid_in(world.dn_of(world.people()[4]))).find("+49 30 77") != std::string::npos;
  }));
  // Once it is accepted, the next change of it arrives, and the problem is over.
  scim.no_faults();
  REQUIRE(world.slapd().modify(set_text(world.dn_of(key), "telephoneNumber", "+49 30 78")) == 0);
  must_agree(world, scim, 20s);
  CHECK(wait_until([&] { return world.muster({"problems"}).out.find("not " + uid) == std::string::npos; }));
}

TEST_CASE("SCIM: an upstream that is away or silent holds up no other, and hears everything later") {
  Scim scim;
  World world(scim);
  const auto service = world.service();
  must_agree(world, scim);
  scim.freeze();
  const std::string ann = world.dn_of(world.people()[0]);
  for (int i = 1; i <= 5; ++i) {
    REQUIRE(world.slapd().modify(set_text(ann, "telephoneNumber", "+49 30 " + std::to_string(i))) == 0);
    CHECK(wait_until(
        [&] {
          const auto events = world.events("changed");
          return !events.empty() && events.back()["after"] == json{"+49 30 " + std::to_string(i)};
        },
        4s));
  }
  scim.thaw();
  must_agree(world, scim, 90s);
}

TEST_CASE("SCIM: a reload takes a server away and back, also while it is silent, and both sides agree in the end") {
  Scim scim;
  World world(scim);
  const auto service = world.service();
  must_agree(world, scim);
  const std::string text = read_file(world.config()), ann = world.dn_of(world.people()[0]);
  const auto from = text.find("<scim "), end = text.find("/>", from) + 2;
  const std::string element = text.substr(from, end - from);
  const auto is_followed = [&] {
    const json status = world.json({"status"});
    return status["lag"]["upstreams"].contains("scim " + scim.url());
  };
  scim.freeze();
  REQUIRE(world.slapd().modify(set_text(ann, "telephoneNumber", "+49 30 1")) == 0);
  replace_text(world.config(), element, "<file path=\"more.jsonl\"/>");
  service->signal(SIGHUP);
  CHECK(wait_until([&] { return !is_followed(); }, 30s));
  scim.thaw();
  REQUIRE(world.slapd().modify(set_text(ann, "telephoneNumber", "+49 30 2")) == 0);
  CHECK(wait_until([&] { return read_file(world.file("more.jsonl")).find("+49 30 2") != std::string::npos; }, 20s));
  replace_text(world.config(), "<file path=\"more.jsonl\"/>", element);
  service->signal(SIGHUP);
  CHECK(wait_until(is_followed, 30s));
  must_agree(world, scim, 60s);
  scim.check_strictly();
}

TEST_CASE("SCIM: muster check asks the server, and says what it is or what is wrong") {
  Scim scim;
  World world(scim);
  const Finished fine = world.muster({"check"});
  CHECK_MESSAGE(fine.code == 0, fine.out);
  CHECK(fine.out.find("holds 0 users, and has PATCH, bulk of 100, filter") != std::string::npos);
  std::filesystem::remove(world.file("secrets/scim-token"));
  write_file(world.file("secrets/scim-token"), "another-token");
  std::filesystem::permissions(world.file("secrets/scim-token"), std::filesystem::perms::owner_read);
  const Finished refused = world.muster({"check"});
  CHECK(refused.code == 1);
  CHECK(refused.out.find("401") != std::string::npos);
  CHECK((refused.out + refused.err).find("another-token") == std::string::npos);
  scim.kill();
  CHECK(world.muster({"check"}).code == 5);
}
