// Named points at which the fault tests kill the process; empty in releases.
#pragma once

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

namespace muster {

/// Ends the process like SIGKILL when MUSTER_CRASH_AT is "NAME" or "NAME:COUNT" (the COUNT-th time this point is passed).
/// Only the engine's thread calls it.
inline void crash_point([[maybe_unused]] std::string_view name) {
#ifdef MUSTER_CRASH_POINTS
  static const char* const at = std::getenv("MUSTER_CRASH_AT");
  if (!at) return;
  static const std::string_view wanted(at);
  static const auto colon = wanted.find(':');
  if (wanted.substr(0, colon) != name) return;
  static int left = colon == std::string_view::npos ? 1 : std::atoi(at + colon + 1);
  if (--left != 0) return;
#ifdef SIGKILL
  std::raise(SIGKILL);
#else
  std::_Exit(137);
#endif
#endif
}

}  // namespace muster
