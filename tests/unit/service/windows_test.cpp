// What service/ promises, on Windows. Run under Wine, which keeps no users apart: what access lists do is not shown here.
#include <doctest/doctest.h>
#include <windows.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "folder.h"
#include "service/boot_clock.h"
#include "service/command.h"
#include "service/durable_file.h"
#include "service/event_log.h"
#include "service/file_watch.h"
#include "service/host.h"
#include "service/local_socket.h"
#include "service/paths.h"
#include "service/process_lock.h"
#include "service/secret_store.h"

namespace muster {
namespace {

using namespace service_test;
using std::chrono::milliseconds;

Command shell(const std::string& script) {
  return {{"C:\\windows\\system32\\cmd.exe", "/d", "/c", script}, {}, Secret(), std::chrono::seconds(20)};
}

TEST_CASE("the places of a service are below ProgramData") {
  CHECK(default_config_file() == "C:\\ProgramData\\muster\\muster.xml");
  CHECK(default_state_folder() == "C:\\ProgramData\\muster\\state");
  CHECK(default_log_folder() == "C:\\ProgramData\\muster\\log");
}

TEST_CASE("time since the machine started goes on") {
  const BootTime before = boot_time();
  Sleep(50);
  const BootTime after = boot_time();
  CHECK(after.boot == before.boot);
  CHECK(after.since > before.since);
}

TEST_CASE("only code 0 in time is success, and the sentence says no more than the program") {
  struct Case {
    std::string script, what;
  };
  const std::string cmd = "C:\\windows\\system32\\cmd.exe";
  const Case cases[]{{"exit 0", ""}, {"exit 3", cmd + " ended with code 3"}, {"echo loud", ""}};
  for (const Case& c : cases) {
    CAPTURE(c.script);
    Command command = shell(c.script);
    command.input = Secret("hidden");
    const Status done = run_command(command);
    CHECK(bool(done) == c.what.empty());
    if (!done) CHECK(done.error().what == c.what);
  }
  const Status nowhere = run_command({{"C:\\nowhere\\at-all.exe"}, {}, Secret("x"), std::chrono::seconds(1)});
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == Errc::io);
  CHECK(nowhere.error().what.starts_with("starting C:\\nowhere\\at-all.exe: "));
}

TEST_CASE("what a command prints is kept, up to a limit, with its environment") {
  const Folder folder;
  Command c = shell("echo %MUSTER_PERSON%&& echo b 1>&2");
  c.environment = {{"MUSTER_PERSON", "M\xc3\xbcller"}};
  const std::string path = folder.path("out");
  const Status done = run_command_into(c, {path, 100});
  REQUIRE_MESSAGE(done, (done ? "" : done.error().text()));
  CHECK(content(path).ends_with("ller\r\n"));
  const Status more = run_command_into(c, {path, 3});
  REQUIRE_FALSE(more);
  CHECK(more.error().code == Errc::refused);
  CHECK(more.error().what.find("prints more than 3 bytes") != std::string::npos);
  CHECK(more.error().what.ends_with("it says: b"));
}

TEST_CASE("a command that takes too long is killed with all that it started") {
  Command c = shell("ping -n 60 127.0.0.1");
  c.words = {"C:\\windows\\system32\\cmd.exe", "/d", "/c", "cmd /d /c pause"};
  c.timeout = milliseconds(500);
  const Folder folder;
  std::stop_source stop;
  const auto begun = std::chrono::steady_clock::now();
  const Command endless{{"C:\\windows\\system32\\cmd.exe", "/d", "/k"}, {}, Secret(), milliseconds(500)};
  (void)run_command_into(endless, {folder.path("out"), 10000, stop.get_token()});
  (void)run_command(c);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(15));
}

TEST_CASE("lines are appended, what a crash left half written is cut off, and rotation is noticed") {
  struct Row {
    std::string before, kept, last;
  };
  const std::string large(200000, 'x');
  const Row rows[]{{"", "", ""},   {"one\ntwo\n", "one\ntwo\n", "two"}, {"one\ntw", "one\n", "one"},
                   {"on", "", ""}, {"one\n" + large, "one\n", "one"},   {"one\n" + large + "\n", "one\n" + large + "\n", large}};
  for (const Row& r : rows) {
    const Folder folder;
    const std::string path = folder.path("events.jsonl");
    put(path, r.before);
    auto file = DurableFile::open(path);
    REQUIRE(file);
    CHECK((*file)->last_line() == r.last);
    CHECK((*file)->append("next\n"));
    CHECK(content(path) == r.kept + "next\n");
    std::filesystem::rename(path, path + ".1");
    CHECK((*file)->append("later\n"));
    CHECK(content(path) == "later\n");
  }
  const Folder folder;
  const auto nowhere = DurableFile::open(folder.path("nowhere\\events.jsonl"));
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().what.starts_with("opening " + folder.path("nowhere\\events.jsonl") + ": "));
}

TEST_CASE("a state file has one writer, and others hear who it is") {
  const Folder folder;
  const std::string path = folder.path("state.lock");
  auto first = ProcessLock::take(path);
  REQUIRE(first);
  const auto second = ProcessLock::take(path);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::conflict);
  CHECK(second.error().what == "another muster works with this state file (process " + std::to_string(GetCurrentProcessId()) + ")");
  first->reset();
  CHECK(ProcessLock::take(path));
}

