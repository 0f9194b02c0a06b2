#include "agent/upstream/http/client.h"

#include <algorithm>
#include <unordered_map>

#include "agent/upstream/http/oauth.h"
#include "agent/upstream/http/transfer.h"
#include "service/secret_store.h"

namespace muster {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLook{1000};
/// A token is renewed so long before its end, for clocks and for requests under way.
constexpr std::chrono::seconds kEarly{30};
constexpr std::size_t kQuoted = 300;

void initialise_curl() {
  // Not thread-safe everywhere, so once, before the first handle.
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(done);
}

Error cancelled(const std::string& what) { return {Errc::cancelled, what + ": stopped", ""}; }

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto at = headers.find(name);
  return at == headers.end() ? "" : at->second;
}

struct HttpClient::Impl {
  Impl(HttpSettings s, std::string f) : settings(std::move(s)), folder(std::move(f)) {
    initialise_curl();
    multi.reset(curl_multi_init());
  }

  HttpSettings settings;
  std::string folder;
  curl::Multi multi;
  curl::Credentials credentials;
  bool proven = false;  ///< `credentials` are what is sent
  std::optional<Clock::time_point> renew_at;
  std::string client_secret;  ///< of OAuth

  std::string absolute(const std::string& url) const { return url.find("://") == std::string::npos ? settings.url + url : url; }
  HttpRequest complete(HttpRequest request) const {
    request.url = absolute(request.url);
    return request;
  }
  Result<std::string> secret(const std::string& name) const {
    auto read = read_secret(name, folder);
    if (!read) return std::move(read).error();
    if (read->rep().find_first_of("\r\n") != std::string::npos)
      return Error{Errc::config, "the secret '" + name + "' has more than one line", "a token or password is one line"};
    return read->rep();
  }
  Status prove(std::stop_token stop);
  Status fetch_token(std::stop_token stop);
  std::vector<Result<HttpResponse>> run(std::span<const HttpRequest> requests, const curl::Credentials& as, std::stop_token stop);
  void run(const Flow& flow, const curl::Credentials& as, std::stop_token stop);
};

namespace {

/// What one run() has under way, by libcurl's handle.
class UnderWay {
 public:
  UnderWay(CURLM* multi, const HttpClient::Flow& flow) : multi_(multi), flow_(flow) {}
  /// As many more as may be.
  void fill(const HttpSettings& settings, const curl::Credentials& as) {
    while (transfers_.size() < flow_.at_once) {
      const auto request = flow_.next();
      if (!request) return;
      const std::size_t nth = started_++;
      auto transfer = std::make_unique<curl::Transfer>(multi_, *request, settings, as);
      CURL* const easy = transfer->easy();
      if (easy && curl_multi_add_handle(multi_, easy) == CURLM_OK)
        transfers_.emplace(easy, Sent{nth, curl::describe(request->method, request->url), std::move(transfer)});
      else
        flow_.done(nth, Error{Errc::io, curl::describe(request->method, request->url) + ": out of memory", ""});
    }
  }
  /// Takes what libcurl is done with.
  void collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      const auto node = transfers_.extract(message->easy_handle);
      if (!node.empty()) flow_.done(node.mapped().nth, node.mapped().transfer->finish(code));
    }
  }
  void cancel() {
    for (const auto& [easy, sent] : std::exchange(transfers_, {})) flow_.done(sent.nth, cancelled(sent.what));
  }
  bool empty() const { return transfers_.empty(); }

 private:
  struct Sent {
    std::size_t nth;
    std::string what;
    std::unique_ptr<curl::Transfer> transfer;
  };
  CURLM* multi_;
  const HttpClient::Flow& flow_;
  std::unordered_map<CURL*, Sent> transfers_;
  std::size_t started_ = 0;
};

}  // namespace

void HttpClient::Impl::run(const Flow& flow, const curl::Credentials& as, std::stop_token stop) {
  if (!multi) return;
  const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi.get()); });
  // Otherwise libcurl closes connections whenever few requests are left.
  curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(flow.at_once));
  UnderWay under_way(multi.get(), flow);
  while (!stop.stop_requested()) {
    under_way.fill(settings, as);
    if (under_way.empty()) break;
    int still = 0;
    if (curl_multi_perform(multi.get(), &still) != CURLM_OK) break;
    under_way.collect();
    if (!under_way.empty() && still > 0) curl_multi_poll(multi.get(), nullptr, 0, static_cast<int>(kLook.count()), nullptr);
  }
  under_way.cancel();
}

