// What elements upstream have in common: how a server is spoken to.
#include "mapping/directory_url.h"
#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"

namespace muster {

using namespace std::chrono_literals;

std::string read_http_url(const Element& element, std::string_view attribute) {
  std::string url = element.text(attribute);
  if (url.empty()) return url;
  if (const auto fault = fault_of_http_url(url)) element.wrong_in(attribute, fault->what, fault->hint, fault->offset);
  while (url.ends_with('/')) url.pop_back();
  return url;
}

namespace {

void read_oauth(const Element& element, HttpSettings& s) {
  s.token_url = read_http_url(element, "token-url");
  s.client_id = element.text("client-id");
  s.scope = element.text("scope");
  if (s.token_url.empty()) {
    for (const char* attribute : {"client-id", "scope"}) {
      if (element.has(attribute))
        element.wrong_at(attribute, "'" + std::string(attribute) + "' has no meaning without 'token-url'",
                         "add the address that gives tokens (OAuth 2.0), or remove it");
    }
    return;
  }
  if (s.client_id.empty())
    element.lacks("'token-url' stands without 'client-id'", "add the name by which the token server knows muster");
  if (s.secret.empty()) element.lacks("'token-url' stands without 'secret'", "add the name of the client's secret");
}

void read_proxy(const Element& element, HttpSettings& s) {
  s.proxy = element.text("proxy");
  s.proxy_user = element.text("proxy-user");
  s.proxy_secret = element.text("proxy-secret");
  if (!s.proxy.empty()) {
    if (const auto fault = fault_of_proxy_url(s.proxy)) element.wrong_in("proxy", fault->what, fault->hint, fault->offset);
  }
  if (s.proxy_user.empty() != s.proxy_secret.empty())
    element.lacks("'proxy-user' and 'proxy-secret' belong together", "write both, or neither");
  if (s.proxy.empty() && !s.proxy_user.empty()) element.wrong_at("proxy-user", "'proxy-user' has no meaning without 'proxy'");
}

}  // namespace

HttpSettings read_http(const Element& element, std::string_view url) {
  HttpSettings s;
  s.url = read_http_url(element, url);
  s.secret = element.text("secret");
  read_oauth(element, s);
  s.tls_ca = read_existing_path(element, "ca");
  s.tls_cert = read_existing_path(element, "cert");
  s.tls_key = read_existing_path(element, "key");
  if (s.tls_cert.empty() != s.tls_key.empty())
    element.wrong_at(s.tls_key.empty() ? "cert" : "key", "a client certificate and its key belong together",
                     "write both, or neither");
  read_proxy(element, s);
  s.connect_timeout = read_wait(element, "connect-timeout", {s.connect_timeout, 100ms, 10min});
  s.timeout = read_wait(element, "timeout", {s.timeout, 100ms, 1h});
  return s;
}

}  // namespace muster
