#include "agent/upstream/http/oauth.h"

#include <nlohmann/json.hpp>

#include "schema/ascii.h"
#include "schema/dn.h"

namespace muster {

std::string form_encoded(const std::string& text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '*')
      out += c;
    else if (c == ' ')
      out += '+';
    else
      out.append({'%', kHex[byte >> 4U], kHex[byte & 15U]});
  }
  return out;
}

HttpRequest token_request(const HttpSettings& settings) {
  HttpRequest request;
  request.method = "POST";
  request.url = settings.token_url;
  request.content_type = "application/x-www-form-urlencoded";
  request.accept = "application/json";
  request.body = "grant_type=client_credentials";
  if (!settings.scope.empty()) request.body += "&scope=" + form_encoded(settings.scope);
  return request;
}

Result<AccessToken> read_token(const HttpResponse& response, const std::string& token_url) {
  const std::string where = token_url + " gives no token: ";
  const auto answer = nlohmann::json::parse(response.body, nullptr, false);
  const auto text = [&](const char* name) {
    const auto at = answer.is_object() ? answer.find(name) : answer.end();
    return at != answer.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  if (response.status >= 500 || response.status == 429)
    return Error{Errc::unreachable, where + "it answers " + std::to_string(response.status), ""};
  if (!response.good()) {
    std::string why = "it answers " + std::to_string(response.status);
    if (!text("error").empty()) why += ", " + text("error");
    if (!text("error_description").empty()) why += ": " + text("error_description");
    return Error{Errc::refused, where + why, "client-id=, scope= and the secret must be those that it knows"};
  }
  AccessToken token{text("access_token"), {}};
  if (token.value.empty() || token.value.find_first_of("\r\n") != std::string::npos)
    return Error{Errc::refused, where + "its answer holds none", "token-url= must name the token endpoint (RFC 6749 section 3.2)"};
  if (const std::string type = to_lower(text("token_type")); !type.empty() && type != "bearer")
    return Error{Errc::refused, where + "its tokens are of the type '" + type + "'",
                 "only bearer tokens are understood (RFC 6750)"};
  if (const auto at = answer.find("expires_in"); at != answer.end() && at->is_number())
    token.lifetime = std::chrono::seconds(at->get<std::int64_t>());
  return token;
}

}  // namespace muster
