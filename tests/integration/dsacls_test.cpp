// The dsacls lines that `muster check --rights` prints for Active Directory grant an ordinary account all that the rules need.
// There is no dsacls here, so each line is read as its manual says and given to Samba in its own words (MS-DTYP section 2.5.1).
#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <regex>
#include <sstream>

#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

unsigned byte(const std::string& bytes, std::size_t at) { return static_cast<unsigned char>(bytes.at(at)); }

std::string hex(const std::string& bytes, std::initializer_list<std::size_t> order) {
  std::string text;
  char two[3];
  for (const std::size_t at : order) {
    std::snprintf(two, sizeof two, "%02x", byte(bytes, at));
    text += two;
  }
  return text;
}

/// MS-DTYP section 2.3.4.2.
std::string guid_text(const std::string& b) {
  return hex(b, {3, 2, 1, 0}) + "-" + hex(b, {5, 4}) + "-" + hex(b, {7, 6}) + "-" + hex(b, {8, 9}) + "-" +
         hex(b, {10, 11, 12, 13, 14, 15});
}

/// MS-DTYP section 2.4.2.
std::string sid_text(const std::string& b) {
  std::string text = "S-" + std::to_string(byte(b, 0)) + "-" + std::to_string(byte(b, 7));
  for (std::size_t i = 0; i < byte(b, 1); ++i) {
    std::uint32_t part = 0;
    for (std::size_t k = 4; k-- > 0;) part = part << 8 | byte(b, 8 + 4 * i + k);
    text += "-" + std::to_string(part);
  }
  return text;
}

class Dsacls {
 public:
  Dsacls(LabServer& server, const std::string& account) : server_(server) {
    const auto found = server.entries(server.value("SUFFIX"), "(sAMAccountName=" + account + ")", {"objectSid"});
    REQUIRE(found.size() == 1);
    sid_ = sid_text(found.front().at("objectsid").front());
  }

  void run_all(const std::string& commands) {
    static const std::regex kGrant("dsacls \"([^\"]+)\" (/I:[ST] )?/G \"[^:]+:([^\"]+)\"");
    std::istringstream in(commands);
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("rem ") || line.find("Deleted Objects") != std::string::npos) continue;  // the lab has its own way there
      std::smatch part;
      REQUIRE_MESSAGE(std::regex_match(line, part, kGrant), line);
      sddl_[part[1]] += ace(part[2], part[3]);
    }
    for (const auto& [dn, sddl] : sddl_) set(dn, sddl);
  }

 private:
  /// /I:S: what is below only; /I:T: it and what is below. RIGHTS;OBJECT;INHERITED BY.
  std::string ace(const std::string& inherited, const std::string& grant) {
    std::vector<std::string> words;
    std::istringstream in(grant);
    for (std::string w; std::getline(in, w, ';');) words.push_back(w);
    const std::string flags = inherited == "/I:S " ? "CIIO" : inherited == "/I:T " ? "CI" : "";
    const std::string rights = words.at(0) == "CA" ? "CR" : words.at(0);
    const std::string object = words.size() > 1 ? id_of(words[1]) : "", heir = words.size() > 2 ? id_of(words[2]) : "";
    return "(" + std::string(object.empty() ? "A" : "OA") + ";" + flags + ";" + rights + ";" + object + ";" + heir + ";" + sid_ +
           ")";
  }

  std::string id_of(const std::string& name) {
    if (name == "Reset Password") return "00299570-246d-11d0-a768-00aa006e0529";
    if (name == "Replicating Directory Changes") return "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2";
    auto& known = ids_[name];
    if (!known.empty()) return known;
    const auto found = server_.entries("CN=Schema,CN=Configuration," + server_.value("SUFFIX"), "(lDAPDisplayName=" + name + ")",
                                       {"schemaIDGUID"});
    REQUIRE_MESSAGE(found.size() == 1, name);
    return known = guid_text(found.front().at("schemaidguid").front());
  }

  void set(const std::string& dn, const std::string& sddl) {
    std::string folder = server_.value("CA");
    folder.erase(folder.rfind("/tls/"));
    const Finished done = run({"samba-tool", "dsacl", "set", "--objectdn=" + dn, "--sddl=" + sddl, "-s", folder + "/etc/smb.conf",
                               "-H", server_.url(), "-U", "Administrator%" + server_.value("ADMIN_PASSWORD")});
    REQUIRE_MESSAGE(done.code == 0, (done.out + done.err));
  }

  LabServer& server_;
  std::string sid_;
  std::map<std::string, std::string> ids_, sddl_;
};

}  // namespace

TEST_CASE("rights on Samba: the dsacls lines that are printed make an ordinary account able to do all of it") {
  Site site(Site::Kind::active_directory);
  LabServer& server = site.server();
  // A copy of the agent's account, which nobody gave any right: its password is the agent's, by the administrator.
  const std::string dn = "CN=svc-new,OU=Service," + server.value("SUFFIX");
  site.change("dn: " + dn +
              "\nchangetype: add\nobjectClass: user\nsAMAccountName: svc-new\nuserPrincipalName: "
              "svc-new@ad.example.test\nuserAccountControl: 66048\n" +
              "unicodePwd:: " +
              run({"sh", "-c", "printf '\"%s\"' \"$1\" | iconv -t utf-16le | base64", "sh", server.value("BIND_PASSWORD")}).out +
              "\n");
  replace_text(site.config(), server.value("BIND_DN"), dn);
  site.employ("1", {"Ann", "Lee"});
  site.employ("2", {"Ben", "Ode", "Engineering"});
  site.publish();

  const Finished bare = site.muster({"check", "--rights", "--output", "json"});
  CHECK(bare.code == 1);
  const json report = json::parse(bare.out);
  CHECK(bare.out.find("MISSING") != std::string::npos);
  Dsacls(server, "svc-new").run_all(report["delegation"]);

  auto service = site.service();
  site.agrees("joiners");
  site.dismiss("1");
  site.of("2").department = "Sales";
  site.publish();
  site.agrees("a leaver and a mover");
  site.of("1").status = "Active";
  site.publish();
  site.agrees("a leaver who is back");
  site.dismiss("2");
  site.publish();
  site.agrees("somebody is where leavers are");
  const Finished granted = site.muster({"check", "--rights", "--output", "json"});
  CHECK_MESSAGE(granted.code == 0, granted.out);
  CHECK(granted.out.find("MISSING") == std::string::npos);
}
