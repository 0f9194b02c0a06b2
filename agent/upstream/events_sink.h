// <events push>: security event tokens to a receiver (RFC 8417, RFC 8935).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "agent/jose/signing_key.h"
#include "agent/upstream/http/client.h"
#include "agent/upstream/sink.h"

namespace muster {

/// The key that tokens are signed with. Read when first asked for, and anew when its file is another one: keys change without a
/// restart. Used by one thread.
class KeyInUse {
 public:
  explicit KeyInUse(std::string path) : path_(std::move(path)) {}
  /// Good until the next call. Errors of SigningKey::read().
  Result<const SigningKey*> get();

 private:
  using Stamp = std::pair<std::filesystem::file_time_type, std::uintmax_t>;
  std::string path_;
  std::optional<SigningKey> key_;
  Stamp stamp_{};
};

/// Posts each token that an event makes, several at once, but those of one subject one after the other. A token comes again under
/// the same jti until the receiver has it. Events without tokens are delivered by that. The receiver cannot tell what it has.
class EventsSink final : public Sink {
 public:
  static constexpr std::size_t kAtOnce = 32;  ///< tokens under way together
  /// Secrets are looked for in `folder`.
  EventsSink(UpstreamSettings::Events settings, const std::string& folder);
  const std::string& name() const override { return name_; }
  Result<Delivered> last_delivered() override { return Delivered{}; }
  Status told_after(Row, const std::function<void(const OutboxRow&)>&) override { return ok(); }
  Result<std::vector<Verdict>> deliver(std::span<const OutboxRow> events, std::stop_token stop) override;
  /// A verification event (SSF 1.0 section 8.1.4) at the start, and then every `verify-every`.
  Status tend(std::stop_token stop) override;
  std::chrono::steady_clock::time_point due() const override;
  /// By a verification event, where `verify-every` says that the receiver takes such.
  Result<bool> reach(std::stop_token stop) override;
  std::chrono::milliseconds asked_to_wait() const override { return asked_to_wait_; }
  Result<std::string> probe(std::stop_token stop) override;
  nlohmann::json figures() const override;

 private:
  Result<std::vector<Verdict>> push(std::span<const OutboxRow> events, const SigningKey& key, std::stop_token stop,
                                    bool& is_unknown);
  Result<Verdict> verify(std::stop_token stop);
  /// verify(), remembered. False: it was refused.
  Result<bool> confirm(std::stop_token stop);
  HttpRequest request(std::string token) const;

  UpstreamSettings::Events settings_;
  std::string name_;
  KeyInUse key_;
  HttpClient client_;
  std::set<Row> ahead_;  ///< delivered, but something before them is not
  std::chrono::milliseconds asked_to_wait_{};
  std::optional<std::chrono::steady_clock::time_point> verify_at_;
  std::string verified_, complaint_;  ///< when a verification event was taken last; why the last one was not
};

}  // namespace muster
