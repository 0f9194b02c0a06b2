// OAuth 2.0 client credentials (RFC 6749 section 4.4): what is asked of a token server, and what it answers. Pure.
#pragma once

#include <chrono>
#include <string>

#include "agent/upstream/http/client.h"

namespace muster {

struct AccessToken {
  std::string value;
  std::chrono::seconds lifetime{};  ///< 0: the server does not say (section 5.1)
};

/// The request for a token. The client proves itself by HTTP Basic, which every server must know (section 2.3.1): see basic().
HttpRequest token_request(const HttpSettings& settings);
/// A name or password as it stands in the Basic header: encoded as in forms first (section 2.3.1, appendix B).
std::string form_encoded(const std::string& text);
/// Errc::refused with the server's reason, which holds no secret of ours: `error` and `error_description` alone are quoted.
Result<AccessToken> read_token(const HttpResponse& response, const std::string& token_url);

}  // namespace muster
