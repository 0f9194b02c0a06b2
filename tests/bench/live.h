// From a change by an administrator to the event about it, as somebody with a stop watch would see it.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/lab.h"

namespace muster::test {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

/// An ldapmodify that stays connected and is told one change after the other.
class Modifier {
 public:
  explicit Modifier(LabServer& server)
      : pipe_(popen(("ldapmodify -x -H " + server.url() + " -D '" + server.value("ADMIN_DN") + "' -w '" +
                     server.value("ADMIN_PASSWORD") + "' >/dev/null")
                        .c_str(),
                    "w")) {
    REQUIRE(pipe_);
  }
  ~Modifier() { pclose(pipe_); }
  Modifier(const Modifier&) = delete;
  Modifier& operator=(const Modifier&) = delete;
  void replace(const std::string& dn, const std::string& attribute, const std::string& value) {
    std::fputs(("dn: " + dn + "\nchangetype: modify\nreplace: " + attribute + "\n" + attribute + ": " + value + "\n\n").c_str(),
               pipe_);
    std::fflush(pipe_);
  }

 private:
  FILE* pipe_;
};

/// Reads on in the file of events, as an upstream would that follows it.
class Tail {
 public:
  explicit Tail(const std::string& path) : file_(path) { file_.seekg(0, std::ios::end); }
  bool await(const std::string& text) {
    for (const auto end = Clock::now() + std::chrono::seconds(60); Clock::now() < end;) {
      if (sees(text)) return true;
      poll(nullptr, 0, 1);
    }
    return false;
  }

 private:
  bool sees(const std::string& text) {
    file_.clear();
    for (std::string part; std::getline(file_, part);) {
      line_ += part;
      if (file_.eof()) return false;  // the rest of the line is not written yet
      if (std::exchange(line_, {}).find(text) != std::string::npos) return true;
    }
    return false;
  }
  std::ifstream file_;
  std::string line_;
};

/// Milliseconds, sorted.
class Latency {
 public:
  explicit Latency(std::vector<double> all) : all_(std::move(all)) { std::sort(all_.begin(), all_.end()); }
  std::size_t size() const { return all_.size(); }
  /// at(0.5) is the median.
  double at(double part) const { return all_[static_cast<std::size_t>(part * static_cast<double>(all_.size() - 1))]; }

 private:
  std::vector<double> all_;
};

/// One change after the other, of these entries in turn.
inline Latency measure_latency(LabServer& server, const std::vector<std::string>& entries, const std::string& events, int changes) {
  Modifier modifier(server);
  Tail tail(events);
  std::vector<double> all;
  for (int i = 0; i < changes; ++i) {
    const std::string value = "+49 30 " + std::to_string(1000000 + i);
    const auto begun = Clock::now();
    modifier.replace(entries[static_cast<std::size_t>(i) % entries.size()], "telephoneNumber", value);
    REQUIRE(tail.await(value));
    all.push_back(seconds_since(begun) * 1000);
  }
  return Latency(std::move(all));
}

}  // namespace muster::test
