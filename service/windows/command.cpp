#include "service/command.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "service/windows/win32.h"

namespace muster {

namespace {

using std::chrono::milliseconds;
using win32::Handle;
using Clock = std::chrono::steady_clock;

/// One argument as CommandLineToArgvW and the C library take it apart again.
std::wstring quoted(const std::wstring& word) {
  if (!word.empty() && word.find_first_of(L" \t\n\v\"") == std::wstring::npos) return word;
  std::wstring text = L"\"";
  std::size_t slashes = 0;
  for (const wchar_t c : word) {
    if (c == L'\\') {
      ++slashes;
      continue;
    }
    text.append(c == L'"' ? slashes * 2 + 1 : slashes, L'\\');
    slashes = 0;
    text += c;
  }
  text.append(slashes * 2, L'\\');
  return text + L'"';
}

std::wstring command_line(const std::vector<std::string>& words) {
  std::wstring line;
  for (const std::string& word : words) line += (line.empty() ? L"" : L" ") + quoted(win32::wide(word));
  return line;
}

std::wstring upper(std::wstring text) {
  CharUpperBuffW(text.data(), static_cast<DWORD>(text.size()));
  return text;
}

/// Sorted, as CreateProcess wants it; names differ in more than case.
std::wstring environment_with(const std::map<std::string, std::string>& more) {
  std::map<std::wstring, std::wstring> all;
  wchar_t* block = GetEnvironmentStringsW();
  for (const wchar_t* at = block; at && *at; at += std::wstring_view(at).size() + 1) {
    const std::wstring entry(at);
    const auto equals = entry.find(L'=', 1);  // "=C:=C:\..." is one, too
    if (equals != std::wstring::npos) all[upper(entry.substr(0, equals))] = entry;
  }
  if (block) FreeEnvironmentStringsW(block);
  for (const auto& [name, value] : more) all[upper(win32::wide(name))] = win32::wide(name + "=" + value);
  std::wstring text;
  for (const auto& [name, entry] : all) text += entry + L'\0';
  return text + L'\0';
}

Error ended_badly(const std::string& program, DWORD code) {
  return {Errc::refused, program + " ended with code " + std::to_string(code), "its own log says why; it is run again later"};
}

Error took_too_long(const Command& command) {
  return {Errc::refused,
          command.words.front() + " did not end within " + std::to_string(command.timeout.count()) + " ms and was killed",
          "give it more time with timeout=\"...\", or mend it"};
}

/// A pipe of which a child has one end.
struct Pipe {
  Handle read, write;
  static Pipe make() {
    SECURITY_ATTRIBUTES inherit{sizeof inherit, nullptr, TRUE};
    HANDLE read = nullptr, write = nullptr;
    if (!CreatePipe(&read, &write, &inherit, 1 << 16)) return {};
    return {Handle(read), Handle(write)};
  }
};

void keep_from_child(const Handle& handle) { SetHandleInformation(handle.get(), HANDLE_FLAG_INHERIT, 0); }

Handle nowhere(DWORD access) {
  SECURITY_ATTRIBUTES inherit{sizeof inherit, nullptr, TRUE};
  return Handle(CreateFileW(L"NUL", access, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit, OPEN_EXISTING, 0, nullptr));
}

/// The handles that a child inherits, and no others: two that are started at once would keep each other's pipes open.
class Inherited {
 public:
  Inherited(HANDLE input, HANDLE output, HANDLE error) : handles_{input, output, error} {
    std::sort(std::begin(handles_), std::end(handles_));
    const auto end = std::unique(std::begin(handles_), std::end(handles_));
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
    memory_.resize(size);
    usable_ = InitializeProcThreadAttributeList(list(), 1, 0, &size) &&
              UpdateProcThreadAttribute(list(), 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles_,
                                        static_cast<SIZE_T>(end - std::begin(handles_)) * sizeof(HANDLE), nullptr, nullptr);
  }
  ~Inherited() {
    if (!memory_.empty()) DeleteProcThreadAttributeList(list());
  }
  Inherited(const Inherited&) = delete;
  Inherited& operator=(const Inherited&) = delete;
  LPPROC_THREAD_ATTRIBUTE_LIST list() { return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.data()); }
  bool usable() const { return usable_; }

