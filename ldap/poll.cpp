#include "ldap/poll.h"

#include <algorithm>
#include <map>

#include "ldap/polling.h"
#include "schema/calendar.h"

namespace muster::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// A timestamp has whole seconds, and a write that takes long commits after one that began later.
constexpr seconds kOverlap{5};
constexpr seconds kComparePause{10};
constexpr int kCompareShare = 20;  ///< how much longer than reading everybody takes the pause is

class Poll final : public PollingSource {
 public:
  Poll(Connection connection, const WatchRequest& request)
      : PollingSource(std::move(connection), request, {seconds(1), seconds(10)}) {}
  std::string_view method() const override { return "poll"; }

 protected:
  Result<std::optional<Cookie>> position(const std::stop_token& stop) override;
  Result<Round> round(const std::stop_token& stop) override;

 private:
  Status look(const std::function<void(Entry&&, Instant)>& each, const std::stop_token& stop);

  Instant newest_{};                      ///< by the server's clock
  std::map<EntryId, Attributes> recent_;  ///< what was told of the last seconds, which are asked for again
  Time reading_since_{}, compare_at_{};
  bool timed_ = true;  ///< compare_at_ belongs to the last reading
};

/// Entries with a timestamp since shortly before the newest known.
Status Poll::look(const std::function<void(Entry&&, Instant)>& each, const std::stop_token& stop) {
  SearchRequest search;
  search.base = request_.base;
  search.filter = "(&" + request_.filter + "(modifyTimestamp>=" + generalized_time(newest_ - kOverlap) + "))";
  search.attributes = request_.attributes;
  search.attributes.emplace_back("modifyTimestamp");
  return connection_.search(
      search,
      [&](Entry&& e) {
        const auto at = parse_generalized_time(e.attributes.first("modifytimestamp"));
        e.attributes.set("modifytimestamp", {});
        each(std::move(e), at.value_or(newest_));
        return ok();
      },
      stop);
}

/// The newest timestamp there is, so that the next look is not at everybody.
Result<std::optional<Cookie>> Poll::position(const std::stop_token& stop) {
  reading_since_ = steady_clock::now();
  timed_ = false;
  recent_.clear();
  if (newest_ == Instant{}) newest_ = system_now().utc - std::chrono::hours(24);
  MUSTER_TRY(look([&](Entry&&, Instant at) { newest_ = std::max(newest_, at); }, stop));
  return std::optional<Cookie>();
}

Result<PollingSource::Round> Poll::round(const std::stop_token& stop) {
  const Time now = steady_clock::now();
  if (!std::exchange(timed_, true))
    compare_at_ = now + std::max<Time::duration>(kComparePause, kCompareShare * (now - reading_since_));
  Round found;
  std::map<EntryId, Attributes> seen;
  Instant newest = newest_;
  MUSTER_TRY(look(
      [&](Entry&& e, Instant at) {
        newest = std::max(newest, at);
        const auto known = recent_.find(e.id);
        seen[e.id] = e.attributes;
        if (known == recent_.end() || known->second != e.attributes) found.notices.emplace_back(Upsert{std::move(e)});
      },
      stop));
  newest_ = newest;
  recent_ = std::move(seen);
  found.start_over = now >= compare_at_;
  return found;
}

}  // namespace

Result<std::unique_ptr<ChangeSource>> open_poll(const Endpoint& endpoint, const WatchRequest& request) {
  auto connection = Connection::open(endpoint, true);
  if (!connection) return std::move(connection).error();
  WatchRequest asked = request;
  asked.resume_at.reset();
  return std::unique_ptr<ChangeSource>(std::make_unique<Poll>(std::move(*connection), asked));
}

}  // namespace muster::wire
