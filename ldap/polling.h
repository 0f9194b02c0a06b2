// Private to ldap/: what change sources have in common that ask, instead of being told.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ldap/change_source.h"
#include "ldap/full_read.h"

namespace muster::wire {

/// Asks in rounds: at once when something wakes it, and by its pace. The first look, and one that must be done over, reads
/// everybody.
class PollingSource : public ChangeSource {
 public:
  Result<Batch> next(std::stop_token stop, std::chrono::milliseconds patience) final;

 protected:
  using Time = std::chrono::steady_clock::time_point;
  /// How long to rest: after a round that found something, and at most, doubling while nothing happens.
  struct Pace {
    std::chrono::milliseconds busy, quiet;
  };
  PollingSource(Connection connection, const WatchRequest& request, Pace pace);

  struct Round {
    std::vector<Notice> notices;
    std::vector<EntryId> to_look_at;  ///< changed in some way: fetched, a batch at a time, or found to be gone
    std::optional<Cookie> resume_at;  ///< covers all of this and all before
    bool start_over = false;          ///< everybody must be read: this round does not tell everything
  };
  /// Where the changes begin that a full read which starts now may miss. Errc::stale_cursor may come from round() only.
  virtual Result<std::optional<Cookie>> position(const std::stop_token& stop) = 0;
  /// What has changed since the last round, or since the position or the cookie that the source began with.
  virtual Result<Round> round(const std::stop_token& stop) = 0;
  /// Waits until then, or for a sign that something has changed: true. Errc::cancelled on a stop.
  virtual Result<bool> rest(Time until, const std::stop_token& stop);

  Connection connection_;
  WatchRequest request_;

 private:
  Result<Batch> read_on(const std::stop_token& stop);
  Result<Batch> look_on(const std::stop_token& stop);
  Status begin(const std::stop_token& stop);
  Status ask(const std::stop_token& stop, bool catching_up);
  Status start_over(const std::stop_token& stop);

  Pace pace_;
  std::chrono::milliseconds pause_;
  Time due_{};
  bool begun_ = false;
  std::unique_ptr<FullRead> reading_;
  Time reading_from_{};  ///< when it was begun
  std::optional<Cookie> after_reading_;
  /// What a round found and was not delivered yet.
  struct Rest {
    std::deque<Notice> notices;
    std::deque<EntryId> ids;
    std::optional<Cookie> resume_at;
    bool catching_up = false;
    Time received{};
  };
  std::optional<Rest> rest_;
  std::optional<Error> failed_;
};

}  // namespace muster::wire