 private:
  HANDLE handles_[3];
  std::vector<std::byte> memory_;
  bool usable_ = false;
};

/// A program and all that it starts, in a job that dies with this object.
class Child {
 public:
  static Result<Child> start(const Command& command, HANDLE input, HANDLE output, HANDLE error) {
    const std::string doing = "starting " + command.words.front();
    Child child;
    child.job_ = Handle(CreateJobObjectW(nullptr, nullptr));
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if (!child.job_ || !SetInformationJobObject(child.job_.get(), JobObjectExtendedLimitInformation, &limits, sizeof limits))
      return win32::failure(doing);
    Inherited inherited(input, output, error);
    if (!inherited.usable()) return win32::failure(doing);
    STARTUPINFOEXW startup{};
    startup.StartupInfo.cb = sizeof startup;
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdInput = input;
    startup.StartupInfo.hStdOutput = output;
    startup.StartupInfo.hStdError = error;
    startup.lpAttributeList = inherited.list();
    std::wstring line = command_line(command.words), environment = environment_with(command.environment);
    PROCESS_INFORMATION made{};
    const DWORD flags = CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT;
    if (!CreateProcessW(win32::wide_path(command.words.front()).c_str(), line.data(), nullptr, nullptr, TRUE, flags,
                        environment.data(), nullptr, &startup.StartupInfo, &made))
      return win32::failure(doing);
    child.process_ = Handle(made.hProcess);
    const Handle thread(made.hThread);
    if (!AssignProcessToJobObject(child.job_.get(), made.hProcess)) {
      const Error why = win32::failure(doing);
      TerminateProcess(made.hProcess, 1);
      return why;
    }
    ResumeThread(made.hThread);
    return child;
  }

  bool ended_within(milliseconds patience) const {
    return WaitForSingleObject(process_.get(), static_cast<DWORD>(patience.count())) == WAIT_OBJECT_0;
  }
  /// Kills what is left of it.
  DWORD put_to_an_end() {
    DWORD code = 1;
    const bool by_itself = ended_within(milliseconds(0)) && GetExitCodeProcess(process_.get(), &code);
    TerminateJobObject(job_.get(), 1);
    WaitForSingleObject(process_.get(), INFINITE);
    return by_itself ? code : 1;
  }

 private:
  Handle job_, process_;
};

/// With what it wrote to its standard error, as one line.
Error with_complaints(Error error, const std::string& complaints) {
  std::string line;
  for (const char c : complaints) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  while (line.ends_with(' ')) line.pop_back();
  if (!line.empty()) error.what += "; it says: " + line;
  return error;
}

/// What a running child prints, read by a thread for each of its streams: pipes of Windows cannot be waited for together.
class Capture {
 public:
  static constexpr std::size_t kMostComplaints = 2000;  ///< bytes of standard error, from its end

  Capture(const Command& command, const CommandOutput& output, Handle file, Handle out, Handle err)
      : command_(command), output_(output), file_(std::move(file)), out_(std::move(out)), err_(std::move(err)) {}

  Status follow(Child child) {
    const auto until = Clock::now() + command_.timeout;
    {
      const std::jthread complaints([this] { read_complaints(); });
      const std::jthread printed([this] { read_output(); });
      while (done_ && !child.ended_within(milliseconds(100))) {
        if (failed_)
          break;
        else if (output_.stop.stop_requested())
          done_ = Error{Errc::cancelled, command_.words.front() + " was killed because muster stops", ""};
        else if (Clock::now() >= until)
          done_ = took_too_long(command_);
      }
      code_ = child.put_to_an_end();
      // With the last of its processes the other ends of the pipes are closed, so both threads end.
    }
    if (done_) done_ = std::move(kept_);
    if (!done_) return with_complaints(std::move(done_).error(), complaints_);
    return code_ == 0 ? ok() : Status(with_complaints(ended_badly(command_.words.front(), code_), complaints_));
  }

