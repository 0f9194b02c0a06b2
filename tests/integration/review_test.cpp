// Access reviews, from the report through the reviewer's file to the directory and back.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "tests/support/lab.h"
#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

constexpr std::size_t kStatus = 1;
const std::string kEvil = "uid=evil,ou=people,dc=example,dc=com";
const std::string kAttack = "<script>document.title='taken over'</script>\"'";

bool has(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

std::string member(const std::string& group, const std::string& how, const std::string& dn) {
  return "dn: " + group + "\nchangetype: modify\n" + how + ": member\nmember: " + dn + "\n\n";
}

/// The rows of a review about one account and one group.
json row_of(const json& review, const std::string& dn, const std::string& group) {
  for (const json& r : review["memberships"]) {
    if (r["dn"] == dn && r["group"] == group) return r;
  }
  FAIL((dn + " is not listed in " + group));
  return {};
}

std::size_t findings(const json& review, const std::string& kind) { return review["counts"]["findings"].value(kind, 0U); }

/// A company with a stranger in the group `crm-users`, and somebody of Legal in it whom no role puts there.
struct Reviewed {
  Folder folder;
  Company c;
  std::string crm, sales, key, dn, legal;

  explicit Reviewed(const std::string& more = "") : c({.people = 200, .slapd = {{"EXTRA_CONF", with(more)}}}) {
    crm = c.group("crm-users");
    sales = c.group("sales");
    key = c.employee("Sales");
    dn = c.dn_of(key);
    legal = c.dn_of(c.employee("Legal"));
    REQUIRE(c.muster({"resync"}).code == 0);
    REQUIRE(c.slapd().modify("dn: " + kEvil + "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: evil\ncn: " + kAttack +
                             "\nsn: =cmd|' /C calc'!A0\n\n" + member(crm, "add", kEvil) + member(crm, "add", legal)) == 0);
    REQUIRE(c.muster({"resync"}).code == 0);
  }
  std::string with(const std::string& text) const {
    write_file(folder / "extra.conf", text);
    return folder / "extra.conf";
  }
  std::string decisions(const std::vector<std::pair<std::string, std::string>>& of) const {
    std::string text = "id,decision,comment\r\n";
    for (const auto& [id, decision] : of) text += id + "," + decision + ",\"not needed, they say\"\r\n";
    write_file(c.file("decisions.csv"), text);
    return c.file("decisions.csv");
  }
  bool is_in(const std::string& group, const std::string& who) { return has(c.slapd().values(group, "member"), who); }
};

}  // namespace

TEST_CASE("review: every membership has its reason, and what stands out is listed") {
  Reviewed r("lastbind on\n");
  REQUIRE(r.c.slapd().can_bind(r.dn, "sample"));
  const json review = r.c.json({"review"});
  CHECK(review["caveats"].empty());
  const json by_role = row_of(review, r.dn, r.sales);
  CHECK(by_role["basis"] == "role");
  CHECK(by_role["reason"].get<std::string>().find("role sales: department='Sales'") == 0);
  CHECK(by_role["rule"].get<std::string>().find("mapping.d/access.xml:") == 0);
  CHECK(by_role["account"] == "enabled");
  CHECK(by_role["last_used"].get<std::string>().size() == 24);
  CHECK(row_of(review, r.legal, r.crm)["basis"] == "unknown");
  CHECK(row_of(review, r.legal, r.crm)["last_used"] == "never");
  CHECK(row_of(review, kEvil, r.crm)["basis"] == "stranger");
  CHECK(findings(review, "stranger") == 1);
  CHECK(findings(review, "orphan") == 1);
  CHECK(findings(review, "unexplained") >= 1);
  CHECK(findings(review, "dormant") == 0);
  for (const json& m : review["memberships"]) {
    if (m["managed"] == "exclusive") CHECK_MESSAGE(m["basis"] == "role", m.dump());
  }

  const json idle = r.c.json({"review", "--dormant", "PT0S"});
  CHECK(findings(idle, "dormant") > 100);
  const json one = r.c.json({"review", "--group", "crm-users"});
  for (const json& m : one["memberships"]) CHECK(m["group"] == r.crm);
  CHECK(one["scope"].get<std::string>().find("crm-users") != std::string::npos);
  const json sales = r.c.json({"review", "--role", "sales"});
  for (const json& m : sales["memberships"]) CHECK(m["person"] != "");

  CHECK(r.c.muster({"review", "--group", "nothing"}).code == 1);
  CHECK(r.c.muster({"review", "--role", "nothing"}).code == 1);
  CHECK(r.c.muster({"review", "--dormant", "soon"}).code == 2);
  const Finished text = r.c.muster({"review"});
  CHECK(text.code == 0);
  CHECK(text.out.find("Strangers in managed groups  1") != std::string::npos);
}

