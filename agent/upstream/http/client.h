// HTTP to a server upstream: TLS that is checked, tokens, a proxy, time-outs everywhere. Nothing of it knows what is sent.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "mapping/settings.h"
#include "schema/ids.h"
#include "schema/result.h"

namespace muster {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< absolute, or what follows HttpSettings::url: "/Users?count=1"
  std::string body = {};
  std::string content_type = {};                                  ///< of the body
  std::string accept = {};                                        ///< empty: not said
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< further ones
  std::optional<std::chrono::milliseconds> timeout = {};          ///< instead of the settings', for long polls
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case; of a repeated one the last
  std::string body;
  std::optional<std::chrono::seconds> retry_after;  ///< seconds and dates alike (RFC 9110 section 10.2.3)
  bool good() const { return status >= 200 && status < 300; }
  /// Empty: it was not sent. `name` in lower case.
  std::string header(const std::string& name) const;
};

/// One server, as its settings say. Used by one thread at a time; connections are kept and used again.
///
/// Any answer is a HttpResponse, whatever its status; redirects are answers, too, for a token belongs to one server. An Error is
///   unreachable  no complete answer: no connection, no trust in its certificate, time over, a body that was cut off
///   refused      OAuth: the token server does not give a token
///   config       a secret, certificate or key of ours cannot be read or used
///   untrusted    an answer larger than kLargestAnswer
///   cancelled    asked to stop
/// The token is sent with every request and read, or fetched, anew when the server answers 401: then the request is sent once more.
/// Neither secrets nor the query of a URL stand in an Error.
class HttpClient {
 public:
  static constexpr std::size_t kLargestAnswer = 64 * 1024 * 1024;  ///< bytes
  static constexpr std::size_t kAtOnce = 8;                        ///< requests of send_all() that are under way together

  /// Secrets are looked for by read_secret(): `folder` is that of muster.xml. Nothing is read or connected yet.
  HttpClient(HttpSettings settings, std::string folder);
  HttpClient(HttpClient&&) noexcept;
  ~HttpClient();

  Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop = {});
  /// Several at once. The answers are in the order of the requests, which says nothing about who came first.
  std::vector<Result<HttpResponse>> send_all(std::span<const HttpRequest> requests, std::stop_token stop = {});
  /// Requests that depend on the answers before them.
  struct Flow {
    /// The request to be sent now. None: nothing before the next answer, or, when nothing is under way, nothing more.
    std::function<std::optional<HttpRequest>()> next;
    /// Called once for each of them, `nth` of all from 0, in the order of the answers.
    std::function<void(std::size_t nth, Result<HttpResponse> answer)> done;
    std::size_t at_once = kAtOnce;  ///< requests that are under way together
  };
  /// As send_all(), but a 401 is an answer like others: renew() says whether it is worth being asked again. An Error: no token.
  Status send_flow(const Flow& flow, std::stop_token stop = {});
  /// Reads or fetches the token anew. False: it is the same as before, or there is none.
  Result<bool> renew(std::stop_token stop = {});

  /// "POST https://idp.example/scim/v2/Users": for sentences; without query.
  std::string describe(const HttpRequest& request) const;
  /// What a server said, made fit for logs: one line, shortened, without the secrets of this client.
  std::string quote(const std::string& answer) const;
  const HttpSettings& settings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster
