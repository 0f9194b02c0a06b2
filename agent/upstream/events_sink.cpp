#include "agent/upstream/events_sink.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "agent/recorder.h"
#include "agent/upstream/set/tokens.h"
#include "schema/calendar.h"

namespace muster {

namespace {

using json = nlohmann::json;
using Clock = std::chrono::steady_clock;
using Fate = Sink::Verdict;
/// Who asks for more is believed to be mistaken.
constexpr std::chrono::seconds kLongestWait{3600};
/// So many tokens in a row without any answer, and the rest of the batch is not tried.
constexpr std::size_t kPatience = EventsSink::kAtOnce;

/// What the receiver says in the body of a 400 (RFC 8935 section 2.3).
struct Refusal {
  std::string err, description;
};

Refusal refusal_in(const std::string& body) {
  const json said = json::parse(body, nullptr, false);
  Refusal refusal;
  if (!said.is_object()) return refusal;
  if (const auto err = said.find("err"); err != said.end() && err->is_string()) refusal.err = *err;
  if (const auto text = said.find("description"); text != said.end() && text->is_string()) refusal.description = *text;
  return refusal;
}

/// Would be the answer to any other token, too.
std::string hint_for(const std::string& err) {
  if (err == "invalid_key") return "the receiver must know the keys that `muster keys` prints, before one of them signs";
  if (err == "invalid_issuer") return "issuer= of <events> must be the one that the receiver expects";
  if (err == "invalid_audience") return "audience= of <events> must be the one that the receiver expects";
  if (err == "authentication_failed" || err == "access_denied")
    return "secret= of <events> names the token that the receiver gave out";
  return "";
}

/// What an answer means for its token. An Error concerns all tokens.
Result<Fate> judge(const HttpClient& client, const std::string& what, const HttpResponse& answer) {
  if (answer.status == 202 || answer.status == 200 || answer.status == 204) return Fate{};
  const std::string status = what + ": the answer is " + std::to_string(answer.status);
  const std::string said = status + (answer.body.empty() ? "" : ": " + client.quote(answer.body));
  if (answer.status == 401 || answer.status == 403) return Error{Errc::refused, said, hint_for("access_denied")};
  if (answer.status == 408 || answer.status == 429 || answer.status >= 500) return Fate{Fate::Kind::later, said};
  if (answer.status != 400) return Fate{Fate::Kind::refused, said};
  const Refusal refusal = refusal_in(answer.body);
  if (refusal.err.empty()) return Fate{Fate::Kind::refused, said};
  const std::string why = what + ": " + client.quote(refusal.err + (refusal.description.empty() ? "" : ": " + refusal.description));
  if (const std::string hint = hint_for(refusal.err); !hint.empty()) return Error{Errc::refused, why, hint};
  return Fate{Fate::Kind::refused, why};
}

/// The tokens of a batch: those of one subject in order, never two of them under way.
class TokenLines {
 public:
  struct Next {
    std::size_t event;
    SetToken token;
    std::string subject;
  };

  void add(std::size_t event, SetToken token) {
    auto& line = waiting_[token.subject];
    if (line.empty()) free_.push_back(token.subject);
    line.push_back({event, std::move(token)});
  }
  std::optional<Next> next() {
    if (free_.empty()) return {};
    std::string subject = std::move(free_.front());
    free_.pop_front();
    auto& line = waiting_[subject];
    Next next{line.front().event, std::move(line.front().token), subject};
    line.pop_front();
    return next;
  }
  void go_on(const std::string& subject) {
    if (!waiting_[subject].empty()) free_.push_back(subject);
  }
  /// Calls `each` with the event of every token that was not asked for.
  template <typename Each>
  void left(Each each) const {
    for (const auto& [subject, line] : waiting_) {
      for (const Waiting& w : line) each(w.event);
    }
  }

 private:
  struct Waiting {
    std::size_t event;
    SetToken token;
  };
  std::unordered_map<std::string, std::deque<Waiting>> waiting_;
  std::deque<std::string> free_;
};

/// The worst of what became of an event's tokens: one that is not there is sent again, whatever happened to the others.
void worsen(Fate& verdict, Fate by) {
  if (verdict.kind == Fate::Kind::later || by.kind == Fate::Kind::delivered) return;
  if (verdict.kind == Fate::Kind::refused && by.kind == Fate::Kind::refused) return;
  verdict = std::move(by);
}

/// One passage of a batch through the client.
class Passage {
 public:
  Passage(const HttpClient& client, const SigningKey& key, std::vector<Fate>& verdicts, TokenLines& batch)
      : client_(client), key_(key), verdicts_(verdicts), batch_(batch) {}

