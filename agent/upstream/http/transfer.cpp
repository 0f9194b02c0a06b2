#include "agent/upstream/http/transfer.h"

#include <algorithm>

#include "schema/dn.h"

namespace muster::curl {

namespace {

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

long milliseconds_of(std::chrono::milliseconds time) { return static_cast<long>(time.count()); }

/// Why there is no answer, as the settings' reader understands it.
Error failure(CURLcode code, const std::string& what, std::string why) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return {Errc::unreachable, what + ": the server's certificate is not trusted: " + why,
              "ca= names the authority that signed it; the certificate must name the host"};
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
      return {Errc::config, what + ": " + why, "ca, cert and key must be in PEM form, and the key must fit the certificate"};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return {Errc::config, what + ": " + why, "write https://host/path"};
    case CURLE_OPERATION_TIMEDOUT: return {Errc::unreachable, what + ": no answer in time: " + why, ""};
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR: return {Errc::unreachable, what + ": the answer was cut off: " + why, ""};
    case CURLE_COULDNT_RESOLVE_PROXY: return {Errc::unreachable, what + ": " + why, "proxy= names it"};
    case CURLE_OUT_OF_MEMORY: return {Errc::io, what + ": out of memory", ""};
    default: return {Errc::unreachable, what + ": " + why, ""};
  }
}

}  // namespace

std::string describe(const std::string& method, const std::string& url) {
  std::string place = url.substr(0, url.find_first_of("?#"));
  const auto scheme = place.find("://");
  if (scheme != std::string::npos) {
    const auto host = scheme + 3;
    const auto at = place.substr(0, place.find('/', host)).rfind('@');
    if (at != std::string::npos) place.erase(host, at + 1 - host);
  }
  return method + " " + place;
}

Transfer::Transfer(CURLM* multi, const HttpRequest& request, const HttpSettings& settings, const Credentials& credentials)
    : multi_(multi), easy_(curl_easy_init()), body_(request.body), what_(describe(request.method, request.url)) {
  if (!easy_) return;
  ask(request, settings);
  secure(settings);
  prove(settings, credentials);
  curl_easy_setopt(easy(), CURLOPT_HTTPHEADER, lines_.get());
}

Transfer::~Transfer() {
  if (easy_) curl_multi_remove_handle(multi_, easy());
}

void Transfer::add_header(const std::string& line) {
  // On failure libcurl leaves the list as it was.
  if (curl_slist* longer = curl_slist_append(lines_.get(), line.c_str())) {
    static_cast<void>(lines_.release());
    lines_.reset(longer);
  }
}

void Transfer::ask(const HttpRequest& request, const HttpSettings& settings) {
  curl_easy_setopt(easy(), CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy(), CURLOPT_ERRORBUFFER, complaint_.data());
  curl_easy_setopt(easy(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy(), CURLOPT_USERAGENT, "muster");
  curl_easy_setopt(easy(), CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy(), CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  curl_easy_setopt(easy(), CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy(), CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  curl_easy_setopt(easy(), CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy(), CURLOPT_CONNECTTIMEOUT_MS, milliseconds_of(settings.connect_timeout));
  curl_easy_setopt(easy(), CURLOPT_TIMEOUT_MS, milliseconds_of(request.timeout.value_or(settings.timeout)));
  const bool has_body = !body_.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (has_body) {
    curl_easy_setopt(easy(), CURLOPT_POST, 1L);
    curl_easy_setopt(easy(), CURLOPT_POSTFIELDS, body_.data());
    curl_easy_setopt(easy(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
    add_header("Content-Type:" + (request.content_type.empty() ? "" : " " + request.content_type));
    add_header("Expect:");  // waits a second for servers that never answer it
  }
  curl_easy_setopt(easy(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "HEAD") curl_easy_setopt(easy(), CURLOPT_NOBODY, 1L);
  if (!request.accept.empty()) add_header("Accept: " + request.accept);
  for (const auto& [name, value] : request.headers) add_header(name + ": " + value);
}

void Transfer::secure(const HttpSettings& settings) {
  curl_easy_setopt(easy(), CURLOPT_PROTOCOLS_STR, "https,http");  // the loader lets http:// pass to this machine only
  curl_easy_setopt(easy(), CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy(), CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy(), CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy(), CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!settings.tls_ca.empty()) {
    curl_easy_setopt(easy(), CURLOPT_CAINFO, settings.tls_ca.c_str());
    curl_easy_setopt(easy(), CURLOPT_CAPATH, nullptr);  // this authority alone
    curl_easy_setopt(easy(), CURLOPT_PROXY_CAINFO, settings.tls_ca.c_str());
  }
  if (!settings.tls_cert.empty()) curl_easy_setopt(easy(), CURLOPT_SSLCERT, settings.tls_cert.c_str());
  if (!settings.tls_key.empty()) curl_easy_setopt(easy(), CURLOPT_SSLKEY, settings.tls_key.c_str());
  // Empty: also none that the environment names.
  curl_easy_setopt(easy(), CURLOPT_PROXY, settings.proxy.c_str());
  curl_easy_setopt(easy(), CURLOPT_NOPROXY, "");
}

void Transfer::prove(const HttpSettings& settings, const Credentials& credentials) {
  if (!settings.proxy.empty()) {
    // Otherwise the proxy's headers would come in front of the server's, and ours would be shown to it.
    curl_easy_setopt(easy(), CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy(), CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  }
  if (!settings.proxy.empty() && !settings.proxy_user.empty()) {
    curl_easy_setopt(easy(), CURLOPT_PROXYUSERNAME, settings.proxy_user.c_str());
    curl_easy_setopt(easy(), CURLOPT_PROXYPASSWORD, credentials.proxy_password.c_str());
  }
  if (!credentials.bearer.empty()) add_header("Authorization: Bearer " + credentials.bearer);
  if (credentials.user.empty()) return;
  curl_easy_setopt(easy(), CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  curl_easy_setopt(easy(), CURLOPT_USERNAME, credentials.user.c_str());
  curl_easy_setopt(easy(), CURLOPT_PASSWORD, credentials.password.c_str());
}

std::size_t Transfer::take_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  transfer.too_large_ = transfer.response_.body.size() + bytes > HttpClient::kLargestAnswer;
  if (transfer.too_large_) return 0;
  transfer.response_.body.append(data, bytes);
  return bytes;
}

std::size_t Transfer::take_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& headers = static_cast<Transfer*>(self)->response_.headers;
  const std::string_view line(data, size * count);
  // Of an interim answer (100 Continue) nothing stays.
  if (line.starts_with("HTTP/")) headers.clear();
  if (const auto colon = line.find(':'); colon != std::string_view::npos)
    headers[to_lower(trimmed(line.substr(0, colon)))] = trimmed(line.substr(colon + 1));
  return line.size();
}

Result<HttpResponse> Transfer::finish(CURLcode code) {
  if (too_large_)
    return Error{Errc::untrusted,
                 what_ + ": the answer is larger than " + std::to_string(HttpClient::kLargestAnswer / 1024 / 1024) + " MiB", ""};
  if (code != CURLE_OK) return failure(code, what_, complaint_[0] ? complaint_.data() : curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(easy(), CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && response_.headers.contains("retry-after"))
    response_.retry_after = std::chrono::seconds(std::max<curl_off_t>(seconds, 0));
  return std::move(response_);
}

}  // namespace muster::curl
