// Private to service/windows: what Windows knows the service by.
#pragma once

namespace muster {

inline constexpr const wchar_t* kServiceName = L"muster";
/// A virtual account: it has no password, and Windows makes it with the service.
inline constexpr const wchar_t* kServiceAccount = L"NT SERVICE\\muster";

}  // namespace muster