TEST_CASE("a request over the pipe is answered, again and again, of any size") {
  const Folder folder;
  const std::string path = folder.path("muster.sock");
  CHECK(ask_local(path, "x", kLong).error().code == Errc::not_found);
  {
    auto server = LocalServer::open(path, [](const std::string& request) { return "you said " + request; });
    REQUIRE(server);
    CHECK(*ask_local(path, "status", kLong) == "you said status");
    CHECK(*ask_local(path, "", kLong) == "you said ");
    const std::string large(900000, 'x');
    CHECK(*ask_local(path, large, kLong) == "you said " + large);
    std::atomic<int> answered{0};
    {
      std::vector<std::jthread> clients;
      for (int i = 0; i < 20; ++i)
        clients.emplace_back([&] {
          const auto answer = ask_local(path, "x", kLong);
          answered += answer && *answer == "you said x";
        });
    }
    CHECK(answered == 20);
  }
  CHECK(ask_local(path, "x", kLong).error().code == Errc::not_found);
}

TEST_CASE("a stored secret is found again, is not in the file, and is bound to its place") {
  const Folder folder;
  const auto path = store_secret("ldap-bind", folder.str(), Secret("s3cret-word"));
  REQUIRE_MESSAGE(path, (path ? "" : path.error().text()));
  CHECK(content(*path).find("s3cret") == std::string::npos);
  const auto found = read_secret("ldap-bind", folder.str());
  REQUIRE(found);
  CHECK(found->rep() == "s3cret-word");
  REQUIRE(store_secret("ldap-bind", folder.str(), Secret("other")));
  CHECK(read_secret("ldap-bind", folder.str())->rep() == "other");
  std::string bytes = content(*path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  put(*path, bytes);
  const auto damaged = read_secret("ldap-bind", folder.str());
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == Errc::config);
  for (const char* bad : {"", "..", "a/b", "a\\b", "c:d"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_secret(bad, folder.str()));
    CHECK_FALSE(store_secret(bad, folder.str(), Secret("x")));
  }
  CHECK(read_secret("none", folder.str()).error().what == "the secret 'none' does not exist");
}

TEST_CASE("a key is written into a new file only") {
  const Folder folder;
  const std::string path = folder.path("key.pem");
  REQUIRE(make_secret_file(path, Secret("pem")));
  CHECK(read_secret_file(path)->rep() == "pem");
  CHECK_FALSE(make_secret_file(path, Secret("other")));
  CHECK(read_secret_file(path)->rep() == "pem");
}

TEST_CASE("what happens to a file is heard of, and to its neighbours not") {
  struct Way {
    std::string name;
    std::function<void(const Folder&)> happen;
    bool expected;
  };
  const Way ways[]{
      {"written", [](const Folder& f) { put(f.path("a"), "new"); }, true},
      {"replaced by rename", [](const Folder& f) { std::filesystem::rename(f.path("b"), f.path("a")); }, true},
      {"renamed away", [](const Folder& f) { std::filesystem::rename(f.path("a"), f.path("c")); }, true},
      {"deleted", [](const Folder& f) { std::filesystem::remove(f.path("a")); }, true},
      {"left alone, while another is written", [](const Folder& f) { put(f.path("b"), "new"); }, false},
  };
  for (const Way& way : ways) {
    CAPTURE(way.name);
    const Folder folder;
    put(folder.path("a"), "old");
    put(folder.path("b"), "other");
    auto watch = FileWatch::open(folder.path("a"));
    REQUIRE(watch);
    way.happen(folder);
    const auto changed = (*watch)->wait({}, way.expected ? kLong : kShort);
    REQUIRE(changed);
    CHECK(*changed == way.expected);
  }
}

TEST_CASE("a folder that is replaced is watched on, and waiting ends with a stop request") {
  const Folder folder;
  const std::string drop = folder.path("drop");
  std::filesystem::create_directory(drop);
  auto watch = FileWatch::open(drop + "/a");
  REQUIRE(watch);
  std::filesystem::rename(drop, drop + ".old");
  CHECK(*(*watch)->wait({}, kLong));
  std::filesystem::create_directory(drop);
  CHECK(*(*watch)->wait({}, kLong));
  put(drop + "/a", "new");
  CHECK(*(*watch)->wait({}, kLong));
  std::stop_source source;
  source.request_stop();
  CHECK((*watch)->wait(source.get_token(), kLong).error().code == Errc::cancelled);
  CHECK_FALSE(FileWatch::open(folder.path("nowhere/a")));
}

TEST_CASE("whether somebody writes a file is known, or known to be unknown") {
  const Folder folder;
  CHECK(writers_of(folder.path("a")) == Writers::unknown);
  put(folder.path("a"), "x");
  CHECK(writers_of(folder.path("a")) == Writers::unknown);
  const HANDLE alone =
      CreateFileW(std::filesystem::path(folder.path("a")).c_str(), GENERIC_WRITE, 0, nullptr, OPEN_EXISTING, 0, nullptr);
  REQUIRE(alone != INVALID_HANDLE_VALUE);
  CHECK(writers_of(folder.path("a")) == Writers::some);
  CloseHandle(alone);
}

TEST_CASE("from a console the host is a program like others") {
  auto host = Host::open();
  REQUIRE_MESSAGE(host, (host ? "" : host.error().text()));
  CHECK_FALSE((*host)->managed());
  (*host)->ready();
  (*host)->alive();
  CHECK_FALSE((*host)->stopping().stop_requested());
  CHECK_FALSE(Host::open());
  int reloads = 0;
  (*host)->on_reload([&] { ++reloads; });
  (*host)->stop();
  CHECK((*host)->stopping().stop_requested());
  CHECK(reloads == 0);
}

TEST_CASE("the event log takes lines of any length") {
  const auto log = EventLog::open();
  REQUIRE(log);
  log->write(EventSeverity::information, "a line");
  log->write(EventSeverity::error, std::string(100000, 'x'));
}

}  // namespace
}  // namespace muster
