// Rules about groups, from their files.
#include <doctest/doctest.h>

#include "mapping/loader.h"
#include "tests/unit/mapping/bad_config_cases.h"

using namespace muster;
using namespace muster::test;

TEST_CASE("everything that <grant> can say arrives") {
  std::string rules = kGoodRules;
  const std::string plain = R"(membership="granted"/>)";
  rules.replace(rules.find(plain), plain.size(),
                R"(membership="granted"><grant max-duration="PT8H" approvers=" alice  bob " two-person="true"/></managed>
    <managed group="cn=root,ou=groups,dc=example,dc=com"><grant allowed="false"/></managed>)");
  const LoadResult loaded = load_config(kMain, ConfigFiles::with_mappings({{kMain, kGoodMain}, {kRules, rules}}));
  REQUIRE(loaded.config);
  const auto& managed = loaded.config->rules.managed;
  REQUIRE(managed.size() == 3);
  CHECK_FALSE(managed[0].for_a_time);
  REQUIRE(managed[1].for_a_time);
  const ManagedRule::ForATime& vpn = *managed[1].for_a_time;
  CHECK(vpn.allowed);
  CHECK(vpn.max_duration == std::chrono::hours(8));
  CHECK(vpn.approvers == std::vector<std::string>{"alice", "bob"});
  CHECK(vpn.two_person);
  CHECK(vpn.at.line == 9);
  REQUIRE(managed[2].for_a_time);
  CHECK_FALSE(managed[2].for_a_time->allowed);
  CHECK_FALSE(managed[2].for_a_time->max_duration);
}
