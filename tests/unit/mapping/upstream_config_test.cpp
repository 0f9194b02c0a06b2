// <scim>: which server, how it is spoken to, and what is wrong with that.
#include <doctest/doctest.h>

#include "mapping/directory_url.h"
#include "mapping/loader.h"
#include "tests/unit/mapping/bad_config_cases.h"

using namespace muster;
using namespace muster::test;

namespace {

LoadResult with_scim(const std::string& attributes, const std::string& rules = kGoodRules) {
  std::string text = kGoodMain;
  const std::string file = "<file path=\"events.jsonl\"/>";
  text.replace(text.find(file), file.size(), "<scim " + attributes + "/>");
  return load_config(kMain, ConfigFiles::with_mappings({{kMain, text}, {kRules, rules}}));
}

}  // namespace

TEST_CASE("<scim> says everything about its server") {
  const LoadResult found = with_scim(
      "url=\"https://idp.example:8443/scim/v2/\" secret=\"scim-token\" token-url=\"https://idp.example/token\" client-id=\"agent\" "
      "scope=\"scim\" proxy=\"http://proxy.example:3128\" proxy-user=\"u\" proxy-secret=\"p\" connect-timeout=\"2s\" "
      "timeout=\"1m\" "
      "user-name=\"mail\" on-delete=\"deactivate\"");
  REQUIRE(found.config);
  CHECK(found.config->warnings.empty());
  const auto& all = found.config->settings.upstream.scims;
  REQUIRE(all.size() == 1);
  CHECK(all[0].http.url == "https://idp.example:8443/scim/v2");
  CHECK(all[0].http.secret == "scim-token");
  CHECK(all[0].http.token_url == "https://idp.example/token");
  CHECK(all[0].http.client_id == "agent");
  CHECK(all[0].http.scope == "scim");
  CHECK(all[0].http.proxy == "http://proxy.example:3128");
  CHECK(all[0].http.proxy_user == "u");
  CHECK(all[0].http.proxy_secret == "p");
  CHECK(all[0].http.connect_timeout == std::chrono::seconds(2));
  CHECK(all[0].http.timeout == std::chrono::minutes(1));
  CHECK(all[0].user_name == "mail");
  CHECK(all[0].deactivates);
}

TEST_CASE("<scim> that cannot work is refused with its place") {
  struct Case {
    const char* attributes;
    const char* says;
  };
  const Case cases[] = {
      {"url=\"http://idp.example/scim\"", "http:// would send people and the token in clear"},
      {"url=\"http://127.evil.example/scim\"", "http:// would send people and the token in clear"},
      {"url=\"ftp://idp.example/scim\"", "'ftp' is not spoken here"},
      {"url=\"idp.example\"", "'idp.example' is no URL"},
      {"url=\"https://u:p@idp.example/\"", "a URL with a name or password in it"},
      {"url=\"https://idp.example:99999/\"", "'99999' is no port"},
      {"url=\"https://idp.example/scim?x=1\"", "says more than a path"},
      {"url=\"https://idp.example\" client-id=\"a\"", "'client-id' has no meaning without 'token-url'"},
      {"url=\"https://idp.example\" token-url=\"https://idp.example/token\" secret=\"s\"",
       "'token-url' stands without 'client-id'"},
      {"url=\"https://idp.example\" token-url=\"https://idp.example/token\" client-id=\"a\"",
       "'token-url' stands without 'secret'"},
      {"url=\"https://idp.example\" proxy-user=\"a\" proxy-secret=\"b\"", "'proxy-user' has no meaning without 'proxy'"},
      {"url=\"https://idp.example\" proxy=\"http://p:1\" proxy-user=\"a\"", "'proxy-user' and 'proxy-secret' belong together"},
      {"url=\"https://idp.example\" proxy=\"http://p:1/x\"", "says more than host and port"},
      {"url=\"https://idp.example\" timeout=\"2h\"", "'timeout' is 2h"},
      {"url=\"https://idp.example\"/><scim url=\"https://idp.example/\"", "is served already by the <scim> at"},
      {"url=\"https://idp.example\" secrets=\"x\"", "did you mean 'secret'?"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.attributes);
    const LoadResult found = with_scim(c.attributes);
    CHECK(!found.config);
    REQUIRE(!found.errors.empty());
    const std::string text = found.errors.front().str();
    CHECK_MESSAGE(text.find("muster.xml:21:") != std::string::npos, text);
    CHECK_MESSAGE(text.find(c.says) != std::string::npos, text);
  }
}

TEST_CASE("with <scim>, what is sent upstream has a place in a resource") {
  struct Case {
    const char* upstream;
    const char* says;
  };
  const Case cases[] = {{"emails[type is work].value", "in brackets stand comparisons"},
                        {"work phone", "is no SCIM path"},
                        {"active", "'active' of a SCIM user is not mapped"},
                        {"externalId", "'externalId' of a SCIM user is not mapped"}};
  for (const Case& c : cases) {
    CAPTURE(c.upstream);
    std::string rules = kGoodRules;
    rules.replace(rules.find("emails.value"), 12, c.upstream);
    const LoadResult found = with_scim("url=\"https://idp.example\"", rules);
    REQUIRE(!found.errors.empty());
    CHECK_MESSAGE(found.errors.front().str().find(c.says) != std::string::npos, found.errors.front().str());
  }
  CHECK(with_scim("url=\"http://localhost:8080/scim\"").config);
}