TEST_CASE("review: a directory that is away leaves out what only it knows, and says so") {
  Reviewed r;
  json review = r.c.json({"review"});
  CHECK(review["caveats"][0].get<std::string>().find("does not say when accounts are used") != std::string::npos);
  r.c.slapd().stop();
  review = r.c.json({"review"});
  CHECK(review["caveats"][0].get<std::string>().find("was not asked") != std::string::npos);
  CHECK(row_of(review, r.dn, r.sales)["last_used"] == "");
}

TEST_CASE("review: what a reviewer refuses is taken away for good, and comes back when it may be kept") {
  Reviewed r;
  REQUIRE(r.c.muster({"review", "--csv", r.c.file("review.csv")}).code == 0);
  // As a reviewer fills it in.
  const json review = r.c.json({"review"});
  const std::string by_role = row_of(review, r.dn, r.sales)["id"], stranger = row_of(review, kEvil, r.crm)["id"];
  std::string filled;
  std::istringstream lines(read_file(r.c.file("review.csv")));
  for (std::string line; std::getline(lines, line);) {
    if (line.find(by_role) != std::string::npos || line.find(stranger) != std::string::npos)
      line = line.substr(0, line.size() - 6) + "\"revoke\",\"has moved on\"\r";
    filled += line + "\n";
  }
  write_file(r.c.file("review.csv"), filled);

  const Finished done = r.c.muster({"review", "import", r.c.file("review.csv"), "--by", "Rita"});
  CHECK_MESSAGE(done.code == 0, (done.out + done.err));
  CHECK(done.out.find("2 refused, 0 kept, 0 decisions without effect") == 0);
  CHECK(!r.is_in(r.sales, r.dn));
  CHECK(!r.is_in(r.crm, kEvil));
  CHECK(r.is_in(r.crm, r.legal));
  CHECK(r.c.muster({"plan"}).code == 0);
  CHECK(r.c.muster({"resync", "--full"}).code == 0);
  CHECK(!r.is_in(r.sales, r.dn));

  int reviewed = 0, removed = 0;
  for (const json& a : r.c.audit()) {
    const json record = a.contains("record") ? a["record"] : a;
    reviewed += record["kind"] == "review" && record["actor"] == "Rita" && record["verdict"] == "revoke" &&
                record["reason"] == "has moved on";
    removed += record["kind"] == "applied" && record["action"] == "remove-member" && record["cause"] == "review by Rita" &&
               record["reason"].get<std::string>().find("refused in a review by Rita on ") == 0;
  }
  CHECK(reviewed == 2);
  CHECK(removed == 2);
  CHECK(r.c.muster({"audit", "verify"}).code == 0);
  const json after = r.c.json({"review"});
  CHECK(findings(after, "refused") == 2);
  CHECK(row_of(after, r.dn, r.sales)["basis"] == "refused");
  CHECK(row_of(after, r.dn, r.sales)["member"] == false);
  const std::string why = r.c.muster({"why", r.key, "sales"}).out;
  CHECK_MESSAGE(why.find("refused in a review by Rita") != std::string::npos, why);

  const Finished again = r.c.muster({"review", "import", r.c.file("review.csv"), "--by", "Rita"});
  CHECK(again.code == 0);
  CHECK(again.out.find("0 refused, 0 kept, 2 decisions without effect") == 0);

  const Finished kept = r.c.muster({"review", "import", r.decisions({{by_role, "keep"}}), "--by", "Rita"});
  CHECK_MESSAGE(kept.code == 0, (kept.out + kept.err));
  CHECK(r.is_in(r.sales, r.dn));
  CHECK(r.c.muster({"plan"}).code == 0);
}

