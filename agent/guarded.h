// The edge of agent/: what a broken state file throws becomes an Error.
#pragma once

#include <exception>
#include <nlohmann/json.hpp>

#include "agent/store/failure.h"
#include "schema/result.h"

namespace muster {

template <class F>
auto guarded(F&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const StoreFailure& failure) { return failure.error(); } catch (const nlohmann::json::exception& e) {
    return Error{Errc::corrupt, std::string("the state database holds a damaged record: ") + e.what(),
                 "restore it from a backup, or move it away and run muster resync"};
  } catch (const std::bad_alloc&) { return Error{Errc::io, "out of memory", ""}; }
}

}  // namespace muster
