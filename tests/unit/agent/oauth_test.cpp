#include "agent/upstream/http/oauth.h"

#include <doctest/doctest.h>

using namespace muster;

TEST_CASE("OAuth: what is asked of a token server") {
  HttpSettings settings;
  settings.token_url = "https://idp.example/token";
  settings.scope = "scim write/all";
  const HttpRequest request = token_request(settings);
  CHECK(request.method == "POST");
  CHECK(request.url == settings.token_url);
  CHECK(request.content_type == "application/x-www-form-urlencoded");
  CHECK(request.body == "grant_type=client_credentials&scope=scim+write%2Fall");
  CHECK(form_encoded("pass word&\xc3\xab") == "pass+word%26%C3%AB");
}

TEST_CASE("OAuth: what a token server's answer means") {
  struct Row {
    int status;
    const char* body;
    const char* token;
    int lifetime;
    Errc code;
  };
  const Row rows[] = {
      {200, R"({"access_token":"abc","token_type":"Bearer","expires_in":3600})", "abc", 3600, {}},
      {200, R"({"access_token":"abc"})", "abc", 0, {}},
      {200, R"({"access_token":"abc","token_type":"mac"})", "", 0, Errc::refused},
      {200, R"({"access_token":"a\r\nX: y"})", "", 0, Errc::refused},
      {200, R"({"access_token":7})", "", 0, Errc::refused},
      {200, "<html>", "", 0, Errc::refused},
      {200, "", "", 0, Errc::refused},
      {400, R"({"error":"invalid_scope","error_description":"no such scope"})", "", 0, Errc::refused},
      {401, "[]", "", 0, Errc::refused},
      {429, "{}", "", 0, Errc::unreachable},
      {503, "down", "", 0, Errc::unreachable},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    HttpResponse response;
    response.status = row.status;
    response.body = row.body;
    const auto token = read_token(response, "https://idp.example/token");
    REQUIRE(static_cast<bool>(token) == (*row.token != '\0'));
    if (token) {
      CHECK(token->value == row.token);
      CHECK(token->lifetime.count() == row.lifetime);
    } else {
      CHECK(token.error().code == row.code);
      CHECK(token.error().what.find("https://idp.example/token") == 0);
    }
  }
  HttpResponse scope;
  scope.status = 400;
  scope.body = rows[7].body;
  CHECK(read_token(scope, "u").error().what.find("invalid_scope: no such scope") != std::string::npos);
}
