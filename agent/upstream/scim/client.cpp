#include "agent/upstream/scim/client.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "schema/ascii.h"
#include "schema/dn.h"

namespace muster::scim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr const char* kScim = "application/scim+json";
constexpr int kTries = 4;
/// Longer waits are the caller's: other work may be more urgent by then.
constexpr seconds kLongestWait{30};

/// False: stopped.
bool pause(milliseconds time, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any bell;
  std::unique_lock lock(mutex);
  bell.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
  return !stop.stop_requested();
}

bool passes(int status) { return status == 429 || status >= 500; }

std::string text_of(const json& object, const char* name) {
  const auto at = object.is_object() ? object.find(name) : object.end();
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

bool is_true(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && *at == json(true);
}

bool is_supported(const json& config, const char* what) {
  const auto at = config.find(what);
  return at != config.end() && is_true(*at, "supported");
}

std::size_t number_of(const json& object, const char* name, std::size_t otherwise) {
  const auto at = object.find(name);
  return at != object.end() && at->is_number_unsigned() ? at->get<std::size_t>() : otherwise;
}

std::string last_part(const std::string& url) {
  const auto slash = url.rfind('/');
  return slash == std::string::npos ? "" : url.substr(slash + 1);
}

std::string version_of(const json& resource) {
  const auto meta = resource.find("meta");
  return meta == resource.end() ? "" : text_of(*meta, "version");
}

}  // namespace

std::string text_of(const json& resource) { return resource.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string url_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~')
      out += c;
    else
      out.append({'%', kHex[byte >> 4U], kHex[byte & 15U]});
  }
  return out;
}

std::string Provider::summary() const {
  std::string text = has_patch ? "PATCH" : "PUT";
  if (has_bulk) text += ", bulk of " + std::to_string(bulk_operations);
  if (has_filter) text += ", filter";
  if (has_etag) text += ", ETag";
  if (by_cursor) text += ", pages by cursor";
  return text;
}

/// The server's own words, which RFC 7644 section 3.12 gives a form.
std::string Client::said(const HttpResponse& response) const {
  const json answer = json::parse(response.body, nullptr, false);
  std::string detail = text_of(answer, "detail");
  if (detail.empty()) detail = response.body;
  const std::string type = text_of(answer, "scimType");
  std::string text = std::to_string(response.status);
  if (!type.empty()) text += " " + http_.quote(type);
  if (!detail.empty()) text += ": " + http_.quote(detail);
  return text;
}

/// Waits and tries again where that may help and cannot do a thing twice: a POST is sent once, unless the server did not look at
/// it.
Result<HttpResponse> Client::send(HttpRequest request, std::stop_token stop) {
  request.accept = kScim;
  if (!request.body.empty()) request.content_type = kScim;
  const bool repeatable = request.method != "POST";
  for (int attempt = 1;; ++attempt) {
    auto response = http_.send(request, stop);
    const bool waits = response && (response->status == 429 || response->status == 503);
    const bool failed = response ? passes(response->status) : response.error().code == Errc::unreachable;
    if (!failed || attempt == kTries || (!repeatable && !waits)) return response;
    milliseconds wait = milliseconds(100) * (1 << attempt);
    if (response && response->retry_after) wait = std::max<milliseconds>(*response->retry_after, wait);
    if (wait > kLongestWait) return response;
    if (!pause(wait, stop)) return Error{Errc::cancelled, http_.describe(request) + ": stopped", ""};
  }
}

Result<Outcome> Client::outcome_of(const HttpRequest& request, const HttpResponse& response) const {
  Outcome outcome;
  const std::string what = http_.describe(request);
  if (response.good()) {
    outcome.resource = response.body.empty() ? json() : json::parse(response.body, nullptr, false);
    if (outcome.resource.is_discarded())
      return Error{Errc::unreachable, what + ": the answer is no JSON: " + http_.quote(response.body), ""};
    outcome.id = text_of(outcome.resource, "id");
    return outcome;
  }
  outcome.why = said(response);
  switch (response.status) {
    case 404: outcome.kind = Outcome::Kind::missing; return outcome;
    case 409: outcome.kind = Outcome::Kind::taken; return outcome;
    case 412: outcome.kind = Outcome::Kind::changed; return outcome;
    case 400:
    case 413:
    case 422: outcome.kind = Outcome::Kind::refused; return outcome;
    case 401:
    case 403: return Error{Errc::refused, what + ": " + outcome.why, "the token must be one that the server accepts for this"};
    default: break;
  }
  if (passes(response.status)) return Error{Errc::unreachable, what + ": " + outcome.why, ""};
  return Error{Errc::refused, what + ": " + outcome.why, "url= must be the base URL of a SCIM 2.0 service"};
}

