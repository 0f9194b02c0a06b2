// A feed that a command prints: with real commands.
#include <filesystem>
#include <thread>

#include "feed_formats.h"

namespace muster {
namespace {

using namespace feed_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A script and its arguments, not a line for a shell to take apart.
FeedSettings printed_by(const Folder& folder, const std::string& script) {
  FeedSettings s = of_json(folder.path("state.db.feed"));
  s.type = "exec";
  s.output = "json";
  s.command.words = {"/bin/sh", "-c", script, "export", "a b;c"};
  s.command.timeout = seconds(10);
  return s;
}

std::string print(const std::string& text) { return "printf '%s' '" + text + "'"; }

std::size_t files_in(const Folder& folder) {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.str())) ++n;
  return n;
}

TEST_CASE("what a command prints is read, and nothing of it is left") {
  const Folder folder;
  const FeedSettings s = printed_by(folder, "[ \"$1\" = 'a b;c' ] && " + print("[" + kAnnJson + "]"));
  CHECK(lines_of(read(s)) == "record 1 (line 1): 1042 active Ann Ames Sales 20190401 -\n");
  CHECK(files_in(folder) == 0);
}

TEST_CASE("a digest and the read after it are of one run") {
  const Folder folder;
  const FeedSettings s = printed_by(folder, "echo run >> " + folder.path("runs") + "; " + print("[" + kAnnJson + "]"));
  auto feed = open_feed(s);
  REQUIRE(feed);
  const auto digest = (*feed)->digest();
  REQUIRE(digest);
  const auto report = (*feed)->read([](Person&&) { return ok(); });
  REQUIRE(report);
  CHECK(report->digest == *digest);
  CHECK(std::filesystem::file_size(folder.path("runs")) == 4);
  CHECK((*feed)->digest());
  CHECK(std::filesystem::file_size(folder.path("runs")) == 8);
}

TEST_CASE("a command that fails changes nobody, and its own words are in the error") {
  struct Case {
    std::string script;
    std::string what;
    std::size_t most = 1 << 20;
    milliseconds timeout = seconds(10);
  };
  const Case cases[]{
      {print("[" + kAnnJson + "]") + "; echo 'the API said: \n 401' >&2; exit 3",
       "feed hris: /bin/sh ended with code 3; it says: the API said: 401"},
      {print("[" + kAnnJson + "]") + "; kill -9 $$", "feed hris: /bin/sh was ended by signal 9"},
      {"echo begun >&2; read forever < /dev/zero", "feed hris: /bin/sh did not end within 300 ms and was killed; it says: begun",
       1 << 20, milliseconds(300)},
      {"cat /dev/zero", "feed hris: /bin/sh prints more than 100000 bytes and was killed", 100000},
      {"cat /dev/zero >&2", "feed hris: /bin/sh did not end within 300 ms and was killed", 1 << 20, milliseconds(300)},
      {"exit 0", "output of /bin/sh: the file is empty"},
      {print("[" + kAnnJson), "output of /bin/sh:1:118: the text ends inside a value: it is cut off"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.script);
    const Folder folder;
    FeedSettings s = printed_by(folder, c.script);
    s.command.most_bytes = c.most;
    s.command.timeout = c.timeout;
    const Outcome o = read(s);
    CHECK(o.error == c.what);
    CHECK(files_in(folder) == 0);
  }
  const Folder folder;
  FeedSettings s = printed_by(folder, "");
  s.command.words = {"/nowhere/at-all"};
  CHECK(read(s).error == "feed hris: starting /nowhere/at-all: No such file or directory");
}

TEST_CASE("the service reads what the watch fetched, and hears when that failed") {
  const Folder folder;
  FeedSettings s = printed_by(folder, "cat " + folder.path("answer"));
  s.command.every = seconds(0);
  auto watch = FeedWatch::open(s);
  auto feed = open_feed(s, FeedRuns::by_watch);
  REQUIRE(watch);
  REQUIRE(feed);
  const auto early = (*feed)->digest();
  REQUIRE_FALSE(early);
  CHECK(early.error().what == "output of /bin/sh: there is nothing yet");

  const auto run = [&] {
    const auto ended = (*watch)->wait({}, seconds(10));
    REQUIRE(ended);
    CHECK(*ended);
  };
  put(folder.path("answer"), "[" + kAnnJson + "]");
  run();
  CHECK((*feed)->digest());
  const auto mode = std::filesystem::status(s.path).permissions();
  CHECK(mode == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  std::filesystem::remove(folder.path("answer"));
  run();
  const auto failed = (*feed)->read([](Person&&) { return ok(); });
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Errc::untrusted);
  CHECK(failed.error().what.find("feed hris: /bin/sh ended with code 1; it says: cat: ") == 0);
  put(folder.path("answer"), "[" + kBobJson + "]");
  run();
  CHECK((*feed)->read([](Person&&) { return ok(); }));
}

TEST_CASE("a command that runs when muster stops is killed at once") {
  const Folder folder;
  auto watch = FeedWatch::open(printed_by(folder, "echo > " + folder.path("begun") + "; read forever < /dev/zero"));
  REQUIRE(watch);
  std::stop_source stop;
  Errc code = Errc::io;
  std::jthread waiting([&] {
    const auto ended = (*watch)->wait(stop.get_token(), seconds(60));
    if (!ended) code = ended.error().code;
  });
  const auto until = std::chrono::steady_clock::now() + seconds(10);
  while (!std::filesystem::exists(folder.path("begun")) && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  const auto asked = std::chrono::steady_clock::now();
  stop.request_stop();
  waiting.join();
  CHECK(code == Errc::cancelled);
  CHECK(std::chrono::steady_clock::now() - asked < seconds(5));
}

}  // namespace
}  // namespace muster
