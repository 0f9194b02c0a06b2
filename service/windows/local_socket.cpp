#include "service/local_socket.h"

#include <sddl.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "service/windows/win32.h"

// A named pipe, whose access list lets in the system, administrators and the service's own account.
namespace muster {

namespace {

using std::chrono::milliseconds;
using win32::Handle;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestRequest = 1 << 20;
constexpr std::size_t kLongestAnswer = std::size_t{1} << 31;
constexpr std::size_t kMostClients = 8;
constexpr DWORD kPiece = 65536;
constexpr milliseconds kSlice{100};
constexpr milliseconds kPatience{10000};

/// Pipes have names of their own, of at most 256 characters; that of a path is the same for every process that spells it alike.
std::wstring pipe_of(const std::string& path) {
  std::wstring full = win32::wide_path(path);
  CharLowerBuffW(full.data(), static_cast<DWORD>(full.size()));
  std::uint64_t digest = 14695981039346656037ULL;  // FNV-1a
  for (const wchar_t c : full) digest = (digest ^ c) * 1099511628211ULL;
  const std::size_t from = full.size() > 100 ? full.size() - 100 : 0;
  std::wstring end = full.substr(from);
  for (wchar_t& c : end)
    if (c == L'\\' || c == L':' || c == L'/') c = L'_';
  return L"\\\\.\\pipe\\muster-" + std::to_wstring(digest) + L"-" + end;
}

/// One overlapped operation, waited for with an end.
class Operation {
 public:
  Operation() { overlapped_.hEvent = event_.get(); }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  OVERLAPPED* start() {
    ResetEvent(event_.get());
    return &overlapped_;
  }
  /// Bytes; none: it failed, `patience` passed or a stop was requested, and nothing of it is under way any more.
  std::optional<DWORD> finish(HANDLE pipe, bool begun, milliseconds patience, const std::stop_token& stop) {
    DWORD bytes = 0;
    if (!begun && GetLastError() != ERROR_IO_PENDING) return std::nullopt;
    const auto end = Clock::now() + patience;
    for (;;) {
      const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
      const auto slice = static_cast<DWORD>(std::clamp(left, milliseconds(0), kSlice).count());
      if (WaitForSingleObject(event_.get(), slice) == WAIT_OBJECT_0) break;
      if (left.count() > 0 && !stop.stop_requested()) continue;
      CancelIoEx(pipe, &overlapped_);
      // It may have been done just now; else it is over.
      if (!GetOverlappedResult(pipe, &overlapped_, &bytes, TRUE)) return std::nullopt;
      return bytes;
    }
    if (!GetOverlappedResult(pipe, &overlapped_, &bytes, FALSE)) return std::nullopt;
    return bytes;
  }

 private:
  Handle event_ = Handle(CreateEventW(nullptr, TRUE, FALSE, nullptr));
  OVERLAPPED overlapped_{};
};

/// Up to the line feed; none when the peer went away, said too much, or was silent for too long.
std::optional<std::string> read_line(HANDLE pipe, milliseconds patience, const std::stop_token& stop, std::size_t longest) {
  std::string line;
  std::vector<char> buffer(kPiece);
  Operation operation;
  for (;;) {
    const bool begun = ReadFile(pipe, buffer.data(), kPiece, nullptr, operation.start()) != 0;
    const auto n = operation.finish(pipe, begun, patience, stop);
    if (!n || *n == 0) return std::nullopt;
    line.append(buffer.data(), *n);
    if (line.back() == '\n') {
      line.pop_back();
      return line;
    }
    if (line.size() > longest) return std::nullopt;
  }
}

bool write_all(HANDLE pipe, std::string_view text, const std::stop_token& stop) {
  Operation operation;
  while (!text.empty()) {
    const auto part = static_cast<DWORD>(std::min<std::size_t>(text.size(), kPiece));
    const bool begun = WriteFile(pipe, text.data(), part, nullptr, operation.start()) != 0;
    const auto n = operation.finish(pipe, begun, kPatience, stop);
    if (!n || *n == 0) return false;
    text.remove_prefix(*n);
  }
  return true;
}

class PipeServer final : public LocalServer {
 public:
  PipeServer(std::wstring name, Handle first, Answer answer)
      : name_(std::move(name)),
        next_(std::move(first)),
        answer_(std::move(answer)),
        acceptor_([this](std::stop_token stop) { accept_all(stop); }) {}
  ~PipeServer() override {
    acceptor_.request_stop();
    acceptor_.join();
    clients_.clear();
  }