Result<Outcome> Client::call(HttpRequest request, std::stop_token stop) {
  auto response = send(request, std::move(stop));
  if (!response) return std::move(response).error();
  return outcome_of(request, *response);
}

Result<json> Client::get(const std::string& url, std::stop_token stop) {
  auto outcome = call({.url = url}, std::move(stop));
  if (!outcome) return std::move(outcome).error();
  if (outcome->done()) return std::move(outcome->resource);
  return Error{outcome->kind == Outcome::Kind::missing ? Errc::not_found : Errc::refused,
               http_.describe({.url = url}) + ": " + outcome->why, ""};
}

Status Client::read_config(std::stop_token stop) {
  auto config = get("/ServiceProviderConfig", stop);
  if (!config && config.error().code != Errc::not_found) return std::move(config).error();
  if (!config || !config->is_object())
    return Error{Errc::config, http_.settings().url + " has no /ServiceProviderConfig (RFC 7644 section 4)",
                 "url= must be the base URL of a SCIM 2.0 service, such as https://idp.example/scim/v2"};
  provider_.has_patch = is_supported(*config, "patch");
  provider_.has_filter = is_supported(*config, "filter");
  provider_.has_etag = is_supported(*config, "etag");
  if (is_supported(*config, "filter"))
    provider_.page = std::clamp<std::size_t>(number_of((*config)["filter"], "maxResults", 100), 1, 500);
  if (is_supported(*config, "bulk")) {
    provider_.bulk_operations = std::min<std::size_t>(number_of((*config)["bulk"], "maxOperations", 0), 500);
    provider_.bulk_bytes = number_of((*config)["bulk"], "maxPayloadSize", 1048576);
    provider_.has_bulk = provider_.bulk_operations > 1 && provider_.bulk_bytes >= 4096;
  }
  if (const auto pages = config->find("pagination"); pages != config->end()) provider_.by_cursor = is_true(*pages, "cursor");
  return ok();
}

/// Servers without these two are spoken to as RFC 7643 describes users.
Status Client::read_types(std::stop_token stop) {
  std::vector<json> schemas;
  const auto resources = [&](const char* path, const std::function<void(const json&)>& each) -> Status {
    auto found = get(path, stop);
    if (!found && (found.error().code == Errc::not_found || found.error().code == Errc::refused)) return ok();
    if (!found) return std::move(found).error();
    const json& list = found->is_object() && found->contains("Resources") ? (*found)["Resources"] : *found;
    if (list.is_array()) std::for_each(list.begin(), list.end(), each);
    return ok();
  };
  MUSTER_TRY(resources("/ResourceTypes", [&](const json& type) {
    const std::string schema = to_lower(text_of(type, "schema")), endpoint = text_of(type, "endpoint");
    if (!endpoint.starts_with('/')) return;
    if (schema == to_lower(kScimUser)) provider_.users = endpoint;
    if (schema == to_lower(kScimGroup)) provider_.groups = endpoint;
  }));
  MUSTER_TRY(resources("/Schemas", [&](const json& schema) { schemas.push_back(schema); }));
  Schema own = Schema::parse(schemas, kScimUser);
  provider_.knows_schema = own.find({.schema = "", .attribute = "userName", .where = {}, .sub = ""}, false) != nullptr;
  if (provider_.knows_schema) provider_.schema = std::move(own);
  return ok();
}

Result<const Provider*> Client::discover(std::stop_token stop) {
  if (known_) return &provider_;
  provider_ = {};
  MUSTER_TRY(read_config(stop));
  MUSTER_TRY(read_types(std::move(stop)));
  known_ = true;
  return &provider_;
}

