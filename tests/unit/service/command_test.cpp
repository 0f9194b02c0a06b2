#include "service/command.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "folder.h"

using namespace muster;
using muster::test::Folder;

namespace {

Command shell(const std::string& script) { return {{"/bin/sh", "-c", script}, {}, Secret(), std::chrono::seconds(10)}; }

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("command: gets its words, its environment and its input as they are") {
  const Folder folder;
  Command c = shell("printf '%s|%s|%s|' \"$0\" \"$1\" \"$MUSTER_PERSON\" > \"$OUT\"; cat >> \"$OUT\"");
  c.words.insert(c.words.end(), {"a b", "$HOME; x"});
  c.environment = {{"MUSTER_PERSON", "1 '\""}, {"OUT", folder.path("out")}};
  c.input = Secret("s3cret\n\\");
  REQUIRE(run_command(c));
  CHECK(text_of(folder.path("out")) == "a b|$HOME; x|1 '\"|s3cret\n\\");
}

TEST_CASE("command: only code 0 in time is success, and the sentence says no more than the program") {
  struct Case {
    const char* script;
    const char* what;
  };
  const Case cases[] = {
      {"exit 3", "/bin/sh ended with code 3"},
      {"kill -TERM $$", "/bin/sh was ended by signal 15"},
      {"cat > /dev/null; exit 1", "/bin/sh ended with code 1"},
      {"exec 0<&-; exit 0", ""},  // reads nothing
      {"echo loud; echo louder >&2", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.script);
    Command command = shell(c.script);
    command.input = Secret("hidden");
    const Status done = run_command(command);
    CHECK(bool(done) == !*c.what);
    if (!done) CHECK(done.error().what == c.what);
    if (!done) CHECK(done.error().text().find("hidden") == std::string::npos);
  }
}

TEST_CASE("command: one that takes too long is killed with all that it started") {
  Command c = shell("read line < /dev/zero & read more < /dev/zero");
  c.timeout = std::chrono::milliseconds(200);
  const auto begun = std::chrono::steady_clock::now();
  const Status done = run_command(c);
  REQUIRE_FALSE(done);
  CHECK(done.error().what == "/bin/sh did not end within 200 ms and was killed");
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(8));
}

TEST_CASE("command: one that is not there") {
  const Status done = run_command({{"/nowhere/at-all"}, {}, Secret("x"), std::chrono::seconds(1)});
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::io);
  CHECK(done.error().what == "starting /nowhere/at-all: No such file or directory");
}

TEST_CASE("command: what it prints is kept in a file that only its owner reads") {
  const Folder folder;
  Command c = shell("read line && exit 9; printf b >&2; printf 'a%s\\n' \"$1\"");
  c.words.insert(c.words.end(), {"sh", "1 '2"});
  const std::string path = folder.path("out");
  REQUIRE(run_command_into(c, {path, 6}));
  CHECK(text_of(path) == "a1 '2\n");
  const auto mode = std::filesystem::status(path).permissions();
  CHECK(mode == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  const Status more = run_command_into(c, {path, 5});
  REQUIRE_FALSE(more);
  CHECK(more.error().code == Errc::refused);
  CHECK(more.error().what == "/bin/sh prints more than 5 bytes and was killed; it says: b");
}

TEST_CASE("command: megabytes on both of its streams do not block it") {
  const Folder folder;
  const Command c =
      shell("head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo end >&2; exit 2");
  const Status done = run_command_into(c, {folder.path("out"), 10000000});
  REQUIRE_FALSE(done);
  CHECK(done.error().what == "/bin/sh ended with code 2; it says: end");
  CHECK(std::filesystem::file_size(folder.path("out")) == 3000000);
}
