// An upstream that stays away for long: what waits is bounded, and nothing is lost that is still true.
#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <set>

#include "tests/support/site.h"

using namespace muster::test;
using nlohmann::json;

namespace {

constexpr int kPeople = 40;

Site with_limit(const std::string& bytes) {
  return Site(Site::Kind::openldap, {}, [&](const std::string& folder) {
    replace_text(folder + "/muster.xml", "<upstream>", "<upstream max-bytes=\"" + bytes + "\">");
    std::filesystem::create_directory(folder + "/events.jsonl");  // nobody can write there
  });
}

void retitle(Site& site, const std::string& title) {
  for (int i = 1; i <= kPeople; ++i) site.of(std::to_string(i)).title = title;
  site.publish();
  (void)site.muster({"resync"});
}

bool has_problem(const Site& site, const std::string& code) {
  return site.muster({"problems"}).out.find(code) != std::string::npos;
}

}  // namespace

TEST_CASE("outbox: above its limit the newest state of everybody is kept, and what was removed is told") {
  Site site = with_limit("150000");
  for (int i = 1; i <= kPeople; ++i) site.employ(std::to_string(i), {"Ann" + std::to_string(i), "Lee"});
  site.publish();
  CHECK(site.muster({"resync"}).code == 1);  // nobody can be told
  CHECK_FALSE(has_problem(site, "upstream-condensed"));
  for (int round = 0; round < 6; ++round) retitle(site, "Title " + std::to_string(round));
  CHECK(has_problem(site, "upstream-condensed"));
  const json waiting = site.json({"upstream"});
  CHECK(waiting["bytes"] <= 150000);
  CHECK(waiting["upstreams"][0]["waiting"] > kPeople);

  std::filesystem::remove(site.file("events.jsonl"));
  const auto service = site.service();
  site.agrees("the upstream is back");
  const auto condensed = site.events("condensed");
  REQUIRE_FALSE(condensed.empty());
  const auto all = site.events();
  std::set<std::string> ids, kinds;
  for (const auto& e : all) {
    ids.insert(e["id"].get<std::string>());
    kinds.insert(e["kind"].get<std::string>());
  }
  CHECK(ids.size() == all.size());
  for (const auto& c : condensed) {
    for (const auto& kind : c["removed"].items()) CHECK_MESSAGE(kinds.contains(kind.key()), kind.key());
  }
  CHECK(wait_until([&] { return !has_problem(site, "upstream-condensed"); }));
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
}

TEST_CASE("outbox: what cannot be made smaller is kept, and somebody is told") {
  Site site = with_limit("65536");
  for (int i = 1; i <= kPeople; ++i) site.employ(std::to_string(i), {"Ann" + std::to_string(i), "Lee"});
  site.publish();
  CHECK(site.muster({"resync"}).code == 1);
  CHECK(has_problem(site, "upstream-full"));
  std::filesystem::remove(site.file("events.jsonl"));
  const auto service = site.service();
  site.agrees("the upstream is back");
  CHECK(wait_until([&] { return !has_problem(site, "upstream-full"); }));
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
}

TEST_CASE("outbox: an upstream that works loses nothing to one that does not") {
  Site site(Site::Kind::openldap, {}, [&](const std::string& folder) {
    replace_text(folder + "/muster.xml", "<upstream>", "<upstream max-bytes=\"65536\"><file path=\"away/events.jsonl\"/>");
  });
  for (int i = 1; i <= kPeople; ++i) site.employ(std::to_string(i), {"Ann" + std::to_string(i), "Lee"});
  site.publish();
  const auto service = site.service();
  site.agrees("the others are away");
  for (int round = 0; round < 3; ++round) {
    retitle(site, "Title " + std::to_string(round));
    site.agrees("round " + std::to_string(round));
  }
  const auto applied = site.events("applied");
  const auto titles = std::count_if(applied.begin(), applied.end(),
                                    [](const auto& e) { return e.value("attribute", "") == "title" && e["action"] == "set"; });
  CHECK(titles == 3 * kPeople);
  std::filesystem::create_directory(site.file("away"));
  const auto newest_title = [&] {
    std::map<std::string, std::string> last;
    for (const std::string& line : lines_of(read_file(site.file("away/events.jsonl")))) {
      const json e = json::parse(line, nullptr, false);
      if (e.is_object() && e.value("attribute", "") == "title")
        last[e["person"].get<std::string>()] = e["after"][0].get<std::string>();
    }
    return last.size() == kPeople && std::all_of(last.begin(), last.end(), [](const auto& l) { return l.second == "Title 2"; });
  };
  CHECK(wait_until(newest_title, std::chrono::seconds(90)));
  service->signal(SIGTERM);
  CHECK(service->wait() == 0);
}