Result<Outcome> Client::create(const std::string& path, const json& resource, std::stop_token stop) {
  HttpRequest request{.method = "POST", .url = path, .body = text_of(resource)};
  auto outcome = call(request, std::move(stop));
  if (!outcome) return outcome;
  // Nobody has such a person yet, so what is missing is the place.
  if (outcome->kind == Outcome::Kind::missing)
    return Error{Errc::refused, http_.describe(request) + ": " + outcome->why, "url= must be the base URL of a SCIM 2.0 service"};
  if (outcome->done() && outcome->id.empty())
    return Error{Errc::refused, http_.describe(request) + ": the answer has no id (RFC 7643 section 3.1)", ""};
  return outcome;
}

Result<std::vector<Outcome>> Client::create_all(const std::string& path, std::span<const std::string> resources,
                                                std::stop_token stop) {
  std::vector<Outcome> outcomes;
  while (outcomes.size() < resources.size()) {
    const auto rest = resources.subspan(outcomes.size());
    auto some = provider_.has_bulk && rest.size() > 1
                    ? create_in_bulk(path, rest, stop)
                    : create_side_by_side(path, rest.first(std::min(rest.size(), HttpClient::kAtOnce)), stop);
    if (!some) return some;
    for (Outcome& o : *some) outcomes.push_back(std::move(o));
  }
  return outcomes;
}

Result<std::vector<Outcome>> Client::create_side_by_side(const std::string& path, std::span<const std::string> resources,
                                                         std::stop_token stop) {
  std::vector<HttpRequest> requests;
  for (const std::string& r : resources)
    requests.push_back({.method = "POST", .url = path, .body = r, .content_type = kScim, .accept = kScim});
  auto answers = http_.send_all(requests, stop);
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) return std::move(answers[i]).error();
    auto outcome = outcome_of(requests[i], *answers[i]);
    if (!outcome) return std::move(outcome).error();
    if (outcome->done() && outcome->id.empty())
      return Error{Errc::refused, http_.describe(requests[i]) + ": the answer has no id (RFC 7643 section 3.1)", ""};
    outcomes.push_back(std::move(*outcome));
  }
  return outcomes;
}

/// What a bulk response says of one operation (RFC 7644 section 3.7.3).
Result<Outcome> Client::outcome_in(const json& result, const HttpRequest& request) const {
  const json status = result.value("status", json());
  HttpResponse one;
  one.status = status.is_number_integer() ? status.get<int>() : std::atoi(text_of(result, "status").c_str());
  const auto response = result.find("response");
  if (!one.good() && response != result.end()) one.body = text_of(*response);
  auto outcome = outcome_of(request, one);
  if (!outcome || !outcome->done()) return outcome;
  if (response != result.end()) outcome->id = text_of(*response, "id");
  if (outcome->id.empty()) outcome->id = last_part(text_of(result, "location"));
  if (outcome->id.empty()) return Error{Errc::refused, http_.describe(request) + ": an answer has no id", ""};
  return outcome;
}

/// As many as fit into one request (RFC 7644 section 3.7).
Result<std::vector<Outcome>> Client::create_in_bulk(const std::string& path, std::span<const std::string> resources,
                                                    std::stop_token stop) {
  HttpRequest request{.method = "POST",
                      .url = "/Bulk",
                      .body = R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[)"};
  const std::string begin = R"({"method":"POST","path":)" + json(path).dump() + R"(,"bulkId":")";
  std::size_t sent = 0;
  for (const std::string& resource : resources) {
    const std::string id = std::to_string(sent);
    const std::size_t more = begin.size() + id.size() + resource.size() + 14;
    if (sent == provider_.bulk_operations || (request.body.size() + more > provider_.bulk_bytes && sent > 0)) break;
    if (sent++ > 0) request.body += ',';
    request.body.append(begin).append(id).append(R"(","data":)").append(resource).append("}");
  }
  request.body += "]}";
  request.timeout = http_.settings().timeout * 4;  // it is the work of many
  auto answer = call(request, stop);
  if (!answer) return std::move(answer).error();
  if (!answer->done()) {
    // It promised more than it takes.
    provider_.has_bulk = false;
    return create_side_by_side(path, resources.first(std::min(resources.size(), HttpClient::kAtOnce)), stop);
  }
  std::vector<Outcome> outcomes(sent, {Outcome::Kind::refused, "", json(), "the answer to the bulk request says nothing of it"});
  const auto results = answer->resource.find("Operations");
  if (results == answer->resource.end() || !results->is_array())
    return Error{Errc::unreachable, http_.describe(request) + ": the answer has no Operations", ""};
  for (const json& result : *results) {
    const std::string number = text_of(result, "bulkId");
    const std::size_t i =
        number.empty() || number.size() > 6 || !std::all_of(number.begin(), number.end(), is_digit) ? sent : std::stoul(number);
    if (i >= sent) continue;
    auto outcome = outcome_in(result, request);
    if (!outcome) return std::move(outcome).error();
    outcomes[i] = std::move(*outcome);
  }
  return outcomes;
}

