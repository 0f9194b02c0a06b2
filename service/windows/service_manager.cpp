#include "service/service_manager.h"

#include <winsvc.h>

#include <iostream>
#include <thread>
#include <vector>

#include "service/paths.h"
#include "service/windows/names.h"
#include "service/windows/win32.h"

namespace muster {

namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds kLongestChange{120};
const wchar_t* const kEventSource = L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\muster";

struct CloseService {
  void operator()(SC_HANDLE p) const noexcept { CloseServiceHandle(p); }
};
using Service = std::unique_ptr<std::remove_pointer_t<SC_HANDLE>, CloseService>;

Error failed(const std::string& doing, DWORD why = GetLastError()) {
  Error error = win32::failure(doing, why);
  if (why == ERROR_ACCESS_DENIED) {
    error.code = Errc::refused;
    error.hint = "run this as an administrator";
  } else if (why == ERROR_SERVICE_DOES_NOT_EXIST) {
    error = {Errc::not_found, doing + ": the service muster is not registered", "register it: muster service install"};
  } else if (why == ERROR_SERVICE_MARKED_FOR_DELETE) {
    error.hint = "close what still looks at the service (services.msc, Event Viewer), then try again";
  }
  return error;
}

Result<Service> manager(DWORD rights) {
  Service opened(OpenSCManagerW(nullptr, nullptr, rights));
  if (!opened) return failed("opening the Service Control Manager");
  return opened;
}

Result<Service> registered(DWORD rights, const std::string& doing) {
  auto all = manager(SC_MANAGER_CONNECT);
  if (!all) return std::move(all).error();
  Service service(OpenServiceW(all->get(), kServiceName, rights));
  if (!service) return failed(doing);
  return service;
}

std::wstring command_line(const std::string& config) {
  // Quoted, or C:\Program.exe would be tried first.
  return L"\"" + win32::wide(win32::program_file()) + L"\" run --config \"" + win32::wide_path(config) + L"\"";
}

/// What a system does not know (older ones, Wine) is a warning: the service works without it.
Status change(SC_HANDLE service, DWORD level, void* info, const std::string& what) {
  if (ChangeServiceConfig2W(service, level, info)) return ok();
  if (GetLastError() != ERROR_INVALID_LEVEL) return failed("setting the service's " + what);
  std::cerr << "muster: this system does not know a service's " << what << "; it goes without\n";
  return ok();
}

Status describe(SC_HANDLE service) {
  wchar_t text[] = L"Joiner, mover, leaver: puts HR's decisions into effect in the directory and tells the systems upstream.";
  SERVICE_DESCRIPTIONW description{text};
  MUSTER_TRY(change(service, SERVICE_CONFIG_DESCRIPTION, &description, "description"));
  SERVICE_DELAYED_AUTO_START_INFO delayed{TRUE};
  MUSTER_TRY(change(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed, "delayed start"));
  // At once, after a minute, then every five minutes; what lasted a day is forgotten.
  SC_ACTION actions[] = {{SC_ACTION_RESTART, 1000}, {SC_ACTION_RESTART, 60000}, {SC_ACTION_RESTART, 300000}};
  SERVICE_FAILURE_ACTIONSW recovery{86400, nullptr, nullptr, 3, actions};
  MUSTER_TRY(change(service, SERVICE_CONFIG_FAILURE_ACTIONS, &recovery, "recovery"));
  SERVICE_FAILURE_ACTIONS_FLAG also_errors{TRUE};
  MUSTER_TRY(change(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &also_errors, "recovery after errors"));
  SERVICE_PRESHUTDOWN_INFO before_shutdown{20000};
  return change(service, SERVICE_CONFIG_PRESHUTDOWN_INFO, &before_shutdown, "time to end before the machine does");
}

Status register_event_source() {
  HKEY raw = nullptr;
  const LSTATUS opened = RegCreateKeyExW(HKEY_LOCAL_MACHINE, kEventSource, 0, nullptr, 0, KEY_SET_VALUE, nullptr, &raw, nullptr);
  if (opened != ERROR_SUCCESS) return failed("registering the event source", static_cast<DWORD>(opened));
  const std::wstring file = win32::wide(win32::program_file());
  const DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
  LSTATUS set = RegSetValueExW(raw, L"EventMessageFile", 0, REG_EXPAND_SZ, reinterpret_cast<const BYTE*>(file.c_str()),
                               static_cast<DWORD>((file.size() + 1) * sizeof(wchar_t)));
  if (set == ERROR_SUCCESS)
    set = RegSetValueExW(raw, L"TypesSupported", 0, REG_DWORD, reinterpret_cast<const BYTE*>(&types), sizeof types);
  RegCloseKey(raw);
  return set == ERROR_SUCCESS ? ok() : Status(failed("registering the event source", static_cast<DWORD>(set)));
}

/// The service's account exists now, so its folders can be given to it. Anybody could read them otherwise, as is usual below
/// ProgramData.
Status guard_folders() {
  const std::string state = default_state_folder(), own = state.substr(0, state.rfind('\\'));
  win32::PrivateAccess access(true);
  for (const std::string& folder : {own, state, default_run_folder(), default_log_folder(), own + "\\secrets"})
    MUSTER_TRY(access.guard(folder));
  return ok();
}

Result<SERVICE_STATUS_PROCESS> state_of(SC_HANDLE service) {
  SERVICE_STATUS_PROCESS status{};
  DWORD size = 0;
  if (!QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, reinterpret_cast<BYTE*>(&status), sizeof status, &size))
    return failed("asking for the service's state");
  return status;
}

