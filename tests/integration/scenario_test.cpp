// One scenario for every family: what happens to a directory in its life, through the real binary. After each step directory, store
// and events agree.
#include <doctest/doctest.h>
#include <signal.h>
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

/// How much a server is burdened: all of it with MUSTER_SOAK set, else what it does in a few seconds.
struct Load {
  int missed = 0;  ///< changes while the agent was away
  int members = 0;
};
Load load_of(Site::Kind kind) {
  if (std::getenv("MUSTER_LIGHT")) return {300, 300};  // sanitizers look at every byte
  if (std::getenv("MUSTER_SOAK")) return {20'000, 50'000};
  if (kind == Site::Kind::openldap) return {20'000, 50'000};
  return kind == Site::Kind::ds389 ? Load{1'000, 2'000} : Load{300, 300};
}

std::string replace(const std::string& dn, const std::string& attribute, const std::string& value) {
  return "dn: " + dn + "\nchangetype: modify\nreplace: " + attribute + "\n" + attribute + ": " + value + "\n\n";
}

std::string member(const std::string& group, const std::string& dn, const char* how) {
  return "dn: " + group + "\nchangetype: modify\n" + how + ": member\nmember: " + dn + "\n\n";
}

std::string moved(const std::string& dn, const std::string& to) {
  return "dn: " + dn + "\nchangetype: modrdn\nnewrdn: " + dn.substr(0, dn.find(',')) + "\ndeleteoldrdn: 1\nnewsuperior: " + to +
         "\n\n";
}

std::size_t entries_known(Site& site) { return site.json({"status"})["entries"]; }

/// What every server must go through.
class Scenario {
 public:
  explicit Scenario(Site::Kind kind) : site_(kind), load_(load_of(kind)) {}

  void play() {
    for (int i = 1; i <= 8; ++i) {
      const std::string n = std::to_string(i);
      site_.employ(n, {"First" + n, "Last" + n, i % 2 ? "Sales" : "Engineering"});
    }
    site_.publish();
    // Groups that are not there yet.
    for (const std::string name : {"big", "guests"}) {
      const std::string dn = "\"" + site_.group(name) + "\"";
      write_file(site_.file("mapping.d/" + name + ".xml"), "<mapping xmlns=\"urn:muster:config:1\"><access><managed group=" + dn +
                                                               " membership=\"granted\"/><role name=\"" + name +
                                                               "\" when=\"status='Active' and title='" + name +
                                                               "'\"><group dn=" + dn + "/></role></access></mapping>\n");
    }
    service_ = site_.service();
    site_.agrees("initial sync");
    names();
    hr_changes();
    others_change();
    drift();
    scope();
    killed();
    restored();
    server_restarts();
    server_set_back();
    cookie();
    missed();
    big_group();
    stop_service();
    events_are_numbered();
  }

 private:
  void names() {
    const std::pair<const char*, const char*> odd[] = {{"Comma", "O'Neil, Jr."}, {"Plus", "A+B"},      {"Quote", "\"Q\" Smith"},
                                                       {"#Hash", "#1"},          {"Leading", "Space"}, {"Bjørn", "Ångström"},
                                                       {"Back", "sl\\ash"},      {"Less", "a<b>;c=d"}};
    int i = 20;
    for (const auto& [first, last] : odd) site_.employ(std::to_string(i++), {first, last});
    site_.employ("40", {"Long", std::string(200, 'x')});
    // Active Directory takes names of 64 characters (rangeUpper of Common-Name), and Samba none with a "<" in it.
    if (site_.is_ad()) {
      site_.is_refused("40");
      site_.is_refused("27");
    }
    site_.publish();
    site_.agrees("odd names");
    if (site_.is_ad()) {
      CHECK(site_.muster({"problems"}).out.find("write-refused") != std::string::npos);
      site_.is_corrected("40", "Short");
      site_.is_corrected("27", "Plain");
      site_.publish();
      site_.agrees("names that were refused are corrected");
    }
    // HR's blanks are trimmed; an administrator's are not.
    site_.change("dn: " + site_.dn_of("24") + "\nchangetype: modrdn\nnewrdn: cn=\\ Ahead\ndeleteoldrdn: 1\n");
    site_.agrees("somebody gave an odd name");
    site_.of("20").department = "Engineering";
    site_.dismiss("23");
    site_.dismiss("24");
    site_.publish();
    site_.agrees("people with odd names move and leave");
  }

