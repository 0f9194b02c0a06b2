// One request under way in libcurl. Private to this folder.
#pragma once

#include <array>
#include <string>

#include "agent/upstream/http/client.h"
#include "agent/upstream/http/curl.h"

namespace muster::curl {

/// What proves who we are. Values, so kept no longer than the client.
struct Credentials {
  std::string bearer;          ///< empty: none
  std::string user, password;  ///< Basic; both empty: none
  std::string proxy_password;
};

/// Stays where it is: libcurl has its address. Ends with its multi handle's hold on it, in whatever order.
class Transfer {
 public:
  Transfer(CURLM* multi, const HttpRequest& request, const HttpSettings& settings, const Credentials& credentials);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() const { return easy_.get(); }
  /// Once libcurl is done with it.
  Result<HttpResponse> finish(CURLcode code);

 private:
  void ask(const HttpRequest& request, const HttpSettings& settings);
  void secure(const HttpSettings& settings);
  void prove(const HttpSettings& settings, const Credentials& credentials);
  void add_header(const std::string& line);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);

  CURLM* multi_;
  Easy easy_;
  List lines_;
  std::string body_, what_;  ///< sent; "POST https://..."
  std::array<char, CURL_ERROR_SIZE> complaint_{};
  HttpResponse response_;
  bool too_large_ = false;
};

/// "POST https://idp.example/scim/v2/Users", without query and without a name before the host.
std::string describe(const std::string& method, const std::string& url);

}  // namespace muster::curl
