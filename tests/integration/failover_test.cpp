// More than one domain controller: those that the configuration names, and those that DNS names.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>

#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

std::string replace(const std::string& dn, const std::string& attribute, const std::string& value) {
  return "dn: " + dn + "\nchangetype: modify\nreplace: " + attribute + "\n" + attribute + ": " + value + "\n\n";
}

std::size_t told(const Site& site, const std::string& kind, const std::function<bool(const json&)>& fits) {
  const auto events = site.events(kind);
  return static_cast<std::size_t>(std::count_if(events.begin(), events.end(), fits));
}

void employ_some(Site& site) {
  for (int i = 1; i <= 6; ++i) {
    const std::string n = std::to_string(i);
    site.employ(n, {"First" + n, "Last" + n, i % 2 ? "Sales" : "Engineering"});
  }
  site.publish();
}

/// Another domain controller that has everything the site's has, and whose certificate the agent trusts.
std::unique_ptr<Samba> second_one(Site& site) {
  site.server().stop();
  auto other = std::make_unique<Samba>(Environment{{"CLONE_OF", site.server().folder()}});
  site.server().start();
  write_file(site.file("both.pem"), read_file(site.server().value("CA")) + read_file(other->value("CA")));
  replace_text(site.config(), site.server().value("CA"), site.file("both.pem"));
  return other;
}

}  // namespace

TEST_CASE("fail-over: another domain controller serves at once, nothing is lost and nothing is told twice") {
  Site site(Site::Kind::active_directory);
  employ_some(site);
  auto service = site.service();
  site.agrees("with one domain controller");
  auto other = second_one(site);
  const std::string first = site.server().value("LDAPS_URL"), second = other->value("LDAPS_URL");
  replace_text(site.config(), first, first + " " + second);
  service->signal(SIGHUP);
  CHECK(wait_until([&] { return site.server_in_use() == first; }, std::chrono::seconds(60)));

  // What replication brought to both, and what the agent has seen on one of them.
  const std::string seen = replace(site.dn_of("3"), "telephoneNumber", "+49 3");
  site.change(seen);
  const auto is_seen = [](const json& e) { return e["person"] == "3" && e["after"] == json{"+49 3"}; };
  CHECK(wait_until([&] { return told(site, "changed", is_seen) == 1; }));
  REQUIRE(other->modify(seen) == 0);
  const std::size_t applied = site.events("applied").size(), appeared = site.events("appeared").size();

  site.server().kill();
  site.goes_over_to(std::move(other));
  site.change(replace(site.dn_of("2"), "displayName", "Changed on the other one") +
              replace(site.dn_of("4"), "telephoneNumber", "+49 4") + site.stranger("newcomer"));
  site.of("1").title = "While the first was away";
  site.dismiss("5");
  site.publish();
  site.agrees("with the other domain controller", std::chrono::minutes(1));
  CHECK(site.server_in_use() == second);
  CHECK(wait_until([&] { return site.events("appeared").size() == appeared + 1; }));
  CHECK(told(site, "changed", is_seen) == 1);
  CHECK(told(site, "changed", [](const json& e) { return e["person"] == "4"; }) == 1);
  CHECK(told(site, "drift", [](const json& e) { return e["person"] == "2"; }) == 1);
  // The drift, the title, and the leaver's disable, moves and two groups.
  CHECK(site.events("applied").size() == applied + 6);
  CHECK(site.events("deleted").empty());
  CHECK(site.muster({"problems"}).code == 0);
}

namespace {

/// A name server that knows what is told to it, and a place in which it is the only one.
class Names {
 public:
  Names(const Site& site, const std::vector<std::string>& records) : resolv_conf_(site.file("resolv.conf")) {
    const std::string address = site.server().value("ADDRESS");
    std::vector<std::string> command{"dnsmasq",    "--no-daemon",       "--conf-file=/dev/null",       "--no-resolv",
                                     "--no-hosts", "--bind-interfaces", "--listen-address=" + address, "--user=root",
                                     "--pid-file="};
    command.insert(command.end(), records.begin(), records.end());
    server_ = std::make_unique<Process>(command, site.file("dnsmasq.log"));
    write_file(resolv_conf_, "nameserver " + address + "\n");
  }
  Finished muster(const Site& site, std::vector<std::string> arguments) const {
    std::vector<std::string> command{"unshare",
                                     "-m",
                                     "sh",
                                     "-c",
                                     "mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\"",
                                     "sh",
                                     resolv_conf_,
                                     muster_binary(),
                                     "--config",
                                     site.config()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command);
  }

 private:
  std::string resolv_conf_;
  std::unique_ptr<Process> server_;
};

}  // namespace

TEST_CASE("srv: the domain controllers that DNS names, those of the site first, and the next when one does not answer") {
  Site site(Site::Kind::active_directory);
  employ_some(site);
  const std::string url = site.server().value("LDAPS_URL"), address = site.server().value("ADDRESS");
  const std::string domain = "ad.example.test", here = "dc1." + domain, gone = "gone." + domain;
  replace_text(site.config(), "url=\"" + url + "\"", "url=\"srv:" + domain + "\" site=\"Here\"");
  const Names names(site, {"--local=/" + domain + "/", "--local=/nowhere.test/",
                           "--srv-host=_ldap._tcp.Here._sites.dc._msdcs." + domain + "," + gone + ",389,0",
                           "--srv-host=_ldap._tcp.dc._msdcs." + domain + "," + here + ",389,0",
                           "--address=/" + here + "/" + address, "--address=/" + gone + "/127.255.255.254"});
  Finished check;
  CHECK(wait_until([&] { return (check = names.muster(site, {"check"})).code == 0; }));
  CHECK_MESSAGE(check.out.find("ldaps://" + here + ":636") != std::string::npos, (check.out + check.err));
  CHECK(names.muster(site, {"resync"}).code == 0);
  CHECK(site.dn_of("1").starts_with("CN=First1 Last1,"));

  replace_text(site.config(), "srv:" + domain, "srv:nowhere.test");
  check = names.muster(site, {"check"});
  CHECK(check.code != 0);
  CHECK_MESSAGE((check.out + check.err).find("nowhere.test") != std::string::npos, (check.out + check.err));
}