std::vector<Result<HttpResponse>> HttpClient::Impl::run(std::span<const HttpRequest> requests, const curl::Credentials& as,
                                                        std::stop_token stop) {
  std::vector<Result<HttpResponse>> answers;
  for (const HttpRequest& r : requests) answers.emplace_back(cancelled(curl::describe(r.method, r.url)));
  std::size_t next = 0;
  run({[&]() -> std::optional<HttpRequest> {
         if (next == requests.size()) return {};
         return requests[next++];
       },
       [&](std::size_t nth, Result<HttpResponse> answer) { answers[nth] = std::move(answer); }},
      as, std::move(stop));
  return answers;
}

Status HttpClient::Impl::fetch_token(std::stop_token stop) {
  const HttpRequest request = token_request(settings);
  curl::Credentials as;
  as.user = form_encoded(settings.client_id);
  as.password = form_encoded(client_secret);
  as.proxy_password = credentials.proxy_password;
  auto answer = std::move(run(std::span(&request, 1), as, stop).front());
  if (!answer) return std::move(answer).error();
  auto token = read_token(*answer, settings.token_url);
  if (!token) return std::move(token).error();
  credentials.bearer = std::move(token->value);
  if (token->lifetime.count() > 0) renew_at = Clock::now() + std::max(token->lifetime - kEarly, token->lifetime / 2);
  return ok();
}

/// Reads what is sent with each request, unless it is known and still good.
Status HttpClient::Impl::prove(std::stop_token stop) {
  if (proven && (!renew_at || Clock::now() < *renew_at)) return ok();
  proven = false;
  renew_at.reset();
  credentials = {};
  if (!settings.proxy_secret.empty()) {
    auto word = secret(settings.proxy_secret);
    if (!word) return std::move(word).error();
    credentials.proxy_password = std::move(*word);
  }
  if (!settings.secret.empty()) {
    auto word = secret(settings.secret);
    if (!word) return std::move(word).error();
    (settings.token_url.empty() ? credentials.bearer : client_secret) = std::move(*word);
  }
  if (!settings.token_url.empty()) MUSTER_TRY(fetch_token(stop));
  proven = true;
  return ok();
}

HttpClient::HttpClient(HttpSettings settings, std::string folder)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(folder))) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

const HttpSettings& HttpClient::settings() const { return impl_->settings; }

std::string HttpClient::describe(const HttpRequest& request) const {
  return curl::describe(request.method, impl_->absolute(request.url));
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request, std::stop_token stop) {
  return std::move(send_all(std::span(&request, 1), std::move(stop)).front());
}

std::vector<Result<HttpResponse>> HttpClient::send_all(std::span<const HttpRequest> requests, std::stop_token stop) {
  std::vector<HttpRequest> whole;
  for (const HttpRequest& r : requests) whole.push_back(impl_->complete(r));
  if (const Status proven = impl_->prove(stop); !proven) {
    std::vector<Result<HttpResponse>> none;
    for (const HttpRequest& r : whole) none.emplace_back(Error(proven.error()).within(curl::describe(r.method, r.url)));
    return none;
  }
  auto answers = impl_->run(whole, impl_->credentials, stop);
  std::vector<std::size_t> refused;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i] && answers[i]->status == 401) refused.push_back(i);
  }
  if (refused.empty()) return answers;
  // It may have been changed, or have run out early.
  if (const auto renewed = renew(stop); !renewed || !*renewed) return answers;
  std::vector<HttpRequest> again;
  for (const std::size_t i : refused) again.push_back(whole[i]);
  auto second = impl_->run(again, impl_->credentials, stop);
  for (std::size_t i = 0; i < refused.size(); ++i) answers[refused[i]] = std::move(second[i]);
  return answers;
}

Status HttpClient::send_flow(const Flow& flow, std::stop_token stop) {
  MUSTER_TRY(impl_->prove(stop));
  const auto next = [&]() -> std::optional<HttpRequest> {
    auto request = flow.next();
    if (request) request->url = impl_->absolute(request->url);
    return request;
  };
  impl_->run({next, flow.done, flow.at_once}, impl_->credentials, std::move(stop));
  return ok();
}

Result<bool> HttpClient::renew(std::stop_token stop) {
  const std::string before = impl_->credentials.bearer;
  if (before.empty()) return false;
  impl_->proven = false;
  MUSTER_TRY(impl_->prove(std::move(stop)));
  return impl_->credentials.bearer != before;
}

std::string HttpClient::quote(const std::string& answer) const {
  std::string text = answer;
  const curl::Credentials& c = impl_->credentials;
  for (const std::string& hidden : {c.bearer, c.proxy_password, impl_->client_secret}) {
    if (hidden.empty()) continue;
    for (auto at = text.find(hidden); at != std::string::npos; at = text.find(hidden, at)) text.replace(at, hidden.size(), "***");
  }
  std::replace_if(
      text.begin(), text.end(), [](char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; }, ' ');
  if (text.size() <= kQuoted) return text;
  std::size_t end = kQuoted;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // whole characters
  return text.substr(0, end) + "...";
}

}  // namespace muster
