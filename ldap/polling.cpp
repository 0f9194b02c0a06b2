#include "ldap/polling.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace muster::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

}  // namespace

PollingSource::PollingSource(Connection connection, const WatchRequest& request, Pace pace)
    : connection_(std::move(connection)), request_(request), pace_(pace), pause_(pace.busy) {}

Result<Batch> PollingSource::next(std::stop_token stop, milliseconds patience) {
  if (failed_) return *failed_;
  const Time until = steady_clock::now() + patience;
  const auto fail = [&](Error error) {
    failed_ = error;
    return error;
  };
  if (!begun_) {
    if (Status begun = begin(stop); !begun) return fail(std::move(begun).error());
  }
  for (;;) {
    if (reading_) {
      auto page = read_on(stop);
      return page ? std::move(page) : fail(std::move(page).error());
    }
    if (rest_) {
      auto batch = look_on(stop);
      return batch ? std::move(batch) : fail(std::move(batch).error());
    }
    const Time now = steady_clock::now();
    if (now < due_) {
      if (now >= until) return Batch{};
      auto woken = rest(std::min(due_, until), stop);
      if (!woken) return fail(std::move(woken).error());
      if (!*woken && steady_clock::now() < due_) continue;
    }
    if (Status asked = ask(stop, false); !asked) return fail(std::move(asked).error());
  }
}

Status PollingSource::begin(const std::stop_token& stop) {
  begun_ = true;
  return request_.resume_at && !request_.resume_at->rep().empty() ? ask(stop, true) : start_over(stop);
}

Status PollingSource::start_over(const std::stop_token& stop) {
  MUSTER_TRY(check_scope(connection_, request_));
  auto from = position(stop);
  if (!from) return std::move(from).error();
  after_reading_ = std::move(*from);
  reading_from_ = steady_clock::now();
  reading_ = std::make_unique<FullRead>(connection_, request_);
  return ok();
}

Result<Batch> PollingSource::read_on(const std::stop_token& stop) {
  auto notices = reading_->next(stop);
  if (!notices) return std::move(notices).error();
  Batch batch;
  batch.received = reading_from_;  // what is old is known by it
  batch.notices = std::move(*notices);
  batch.stage = Batch::Stage::refreshing;
  if (!reading_->is_over()) return batch;
  reading_.reset();
  request_.known.reset();  // true for one look only
  batch.stage = Batch::Stage::refreshed;
  batch.absent_is_gone = true;
  batch.resume_at = std::move(after_reading_);
  return batch;
}

Status PollingSource::ask(const std::stop_token& stop, bool catching_up) {
  const Time asked = steady_clock::now();
  auto found = round(stop);
  if (!found) return std::move(found).error();
  const bool something = !found->notices.empty() || !found->to_look_at.empty() || found->start_over;
  pause_ = something ? pace_.busy : std::min(pause_ * 2, pace_.quiet);
  due_ = steady_clock::now() + pause_;
  if (found->start_over) return start_over(stop);
  if (!something && !found->resume_at && !catching_up) return ok();
  rest_ = Rest{{std::make_move_iterator(found->notices.begin()), std::make_move_iterator(found->notices.end())},
               {found->to_look_at.begin(), found->to_look_at.end()},
               std::move(found->resume_at),
               catching_up,
               asked};
  return ok();
}

Result<Batch> PollingSource::look_on(const std::stop_token& stop) {
  Rest& rest = *rest_;
  Batch batch;
  batch.received = rest.received;
  batch.stage = rest.catching_up ? Batch::Stage::refreshing : Batch::Stage::following;
  for (; !rest.notices.empty() && batch.notices.size() < kLargestBatch; rest.notices.pop_front())
    batch.notices.push_back(std::move(rest.notices.front()));
  std::vector<EntryId> ids;
  for (; !rest.ids.empty() && batch.notices.size() + ids.size() < kLargestBatch; rest.ids.pop_front())
    ids.push_back(rest.ids.front());
  if (!ids.empty()) {
    auto looked = look_at(connection_, request_, ids, stop);
    if (!looked) return std::move(looked).error();
    std::move(looked->begin(), looked->end(), std::back_inserter(batch.notices));
  }
  if (!rest.notices.empty() || !rest.ids.empty()) return batch;
  // The cookie covers all of it, so it comes with the last.
  if (rest.catching_up) batch.stage = Batch::Stage::refreshed;
  batch.resume_at = std::move(rest.resume_at);
  rest_.reset();
  return batch;
}

Result<bool> PollingSource::rest(Time until, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop, until, [] { return false; });
  if (stop.stop_requested()) return Error{Errc::cancelled, "stopped", ""};
  return false;
}

}  // namespace muster::wire