  /// `make` gives the request for a signed token.
  template <typename Make>
  std::optional<HttpRequest> next(Make make) {
    if (is_over_) return {};
    auto next = batch_.next();
    if (!next) return {};
    auto signed_token = key_.sign("secevent+jwt", next->token.claims);
    if (!signed_token) {
      worsen(verdicts_[next->event], {Fate::Kind::later, "not signed"});
      fail(std::move(signed_token).error());
      return {};
    }
    HttpRequest request = make(std::move(*signed_token));
    if (what_.empty()) what_ = client_.describe(request);
    sent_.push_back({next->event, std::move(next->subject)});
    return request;
  }

  void done(std::size_t nth, Result<HttpResponse> answer) {
    const auto& [event, subject] = sent_[nth];
    Result<Fate> verdict = take(std::move(answer));
    if (!verdict) {
      worsen(verdicts_[event], {Fate::Kind::later, verdict.error().text()});
      return fail(std::move(verdict).error());
    }
    const bool is_later = verdict->kind == Fate::Kind::later;
    if (is_later && why_.empty()) why_ = verdict->why;
    worsen(verdicts_[event], std::move(*verdict));
    if (!is_later) batch_.go_on(subject);
  }

  const std::optional<Error>& failure() const { return failure_; }
  const std::string& why() const { return why_; }
  std::chrono::milliseconds asked_to_wait() const { return asked_to_wait_; }
  bool is_unknown() const { return is_unknown_; }

 private:
  Result<Fate> take(Result<HttpResponse> answer) {
    if (!answer) {
      if (answer.error().code != Errc::unreachable) return std::move(answer).error();
      if (++silent_ >= kPatience) is_over_ = true;
      return Fate{Fate::Kind::later, answer.error().text()};
    }
    silent_ = 0;
    if (answer->status == 401) is_unknown_ = true;
    auto verdict = judge(client_, what_, *answer);
    if (verdict && verdict->kind == Fate::Kind::later && answer->retry_after) {
      is_over_ = true;
      asked_to_wait_ = std::max<std::chrono::milliseconds>(asked_to_wait_, std::min(*answer->retry_after, kLongestWait));
    }
    return verdict;
  }
  void fail(Error error) {
    is_over_ = true;
    if (!failure_) failure_ = std::move(error);
  }

  struct Sent {
    std::size_t event;
    std::string subject;
  };
  const HttpClient& client_;
  const SigningKey& key_;
  std::vector<Fate>& verdicts_;
  TokenLines& batch_;
  std::vector<Sent> sent_;
  std::string what_, why_;
  std::optional<Error> failure_;
  std::chrono::milliseconds asked_to_wait_{};
  std::size_t silent_ = 0;
  bool is_over_ = false, is_unknown_ = false;
};

}  // namespace

Result<const SigningKey*> KeyInUse::get() {
  std::error_code failed;
  const Stamp now{std::filesystem::last_write_time(path_, failed), failed ? 0 : std::filesystem::file_size(path_, failed)};
  if (failed) return Error{Errc::config, "sign-key " + path_ + ": " + failed.message(), "`muster keys new` makes one"};
  if (!key_ || now != stamp_) {
    auto key = SigningKey::read(path_);
    if (!key) return std::move(key).error();
    key_ = std::move(*key);
    stamp_ = now;
  }
  return &*key_;
}

EventsSink::EventsSink(UpstreamSettings::Events settings, const std::string& folder)
    : settings_(std::move(settings)), name_("events " + settings_.push), key_(settings_.sign_key), client_(settings_.http, folder) {
  if (settings_.verify_every) verify_at_ = Clock::now();
}

HttpRequest EventsSink::request(std::string token) const {
  return {.method = "POST",
          .url = settings_.push,
          .body = std::move(token),
          .content_type = "application/secevent+jwt",
          .accept = "application/json"};
}

Result<std::vector<Fate>> EventsSink::push(std::span<const OutboxRow> events, const SigningKey& key, std::stop_token stop,
                                           bool& is_unknown) {
  std::vector<Fate> verdicts(events.size());
  TokenLines batch;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (ahead_.contains(events[i].seq)) continue;
    const json event = json::parse(events[i].body, nullptr, false);
    if (!event.is_object()) {
      verdicts[i] = {Fate::Kind::refused, "event " + std::to_string(events[i].seq) + " in the state file cannot be read"};
      continue;
    }
    for (SetToken& token : tokens_of(event, settings_)) batch.add(i, std::move(token));
  }
  Passage passage(client_, key, verdicts, batch);
  const Status sent =
      client_.send_flow({[&] { return passage.next([&](std::string token) { return request(std::move(token)); }); },
                         [&](std::size_t nth, Result<HttpResponse> answer) { passage.done(nth, std::move(answer)); }, kAtOnce},
                        stop);
  if (!sent) return Error(sent.error()).within(name_);
  is_unknown = passage.is_unknown();
  asked_to_wait_ = passage.asked_to_wait();
  bool is_cut_short = false;
  batch.left([&](std::size_t event) {
    is_cut_short = true;
    worsen(verdicts[event], {Fate::Kind::later, passage.why().empty() ? name_ + ": not sent yet" : passage.why()});
  });
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (verdicts[i].kind == Fate::Kind::delivered) ahead_.insert(events[i].seq);
  }
  if (passage.failure()) return *passage.failure();
  if (is_cut_short && stop.stop_requested()) return Error{Errc::cancelled, name_ + ": stopped", ""};
  return verdicts;
}

