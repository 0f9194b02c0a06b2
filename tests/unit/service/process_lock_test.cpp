#include "service/process_lock.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"

namespace muster {
namespace {

using namespace service_test;

TEST_CASE("a state file has one writer, and the second hears who it is") {
  const Folder folder;
  const std::string path = folder.path("state.db.lock");
  auto first = ProcessLock::take(path);
  REQUIRE(first);
  const auto second = ProcessLock::take(path);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::conflict);
  CHECK(second.error().what == "another muster works with this state file (process " + std::to_string(getpid()) + ")");
  CHECK(second.error().hint == "wait for it, or ask the running service");
  first->reset();
  CHECK(ProcessLock::take(path));
}

TEST_CASE("a process that is killed gives the lock back") {
  const Folder folder;
  const std::string path = folder.path("state.db.lock");
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = ProcessLock::take(path);
    (void)!write(ready[1], lock ? "y" : "n", 1);
    pause();
    _exit(0);
  }
  char taken = '?';
  REQUIRE(read(ready[0], &taken, 1) == 1);
  CHECK(taken == 'y');
  const auto refused = ProcessLock::take(path);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("(process " + std::to_string(child) + ")") != std::string::npos);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  CHECK(ProcessLock::take(path));
  close(ready[0]);
  close(ready[1]);
}

TEST_CASE("a lock that cannot be made says why") {
  const Folder folder;
  const auto lock = ProcessLock::take(folder.path("nowhere/state.db.lock"));
  REQUIRE_FALSE(lock);
  CHECK(lock.error().code == Errc::io);
  CHECK(lock.error().what == "opening " + folder.path("nowhere/state.db.lock") + ": No such file or directory");
}

}  // namespace
}  // namespace muster
