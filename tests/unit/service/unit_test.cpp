#include "service/systemd/unit.h"

#include <doctest/doctest.h>

namespace muster {
namespace {

bool has_line(const std::string& text, const std::string& line) { return text.find("\n" + line + "\n") != text.npos; }

TEST_CASE("the unit runs this program with this configuration, whatever their paths are") {
  struct Row {
    std::string program, config, run, reload, condition, secrets;
  };
  const Row rows[]{
      {"/opt/muster/bin/muster", "/etc/muster/muster.xml", "\"/opt/muster/bin/muster\" run",
       "\"/opt/muster/bin/muster\" check --offline", "/etc/muster/muster.xml", "/etc/muster/secrets"},
      {"/opt/a b/muster", "/srv/50% $x/muster.xml", "\"/opt/a b/muster\" run --config \"/srv/50%% $$x/muster.xml\"",
       "\"/opt/a b/muster\" check --offline --config \"/srv/50%% $$x/muster.xml\"", "/srv/50%% $x/muster.xml",
       "/srv/50%% $x/secrets"},
      {"/opt/\"q\"\\/muster", "/etc/muster/muster.xml", "\"/opt/\\\"q\\\"\\\\/muster\" run",
       "\"/opt/\\\"q\\\"\\\\/muster\" check --offline", "/etc/muster/muster.xml", "/etc/muster/secrets"},
  };
  for (const Row& r : rows) {
    CAPTURE(r.program);
    const auto unit = unit_for(r.program, r.config);
    REQUIRE(unit);
    CHECK(unit->starts_with(std::string(kUnitMark) + "\n"));
    CHECK(has_line(*unit, "ExecStart=" + r.run));
    CHECK(has_line(*unit, "ExecReload=" + r.reload));
    CHECK(has_line(*unit, "ConditionPathExists=" + r.condition));
    CHECK(has_line(*unit, "LoadCredential=secrets:" + r.secrets));
    CHECK(has_line(*unit, "User=muster"));
    CHECK(unit->find("/usr/bin/muster") == unit->npos);
  }
  CHECK_FALSE(unit_for("/opt/muster", "/etc/a\nExecStartPre=/bin/evil"));
}

}  // namespace
}  // namespace muster
