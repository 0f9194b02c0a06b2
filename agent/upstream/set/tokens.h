// What an event is in security event tokens (RFC 8417): the SCIM events of RFC 9967, RISC 1.0 and CAEP 1.0. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mapping/settings.h"
#include "schema/calendar.h"

namespace muster {

/// One token before it is signed.
struct SetToken {
  std::string jti;
  std::string subject;  ///< whom it is about; tokens of one subject must arrive in their order
  std::string claims;   ///< JSON
};

/// The tokens of one line of docs/events.md, each with one event (CAEP Interoperability Profile 1.0 section 2.3): none, where
/// nobody upstream has to hear of it. The same event gives the same tokens: a SCIM event's jti is the event's id,
/// those of others have ".risc" and ".caep" behind it. Neither `sub` nor `exp` is said (SSF 1.0), `sub_id` (RFC 9493) always.
std::vector<SetToken> tokens_of(const nlohmann::json& event, const UpstreamSettings::Events& settings);

/// A verification event (SSF 1.0 section 8.1.4), by which both ends see that tokens arrive.
SetToken verification_token(const UpstreamSettings::Events& settings, const std::string& state, Instant at);

/// True of the kinds of events that never make a token.
bool is_without_token(const std::string& kind);

}  // namespace muster
