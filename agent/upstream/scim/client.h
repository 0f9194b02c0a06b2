// A SCIM 2.0 service provider (RFC 7644), spoken to as it says that it wants to be.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/upstream/http/client.h"
#include "agent/upstream/scim/resource.h"

namespace muster::scim {

/// What /ServiceProviderConfig, /ResourceTypes and /Schemas say (RFC 7643 sections 5 to 7). Before they were asked, and where a
/// server has none of them: what every server must do.
struct Provider {
  bool has_patch = false, has_filter = false, has_etag = false, has_bulk = false;
  bool by_cursor = false;           ///< RFC 9865
  std::size_t bulk_operations = 0;  ///< most in one request
  std::size_t bulk_bytes = 0;       ///< the same, of its body
  std::size_t page = 100;           ///< resources that are asked for at once
  std::string users = "/Users", groups = "/Groups";
  Schema schema = Schema::standard_user();
  bool knows_schema = false;  ///< `schema` is the server's own
  /// "PATCH, bulk of 1000, filter, ETag": for `muster check`.
  std::string summary() const;
};

/// What came of one operation on one resource.
struct Outcome {
  enum class Kind {
    done,
    missing,  ///< 404: there is no such resource
    taken,    ///< 409: another one has what must be unique
    changed,  ///< 412: it was changed since it was read
    refused   ///< this resource alone is not accepted, however often it is sent
  } kind = Kind::done;
  std::string id;
  json resource;
  std::string why;  ///< of all but done: what the server said
  bool done() const { return kind == Kind::done; }
};

/// Errors concern everybody: unreachable (also 429 and 5xx, after waiting and trying again), refused (401, 403: the token), config.
/// Used by one thread.
class Client {
 public:
  explicit Client(HttpClient http) : http_(std::move(http)) {}

  /// Asks once; later calls give what was found. forget() makes the next one ask again.
  Result<const Provider*> discover(std::stop_token stop = {});
  void forget() { known_ = false; }

  Result<Outcome> create(const std::string& path, const json& resource, std::stop_token stop);
  /// Many, by bulk or several at once; the outcomes are in the order of the resources, each as text_of() makes it. After an Error
  /// any of them may exist.
  Result<std::vector<Outcome>> create_all(const std::string& path, std::span<const std::string> resources, std::stop_token stop);
  /// `query`: "?excludedAttributes=members", or empty.
  Result<Outcome> read(const std::string& path, const std::string& id, const std::string& query, std::stop_token stop);
  /// Makes `wanted` of `current`, as it was read: by PATCH of what differs, or PUT where the server has no PATCH. Nothing is sent
  /// where nothing differs.
  Result<Outcome> change(const std::string& path, const json& current, const json& wanted, std::stop_token stop);
  Result<Outcome> patch(const std::string& path, const std::string& id, json operations, std::stop_token stop);
  Result<Outcome> replace(const std::string& path, const json& resource, std::stop_token stop);
  Result<Outcome> remove(const std::string& path, const std::string& id, std::stop_token stop);
  /// The resources whose `attribute` is `value`; at most two.
  Result<std::vector<json>> find(const std::string& path, const std::string& attribute, const std::string& value,
                                 std::stop_token stop);
  /// How many there are.
  Result<std::size_t> count(const std::string& path, std::stop_token stop);
  /// All of them, page by page. `each` may change what it was shown, but neither add nor remove.
  Status list(const std::string& path, const std::string& query, const std::function<Status(const json&)>& each,
              std::stop_token stop);

 private:
  Result<HttpResponse> send(HttpRequest request, std::stop_token stop);
  Result<Outcome> call(HttpRequest request, std::stop_token stop);
  Result<Outcome> outcome_of(const HttpRequest& request, const HttpResponse& response) const;
  Result<Outcome> outcome_in(const json& result, const HttpRequest& request) const;
  Result<std::vector<Outcome>> create_in_bulk(const std::string& path, std::span<const std::string> resources,
                                              std::stop_token stop);
  Result<std::vector<Outcome>> create_side_by_side(const std::string& path, std::span<const std::string> resources,
                                                   std::stop_token stop);
  Status read_config(std::stop_token stop);
  Status read_types(std::stop_token stop);
  Result<json> get(const std::string& url, std::stop_token stop);
  std::string said(const HttpResponse& response) const;

  HttpClient http_;
  Provider provider_;
  bool known_ = false;
};

/// As it is sent; what is no UTF-8 is replaced.
std::string text_of(const json& resource);
/// A resource's id in a URL (RFC 3986 section 2.1).
std::string url_encoded(std::string_view text);

}  // namespace muster::scim
