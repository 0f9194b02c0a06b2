#include "service/event_log.h"

#include "service/windows/messages.h"  // generated
#include "service/windows/names.h"
#include "service/windows/win32.h"

namespace muster {

namespace {

class WindowsEventLog final : public EventLog {
 public:
  explicit WindowsEventLog(HANDLE source) : source_(source) {}
  ~WindowsEventLog() override { DeregisterEventSource(source_); }
  WindowsEventLog(const WindowsEventLog&) = delete;
  WindowsEventLog& operator=(const WindowsEventLog&) = delete;

  void write(EventSeverity severity, const std::string& line) override {
    const std::wstring text = win32::wide(line).substr(0, kLongest);
    const wchar_t* texts[] = {text.c_str()};
    const Kind kind = kind_of(severity);
    // A log that is full is no reason to stop working; the file has the line, too.
    (void)ReportEventW(source_, kind.type, 0, kind.message, nullptr, 1, 0, texts, nullptr);
  }

 private:
  static constexpr std::size_t kLongest = 31000;  ///< of 31,839 characters that an event may have
  struct Kind {
    WORD type;
    DWORD message;
  };
  static Kind kind_of(EventSeverity severity) {
    switch (severity) {
      case EventSeverity::error: return {EVENTLOG_ERROR_TYPE, static_cast<DWORD>(MUSTER_ERROR)};
      case EventSeverity::warning: return {EVENTLOG_WARNING_TYPE, static_cast<DWORD>(MUSTER_WARNING)};
      case EventSeverity::information: break;
    }
    return {EVENTLOG_INFORMATION_TYPE, static_cast<DWORD>(MUSTER_INFORMATION)};
  }

  HANDLE source_;
};

}  // namespace

std::unique_ptr<EventLog> EventLog::open() {
  const HANDLE source = RegisterEventSourceW(nullptr, kServiceName);
  return source ? std::make_unique<WindowsEventLog>(source) : nullptr;
}

}  // namespace muster
