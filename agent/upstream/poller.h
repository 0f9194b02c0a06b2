// Fetches commands (RFC 8936).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/commands.h"
#include "agent/live_status.h"
#include "agent/upstream/http/client.h"

namespace muster {

class Engine;

/// The keys that an issuer publishes: a file, read anew each time, or a https address, asked anew for a key that is not known.
class IssuerKeys {
 public:
  static constexpr std::chrono::minutes kSeldom{5};  ///< a server is asked for keys no more often

  IssuerKeys(const UpstreamSettings::Events& settings, std::string folder);
  /// Errc::unreachable, Errc::io, Errc::untrusted: there are no keys, so nothing can be said about any token.
  Status look(const std::vector<std::string>& kids, std::stop_token stop);
  const KeySet& keys() const { return *keys_; }
  /// It may have been published since, and is asked for later.
  bool may_come(const std::string& kid) const;

 private:
  Status fetch(std::stop_token stop);
  bool is_file() const { return where_.find("://") == std::string::npos; }
  std::string where_;
  HttpClient client_;
  std::optional<KeySet> keys_;
  bool fresh_ = false;  ///< fetched for the look that is under way
  std::chrono::steady_clock::time_point fetched_at_{};
};

/// One transmitter. Used by one thread.
class Poller {
 public:
  /// Brings tokens to the engine's thread; answers once what became of them is durable. An Error: nothing is answered, and the
  /// transmitter delivers them again.
  using Take = std::function<Result<std::vector<SetAnswer>>(const UpstreamSettings::Events::Trust&, std::vector<ReceivedSet>)>;
  struct Polled {
    std::size_t sets = 0, news = 0;
    bool more = false;  ///< the transmitter has others at once
  };

  Poller(const UpstreamSettings::Events& settings, std::string folder);
  const std::string& name() const { return name_; }
  /// One request, with the answers to what the last one brought. Waits for commands unless `at_once`; none within the time that
  /// servers hold a request is no Error.
  Result<Polled> poll(bool at_once, const Take& take, std::stop_token stop);
  /// For `muster check`: asks for no command (RFC 8936 section 2.2, maxEvents 0), and reads the issuer's keys. What was found, in a
  /// sentence.
  Result<std::string> probe(std::stop_token stop);
  /// Answers what is not answered yet, and fetches nothing.
  Status answer(std::stop_token stop);

 private:
  Result<nlohmann::json> request(const nlohmann::json& body, std::chrono::milliseconds patience, std::stop_token stop);
  nlohmann::json answers() const;
  Status acknowledge(std::stop_token stop);
  Result<std::vector<ReceivedSet>> check(const nlohmann::json& sets, std::stop_token stop);

  std::string name_, url_;
  UpstreamSettings::Events::Trust trust_;
  HttpClient client_;
  IssuerKeys keys_;
  std::map<std::string, SetAnswer> unanswered_;  ///< by jti
};

/// Those that are polled and trusted.
std::vector<std::unique_ptr<Poller>> open_pollers(const Settings& settings);

/// All transmitters that are polled and trusted; each has a thread of its own.
class Polls {
 public:
  Polls(const Settings& settings, LiveStatus& live);
  ~Polls();
  void start(Poller::Take take);
  /// Ends what is under way; answers that are not sent yet are sent when the same tokens come again.
  void stop();

 private:
  void run(Poller& poller, std::stop_token stop);
  std::vector<std::unique_ptr<Poller>> pollers_;
  LiveStatus& live_;
  Poller::Take take_;
  std::vector<std::jthread> threads_;
};

/// For commands without a service: takes what is there now, and answers it. The first Error, after all were asked.
Status poll_now(Engine& engine);

}  // namespace muster