Result<std::vector<Fate>> EventsSink::deliver(std::span<const OutboxRow> events, std::stop_token stop) {
  asked_to_wait_ = {};
  if (!events.empty()) ahead_.erase(ahead_.begin(), ahead_.lower_bound(events.front().seq));
  auto key = key_.get();
  if (!key) return std::move(key).error();
  bool is_unknown = false;
  auto verdicts = push(events, **key, stop, is_unknown);
  if (!is_unknown) return verdicts;
  const auto renewed = client_.renew(stop);
  if (!renewed || !*renewed) return verdicts;
  return push(events, **key, stop, is_unknown);
}

Result<Fate> EventsSink::verify(std::stop_token stop) {
  auto key = key_.get();
  if (!key) return std::move(key).error();
  const SetToken token = verification_token(settings_, random_uuid(), system_now().utc);
  auto text = (*key)->sign("secevent+jwt", token.claims);
  if (!text) return std::move(text).error();
  const HttpRequest post = request(std::move(*text));
  auto answer = client_.send(post, std::move(stop));
  if (!answer) return std::move(answer).error();
  return judge(client_, client_.describe(post), *answer);
}

Result<bool> EventsSink::confirm(std::stop_token stop) {
  const auto verdict = verify(std::move(stop));
  if (!verdict) return verdict.error();
  if (verdict->kind == Fate::Kind::later) return Error{Errc::unreachable, verdict->why, ""};
  verify_at_ = Clock::now() + *settings_.verify_every;
  const bool is_good = verdict->kind == Fate::Kind::delivered;
  complaint_ = is_good ? "" : verdict->why;
  if (is_good) verified_ = iso_time(system_now().utc);
  return is_good;
}

Status EventsSink::tend(std::stop_token stop) {
  if (Clock::now() < due()) return ok();
  if (auto confirmed = confirm(std::move(stop)); !confirmed) return std::move(confirmed).error();
  return ok();
}

Result<bool> EventsSink::reach(std::stop_token stop) {
  if (!settings_.verify_every) return false;
  return confirm(std::move(stop));
}

Clock::time_point EventsSink::due() const { return verify_at_.value_or(Clock::time_point::max()); }

Result<std::string> EventsSink::probe(std::stop_token stop) {
  auto key = key_.get();
  if (!key) return std::move(key).error();
  const std::string signs = name_ + ": signs by " + (*key)->algorithm() + " with key " + (*key)->kid();
  if (!settings_.verify_every) return signs + "; whether tokens are taken was not tried, since verify-every is not set";
  auto verdict = verify(std::move(stop));
  if (!verdict) return std::move(verdict).error();
  if (verdict->kind != Fate::Kind::delivered) return Error{Errc::unreachable, verdict->why, ""};
  return signs + "; a verification event was taken";
}

json EventsSink::figures() const {
  json all = json::object();
  if (!verified_.empty()) all["verified"] = verified_;
  if (!complaint_.empty()) all["verification"] = complaint_;
  return all;
}

}  // namespace muster