  void hr_changes() {
    site_.employ("9", {"Nina", "New"});
    site_.of("1").title = "Lead";
    site_.of("2").department = "Sales";
    site_.dismiss("3");
    site_.of("4").status = "On Leave";
    site_.publish();
    site_.agrees("a joiner, a new title, a mover, a leaver, an absence");
    site_.of("3").status = "Active";
    site_.of("4").status = "Active";
    site_.publish();
    site_.agrees("both are back");
  }

  /// Nobody who was deleted by somebody else is created without being asked for.
  void give_anew(const std::string& key) {
    CHECK(wait_until([&] { return site_.muster({"problems"}).out.find("account-vanished") != std::string::npos; },
                     std::chrono::seconds(45)));
    CHECK(site_.muster({"resync", "--person", key}).code == 0);
  }

  void others_change() {
    const std::size_t before = entries_known(site_);
    site_.change(site_.stranger("stranger"));
    CHECK(wait_until([&] { return entries_known(site_) == before + 1; }));
    site_.change("dn: cn=stranger," + site_.unit("people") + "\nchangetype: modrdn\nnewrdn: cn=known\ndeleteoldrdn: 1\n");
    CHECK(wait_until([&] {
      const auto renamed = site_.events("renamed");
      return !renamed.empty() && renamed.back()["after"][0].get<std::string>().find("=known,") != std::string::npos;
    }));
    site_.change("dn: cn=known," + site_.unit("people") + "\nchangetype: delete\n");
    CHECK(wait_until([&] { return entries_known(site_) == before; }));
    site_.change("dn: " + site_.dn_of("5") + "\nchangetype: modrdn\nnewrdn: cn=Somebody Else\ndeleteoldrdn: 1\n");
    CHECK(wait_until([&] { return site_.in_events().at("5").dn.starts_with("cn=somebody else,"); }));
    site_.agrees("somebody added, renamed and deleted an account, and renamed one of ours");
    site_.change("dn: " + site_.dn_of("6") + "\nchangetype: delete\n");
    CHECK(wait_until([&] { return !site_.events("deleted").empty() && site_.events("deleted").back()["person"] == "6"; }));
    give_anew("6");
    site_.agrees("somebody deleted the account of somebody who works here, and it was made anew");
  }

  void drift() {
    const std::string ann = site_.dn_of("7"), gone = site_.dn_of("23");
    site_.change(replace(ann, "displayName", "Somebody") + member(site_.group("sales"), ann, "delete") +
                 member(site_.group("engineering"), ann, "add"));
    site_.agrees("a value and memberships that HR decides are put back");
    if (site_.is_ad())
      site_.change(replace(gone, "userAccountControl", "512"));
    else
      site_.change("dn: " + gone +
                   "\nchangetype: modify\ndelete: " + (site_.kind() == Site::Kind::ds389 ? "nsAccountLock" : "pwdEndTime") + "\n");
    site_.agrees("a leaver whom somebody enabled is disabled again");
  }

  void scope() {
    const std::string dn = site_.dn_of("8"), away = dn.substr(0, dn.find(',') + 1) + site_.elsewhere();
    site_.change(moved(dn, site_.elsewhere()));
    CHECK(wait_until([&] { return !site_.in_events().contains("8"); }));
    site_.change(moved(away, site_.unit("people")));
    site_.agrees("somebody was moved out of what is watched, and back");
  }

