#include <doctest/doctest.h>

#include <fstream>

#include "agent/cli/commands.h"
#include "agent/cli/help.h"
#include "agent/cli/manual.h"
#include "tests/support/folder.h"
#include "tests/support/lab.h"

namespace muster {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

std::string without_backslashes(std::string text) {
  std::erase(text, '\\');
  return text;
}

std::string written(const test::Folder& folder, const std::string& name, const std::string& text) {
  std::ofstream(folder.path(name), std::ios::binary) << text;
  return folder.path(name);
}

TEST_CASE("every command, argument and option is in the manual page and in both completions") {
  const std::string page = without_backslashes(manual_page("1.2.3", "2026-11-26"));
  const std::string bash = bash_completion(), zsh = zsh_completion();
  CHECK(contains(page, "muster 1.2.3"));
  for (const CommandRow& c : command_rows()) {
    CAPTURE(c.name);
    CHECK(contains(page, ".SS " + usage_of(c) + "\n"));
    const std::string last(c.name.substr(c.name.rfind(' ') + 1));
    CHECK(contains(bash, last));
    CHECK(contains(zsh, last));
    for (const OptionRow& o : c.options) {
      CAPTURE(o.name);
      CHECK(contains(page, "--" + std::string(o.name)));
      CHECK(contains(bash, "--" + std::string(o.name)));
      CHECK(contains(zsh, "--" + std::string(o.name) + "["));
    }
  }
  for (const OptionRow& o : global_rows()) {
    CAPTURE(o.name);
    CHECK(contains(page, "--" + std::string(o.name)));
    CHECK(contains(bash, "--" + std::string(o.name)));
    CHECK(contains(zsh, "--" + std::string(o.name) + "["));
  }
  for (const auto& [code, meaning] : exit_codes()) CHECK(contains(page, std::string(meaning)));
}

TEST_CASE("man has nothing to complain about, and bash can read its completion and completes by it") {
  const test::Folder folder;
  const std::string page = written(folder, "muster.1", manual_page("1.2.3", "2026-11-26"));
  const auto man = test::run({"man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page});
  CHECK(man.code == 0);
  CHECK(man.err == "");
  const std::string bash = written(folder, "bash", bash_completion());
  CHECK(test::run({"bash", "-n", bash}).err == "");
  const auto completed = test::run({"bash", "-c",
                                    ". " + bash +
                                        "; COMP_WORDS=(muster audit v); COMP_CWORD=2; _muster; echo ${COMPREPLY[@]};"
                                        "COMP_WORDS=(muster pla); COMP_CWORD=1; _muster; echo ${COMPREPLY[@]}"});
  CHECK(completed.out == "verify\nplan\n");
}

}  // namespace
}  // namespace muster