Result<Outcome> Client::read(const std::string& path, const std::string& id, const std::string& query, std::stop_token stop) {
  return call({.url = path + "/" + url_encoded(id) + query}, std::move(stop));
}

Result<Outcome> Client::change(const std::string& path, const json& current, const json& wanted, std::stop_token stop) {
  json operations = patch_between(current, wanted);
  Outcome same;
  same.id = text_of(current, "id");
  same.resource = current;
  if (operations.empty()) return same;
  if (!provider_.has_patch) return replace(path, wanted, std::move(stop));
  HttpRequest request{.method = "PATCH", .url = path + "/" + url_encoded(same.id)};
  request.body = text_of(patch_request(std::move(operations)));
  if (const std::string version = version_of(current); provider_.has_etag && !version.empty())
    request.headers.emplace_back("If-Match", version);
  return call(std::move(request), std::move(stop));
}

Result<Outcome> Client::patch(const std::string& path, const std::string& id, json operations, std::stop_token stop) {
  HttpRequest request{.method = "PATCH", .url = path + "/" + url_encoded(id)};
  request.body = text_of(patch_request(std::move(operations)));
  return call(std::move(request), std::move(stop));
}

Result<Outcome> Client::replace(const std::string& path, const json& resource, std::stop_token stop) {
  HttpRequest request{.method = "PUT", .url = path + "/" + url_encoded(text_of(resource, "id"))};
  if (const std::string version = version_of(resource); provider_.has_etag && !version.empty())
    request.headers.emplace_back("If-Match", version);
  request.body = text_of(resource);
  return call(std::move(request), std::move(stop));
}

Result<Outcome> Client::remove(const std::string& path, const std::string& id, std::stop_token stop) {
  return call({.method = "DELETE", .url = path + "/" + url_encoded(id)}, std::move(stop));
}

Result<std::vector<json>> Client::find(const std::string& path, const std::string& attribute, const std::string& value,
                                       std::stop_token stop) {
  auto found =
      get(path + "?filter=" + url_encoded(attribute + " eq " + scim::quoted(value)) + "&startIndex=1&count=2", std::move(stop));
  if (!found) return std::move(found).error();
  std::vector<json> resources;
  if (const auto list = found->find("Resources"); list != found->end() && list->is_array()) {
    for (const json& r : *list) {
      if (!text_of(r, "id").empty()) resources.push_back(r);
    }
  }
  return resources;
}

Result<std::size_t> Client::count(const std::string& path, std::stop_token stop) {
  auto found = get(path + "?startIndex=1&count=1&attributes=id", std::move(stop));
  if (!found) return std::move(found).error();
  return number_of(*found, "totalResults", 1);
}

Status Client::list(const std::string& path, const std::string& query, const std::function<Status(const json&)>& each,
                    std::stop_token stop) {
  std::size_t index = 1;
  std::string cursor;
  for (;;) {
    const std::string where =
        provider_.by_cursor ? (cursor.empty() ? "cursor" : "cursor=" + url_encoded(cursor)) : "startIndex=" + std::to_string(index);
    auto page = get(path + "?" + where + "&count=" + std::to_string(provider_.page) + query, stop);
    if (!page) return std::move(page).error();
    const auto list = page->find("Resources");
    const std::size_t got = list != page->end() && list->is_array() ? list->size() : 0;
    for (std::size_t i = 0; i < got; ++i) MUSTER_TRY(each((*list)[i]));
    index += got;
    cursor = text_of(*page, "nextCursor");
    const bool more = provider_.by_cursor ? !cursor.empty() : index <= number_of(*page, "totalResults", 0);
    if (!more || (got == 0 && !provider_.by_cursor)) return ok();
  }
}

}  // namespace muster::scim