/// Until the service is in `wanted`, or in another state in which it stays.
Result<SERVICE_STATUS_PROCESS> wait_for(SC_HANDLE service, DWORD wanted) {
  const auto end = Clock::now() + kLongestChange;
  for (;;) {
    auto status = state_of(service);
    if (!status) return std::move(status).error();
    const bool moves = status->dwCurrentState == SERVICE_START_PENDING || status->dwCurrentState == SERVICE_STOP_PENDING ||
                       (wanted == SERVICE_STOPPED && status->dwCurrentState == SERVICE_RUNNING);
    if (status->dwCurrentState == wanted || !moves || Clock::now() >= end) return status;
    Sleep(100);
  }
}

Status stop_service(SC_HANDLE service) {
  SERVICE_STATUS ignored{};
  if (!ControlService(service, SERVICE_CONTROL_STOP, &ignored) && GetLastError() != ERROR_SERVICE_NOT_ACTIVE &&
      GetLastError() != ERROR_SERVICE_CANNOT_ACCEPT_CTRL)
    return failed("stopping the service");
  auto status = wait_for(service, SERVICE_STOPPED);
  if (!status) return std::move(status).error();
  if (status->dwCurrentState == SERVICE_STOPPED) return ok();
  return Error{Errc::io, "the service muster did not end within two minutes", "look at its log"};
}

}  // namespace

Status ServiceManager::install(const std::string& config) {
  auto all = manager(SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE);
  if (!all) return std::move(all).error();
  const std::wstring line = command_line(config);
  Service service(CreateServiceW(all->get(), kServiceName, L"muster", SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                                 SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, line.c_str(), nullptr, nullptr, L"Tcpip\0\0",
                                 kServiceAccount, nullptr));
  if (!service && GetLastError() == ERROR_SERVICE_EXISTS) {
    service.reset(OpenServiceW(all->get(), kServiceName, SERVICE_ALL_ACCESS));
    if (!service) return failed("opening the service");
    // An administrator may have chosen another account, such as a gMSA, or another way of starting: they stay.
    if (!ChangeServiceConfigW(service.get(), SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, line.c_str(), nullptr,
                              nullptr, nullptr, nullptr, nullptr, nullptr))
      return failed("changing the service");
  }
  if (!service) return failed("registering the service");
  MUSTER_TRY(describe(service.get()));
  MUSTER_TRY(guard_folders());
  return register_event_source();
}

Status ServiceManager::uninstall() {
  auto service = registered(SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE, "removing the service");
  if (!service) return std::move(service).error();
  MUSTER_TRY(stop_service(service->get()));
  if (!DeleteService(service->get())) return failed("removing the service");
  (void)RegDeleteKeyW(HKEY_LOCAL_MACHINE, kEventSource);  // there may be none
  return ok();
}

Status ServiceManager::remove_user() { return ok(); }

Status ServiceManager::start() {
  auto service = registered(SERVICE_START | SERVICE_QUERY_STATUS, "starting the service");
  if (!service) return std::move(service).error();
  if (!StartServiceW(service->get(), 0, nullptr) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING)
    return failed("starting the service");
  auto status = wait_for(service->get(), SERVICE_RUNNING);
  if (!status) return std::move(status).error();
  if (status->dwCurrentState == SERVICE_RUNNING) return ok();
  return Error{Errc::io, "the service muster did not start", "its log and the event log (Application, source muster) say why"};
}

Status ServiceManager::stop() {
  auto service = registered(SERVICE_STOP | SERVICE_QUERY_STATUS, "stopping the service");
  if (!service) return std::move(service).error();
  return stop_service(service->get());
}

}  // namespace muster
