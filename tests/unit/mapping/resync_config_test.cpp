// <resync>: when the service compares everything by itself.
#include <doctest/doctest.h>

#include "mapping/loader.h"
#include "tests/unit/mapping/bad_config_cases.h"

using namespace muster;
using namespace muster::test;

namespace {

LoadResult with_resync(const std::string& element) {
  std::string text = kGoodMain;
  const std::string state = "<state path=\"state.db\"/>";
  text.replace(text.find(state), state.size(), state + element);
  return load_config(kMain, ConfigFiles::with_mappings({{kMain, text}, {kRules, kGoodRules}}));
}

}  // namespace

TEST_CASE("<resync> says an hour or a span") {
  const LoadResult at = with_resync("<resync at=\"02:30\"/>"), every = with_resync("<resync every=\"6h\"/>"),
                   none = with_resync("");
  REQUIRE((at.config && every.config && none.config));
  CHECK(at.config->settings.resync.at == std::chrono::minutes(150));
  CHECK(!at.config->settings.resync.every);
  CHECK(every.config->settings.resync.every == std::chrono::hours(6));
  CHECK(!none.config->settings.resync.declared());
  CHECK(at.config->settings.resync.declared());
}

TEST_CASE("<resync> that cannot be understood is refused with its place") {
  struct Case {
    const char* element;
    const char* message;
  };
  const Case cases[] = {
      {"<resync/>", "muster.xml:17:27: <resync> does not say when"},
      {"<resync at=\"02:00\" every=\"6h\"/>", "muster.xml:17:27: <resync> says twice when"},
      {"<resync every=\"never\"/>", "muster.xml:17:42: 'never' is no duration"},
      {"<resync every=\"1s\"/>", "muster.xml:17:42: 'every' is 1s"},
      {"<resync every=\"90d\"/>", "muster.xml:17:42: 'every' is 90d"},
      {"<resync every=\"soon\"/>", "muster.xml:17:42: 'soon' is no duration"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.element);
    const LoadResult result = with_resync(c.element);
    REQUIRE(result.errors.size() == 1);
    CHECK_MESSAGE(result.errors.front().str().find(c.message) != std::string::npos, result.errors.front().str());
  }
}
