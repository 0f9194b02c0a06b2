// When the service compares everything by itself.
#pragma once

#include "mapping/settings.h"
#include "schema/calendar.h"

namespace muster {

/// The instant at which the next comparison is due. One that has come and was missed lies not after `now`. `last`: when the last
/// one that ended well began, or since when there is a schedule. An hour of the day is of the machine's time zone; where clocks
/// leave it out, it is an hour later. Only for settings that are declared().
Instant next_resync(const ResyncSettings& settings, Instant last, Instant now);

}  // namespace muster
