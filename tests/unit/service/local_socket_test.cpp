#include "service/local_socket.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

#include "folder.h"

namespace muster {
namespace {

using namespace service_test;
using std::chrono::milliseconds;

std::string echo(const std::string& request) { return "you said " + request; }

std::unique_ptr<LocalServer> serve(const std::string& path, LocalServer::Answer answer = echo) {
  auto server = LocalServer::open(path, std::move(answer));
  REQUIRE_MESSAGE(server, (server ? "" : server.error().what));
  return std::move(*server);
}

std::string ask(const std::string& path, const std::string& request, milliseconds patience = kLong) {
  const auto answer = ask_local(path, request, patience);
  return answer ? *answer : "! " + answer.error().what;
}

/// A client that connects and says nothing.
class Silent {
 public:
  explicit Silent(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  Silent(Silent&& other) noexcept : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  ~Silent() {
    if (fd_ >= 0) close(fd_);
  }
  bool connected() const { return connected_; }
  int fd() const { return fd_; }

 private:
  int fd_;
  bool connected_ = false;
};

TEST_CASE("a request is answered, again and again, of any size") {
  const Folder folder;
  const std::string path = folder.path("muster.sock");
  const auto server = serve(path);
  CHECK(mode_of(path) == 0600);
  CHECK(ask(path, "status") == "you said status");
  CHECK(ask(path, "") == "you said ");
  const std::string large(900000, 'x');
  CHECK(ask(path, large) == "you said " + large);
}

TEST_CASE("more clients than are served at once are all answered") {
  const Folder folder;
  const std::string path = folder.path("muster.sock");
  std::atomic<int> at_once{0}, most{0};
  std::latch full(8);
  const auto server = serve(path, [&](const std::string& request) {
    const int now = ++at_once;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {}
    if (request == "first") full.arrive_and_wait();
    --at_once;
    return request;
  });
  std::atomic<int> answered{0};
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i) clients.emplace_back([&] { answered += ask(path, "first") == "first"; });
    for (int i = 0; i < 12; ++i)
      clients.emplace_back([&] { answered += ask(path, "later") == "later" || ask(path, "later") == "later"; });
  }
  CHECK(answered == 20);
  CHECK(most <= 8);
}

TEST_CASE("a client that says nothing does not keep the service from stopping") {
  const Folder folder;
  const std::string path = folder.path("muster.sock");
  auto server = serve(path);
  std::vector<Silent> clients;
  for (int i = 0; i < 9; ++i) clients.emplace_back(path);
  for (const Silent& c : clients) CHECK(c.connected());
  const auto begun = std::chrono::steady_clock::now();
  server.reset();
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a request without end is not collected for ever") {
  const Folder folder;
  const std::string path = folder.path("muster.sock");
  std::atomic<int> asked{0};
  const auto server = serve(path, [&](const std::string&) {
    ++asked;
    return std::string("no");
  });
  const Silent client(path);
  const std::string piece(65536, 'x');
  int sent = 0;
  while (sent < 64 && send(client.fd(), piece.data(), piece.size(), MSG_NOSIGNAL) > 0) ++sent;
  CHECK(sent < 64);  // the service hung up after a MiB and a bit
  CHECK(asked == 0);
  CHECK(ask(path, "status") == "no");
}

TEST_CASE("nobody there, no answer, no place") {
  const Folder folder;
  const std::string path = folder.path("muster.sock");
  const auto nobody = ask_local(path, "status", kLong);
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().code == Errc::not_found);
  CHECK(nobody.error().what == "no service listens on " + path);

  put(path, "left behind");
  CHECK(ask(path, "status") == "! no service listens on " + path);

  std::latch done(1);
  {
    const auto server = serve(path, [&](const std::string&) {
      done.wait();
      return std::string("late");
    });
    const auto silence = ask_local(path, "status", kShort);
    REQUIRE_FALSE(silence);
    CHECK(silence.error().code == Errc::unreachable);
    CHECK(silence.error().what == "the service on " + path + " did not answer");
    done.count_down();
  }

  const std::string deep = "/" + std::string(120, 'x');
  const auto too_long = LocalServer::open(deep, echo);
  REQUIRE_FALSE(too_long);
  CHECK(too_long.error().code == Errc::config);
  CHECK(too_long.error().what == deep + " is too long for a socket: 121 of at most 107 bytes");

  const auto nowhere = LocalServer::open(folder.path("nowhere/muster.sock"), echo);
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().what == "listening on " + folder.path("nowhere/muster.sock") + ": No such file or directory");
}

TEST_CASE("what a dead service left behind is replaced") {
  const Folder folder;
  const std::string path = folder.path("muster.sock");
  put(path, "a dead process's");
  const auto server = serve(path);
  CHECK(ask(path, "status") == "you said status");
}

/// What user 65534 gets to hear.
std::string asked_by_nobody(const std::string& path) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string answer = setuid(65534) == 0 ? ask(path, "status") : "cannot become another user";
    _exit(write(ends[1], answer.data(), answer.size()) < 0);
  }
  close(ends[1]);
  std::string heard(4096, '\0');
  const auto n = read(ends[0], heard.data(), heard.size());
  close(ends[0]);
  waitpid(child, nullptr, 0);
  heard.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  return heard;
}

TEST_CASE("another user is refused, by the file's mode and, should that be lost, by who he is" * doctest::skip(geteuid() != 0)) {
  const Folder folder;
  std::filesystem::permissions(folder.str(), std::filesystem::perms(0755));
  const std::string path = folder.path("muster.sock");
  std::atomic<int> asked{0};
  const auto server = serve(path, [&](const std::string& request) {
    ++asked;
    return request;
  });
  CHECK(asked_by_nobody(path) == "! you may not speak to the service on " + path);
  std::filesystem::permissions(path, std::filesystem::perms(0666));
  CHECK(asked_by_nobody(path) ==
        R"({"error":{"code":2,"what":"only root and the user of the service may speak to it","hint":""}})");
  CHECK(asked == 0);
}

}  // namespace
}  // namespace muster
