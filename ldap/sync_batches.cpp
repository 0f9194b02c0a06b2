#include "ldap/sync_batches.h"

#include <algorithm>
#include <utility>

#include "ldap/sync_cookie.h"

namespace muster::wire {
namespace {

SyncEvent said(NewCookie&& news) { return {{}, std::move(news.cookie), {}, {}}; }

SyncEvent said(RefreshPhaseEnd&& end) {
  SyncEvent event;
  event.cookie = std::move(end.cookie);
  event.phase_end = RefreshPhaseEnd{end.phase, {}, end.done};
  return event;
}

SyncEvent said(SyncIdSet&& set) {
  SyncEvent event;
  event.cookie = std::move(set.cookie);
  event.notices.reserve(set.ids.size());
  for (const EntryId& id : set.ids) event.notices.push_back(set.deleted ? Notice(Gone{id}) : Notice(Unchanged{id}));
  return event;
}

}  // namespace

SyncEvent event_of(SyncInfoValue info) {
  return std::visit([](auto&& value) { return said(std::move(value)); }, std::move(info));
}

SyncBatches::SyncBatches(std::optional<Cookie> resume_at)
    : cookie_(std::move(resume_at)), all_content_comes_(!cookie_ || cookie_->rep().empty()) {}

Batch SyncBatches::start() const {
  Batch batch;
  batch.stage = refreshing_ ? Batch::Stage::refreshing : Batch::Stage::following;
  return batch;
}

void SyncBatches::put(SyncEvent event) {
  event_ = std::move(event);
  taken_ = 0;
  drained_ = false;
  if (!refreshing_) std::erase_if(event_.notices, [](const Notice& n) { return std::holds_alternative<Unchanged>(n); });
}

bool SyncBatches::fill(Batch& batch) {
  if (batch.received == std::chrono::steady_clock::time_point{}) batch.received = event_.received;
  const std::size_t room = kLargestBatch - std::min(batch.notices.size(), kLargestBatch);
  const auto from = event_.notices.begin() + static_cast<std::ptrdiff_t>(taken_);
  const std::size_t count = std::min(room, event_.notices.size() - taken_);
  std::move(from, from + static_cast<std::ptrdiff_t>(count), std::back_inserter(batch.notices));
  taken_ += count;
  if (taken_ < event_.notices.size()) return true;
  drained_ = true;
  if (event_.cookie) {
    cookie_ = merge_cookies(cookie_, *event_.cookie);
    new_cookie_ = true;
  }
  if (event_.phase_end && refreshing_) return end_phase(*event_.phase_end, batch);
  if (event_.cookie && !refreshing_) batch.resume_at = cookie_;
  return batch.notices.size() == kLargestBatch;
}

bool SyncBatches::end_phase(const RefreshPhaseEnd& end, Batch& batch) {
  present_phase_seen_ = present_phase_seen_ || end.phase == RefreshPhaseEnd::Phase::present;
  if (!end.done) return batch.notices.size() == kLargestBatch;
  refreshing_ = false;
  batch.stage = Batch::Stage::refreshed;
  batch.absent_is_gone = all_content_comes_ || present_phase_seen_;
  if (new_cookie_) batch.resume_at = cookie_;
  return true;
}

}  // namespace muster::wire
