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
  /// Standard input, output and error; -1: /dev/null.
  SpawnPlan(int input, int output, int error) {
    posix_spawn_file_actions_init(&actions_);
    connect(STDIN_FILENO, input);
    connect(STDOUT_FILENO, output);
    connect(STDERR_FILENO, error);
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
  void connect(int to, int from) {
    if (from >= 0)
      posix_spawn_file_actions_adddup2(&actions_, from, to);
    else
      posix_spawn_file_actions_addopen(&actions_, to, "/dev/null", to == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
  }

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

Error took_too_long(const Command& command) {
  return {Errc::refused,
          command.words.front() + " did not end within " + std::to_string(command.timeout.count()) + " ms and was killed",
          "give it more time with timeout=\"...\", or mend it"};
}

/// Kills what remains of a child's process group, whether or not it has ended by itself, and reaps it.
siginfo_t put_to_an_end(pid_t pid, bool has_ended) {
  // It is not reaped yet, so the number is still its own.
  kill(-pid, SIGKILL);
  if (!has_ended) kill(pid, SIGKILL);
  siginfo_t end{};
  while (waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED) < 0 && errno == EINTR) continue;
  return end;
}

// glibc 2.36 declares pidfd_open(2) for C only.
posix::Fd watch_end_of(pid_t pid) { return posix::Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

/// The end of a child within the time; what remains of its process group is killed either way.
Status wait_for(pid_t pid, const Command& command) {
  const posix::Fd child = watch_end_of(pid);
  pollfd ends{child.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = child ? poll(&ends, 1, static_cast<int>(command.timeout.count())) : -1;
  } while (ready < 0 && child && errno == EINTR);
  const siginfo_t end = put_to_an_end(pid, ready > 0);
  if (ready <= 0) return took_too_long(command);
  if (end.si_code == CLD_EXITED && end.si_status == 0) return ok();
  return ended_badly(command.words.front(), end);
}

/// A pipe of which the child writes one end.
struct Pipe {
  posix::Fd ours, theirs;
  static Result<Pipe> make(const std::string& program) {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) return posix::failure("starting " + program);
    Pipe made{posix::Fd(ends[0]), posix::Fd(ends[1])};
    fcntl(made.ours.get(), F_SETFL, O_NONBLOCK);
    return made;
  }
};

/// What a running child prints, until it ends.
class Capture {
 public:
  using Clock = std::chrono::steady_clock;
  Capture(const Command& command, const CommandOutput& output, posix::Fd file, Pipe out, Pipe err)
      : command_(command), output_(output), file_(std::move(file)), out_(std::move(out.ours)), err_(std::move(err.ours)) {}

  Status follow(pid_t pid) {
    const posix::Fd child = watch_end_of(pid);
    const auto until = Clock::now() + command_.timeout;
    bool has_ended = false;
    Status done = child ? ok() : Status(posix::failure("waiting for " + program()));
    while (done && !has_ended) {
      if (output_.stop.stop_requested())
        done = Error{Errc::cancelled, program() + " was killed because muster stops", ""};
      else if (Clock::now() >= until)
        done = took_too_long(command_);
      else
        done = look(child.get(), has_ended);
    }
    const siginfo_t end = put_to_an_end(pid, has_ended);
    if (done) done = read_all();
    if (!done) return with_complaints(std::move(done).error());
    if (end.si_code == CLD_EXITED && end.si_status == 0) return ok();
    return with_complaints(ended_badly(program(), end));
  }

 private:
  static constexpr int kMostPieces = 64;
  static constexpr int kTick = 200;                     ///< ms between looks at the stop request
  static constexpr std::size_t kMostComplaints = 2000;  ///< bytes of standard error, from its end
  const std::string& program() const { return command_.words.front(); }

  Status look(int child, bool& has_ended) {
    // A stream that has ended is not polled again: it would always be ready.
    pollfd all[3] = {{child, POLLIN, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
    if (poll(all, 3, kTick) < 0 && errno != EINTR) return posix::failure("waiting for " + program());
    has_ended = all[0].revents != 0;
    return read_all();
  }

  /// What is there, but no more than pipes hold: who prints without end is still looked at.
  Status read_all() {
    char piece[65536];
    int left = kMostPieces;
    for (ssize_t n = 0; err_ && left-- > 0 && (n = read(err_.get(), piece, sizeof piece)) != -1;) {
      if (n == 0) err_ = posix::Fd();
      complaints_.append(piece, static_cast<std::size_t>(n));
      if (complaints_.size() > kMostComplaints) complaints_.erase(0, complaints_.size() - kMostComplaints);
    }
    left = kMostPieces;
    for (ssize_t n = 0; out_ && left-- > 0 && (n = read(out_.get(), piece, sizeof piece)) != -1;) {
      if (n == 0) out_ = posix::Fd();
      MUSTER_TRY(keep(piece, static_cast<std::size_t>(n)));
    }
    return ok();
  }

  Status keep(const char* bytes, std::size_t n) {
    kept_ += n;
    if (kept_ > output_.most)
      return Error{Errc::refused, program() + " prints more than " + std::to_string(output_.most) + " bytes and was killed",
                   "if that is meant, raise max-bytes"};
    while (n > 0) {
      const ssize_t done = write(file_.get(), bytes, n);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return posix::failure("writing " + output_.path);
      bytes += done;
      n -= static_cast<std::size_t>(done);
    }
    return ok();
  }

  /// With what it wrote to its standard error, as one line.
  Error with_complaints(Error error) const {
    std::string line;
    for (const char c : complaints_) {
      const bool blank = static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
      if (!blank) line += c;
      if (blank && !line.empty() && line.back() != ' ') line += ' ';
    }
    while (line.ends_with(' ')) line.pop_back();
    if (!line.empty()) error.what += "; it says: " + line;
    return error;
  }

  const Command& command_;
  const CommandOutput& output_;
  posix::Fd file_, out_, err_;
  std::string complaints_;
  std::size_t kept_ = 0;
};

}  // namespace

Status run_command(const Command& command) {
  const std::string& program = command.words.front();
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return posix::failure("starting " + program);
  const posix::Fd ours(ends[0]);
  posix::Fd theirs(ends[1]);
  std::vector<std::string> words = command.words, environment = environment_with(command.environment);
  pid_t pid = -1;
  const int failed = SpawnPlan(theirs.get(), -1, -1).start(pointers_to(words), pointers_to(environment), pid);
  if (failed) return posix::failure("starting " + program, failed);
  theirs = posix::Fd();
  // A program that does not read says by its exit code whether that is an error.
  const std::string& input = command.input.rep();
  (void)send(ours.get(), input.data(), input.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown(ours.get(), SHUT_WR);
  return wait_for(pid, command);
}

Status run_command_into(const Command& command, const CommandOutput& output) {
  const std::string& program = command.words.front();
  posix::Fd file(open(output.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return posix::failure(output.path);
  auto out = Pipe::make(program), err = Pipe::make(program);
  if (!out) return std::move(out).error();
  if (!err) return std::move(err).error();
  std::vector<std::string> words = command.words, environment = environment_with(command.environment);
  pid_t pid = -1;
  const SpawnPlan plan(-1, out->theirs.get(), err->theirs.get());
  if (const int failed = plan.start(pointers_to(words), pointers_to(environment), pid))
    return posix::failure("starting " + program, failed);
  out->theirs = posix::Fd();
  err->theirs = posix::Fd();
  return Capture(command, output, std::move(file), std::move(*out), std::move(*err)).follow(pid);
}

}  // namespace muster
