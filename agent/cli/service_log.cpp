#include "agent/cli/service_log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>
#include <mutex>
#include <streambuf>
#include <string>

#include "service/event_log.h"
#include "service/paths.h"

namespace muster {

namespace {

class EventSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit EventSink(std::unique_ptr<EventLog> log) : log_(std::move(log)) { set_level(spdlog::level::warn); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    log_->write(message.level >= spdlog::level::err ? EventSeverity::error : EventSeverity::warning,
                std::string(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

  std::unique_ptr<EventLog> log_;
};

/// Takes what is said to people on standard error, line by line: why a configuration is refused.
class ErrorLines final : public std::streambuf {
 private:
  int overflow(int c) override {
    if (c == traits_type::eof()) return 0;
    if (c != '\n') {
      line_ += static_cast<char>(c);
    } else if (!line_.empty()) {
      spdlog::error("{}", line_);
      line_.clear();
    }
    return c;
  }

  std::string line_;
};

const auto& ring() {
  static const auto kept = [] {
    auto sink = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(500);
    sink->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    return sink;
  }();
  return kept;
}

}  // namespace

void keep_lines() { spdlog::default_logger()->sinks().push_back(ring()); }

std::vector<std::string> kept_lines() {
  std::vector<std::string> lines = ring()->last_formatted();
  for (std::string& line : lines) {
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
  }
  return lines;
}

void log_into_files() {
  constexpr std::size_t kLargest = std::size_t{10} << 20, kKept = 5;
  const std::string folder = default_log_folder();
  const auto log = spdlog::default_logger();
  if (auto events = EventLog::open()) log->sinks().push_back(std::make_shared<EventSink>(std::move(events)));
  if (folder.empty()) return;
  static ErrorLines lines;  // std::cerr is used until the end
  std::cerr.rdbuf(&lines);
  try {
    std::filesystem::create_directories(folder);
    log->sinks().push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
        (std::filesystem::path(folder) / "muster.log").string(), kLargest, kKept));
    log->sinks().back()->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    log->flush_on(spdlog::level::trace);
  } catch (const std::exception& e) { spdlog::error("no log is written: {}", e.what()); }
}

}  // namespace muster