TEST_CASE("review: decisions that no longer fit, or cannot be carried out, are listed and change nothing") {
  Reviewed r;
  const json review = r.c.json({"review"});
  const std::string id = row_of(review, r.dn, r.sales)["id"];
  r.c.edit_person(r.key, [](auto& cells) { cells[kStatus] = "Terminated"; });
  REQUIRE(r.c.muster({"resync"}).code == 0);
  const std::size_t before = r.c.audit().size();
  const Finished stale = r.c.muster({"review", "import", r.decisions({{id, "revoke"}}), "--by", "Rita"});
  CHECK(stale.code == 0);
  CHECK(stale.out.find("stale") != std::string::npos);
  CHECK(r.c.audit().size() == before);

  json unmanaged;
  for (const json& m : review["memberships"]) {
    if (m["managed"] == "no" && m["person"] != "") unmanaged = m;
  }
  REQUIRE(!unmanaged.is_null());
  const Finished refused = r.c.muster({"review", "import", r.decisions({{unmanaged["id"], "revoke"}}), "--by", "Rita"});
  CHECK(refused.code == 1);
  CHECK(refused.out.find("no <managed> rule makes this group muster's to change") != std::string::npos);
  CHECK(r.is_in(unmanaged["group"], unmanaged["dn"]));

  const Finished bad = r.c.muster({"review", "import", r.decisions({{id, "revoke"}, {"r2", "perhaps"}}), "--by", "Rita"});
  CHECK(bad.code == 2);
  CHECK(bad.err.find("decisions.csv:3: the decision 'perhaps' is neither keep nor revoke") != std::string::npos);
  CHECK(r.c.muster({"review", "import", r.decisions({})}).code == 2);
  CHECK(r.c.audit().size() == before);
}

TEST_CASE("review: the running service takes decisions, and holds what is above the limits") {
  Reviewed r;
  const json review = r.c.json({"review"});
  const auto service = r.c.service();
  const Finished done =
      r.c.muster({"review", "import", r.decisions({{row_of(review, r.dn, r.sales)["id"], "revoke"}}), "--by", "Rita"});
  CHECK_MESSAGE(done.code == 0, (done.out + done.err));
  CHECK(!r.is_in(r.sales, r.dn));

  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
  replace_text(r.c.config(), "max-membership-removals=\"500\"", "max-membership-removals=\"1\"");
  std::vector<std::pair<std::string, std::string>> many;
  for (const json& m : review["memberships"]) {
    if (m["basis"] == "role" && m["group"] == r.sales && m["dn"] != r.dn && many.size() < 3) many.emplace_back(m["id"], "revoke");
  }
  REQUIRE(many.size() == 3);
  const std::size_t members = r.c.slapd().values(r.sales, "member").size();
  const Finished held = r.c.muster({"review", "import", r.decisions(many), "--by", "Rita"});
  CHECK_MESSAGE(held.code == 4, (held.out + held.err));
  CHECK(r.c.slapd().values(r.sales, "member").size() == members);
}

TEST_CASE("review: the page opens in a browser, and runs nothing that a name contains") {
  Reviewed r("lastbind on\n");
  REQUIRE(r.c.muster({"review", "--html", r.c.file("review.html")}).code == 0);
  if (run({"sh", "-c", "command -v chromium"}).code != 0) {
    MESSAGE("left out: chromium is not installed");
    return;
  }
  std::filesystem::create_directories(MUSTER_ARTIFACTS);
  const std::vector<std::string> chromium{"chromium",
                                          "--headless",
                                          "--no-sandbox",
                                          "--disable-gpu",
                                          "--disable-quic",
                                          "--no-first-run",
                                          "--disable-background-networking",
                                          "--disable-component-update",
                                          "--disable-sync",
                                          "--user-data-dir=" + r.folder.str() + "/browser"};
  const std::string page = "file://" + r.c.file("review.html"), picture = std::string(MUSTER_ARTIFACTS) + "/review.png";
  auto command = chromium;
  command.insert(command.end(), {"--window-size=1400,2400", "--screenshot=" + picture, page});
  std::filesystem::remove(picture);
  CHECK(run(command).code == 0);
  REQUIRE(std::filesystem::exists(picture));
  CHECK(std::filesystem::file_size(picture) > 50'000);
  command = chromium;
  command.insert(command.end(), {"--dump-dom", page});
  const Finished dom = run(command);
  CHECK(dom.code == 0);
  CHECK(dom.out.find("<title>Access review of ") != std::string::npos);
  CHECK(dom.out.find("<button type=\"button\">Person</button>") != std::string::npos);  // the page's own script ran
}
