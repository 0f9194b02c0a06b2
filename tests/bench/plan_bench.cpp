// How many people plan() decides about per second on one core, without any I/O: 8 attributes, 20 roles, a company in which one
// person in twenty has something to do. CPU time, so that a busy machine measures the same.
#include <cstdio>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "mapping/plan.h"
#include "tests/support/rules_builder.h"

using namespace muster;
using namespace muster::test;

namespace {

constexpr int kDepartments = 12;
const std::string kPeople = "OU=People,DC=corp,DC=example";
const std::string kBirthright = "OU=Birthright,OU=Groups,DC=corp,DC=example";

std::string department(std::size_t i) { return "Department " + std::to_string(i % kDepartments); }
std::string group(const std::string& name) { return "CN=" + name + "," + kBirthright; }

void add_roles(RulesBuilder& b) {
  b.managed_base(kBirthright, ManagedRule::Membership::exclusive);
  b.managed_group("CN=vpn,OU=Groups,DC=corp,DC=example", ManagedRule::Membership::granted);
  b.role("all-staff", "status='active'", {group("all-staff"), group("intranet")});
  for (std::size_t i = 0; i < kDepartments; ++i) {
    b.role(department(i), "department='" + department(i) + "' and status='active'", {group(department(i))});
  }
  b.role("managers", "contains(title, 'Manager') and status='active'", {group("managers"), "CN=vpn,OU=Groups,DC=corp,DC=example"});
  b.role("berlin", "site='Berlin' and status='active'", {group("berlin")});
  b.role("munich", "site='Munich' and status='active'", {group("munich")});
  b.role("contractors", "type='Contractor' and status='active'", {group("contractors")});
  b.role("seniors", "starts-with(title, 'Senior') and not(type='Contractor')", {group("seniors")});
  b.role("newcomers", "start != '' and $today - start < 100", {group("newcomers")});
  b.role("finance-tools", "(department='Department 3' or department='Department 4') and contains(title, 'Manager')",
         {group("finance-tools")});
}

Rules make_rules() {
  RulesBuilder b(
      {"id", "status", "first", "last", "department", "title", "type", "start", "end", "email", "phone", "site", "manager"});
  b.join("employeeNumber", "id");
  b.hr("givenName", "first");
  b.hr("sn", "last");
  b.hr("cn", "concat(first, ' ', last, ' ', id)");
  b.hr("displayName", "concat(first, ' ', last)").on_drift = AttributeRule::OnDrift::revert;
  b.hr("departmentNumber", "department");
  b.hr("title", "title");
  b.hr("l", "site");
  b.hr("employeeType", "translate(type, 'CE', 'ce')");
  b.owned("telephoneNumber", Owner::directory);
  b.owned("mail", Owner::upstream);
  add_roles(b);
  JoinerRule& joiner = b.joiner("status='active'");
  joiner.create = dn(kPeople);
  joiner.rdn = b.expression("concat('CN=', first, ' ', last, ' ', id)");
  LeaverRule& leaver = b.leaver("status='terminated' or ($today > end and end != '' and type != 'Contractor')");
  leaver.strip = LeaverRule::Strip::managed;
  leaver.move_to = dn("OU=Leavers,DC=corp,DC=example");
  b.absence("status='leave'");
  b.contractor("type='Contractor'", "end");
  b.rehire(true);
  return b.take();
}

struct Someone {
  Person person;
  Entry entry;
  Subject subject;  ///< its pointers are set when everybody has a place
};

Someone someone(std::size_t i, const Rules& rules, const Now& now, std::mt19937& dice) {
  const std::string id = std::to_string(100000 + i), last = "Lastname" + std::to_string(i % 977);
  const bool contractor = i % 10 == 0;
  Someone s;
  s.person = {PersonKey(id),
              {id, "active", "First" + std::to_string(i % 89), last, department(i), i % 9 ? "Senior Engineer" : "Manager",
               contractor ? "Contractor" : "Employee", "20190401", contractor ? "20271231" : "", last + "@corp.example",
               "+49 30 " + id, i % 2 ? "Berlin" : "Munich", "100001"},
              "feed hris, line " + std::to_string(i + 2),
              true};
  s.entry = {EntryId({static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i >> 16U)}),
             Dn(),
             "",
             {}};
  Subject nothing_yet;
  nothing_yet.person = &s.person;
  const Plan created = plan(nothing_yet, rules, now);
  s.entry.dn = created.changes.front().dn;
  s.entry.attributes = created.changes.front().initial;
  for (const char* more : {"telephoneNumber", "mail", "description"}) s.entry.attributes.set(more, {id});
  for (const auto& [name, values] : created.changes.front().initial) s.subject.ledger.settled[name] = values;
  for (const Entitlement& e : entitlements(s.person, rules, now)) s.subject.memberships.push_back({e.group, true});
  if (contractor) s.subject.account.expires = parse_iso_time("2027-12-31T23:00:00Z");
  if (dice() % 20 == 0) s.person.fields[dice() % 2 ? 1 : 4] = dice() % 2 ? "terminated" : department(i + 1);
  return s;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct Measured {
  double seconds = 0;
  std::size_t changes = 0;
};

Measured measure(std::vector<Someone>& people, const Rules& rules, const Now& now) {
  for (Someone& s : people) {
    s.subject.person = &s.person;
    s.subject.entry = &s.entry;
  }
  Measured m;
  const double begin = cpu_seconds();
  for (const Someone& s : people) m.changes += plan(s.subject, rules, now).changes.size();
  m.seconds = cpu_seconds() - begin;
  return m;
}

/// 0: no rate is demanded.
double demanded(int argc, char** argv) { return argc == 3 && std::strcmp(argv[1], "--at-least") == 0 ? std::atof(argv[2]) : 0; }

}  // namespace

int main(int argc, char** argv) {
  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  const double least = demanded(argc, argv);
  const Rules rules = make_rules();
  const Now now = now_at(*parse_iso_time("2026-11-23T09:00:00Z"));
  std::printf("%10s %10s %10s %14s %12s\n", "people", "changes", "CPU s", "people/s", "us/person");
  bool fast_enough = true;  // of the last, largest company: the small ones are over before the caches are warm
  for (const std::size_t n : {std::size_t{1000}, std::size_t{10000}, std::size_t{100000}}) {
    std::mt19937 dice(1);
    std::vector<Someone> people;
    people.reserve(n);
    for (std::size_t i = 0; i < n; ++i) people.push_back(someone(i, rules, now, dice));
    const Measured m = measure(people, rules, now);
    const double rate = static_cast<double>(n) / m.seconds;
    std::printf("%10zu %10zu %10.3f %14.0f %12.2f\n", n, m.changes, m.seconds, rate, 1e6 * m.seconds / static_cast<double>(n));
    fast_enough = rate >= least;
  }
  if (!fast_enough) std::printf("fewer than %.0f people/s\n", least);
  return fast_enough ? 0 : 1;
}
