// A support bundle helps, and says nothing about anybody.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

struct Person {
  const char* key;
  Employee employee;
};

/// Names that are words, words of muster's own, or hard to split.
const Person kStaff[] = {
    {"101", {"Bill", "May", "Sales", "Grant Manager"}},
    {"102", {"Grace", "Hunter", "Engineering", "Master Of Disaster"}},
    {"grant", {"Will", "Price", "Sales", "Leaver Liaison"}},
    {"4711", {"J\xc3\xbcrgen", "Gro\xc3\x9f-M\xc3\xbcller", "Engineering", "Wachmann"}},
    {"x-104", {"Shaun", "O'Brien", "Sales", "Chief \"Boss\" Officer"}},
    {"105", {"Ann Marie", "van der Berg", "Sales", "Clerk"}},
};

/// Everything of them, of the company and of the secrets, as it must not occur, in any case of letters.
std::vector<std::string> forbidden(const Site& site) {
  std::vector<std::string> all{"Bill",          "Grace",        "Hunter",       "Price", "J\xc3\xbcrgen", "Gro\xc3\x9f",
                               "M\xc3\xbcller", "Shaun",        "Brien",        "Marie", "Berg",          "Master",
                               "Liaison",       "Wachmann",     "Boss",         "Clerk", "4711",          "x-104",
                               "all-staff",     "Sales",        "engineering",  "dc=",   "ou=",           "cn=",
                               "127.0.0.1",     "muster-test-", "Eve Intruder", "Eve",   "Intruder"};
  all.push_back("letmein-7");
  all.push_back(site.server().value("BIND_DN"));
  return all;
}

/// Those that occur, as whole words where they are words. `text` in lower case.
std::vector<std::string> found_in(const std::string& text, const std::vector<std::string>& names) {
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
  };
  std::vector<std::string> found;
  for (std::string name : names) {
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return c < 0x80 ? std::tolower(c) : c; });
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
      const std::size_t end = at + name.size();
      const bool begins = at == 0 || !is_part(text[at - 1]) || !is_part(name.front());
      const bool ends = end == text.size() || !is_part(text[end]) || !is_part(name.back());
      if (!begins || !ends) continue;
      found.push_back(name + ": ..." + text.substr(at - std::min<std::size_t>(at, 60), 120) + "...");
      break;
    }
  }
  return found;
}

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return c < 0x80 ? std::tolower(c) : c; });
  return text;
}

/// Makes a bundle, unpacks it, and gives all of it as one text.
std::string unpacked(const Site& site, const std::string& name) {
  const Finished made = site.muster({"support-bundle", site.file(name), "--yes"});
  REQUIRE_MESSAGE(made.code == 0, made.err);
  namespace fs = std::filesystem;
  CHECK(fs::status(site.file(name)).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  const std::string folder = site.file(name + ".d");
  fs::create_directory(folder);
  const Finished done = name.ends_with(".zip") ? run({"/usr/bin/env", "python3", "-m", "zipfile", "-e", site.file(name), folder})
                                               : run({"/usr/bin/env", "tar", "-xzf", site.file(name), "-C", folder});
  REQUIRE_MESSAGE(done.code == 0, done.err);
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    CHECK_MESSAGE(made.out.find(entry.path().filename().string()) != std::string::npos, entry.path().string());
    all += "=== " + entry.path().filename().string() + "\n" + read_file(entry.path().string());
  }
  return all;
}

void check_clean(const Site& site, const std::string& bundle) {
  for (const std::string& leak : found_in(in_lower_case(bundle), forbidden(site))) FAIL_CHECK(leak);
}

}  // namespace

TEST_CASE("support bundle: nothing of anybody is in it, and what helps is") {
  Site site(Site::Kind::openldap);
  replace_text(site.config(), "max-disables=\"25\"", "max-disables=\"25\" max-clears=\"0\"");
  for (const Person& p : kStaff) site.employ(p.key, p.employee);
  site.publish();
  auto service = site.service();
  REQUIRE(site.muster({"log-level", "debug"}).code == 0);
  site.agrees("the start");
  // Drift, a stranger in a group, a person who cannot be, a hold, a bind that is refused.
  site.change("dn: " + site.dn_of("102") + "\nchangetype: modify\nreplace: title\ntitle: Eve Intruder\n");
  site.change(site.stranger("Eve Intruder"));
  site.change("dn: " + site.group("sales") + "\nchangetype: modify\nadd: member\nmember: cn=Eve Intruder," + site.unit("people") +
              "\n");
  site.employ("105", {"Ann Marie", "van der Berg", "Sales", ""});
  site.employ("103", {"", "", "Sales", "Clerk"});
  site.publish();
  REQUIRE(wait_until([&] { return site.json({"status"})["problems"] > 1; }));
  REQUIRE(wait_until([&] { return !site.json({"holds"})["holds"].empty(); }));

  const std::string running = unpacked(site, "one.tar.gz");
  check_clean(site, running);
  for (const char* there : {"\"drift\"", "=== log.txt", "applied", "owner=\"hr\"", "max-disables=\"25\"", "on-drift=\"revert\"",
                            "OpenLDAP", "\"healthy\"", "concat(", "=== holds.json", "displayName"})
    CHECK_MESSAGE(running.find(there) != std::string::npos, std::string(there));
  // The same person is the same word everywhere: so the hold and the audit trail can be read together.
  CHECK(site.muster({"support-bundle", site.file("one.tar.gz"), "--yes"}).code != 0);

  service->signal(SIGTERM);
  REQUIRE(service->wait() == 0);
  write_file(site.file("secrets/ldap-bind2"), "letmein-7");
  std::filesystem::permissions(site.file("secrets/ldap-bind2"), std::filesystem::perms::owner_read);
  replace_text(site.config(), "secret=\"ldap-bind\"", "secret=\"ldap-bind2\"");
  check_clean(site, unpacked(site, "two.zip"));

  const Finished printed = site.muster({"support-bundle", "--print"});
  CHECK(printed.code == 0);
  check_clean(site, printed.out);
  // The search finds what is there.
  CHECK(found_in(in_lower_case(printed.out + " the clerk"), forbidden(site)).size() == 1);
}

TEST_CASE("support bundle: a configuration that cannot be read, and nobody who says yes") {
  Site site(Site::Kind::openldap);
  replace_text(site.config(), "<people base", "<poeple base");
  const Finished asked = site.muster({"support-bundle", site.file("no.tar.gz")});
  CHECK(asked.code != 0);
  CHECK_FALSE(std::filesystem::exists(site.file("no.tar.gz")));
  const std::string bundle = unpacked(site, "yes.tar.gz");
  check_clean(site, bundle);
  CHECK(bundle.find("did you mean") != std::string::npos);
  write_file(site.config(), "no XML at all");
  CHECK(unpacked(site, "none.tar.gz").find("it is no XML") != std::string::npos);
}
