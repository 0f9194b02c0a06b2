// A feed that a command prints: with real commands.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "feed_formats.h"
#include "tests/support/on_windows.h"

namespace muster {
namespace {

using namespace feed_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// What a script is on this platform: of sh, or of cmd.
std::string script(const std::string& of_sh, const std::string& of_cmd) { return test::kOnWindows ? of_cmd : of_sh; }
const std::string kShell = script("/bin/sh", "C:\\windows\\system32\\cmd.exe");
const std::string kForEver = script("read forever < /dev/zero", ":again\ngoto again");
/// Until `begun` was said: a process of Windows takes its time to start.
const milliseconds kBrief{test::kOnWindows ? 3000 : 300};

/// A file of the tests' own that is kept until they end.
std::string kept(const std::string& name, const std::string& text) {
  static const Folder folder;
  static int made = 0;
  const std::string path = folder.path(std::to_string(++made) + name);
  put(path, text);
  return path;
}

/// The words that run a script with its arguments, which no shell takes apart.
std::vector<std::string> words_of(const std::string& text) {
  if (!test::kOnWindows) return {kShell, "-c", text, "export", "a b;c"};
  return {kShell, "/d", "/c", kept(".cmd", "@echo off\n" + text + "\n"), "a b;c"};
}

FeedSettings printed_by(const Folder& folder, const std::string& text) {
  FeedSettings s = of_json(folder.path("state.db.feed"));
  s.type = "exec";
  s.output = "json";
  s.command.words = words_of(text);
  s.command.timeout = seconds(10);
  return s;
}

std::string print(const std::string& text) {
  return test::kOnWindows ? "type " + kept(".json", text) : "printf '%s' '" + text + "'";
}

std::string append_to(const std::string& path) { return script("echo run >> " + path, "echo run>> " + path) + "\n"; }

std::ptrdiff_t runs_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
}

std::size_t files_in(const Folder& folder) {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.str())) ++n;
  return n;
}

TEST_CASE("what a command prints is read, and nothing of it is left") {
  const Folder folder;
  const FeedSettings s =
      printed_by(folder, script("[ \"$1\" = 'a b;c' ] && ", "if not \"%~1\"==\"a b;c\" exit 1\n") + print("[" + kAnnJson + "]"));
  CHECK(lines_of(read(s)) == "record 1 (line 1): 1042 active Ann Ames Sales 20190401 -\n");
  CHECK(files_in(folder) == 0);
}

TEST_CASE("a digest and the read after it are of one run") {
  const Folder folder;
  const FeedSettings s = printed_by(folder, append_to(folder.path("runs")) + print("[" + kAnnJson + "]"));
  auto feed = open_feed(s);
  REQUIRE(feed);
  const auto digest = (*feed)->digest();
  REQUIRE(digest);
  const auto report = (*feed)->read([](Person&&) { return ok(); });
  REQUIRE(report);
  CHECK(report->digest == *digest);
  CHECK(runs_in(folder.path("runs")) == 1);
  CHECK((*feed)->digest());
  CHECK(runs_in(folder.path("runs")) == 2);
}

TEST_CASE("a command that fails changes nobody, and its own words are in the error") {
  struct Case {
    std::string script;
    std::string what;
    std::size_t most = 1 << 20;
    milliseconds timeout = seconds(10);
  };
  const std::string all = "[" + kAnnJson + "]", much = kept(".txt", std::string(50000, 'x')), shell = "feed hris: " + kShell;
  const std::string in_time = " did not end within " + std::to_string(kBrief.count()) + " ms and was killed";
  std::vector<Case> cases{
      {print(all) + script("; echo 'the API said: \n 401' >&2; exit 3", "\necho the API said: >&2\necho 401>&2\nexit 3"),
       shell + " ended with code 3; it says: the API said: 401"},
      {script("echo begun >&2; ", "echo begun>&2\n") + kForEver, shell + in_time + "; it says: begun", 1 << 20, kBrief},
      {script("cat /dev/zero", ":again\ntype " + much + "\ngoto again"), shell + " prints more than 100000 bytes and was killed",
       100000},
      {"exit 0", "output of " + kShell + ": the file is empty"},
      {print("[" + kAnnJson), "output of " + kShell + ":1:118: the text ends inside a value: it is cut off"},
  };
  if (!test::kOnWindows) {
    cases.push_back({print(all) + "; kill -9 $$", shell + " was ended by signal 9"});
    cases.push_back({"cat /dev/zero >&2", shell + in_time, 1 << 20, kBrief});
  }
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
  s.command.words = {script("/nowhere/at-all", "C:\\nowhere\\at-all.exe")};
  CHECK(read(s).error.find("feed hris: starting " + s.command.words.front() + ": ") == 0);
}

TEST_CASE("the service reads what the watch fetched, and hears when that failed") {
  const Folder folder;
  const std::string answer = folder.path("answer");
  FeedSettings s =
      printed_by(folder, script("cat " + answer, "if not exist " + answer + " (echo none>&2& exit 1)\ntype " + answer));
  s.command.every = seconds(0);
  auto watch = FeedWatch::open(s);
  auto feed = open_feed(s, FeedRuns::by_watch);
  REQUIRE(watch);
  REQUIRE(feed);
  const auto early = (*feed)->digest();
  REQUIRE_FALSE(early);
  CHECK(early.error().what == "output of " + kShell + ": there is nothing yet");

  const auto run = [&] {
    const auto ended = (*watch)->wait({}, seconds(10));
    REQUIRE(ended);
    CHECK(*ended);
  };
  put(folder.path("answer"), "[" + kAnnJson + "]");
  run();
  CHECK((*feed)->digest());
  const auto mode = std::filesystem::status(s.path).permissions();
  if (!test::kOnWindows) CHECK(mode == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  std::filesystem::remove(folder.path("answer"));
  run();
  const auto failed = (*feed)->read([](Person&&) { return ok(); });
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Errc::untrusted);
  CHECK(failed.error().what.find("feed hris: " + kShell + " ended with code 1; it says: ") == 0);
  put(folder.path("answer"), "[" + kBobJson + "]");
  run();
  CHECK((*feed)->read([](Person&&) { return ok(); }));
}

TEST_CASE("a command that runs when muster stops is killed at once") {
  const Folder folder;
  auto watch = FeedWatch::open(printed_by(folder, append_to(folder.path("begun")) + kForEver));
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