  static Handle make(const std::wstring& name, bool first) {
    win32::PrivateAccess access;
    if (!access.get()) return {};
    return Handle(CreateNamedPipeW(
        name.c_str(), PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | (first ? static_cast<DWORD>(FILE_FLAG_FIRST_PIPE_INSTANCE) : 0U),
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, PIPE_UNLIMITED_INSTANCES, kPiece, kPiece, 0,
        access.get()));
  }

 private:
  struct Client {
    std::atomic<bool> done{false};
    std::jthread thread;
  };

  void accept_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      clients_.remove_if([](const Client& c) { return c.done.load(); });
      if (clients_.size() >= kMostClients) {
        wait_for_one(stop);
        continue;
      }
      if (!next_) next_ = make(name_, false);
      if (!next_) {
        Sleep(static_cast<DWORD>(kSlice.count()));
      } else if (connected(stop)) {
        // The next one first: while there is none at all, clients are told that no service listens.
        Handle now = std::exchange(next_, make(name_, false));
        start(std::move(now));
      }
    }
  }

  bool connected(const std::stop_token& stop) {
    Operation operation;
    const bool begun = ConnectNamedPipe(next_.get(), operation.start()) != 0;
    if (!begun && GetLastError() == ERROR_PIPE_CONNECTED) return true;
    if (!begun && GetLastError() == ERROR_NO_DATA) {  // came and went
      DisconnectNamedPipe(next_.get());
      return false;
    }
    return operation.finish(next_.get(), begun, std::chrono::hours(1), stop).has_value();
  }

  void start(Handle pipe) {
    Client& client = clients_.emplace_back();
    client.thread = std::jthread([this, &client, pipe = std::move(pipe)](std::stop_token stop) {
      serve(pipe.get(), stop);
      const std::lock_guard lock(mutex_);
      client.done = true;
      finished_.notify_one();
    });
  }

  /// Until a client is done, or a stop.
  void wait_for_one(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, stop,
                   [this] { return std::any_of(clients_.begin(), clients_.end(), [](const Client& c) { return c.done.load(); }); });
  }

  void serve(HANDLE pipe, const std::stop_token& stop) {
    const auto request = read_line(pipe, kPatience, stop, kLongestRequest);
    // An answer that was worked out is still delivered to a client that reads it.
    if (!request || !write_all(pipe, answer_(*request) + "\n", {})) return;
    // What was written is lost when the pipe is closed before it was read; the client closes it then.
    char ignored = 0;
    Operation operation;
    const bool begun = ReadFile(pipe, &ignored, 1, nullptr, operation.start()) != 0;
    (void)operation.finish(pipe, begun, kPatience, stop);
  }

  std::wstring name_;
  Handle next_;  ///< whom the next client finds
  Answer answer_;
  std::mutex mutex_;
  std::condition_variable_any finished_;
  std::list<Client> clients_;
  std::jthread acceptor_;
};

/// Another may have been quicker to the one that waits for a client.
Result<Handle> connect(const std::string& path, milliseconds patience) {
  const std::wstring name = pipe_of(path);
  const auto end = Clock::now() + patience;
  for (;;) {
    // Whoever else may hold a pipe of this name does not get to act as us.
    Handle pipe(CreateFileW(name.c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING,
                            FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, nullptr));
    if (pipe) return pipe;
    const DWORD why = GetLastError();
    if (why == ERROR_FILE_NOT_FOUND) return Error{Errc::not_found, "no service listens on " + path, ""};
    if (why == ERROR_ACCESS_DENIED) {
      return Error{Errc::refused, "you may not speak to the service on " + path,
                   "run this as an administrator or as the account of the service"};
    }
    if (why != ERROR_PIPE_BUSY || Clock::now() >= end) return win32::failure("connecting to " + path, why);
    WaitNamedPipeW(name.c_str(), static_cast<DWORD>(kSlice.count()));
  }
}

}  // namespace

Result<std::unique_ptr<LocalServer>> LocalServer::open(const std::string& path, Answer answer) {
  std::wstring name = pipe_of(path);
  Handle first = PipeServer::make(name, true);
  if (!first) return win32::failure("listening on " + path);
  return std::unique_ptr<LocalServer>(std::make_unique<PipeServer>(std::move(name), std::move(first), std::move(answer)));
}

Result<std::string> ask_local(const std::string& path, const std::string& request, milliseconds patience) {
  auto pipe = connect(path, patience);
  if (!pipe) return std::move(pipe).error();
  (void)write_all(pipe->get(), request + "\n", {});
  auto line = read_line(pipe->get(), patience, {}, kLongestAnswer);
  if (!line) return Error{Errc::unreachable, "the service on " + path + " did not answer", "look at its log"};
  return std::move(*line);
}

}  // namespace muster
