#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tests/support/lab.h"

namespace muster::test {

namespace {

using Clock = std::chrono::steady_clock;

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(std::size_t i) {
    if (ends[i] >= 0) ::close(ends[i]);
    ends[i] = -1;
  }
};

[[noreturn]] void become(const std::vector<std::string>& command, const Environment& environment) {
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& w : command) words.push_back(const_cast<char*>(w.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  _exit(127);
}

/// Reads both ends until they close or `end` comes. False: it came.
bool collect(Pipe& out, Pipe& err, Finished& result, Clock::time_point end) {
  std::array<char, 65536> buffer{};
  while (out.ends[0] >= 0 || err.ends[0] >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> fds{pollfd{out.ends[0], POLLIN, 0}, pollfd{err.ends[0], POLLIN, 0}};
    if (poll(fds.data(), fds.size(), static_cast<int>(left)) <= 0) continue;
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || !fds[i].revents) continue;
      const auto n = read(fds[i].fd, buffer.data(), buffer.size());
      if (n > 0) (i == 0 ? result.out : result.err).append(buffer.data(), static_cast<std::size_t>(n));
      if (n <= 0) (i == 0 ? out : err).close_end(0);
    }
  }
  return true;
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}
void write_file(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
void replace_file(const std::string& path, const std::string& text) {
  write_file(path + ".tmp", text);
  std::filesystem::rename(path + ".tmp", path);
}
void replace_text(const std::string& path, const std::string& from, const std::string& to) {
  std::string text = read_file(path);
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error(path + " does not contain " + from);
  write_file(path, text.replace(at, from.size(), to));
}

bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  for (const auto end = Clock::now() + limit; Clock::now() < end;) {
    if (condition()) return true;
    poll(nullptr, 0, 5);
  }
  return condition();
}

Finished run(const std::vector<std::string>& command, const std::string& input, const Environment& environment,
             std::chrono::milliseconds limit) {
  Folder scratch;
  write_file(scratch / "input", input);
  Pipe out, err;
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(open((scratch / "input").c_str(), O_RDONLY), 0);
    dup2(out.ends[1], 1);
    dup2(err.ends[1], 2);
    become(command, environment);
  }
  out.close_end(1);
  err.close_end(1);
  Finished result;
  if (!collect(out, err, result, Clock::now() + limit)) ::kill(pid, SIGKILL);
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  result.code = code_of(status);
  result.peak_kib = usage.ru_maxrss;
  return result;
}

Process::Process(const std::vector<std::string>& command, const std::string& log, const Environment& environment) {
  pid_ = fork();
  if (pid_ != 0) return;
  const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(fd, 1);
  dup2(fd, 2);
  become(command, environment);
}

Process::~Process() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool Process::running() {
  if (pid_ < 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return true;
  status_ = code_of(status);
  pid_ = -1;
  return false;
}

void Process::signal(int number) {
  // Wine makes Ctrl+C of an interrupt, and lets a termination end the program without asking it.
  if (pid_ > 0) ::kill(pid_, kUnderWine && number == SIGTERM ? SIGINT : number);
}

int Process::wait(std::chrono::milliseconds limit) {
  wait_until([&] { return !running(); }, limit);
  return pid_ < 0 ? status_ : -1;
}

}  // namespace muster::test