 private:
  static DWORD read_some(const Handle& from, char* to, DWORD size) {
    DWORD n = 0;
    return ReadFile(from.get(), to, size, &n, nullptr) ? n : 0;
  }

  void read_complaints() {
    char piece[4096];
    while (const DWORD n = read_some(err_, piece, sizeof piece)) {
      complaints_.append(piece, n);
      if (complaints_.size() > kMostComplaints) complaints_.erase(0, complaints_.size() - kMostComplaints);
    }
  }

  /// Goes on reading after a failure, so that nobody waits for room.
  void read_output() {
    std::vector<char> piece(65536);
    while (const DWORD n = read_some(out_, piece.data(), static_cast<DWORD>(piece.size()))) {
      if (kept_) kept_ = keep(piece.data(), n);
      if (!kept_) failed_ = true;
    }
  }

  Status keep(const char* bytes, DWORD n) {
    size_ += n;
    if (size_ > output_.most)
      return Error{Errc::refused,
                   command_.words.front() + " prints more than " + std::to_string(output_.most) + " bytes and was killed",
                   "if that is meant, raise max-bytes"};
    DWORD written = 0;
    if (WriteFile(file_.get(), bytes, n, &written, nullptr) && written == n) return ok();
    return win32::failure("writing " + output_.path);
  }

  const Command& command_;
  const CommandOutput& output_;
  Handle file_, out_, err_;
  Status done_ = ok(), kept_ = ok();
  std::atomic<bool> failed_{false};
  std::string complaints_;
  std::size_t size_ = 0;
  DWORD code_ = 1;
};

}  // namespace

Status run_command(const Command& command) {
  Pipe input = Pipe::make();
  const Handle output = nowhere(GENERIC_WRITE);
  if (!input.read || !output) return win32::failure("starting " + command.words.front());
  keep_from_child(input.write);
  auto child = Child::start(command, input.read.get(), output.get(), output.get());
  if (!child) return std::move(child).error();
  input.read = Handle();
  bool in_time = false;
  DWORD code = 1;
  {
    // A program that does not read says by its exit code whether that is an error; once it is gone, writing ends.
    const std::jthread writer([&] {
      const std::string& text = command.input.rep();
      DWORD done = 0;
      (void)WriteFile(input.write.get(), text.data(), static_cast<DWORD>(text.size()), &done, nullptr);
      input.write = Handle();
    });
    in_time = child->ended_within(command.timeout);
    code = child->put_to_an_end();
  }
  if (!in_time) return took_too_long(command);
  return code == 0 ? ok() : Status(ended_badly(command.words.front(), code));
}

Status run_command_into(const Command& command, const CommandOutput& output) {
  const std::string doing = "starting " + command.words.front();
  win32::PrivateAccess access;
  DeleteFileW(win32::wide_path(output.path).c_str());  // an older one has its own access list
  Handle file(CreateFileW(win32::wide_path(output.path).c_str(), GENERIC_WRITE, FILE_SHARE_READ, access.get(), CREATE_ALWAYS,
                          FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file) return win32::failure(output.path);
  Pipe out = Pipe::make(), err = Pipe::make();
  const Handle input = nowhere(GENERIC_READ);
  if (!out.read || !err.read || !input) return win32::failure(doing);
  keep_from_child(out.read);
  keep_from_child(err.read);
  auto child = Child::start(command, input.get(), out.write.get(), err.write.get());
  if (!child) return std::move(child).error();
  out.write = Handle();
  err.write = Handle();
  return Capture(command, output, std::move(file), std::move(out.read), std::move(err.read)).follow(std::move(*child));
}

}  // namespace muster
