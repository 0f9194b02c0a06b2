#include "service/command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>

#include "service/systemd/posix.h"

extern char** environ;

namespace muster {

namespace {

/// What posix_spawn is told; frees itself.
class SpawnPlan {
 public:
  explicit SpawnPlan(int input) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int start(const std::vector<char*>& words, const std::vector<char*>& environment, pid_t& pid) const {
    return posix_spawn(&pid, words.front(), &actions_, &attributes_, words.data(), environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& t : texts) pointers.push_back(t.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
  std::vector<std::string> all;
  for (char** at = environ; *at; ++at) {
    const std::string text(*at);
    if (!more.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : more) all.push_back(name + "=" + value);
  return all;
}

Error ended_badly(const std::string& program, const siginfo_t& end) {
  const bool by_itself = end.si_code == CLD_EXITED;
  return {Errc::refused, program + (by_itself ? " ended with code " : " was ended by signal ") + std::to_string(end.si_status),
          "its own log says why; it is run again later"};
}

/// The end of a child within the time; what remains of its process group is killed either way.
Status wait_for(pid_t pid, const Command& command) {
  const std::string& program = command.words.front();
  // glibc 2.36 declares pidfd_open(2) for C only.
  const posix::Fd child(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  pollfd ends{child.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = child ? poll(&ends, 1, static_cast<int>(command.timeout.count())) : -1;
  } while (ready < 0 && child && errno == EINTR);
  // It is not reaped yet, so the number is still its own.
  kill(-pid, SIGKILL);
  if (ready <= 0) kill(pid, SIGKILL);
  siginfo_t end{};
  while (waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED) < 0 && errno == EINTR) continue;
  if (ready <= 0) {
    return Error{Errc::refused, program + " did not end within " + std::to_string(command.timeout.count()) + " ms and was killed",
                 "give it more time with timeout=\"...\", or mend it"};
  }
  if (end.si_code == CLD_EXITED && end.si_status == 0) return ok();
  return ended_badly(program, end);
}

}  // namespace

Status run_command(const Command& command) {
  const std::string& program = command.words.front();
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return posix::failure("starting " + program);
  const posix::Fd ours(ends[0]);
  posix::Fd theirs(ends[1]);
  std::vector<std::string> words = command.words, environment = environment_with(command.environment);
  pid_t pid = -1;
  const int failed = SpawnPlan(theirs.get()).start(pointers_to(words), pointers_to(environment), pid);
  if (failed) return posix::failure("starting " + program, failed);
  theirs = posix::Fd();
  // A program that does not read says by its exit code whether that is an error.
  const std::string& input = command.input.rep();
  (void)send(ours.get(), input.data(), input.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown(ours.get(), SHUT_WR);
  return wait_for(pid, command);
}

}  // namespace muster
