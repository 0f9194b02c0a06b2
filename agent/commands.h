// What upstream orders by security event tokens (docs/events.md), on its way into the store.
#pragma once

#include <string>
#include <vector>

#include "agent/context.h"
#include "agent/jose/verify.h"
#include "mapping/settings.h"
#include "schema/calendar.h"

namespace muster {

/// A token as it was delivered (RFC 8936 section 2.3), and what verify_set() says of it.
struct ReceivedSet {
  std::string jti;
  std::string digest;  ///< SHA-256 of the token, hex
  CheckedSet checked;
};
/// What its transmitter is told: an acknowledgement, or setErrs (RFC 8936 section 2.4).
struct SetAnswer {
  std::string jti;
  std::string err, description;  ///< empty `err`: taken for good
  bool is_news = true;           ///< false: it was answered before, and this is the same answer
};

/// Notes what became of each token, and takes over what those order who are believed, older ones first; all in one transaction. A
/// token that was answered before gets the same answer and has no second effect. Nothing is written to the directory here: settle()
/// does that, by the rules and limits that hold for a feed. Engine thread only; throws what the store throws.
std::vector<SetAnswer> take_commands(Context& context, const UpstreamSettings::Events::Trust& trust,
                                     const std::vector<ReceivedSet>& sets, Instant now);

}  // namespace muster