  void killed() {
    for (int round = 0; round < 3; ++round) {
      const std::string title = "Title " + std::to_string(round);
      for (const char* key : {"1", "2", "3", "4", "5", "6", "7", "8", "9", "20", "21", "22", "25"}) site_.of(key).title = title;
      site_.of("1").department = round % 2 ? "Sales" : "Engineering";
      site_.publish();
      const std::size_t before = site_.events("applied").size();
      CHECK(wait_until([&] { return site_.events("applied").size() > before + static_cast<std::size_t>(round); }));
      service_->signal(SIGKILL);
      service_->wait();
      site_.change(replace(site_.dn_of("9"), "displayName", title));
      service_ = site_.service();
    }
    site_.agrees("the agent was killed during changes");
  }

  bool is_guest(const std::string& key) {
    return !site_.server().search(site_.unit("groups"), "(&(cn=guests)(member=" + site_.dn_of(key) + "))", {"1.1"}).empty();
  }

  /// The machine is set back to an older day: what the agent did since is in the directory and upstream, and not in its state.
  void restored() {
    site_.change("dn: " + site_.group("guests") + "\nchangetype: add\nobjectClass: " + (site_.is_ad() ? "group" : "groupOfNames") +
                 "\ncn: guests\n" +
                 (site_.kind() == Site::Kind::openldap ? "member: " + site_.server().value("BIND_DN") + "\n" : ""));
    stop_service();
    std::filesystem::copy_file(site_.file("state.db"), site_.file("backup.db"));
    service_ = site_.service();
    site_.employ("10", {"Lost", "Time"});
    site_.of("1").department = site_.of("1").department == "Sales" ? "Engineering" : "Sales";
    site_.of("8").title = "guests";
    site_.dismiss("9");
    site_.publish();
    site_.change(replace(site_.dn_of("7"), "telephoneNumber", "+49 1"));
    site_.agrees("what the backup does not know");
    CHECK(wait_until([&] { return is_guest("8"); }));
    stop_service();
    std::filesystem::rename(site_.file("backup.db"), site_.file("state.db"));
    site_.change(replace(site_.dn_of("7"), "displayName", "Since the backup"));
    service_ = site_.service();
    site_.agrees("the agent's machine was set back to a backup");
    // Only upstream could tell what muster had granted, and whom it had disabled.
    site_.of("8").title = "Clerk";
    site_.of("9").status = "Active";
    site_.publish();
    site_.agrees("somebody is no guest any more, and somebody came back");
    CHECK(wait_until([&] { return !is_guest("8"); }));
    CHECK(site_.events("restored").size() == 1);
    events_are_numbered();
  }

  /// Each has the number after the one before it, and an id of its own.
  void events_are_numbered() {
    std::int64_t last = 0;
    std::set<std::string> ids;
    for (const json& e : site_.events()) {
      CHECK(e["seq"] == last + 1);
      CHECK(ids.insert(e["id"]).second);
      last = e["seq"];
    }
    CHECK(site_.muster({"audit", "verify"}).code == 0);
  }

  void server_restarts() {
    site_.server().stop();
    site_.of("2").title = "While it was away";
    site_.publish();
    site_.server().start();
    site_.change(replace(site_.dn_of("7"), "displayName", "While the agent was not connected"));
    site_.agrees("the server was restarted");
    site_.dismiss("2");
    site_.publish();
    site_.agrees("a leaver after that");
  }

  /// What was done since the backup is done anew.
  void server_set_back() {
    site_.server().back_up();
    site_.agrees("the server was backed up");
    site_.employ("11", {"After", "Backup"});
    site_.of("1").department = site_.of("1").department == "Sales" ? "Engineering" : "Sales";
    site_.dismiss("4");
    site_.publish();
    site_.agrees("what the server's backup does not know");
    site_.server().restore();
    if (site_.kind() == Site::Kind::openldap) {  // it may as well be a replica that lags behind, so somebody has to say so
      CHECK(wait_until([&] { return site_.muster({"problems"}).out.find("knows less than") != std::string::npos; },
                       std::chrono::minutes(1)));
      CHECK(site_.muster({"resync"}).code == 0);
    }
    give_anew("11");
    site_.agrees("the server was set back to its backup", std::chrono::minutes(1));
  }

