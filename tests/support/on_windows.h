// For the few cases that are about what only Linux has: * doctest::skip(kOnWindows).
#pragma once

namespace muster::test {

#ifdef _WIN32
inline constexpr bool kOnWindows = true;
#else
inline constexpr bool kOnWindows = false;
#endif

}  // namespace muster::test
