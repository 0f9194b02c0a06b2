// For the few cases that are about what only Linux has.
#pragma once

#include <string>

namespace muster::test {

/// TEST_CASE("..." * doctest::skip(kOnWindows))
#ifdef _WIN32
inline constexpr bool kOnWindows = true;
#else
inline constexpr bool kOnWindows = false;
#endif

/// A sentence as it is on Linux: /etc/muster/x for Z:\etc\muster\x.
inline std::string with_linux_paths(std::string text) {
  if (!kOnWindows) return text;
  for (auto at = text.find(":\\"); at != std::string::npos && at > 0; at = text.find(":\\")) text.erase(at - 1, 2);
  for (char& c : text)
    if (c == '\\') c = '/';
  return text;
}

}  // namespace muster::test
