// The program against a real slapd, as an administrator would time it. Prints tables; nothing here passes or fails by a time.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/bench/live.h"

using namespace muster::test;
namespace {

constexpr int kRounds = 5;

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

struct Run {
  double seconds = 0;
  long peak_kib = 0;
};
Run timed(const std::vector<std::string>& command) {
  const auto begun = Clock::now();
  const Finished done = run(command, "", {}, std::chrono::minutes(20));
  const double seconds = seconds_since(begun);
  REQUIRE_MESSAGE(done.code == 0, (done.out + done.err));
  return {seconds, done.peak_kib};
}

/// ldapsearch for the entries and attributes that muster asks for (agent/streams.cpp), thrown away.
std::vector<std::string> ldapsearch(Company& c) {
  const std::string common = "ldapsearch -x -LLL -o ldif-wrap=no -E pr=1000/noprompt -H " + c.slapd().url() + " -D " +
                             c.slapd().value("BIND_DN") + " -y " + c.file("secrets/bind-without-newline");
  std::string password = read_file(c.file("secrets/ldap-bind"));
  password.erase(password.find_last_not_of('\n') + 1);
  write_file(c.file("secrets/bind-without-newline"), password);
  return {"sh", "-c",
          common +
              " -b ou=people,dc=example,dc=com '(objectClass=inetOrgPerson)' entryUUID entryCSN objectClass cn departmentNumber"
              " employeeNumber employeeType givenName l mail manager mobile ou sn telephoneNumber title uid pwdAccountLockedTime"
              " pwdEndTime pwdStartTime >/dev/null && " +
              common +
              " -b ou=groups,dc=example,dc=com '(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)"
              "(objectClass=posixGroup))' entryUUID entryCSN objectClass member uniqueMember memberUid >/dev/null"};
}

void measure_resync(int people) {
  Company c({.people = people});
  const std::vector<std::string> resync{MUSTER_BINARY, "--config", c.config(), "resync"};
  std::vector<std::string> full = resync;
  full.push_back("--full");
  const Run first = timed(resync);
  std::vector<double> search, again, everybody;
  long peak = 0, peak_full = 0;
  const auto reading = ldapsearch(c);
  timed(reading);
  for (int i = 0; i < kRounds; ++i) {
    search.push_back(timed(reading).seconds);
    const Run no_change = timed(resync), recalculated = timed(full);
    again.push_back(no_change.seconds);
    everybody.push_back(recalculated.seconds);
    peak = std::max(peak, no_change.peak_kib);
    peak_full = std::max(peak_full, recalculated.peak_kib);
  }
  const double base = median(search);
  const auto row = [&](const char* what, double seconds, long kib) {
    std::printf("%8d  %-38s %9.3f s  %6.2f", people, what, seconds, seconds / base);
    if (kib) std::printf("  %7.1f MiB", static_cast<double>(kib) / 1024);
    std::printf("\n");
  };
  row("ldapsearch -E pr=1000, to /dev/null", base, 0);
  row("muster resync, nothing changed", median(again), peak);
  row("muster resync --full, nothing changed", median(everybody), peak_full);
  row("muster resync, the first time", first.seconds, first.peak_kib);
  std::fflush(stdout);
}

std::vector<std::string> dns_of_people(Company& c) {
  std::istringstream text(c.slapd().search("ou=people,dc=example,dc=com", "(objectClass=inetOrgPerson)", {"1.1"}));
  std::vector<std::string> all;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("dn: ")) all.push_back(line.substr(4));
  }
  return all;
}

}  // namespace

TEST_CASE("bench: a resync that finds nothing to do, against ldapsearch of the same") {
  std::printf("\n%8s  %-38s %11s  %6s  %s\n", "people", "what", "median", "ratio", "peak memory");
  for (const int people : {1000, 10000, 100000}) measure_resync(people);
}

TEST_CASE("bench: from ldapmodify to the file of events") {
  Company c({.people = 1000});
  REQUIRE(c.muster({"resync"}).code == 0);
  auto service = c.service();
  Latency latency = measure_latency(c.slapd(), dns_of_people(c), c.file("events.jsonl"), 2000);
  std::printf("\n%zu changes by ldapmodify, one after the other, until each is durable in the file of events:\n", latency.size());
  std::printf("  median %.1f ms   90 %% %.1f ms   99 %% %.1f ms   longest %.1f ms\n", latency.at(0.5), latency.at(0.9),
              latency.at(0.99), latency.at(1));
}