  void stop_service() {
    service_->signal(SIGTERM);
    CHECK(service_->wait() == 0);
  }

  void cookie() {
    stop_service();
    sqlite3* state = nullptr;
    REQUIRE(sqlite3_open(site_.file("state.db").c_str(), &state) == SQLITE_OK);
    REQUIRE(sqlite3_exec(state, "UPDATE cursor SET cookie = 'rid=000,csn=nonsense'", nullptr, nullptr, nullptr) == SQLITE_OK);
    CHECK(sqlite3_changes(state) >= 2);
    sqlite3_close(state);
    site_.change(replace(site_.dn_of("7"), "displayName", "Not in any cookie") + "dn: " + site_.dn_of("8") +
                 "\nchangetype: delete\n");
    service_ = site_.service();
    give_anew("8");
    site_.agrees("the stored cookie is nonsense");
  }

  void missed() {
    stop_service();
    const std::size_t before = entries_known(site_);
    strangers(0, load_.missed);
    site_.change(replace(site_.dn_of("5"), "displayName", "Among many"));
    service_ = site_.service();
    CHECK(wait_until([&] { return entries_known(site_) == before + static_cast<std::size_t>(load_.missed); },
                     std::chrono::minutes(10)));
    site_.agrees("much was missed");
    std::size_t told = 0;
    for (const json& e : site_.events("appeared")) told += e["dn"].get<std::string>().find("=many") != std::string::npos;
    CHECK(told == static_cast<std::size_t>(load_.missed));
  }

  void strangers(int from, int to) {
    for (std::string ldif; from < to; ldif.clear()) {
      for (const int end = std::min(from + 500, to); from < end; ++from) ldif += site_.stranger("many" + std::to_string(from));
      site_.change(ldif);
    }
  }

  /// Of strangers, so it is one that others keep; one person's membership changes in it.
  void big_group() {
    const std::string dn = site_.group("big");
    if (site_.is_ad()) strangers(load_.missed, load_.members);  // elsewhere a member need not exist
    std::string ldif =
        "dn: " + dn + "\nchangetype: add\nobjectClass: " + (site_.is_ad() ? "group" : "groupOfNames") + "\ncn: big\n";
    for (int i = 0; i < load_.members; ++i) { ldif += "member: cn=many" + std::to_string(i) + "," + site_.unit("people") + "\n"; }
    site_.change(ldif);
    site_.of("7").title = "big";
    site_.publish();
    const std::string is_member = "(&(cn=big)(member=" + site_.dn_of("7") + "))";
    CHECK(wait_until([&] { return !site_.server().search(site_.unit("groups"), is_member, {"1.1"}).empty(); },
                     std::chrono::minutes(5)));
    site_.of("7").title = "small";
    site_.publish();
    CHECK(wait_until([&] { return site_.server().search(site_.unit("groups"), is_member, {"1.1"}).empty(); },
                     std::chrono::minutes(5)));
    site_.agrees("somebody leaves a big group");
    CHECK(site_.server().values(dn, "member").size() == static_cast<std::size_t>(load_.members));
  }

  Site site_;
  Load load_;
  std::unique_ptr<Process> service_;
};

}  // namespace

TEST_CASE("scenario on slapd: directory, store and events agree") { Scenario(Site::Kind::openldap).play(); }
TEST_CASE("scenario on 389: directory, store and events agree") { Scenario(Site::Kind::ds389).play(); }
TEST_CASE("scenario on Samba: directory, store and events agree") { Scenario(Site::Kind::active_directory).play(); }
