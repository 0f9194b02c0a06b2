// What `muster check` finds.
#pragma once

#include <vector>

#include "agent/probe.h"

namespace muster {

/// Reads the feed, asks every upstream and the directory. Changes nothing but that it binds the rules to the server's schema.
std::vector<Finding> find_all(Config& config, RightsReport* rights);
/// "ok", "warning", "FAILED"
const char* word_of(Finding::Level level);

}  // namespace muster
