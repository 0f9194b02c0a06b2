#include "agent/upstream/poller.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <mutex>

#include "agent/change_json.h"
#include "agent/engine.h"
#include "agent/feed/records.h"
#include "agent/guarded.h"
#include "agent/sha256.h"

namespace muster {

using nlohmann::json;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;

constexpr std::size_t kMostEvents = 100;
/// Servers hold a request for less; behind many firewalls a connection is lost after it.
constexpr std::chrono::milliseconds kHold = 5min;
constexpr std::size_t kMostRounds = 10000;  ///< of a command without a service, with a server that never ends

std::chrono::milliseconds next_pause(int failures) {
  return std::min<std::chrono::milliseconds>(500ms * (1 << std::min(failures, 8)), 60s);
}

/// False: stopped.
bool wait_for(std::chrono::milliseconds pause, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any bell;
  std::unique_lock lock(mutex);
  bell.wait_for(lock, stop, pause, [] { return false; });
  return !stop.stop_requested();
}

/// The token for the poll belongs to its server only.
HttpSettings settings_for_keys(HttpSettings http) {
  http.secret.clear();
  http.token_url.clear();
  http.client_id.clear();
  return http;
}

Result<std::string> text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return Error{Errc::io, "the keys in " + path + " cannot be read", "<trust keys> names a JWK Set that muster may read"};
  return text;
}

}  // namespace

IssuerKeys::IssuerKeys(const UpstreamSettings::Events& settings, std::string folder)
    : where_(settings.trust->keys), client_(settings_for_keys(settings.http), std::move(folder)) {}

Status IssuerKeys::fetch(std::stop_token stop) {
  std::string text;
  if (is_file()) {
    auto read = text_of(where_);
    if (!read) return std::move(read).error();
    text = std::move(*read);
  } else {
    const auto answer =
        client_.send({.method = "GET", .url = where_, .accept = "application/jwk-set+json, application/json"}, stop);
    if (!answer) return answer.error();
    if (answer->status != 200)
      return Error{Errc::unreachable, "GET " + where_ + ": status " + std::to_string(answer->status) + " instead of keys", ""};
    text = answer->body;
  }
  auto parsed = KeySet::parse(text);
  if (!parsed) return std::move(parsed).error().within(where_);
  keys_ = std::move(*parsed);
  fetched_at_ = Clock::now();
  fresh_ = true;
  return ok();
}

Status IssuerKeys::look(const std::vector<std::string>& kids, std::stop_token stop) {
  fresh_ = false;
  const bool knows_all = keys_ && std::all_of(kids.begin(), kids.end(), [&](const auto& kid) { return keys_->has(kid); });
  if (!keys_ || is_file() || (!knows_all && Clock::now() >= fetched_at_ + kSeldom)) return fetch(stop);
  return ok();
}

bool IssuerKeys::may_come(const std::string& kid) const { return !fresh_ && !kid.empty() && !keys_->has(kid); }

Poller::Poller(const UpstreamSettings::Events& settings, std::string folder)
    : name_("poll " + settings.poll),
      url_(settings.poll),
      trust_(*settings.trust),
      client_(settings.http, folder),
      keys_(settings, folder) {}

json Poller::answers() const {
  json ack = json::array(), faults = json::object();
  for (const auto& [jti, a] : unanswered_) {
    if (a.err.empty())
      ack.push_back(jti);
    else
      faults[jti] = {{"err", a.err}, {"description", a.description}};
  }
  json body = json::object();
  if (!ack.empty()) body["ack"] = std::move(ack);
  if (!faults.empty()) body["setErrs"] = std::move(faults);
  return body;
}

Result<json> Poller::request(const json& body, std::chrono::milliseconds patience, std::stop_token stop) {
  HttpRequest r{
      .method = "POST", .url = url_, .body = dump(body), .content_type = "application/json", .accept = "application/json"};
  if (body.contains("setErrs")) r.headers.emplace_back("Content-Language", "en");
  r.timeout = patience;
  const auto answer = client_.send(r, stop);
  if (!answer) return answer.error();
  if (answer->status != 200) {
    return Error{Errc::unreachable,
                 client_.describe(r) + ": status " + std::to_string(answer->status) + ": " + client_.quote(answer->body),
                 answer->status == 401 || answer->status == 403 ? "does <events secret> name the token of this stream?" : ""};
  }
  json document = json::parse(answer->body, nullptr, false);
  const auto sets = document.is_object() ? document.find("sets") : document.end();
  if (!document.is_object() || (sets != document.end() && !sets->is_object()))
    return Error{Errc::untrusted, client_.describe(r) + ": the answer is no JSON object with 'sets' (RFC 8936 section 2.3)", ""};
  return document;
}

