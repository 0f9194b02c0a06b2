// A change of muster's own that travels the whole way, so that peace and a dead watch do not look alike.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "agent/engine.h"
#include "agent/live_status.h"

namespace muster {

/// <health><probe>: writes a new value into an entry of its own, waits until the watch reports it, and then says so upstream by an
/// event, which each upstream acknowledges like every other. Nothing is done without <probe>, and nothing is written into an entry
/// that is somebody's or protected. Engine thread only.
class EndToEndProbe {
 public:
  using Clock = std::chrono::steady_clock;
  EndToEndProbe(Engine& engine, LiveStatus& live) : engine_(engine), live_(live) {}

  /// Writes when it is time to. Errc::unreachable: the connection was lost; every other failure is only told in the status.
  Status write_if_due();
  /// A batch of this stream was taken from its watch. True: it brought what was written.
  Result<bool> look(const Stream& from);
  /// The watch did not report what was written within <health directory-silent>: it may have died without a word. True once for
  /// each probe.
  bool is_lost();
  /// The stream in which it is to arrive; none: it is not declared.
  const Stream* stream() const;
  /// The configuration is another one.
  void start_anew();
  Clock::time_point due() const { return due_; }

 private:
  /// Errc::refused: it must not be written, or is not there.
  Result<EntryId> target(const Dn& dn);
  Status write(const ProbeSettings& settings);
  Status failed(const ProbeSettings& settings, const Error& why);
  void owe(const std::string& error);
  void arrived(Instant now);

  Engine& engine_;
  LiveStatus& live_;
  Clock::time_point due_{};
  std::string value_;  ///< what was written and not seen yet; empty: nothing
  bool is_told_lost_ = false;
  Instant written_{};
  std::optional<Instant> owed_since_;  ///< since when no probe came through
};

}  // namespace muster
