#include "service/host.h"

#include <winsvc.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "service/windows/names.h"
#include "service/windows/win32.h"

namespace muster {

namespace {

using std::chrono::milliseconds;

constexpr DWORD kStartHint = 30000, kStopHint = 20000;  ///< ms that the Service Control Manager waits before it looks again

/// Under the Service Control Manager a service; from a console a program that Ctrl+C ends. There is one in a process, since the
/// manager's callbacks find it by `instance_`.
class WindowsHost final : public Host {
 public:
  WindowsHost() = default;
  Status start() {
    if (instance_.exchange(this)) return Error{Errc::conflict, "there is a host already", ""};
    dispatcher_ = std::thread([this] { dispatch(); });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return mode_ != Mode::unknown; });
    if (mode_ == Mode::failed) return win32::failure("speaking to the Service Control Manager", failure_);
    if (mode_ == Mode::console) SetConsoleCtrlHandler(&WindowsHost::on_console, TRUE);
    return ok();
  }

  ~WindowsHost() override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      changed_.notify_all();
    }
    if (dispatcher_.joinable()) dispatcher_.join();
    SetConsoleCtrlHandler(&WindowsHost::on_console, FALSE);
    instance_ = nullptr;
  }
  WindowsHost(const WindowsHost&) = delete;
  WindowsHost& operator=(const WindowsHost&) = delete;

  std::stop_token stopping() override { return source_.get_token(); }
  void stop() override { source_.request_stop(); }
  void on_reload(std::function<void()> reload) override {
    const std::lock_guard lock(reload_mutex_);
    reload_ = std::move(reload);
    if (reload_ && std::exchange(is_reload_asked_, false)) reload_();
  }
  /// The service runs as soon as its loop does: a directory that does not answer is no reason to be started again and again.
  void ready() override { alive(); }
  void reloading() override {}  // the Service Control Manager knows no such state
  void status(const std::string&) override {}
  void alive() override {
    const std::lock_guard lock(mutex_);
    if (state_ == SERVICE_START_PENDING) report(SERVICE_RUNNING, 0);
  }
  milliseconds heartbeat() const override { return milliseconds(10000); }
  bool managed() const override { return mode_ == Mode::service; }

 private:
  enum class Mode { unknown, service, console, failed };

  void dispatch() {
    wchar_t name[] = L"muster";
    const SERVICE_TABLE_ENTRYW table[] = {{name, &WindowsHost::service_main}, {nullptr, nullptr}};
    const bool served = StartServiceCtrlDispatcherW(table) != 0;
    const DWORD why = GetLastError();
    const std::lock_guard lock(mutex_);
    if (mode_ != Mode::unknown) return;
    failure_ = why;
    // It was started by somebody else.
    mode_ = !served && why == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT ? Mode::console : Mode::failed;
    changed_.notify_all();
  }

  static void WINAPI service_main(DWORD, wchar_t**) {
    if (WindowsHost* host = instance_) host->serve();
  }

  void serve() {
    std::unique_lock lock(mutex_);
    status_handle_ = RegisterServiceCtrlHandlerExW(kServiceName, &WindowsHost::on_control, this);
    failure_ = GetLastError();
    mode_ = status_handle_ ? Mode::service : Mode::failed;
    if (status_handle_) report(SERVICE_START_PENDING, kStartHint);
    changed_.notify_all();
    if (!status_handle_) return;
    changed_.wait(lock, [this] { return over_; });
    report(SERVICE_STOPPED, 0);
  }

  static DWORD WINAPI on_control(DWORD control, DWORD, void*, void* self) {
    auto& host = *static_cast<WindowsHost*>(self);
    switch (control) {
      case SERVICE_CONTROL_STOP:
      case SERVICE_CONTROL_SHUTDOWN:
      case SERVICE_CONTROL_PRESHUTDOWN: {
        const std::lock_guard lock(host.mutex_);
        host.report(SERVICE_STOP_PENDING, kStopHint);
        host.source_.request_stop();
        return NO_ERROR;
      }
      case SERVICE_CONTROL_PARAMCHANGE: host.reload(); return NO_ERROR;
      case SERVICE_CONTROL_INTERROGATE: return NO_ERROR;
      default: return ERROR_CALL_NOT_IMPLEMENTED;
    }
  }

  /// Ctrl+C, Ctrl+Break, the window is closed, the user logs off. Windows ends the process when this returns from the latter ones.
  static BOOL WINAPI on_console(DWORD event) {
    WindowsHost* host = instance_;
    if (!host) return FALSE;
    if (event == CTRL_BREAK_EVENT) {
      host->reload();
      return TRUE;
    }
    host->source_.request_stop();
    if (event != CTRL_C_EVENT) Sleep(kStopHint);
    return TRUE;
  }

  void reload() {
    const std::lock_guard lock(reload_mutex_);
    if (reload_)
      reload_();
    else
      is_reload_asked_ = true;
  }

  /// With `mutex_`.
  void report(DWORD state, DWORD hint) {
    state_ = state;
    SERVICE_STATUS s{};
    s.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    s.dwCurrentState = state;
    if (state == SERVICE_RUNNING)
      s.dwControlsAccepted = SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN | SERVICE_ACCEPT_PARAMCHANGE;
    if (state == SERVICE_START_PENDING) s.dwControlsAccepted = SERVICE_ACCEPT_STOP;
    s.dwWaitHint = hint;
    s.dwCheckPoint = hint ? ++check_point_ : 0;
    // An end that nobody asked for is a failure, which the manager's recovery actions are for.
    if (state == SERVICE_STOPPED && !source_.stop_requested()) {
      s.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
      s.dwServiceSpecificExitCode = 1;
    }
    (void)SetServiceStatus(status_handle_, &s);
  }

  static inline std::atomic<WindowsHost*> instance_{nullptr};
  std::mutex mutex_, reload_mutex_;
  std::condition_variable changed_;
  std::atomic<Mode> mode_{Mode::unknown};
  bool over_ = false;
  DWORD state_ = 0, check_point_ = 0, failure_ = 0;
  SERVICE_STATUS_HANDLE status_handle_ = nullptr;
  std::stop_source source_;
  std::function<void()> reload_;
  bool is_reload_asked_ = false;
  std::thread dispatcher_;
};

}  // namespace

Result<std::unique_ptr<Host>> Host::open() {
  auto host = std::make_unique<WindowsHost>();
  MUSTER_TRY(host->start());
  return std::unique_ptr<Host>(std::move(host));
}

}  // namespace muster
