// How soon a change is told upstream, for each server and each way of following it. Prints a table; nothing passes or fails by a
// time.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/bench/live.h"
#include "tests/support/site.h"

using namespace muster::test;

namespace {

struct Case {
  const char* server;
  Site::Kind kind;
  const char* method;
  const char* note;
  Environment wishes;
};

Latency measured(const Case& c) {
  Site site(c.kind, c.wishes, [&](const std::string& folder) {
    replace_text(folder + "/muster.xml", "<watch method=\"auto\"/>", std::string("<watch method=\"") + c.method + "\"/>");
  });
  for (int i = 1; i <= 20; ++i) site.employ(std::to_string(i), {"First" + std::to_string(i), "Last"});
  site.publish();
  REQUIRE(site.muster({"resync"}).code == 0);
  auto service = site.service();
  std::vector<std::string> entries;
  for (int i = 1; i <= 20; ++i) entries.push_back(site.dn_of(std::to_string(i)));
  const bool slow = std::string(c.method) == "poll";
  return measure_latency(site.server(), entries, site.file("events.jsonl"), slow ? 100 : 1000);
}

}  // namespace

TEST_CASE("bench: how soon a change is told, by server and method") {
  const Case cases[] = {
      {"OpenLDAP", Site::Kind::openldap, "syncrepl", "", {}},
      {"OpenLDAP", Site::Kind::openldap, "poll", "without syncprov", {{"SYNC", "0"}}},
      {"389", Site::Kind::ds389, "psearch", "with the retro changelog", {}},
      {"389", Site::Kind::ds389, "psearch", "without it", {{"CHANGELOG", "0"}}},
      {"389", Site::Kind::ds389, "syncrepl", "content synchronization", {{"SYNC", "1"}}},
      {"Samba", Site::Kind::active_directory, "dirsync", "", {}},
      {"Samba", Site::Kind::active_directory, "dirsync", "without the right to replicate", {{"REPLICATION", "0"}}},
      {"Samba", Site::Kind::active_directory, "usn", "", {}},
  };
  std::printf("\n%-9s %-9s %-31s %9s %9s %9s %8s\n", "server", "method", "", "median", "99 %", "longest", "changes");
  for (const Case& c : cases) {
    const Latency l = measured(c);
    std::printf("%-9s %-9s %-31s %6.1f ms %6.1f ms %6.1f ms %8zu\n", c.server, c.method, c.note, l.at(0.5), l.at(0.99), l.at(1),
                l.size());
    std::fflush(stdout);
  }
}