Result<std::vector<ReceivedSet>> Poller::check(const json& sets, std::stop_token stop) {
  std::vector<std::string> kids;
  for (const auto& [jti, token] : sets.items()) {
    if (token.is_string()) kids.push_back(kid_of(token.get_ref<const std::string&>()));
  }
  MUSTER_TRY(keys_.look(kids, stop));
  const SetTrust trust{trust_.issuer, trust_.audience, trust_.max_age};
  std::vector<ReceivedSet> checked;
  for (const auto& [jti, token] : sets.items()) {
    if (jti.size() > kLongestJti) {  // nothing worth remembering
      unanswered_.emplace(jti, SetAnswer{jti, "invalid_request", "the jti is too long", false});
      continue;
    }
    if (!token.is_string()) {
      checked.push_back({jti, sha256_hex(dump(token)), SetFault{"invalid_request", "the token is no text"}});
      continue;
    }
    const auto& text = token.get_ref<const std::string&>();
    if (keys_.may_come(kid_of(text))) continue;  // it comes again, and then its key may be known
    checked.push_back({jti, sha256_hex(text), verify_set(jti, text, keys_.keys(), trust, std::chrono::system_clock::now())});
  }
  return checked;
}

Result<Poller::Polled> Poller::poll(bool at_once, const Take& take, std::stop_token stop) {
  json body = answers();
  body.update({{"maxEvents", kMostEvents}, {"returnImmediately", at_once}});
  const std::chrono::milliseconds patience = at_once ? client_.settings().timeout : kHold;
  const auto begun = Clock::now();
  auto document = request(body, patience, stop);
  if (!document) {
    const bool held = !at_once && document.error().code == Errc::unreachable && Clock::now() - begun + 1s >= patience;
    return held ? Result<Polled>(Polled{}) : Result<Polled>(document.error());
  }
  unanswered_.clear();
  const json sets = document->value("sets", json::object());
  const auto more = document->find("moreAvailable");
  Polled polled{sets.size(), 0, more != document->end() && more->is_boolean() && more->get<bool>()};
  if (sets.empty()) return polled;
  auto checked = check(sets, stop);
  if (!checked) return std::move(checked).error();
  const auto taken = take(trust_, std::move(*checked));
  if (!taken) return taken.error();
  for (const SetAnswer& a : *taken) {
    polled.news += a.is_news;
    if (a.is_news && !a.err.empty()) spdlog::warn("{}: the token {} is refused: {}: {}", name_, shown(a.jti), a.err, a.description);
    unanswered_.emplace(a.jti, a);
  }
  return polled;
}

Result<std::string> Poller::probe(std::stop_token stop) {
  MUSTER_TRY(acknowledge(stop));
  MUSTER_TRY(keys_.look({}, std::move(stop)));
  return name_ + " answers, and the keys of " + trust_.issuer + " can be read";
}

Status Poller::answer(std::stop_token stop) { return unanswered_.empty() ? ok() : acknowledge(std::move(stop)); }

Status Poller::acknowledge(std::stop_token stop) {
  json body = answers();
  body.update({{"maxEvents", 0}, {"returnImmediately", true}});
  const auto done = request(body, client_.settings().timeout, std::move(stop));
  if (!done) return done.error();
  unanswered_.clear();
  return ok();
}

std::vector<std::unique_ptr<Poller>> open_pollers(const Settings& settings) {
  std::vector<std::unique_ptr<Poller>> all;
  for (const UpstreamSettings::Events& e : settings.upstream.events) {
    if (!e.poll.empty() && e.trust) all.push_back(std::make_unique<Poller>(e, settings.directory_of_file));
  }
  return all;
}

Polls::Polls(const Settings& settings, LiveStatus& live) : pollers_(open_pollers(settings)), live_(live) {}
Polls::~Polls() { stop(); }

void Polls::start(Poller::Take take) {
  take_ = std::move(take);
  for (const auto& poller : pollers_) threads_.emplace_back([this, &here = *poller](std::stop_token stop) { run(here, stop); });
}

void Polls::stop() {
  for (std::jthread& t : threads_) t.request_stop();
  threads_.clear();
}

void Polls::run(Poller& poller, std::stop_token stop) {
  int failures = 0;
  bool first = true;
  while (!stop.stop_requested()) {
    // The first answer comes at once, so that status can tell early whether the server is there.
    const auto polled = guarded([&] { return poller.poll(first, take_, stop); });
    if (!polled && polled.error().code == Errc::cancelled) return;
    if (polled) {
      live_.set_upstream(poller.name(), {{"ok", true}, {"last reached", iso_time(system_now().utc)}});
      // A server that brings again what was answered is not to be asked without a pause.
      failures = polled->sets > 0 && polled->news == 0 ? failures + 1 : 0;
      first = false;
    } else {
      ++failures;
      first = true;
      live_.set_upstream(poller.name(), {{"ok", false}, {"error", polled.error().text()}});
      spdlog::warn("{}: {}", poller.name(), polled.error().text());
    }
    if (failures > 0 && !wait_for(next_pause(failures), stop)) return;
  }
}

Status poll_now(Engine& engine) {
  Status first = ok();
  const Poller::Take take = [&](const auto& trust, std::vector<ReceivedSet> sets) { return engine.take_commands(trust, sets); };
  for (const auto& poller : open_pollers(engine.settings())) {
    Status done = ok();
    std::size_t rounds = 0;
    for (bool more = true; more && done && rounds < kMostRounds; ++rounds) {
      const auto polled = guarded([&] { return poller->poll(true, take, {}); });
      more = polled && polled->news > 0;
      if (!polled) done = polled.error();
    }
    if (done) done = poller->answer({});
    if (!done && first) first = std::move(done);
  }
  return first;
}

}  // namespace muster
