// Private to ldap/: the messages of a content synchronization, put together to batches. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "ldap/change_source.h"
#include "ldap/sync_messages.h"

namespace muster::wire {

/// What one message says.
struct SyncEvent {
  std::vector<Notice> notices;
  OptionalCookie cookie;                     ///< covers `notices` and all before; during the refresh stage only once that has ended
  std::optional<RefreshPhaseEnd> phase_end;  ///< what ends with this message
  std::chrono::steady_clock::time_point received{};
};
SyncEvent event_of(SyncInfoValue info);

/// The client's side of RFC 4533 section 3.3 and 3.4.
class SyncBatches {
 public:
  /// `resume_at`: the cookie of the request.
  explicit SyncBatches(std::optional<Cookie> resume_at);

  bool refreshing() const { return refreshing_; }
  /// An empty batch of the present stage.
  Batch start() const;
  /// Nothing is left of the last event: put() may be called.
  bool drained() const { return drained_; }
  void put(SyncEvent event);
  /// Moves what is left of the event into `batch`, as far as there is room. True: the batch is complete and must be handed over.
  bool fill(Batch& batch);

 private:
  bool end_phase(const RefreshPhaseEnd& end, Batch& batch);

  std::optional<Cookie> cookie_;  ///< covers what was filled in, once the refresh has ended
  bool new_cookie_ = false;       ///< cookie_ is not that of the request any more
  bool all_content_comes_;  ///< no cookie was sent: what is absent is gone, whichever phase the server names (389 DS names the
                            ///< delete phase)
  bool present_phase_seen_ = false;
  bool refreshing_ = true;
  SyncEvent event_;
  std::size_t taken_ = 0;  ///< of event_.notices
  bool drained_ = true;
};

}  // namespace muster::wire
