#include "ldap/sync_batches.h"

#include <doctest/doctest.h>

namespace muster::wire {
namespace {

using Stage = Batch::Stage;
using Phase = RefreshPhaseEnd::Phase;

const std::string kOld = "rid=000,csn=20261123090000.000000Z#000000#000#000000;20261123090000.000000Z#000000#001#000000";
const std::string kLive = "rid=000,sid=001,csn=20261123100000.000000Z#000000#001#000000";
const std::string kBoth = "rid=000,csn=20261123090000.000000Z#000000#000#000000;20261123100000.000000Z#000000#001#000000";

EntryId id(std::size_t number) {
  std::array<std::uint8_t, 16> octets{};
  octets[14] = static_cast<std::uint8_t>(number >> 8);
  octets[15] = static_cast<std::uint8_t>(number);
  return EntryId(octets);
}

SyncEvent event(Notice notice, OptionalCookie cookie = {}) {
  SyncEvent e;
  e.notices.push_back(std::move(notice));
  e.cookie = std::move(cookie);
  return e;
}
SyncEvent upsert(std::size_t number, OptionalCookie cookie = {}) {
  Upsert u;
  u.entry.id = id(number);
  return event(std::move(u), std::move(cookie));
}
SyncEvent gone(std::size_t number, OptionalCookie cookie = {}) { return event(Gone{id(number)}, std::move(cookie)); }
SyncEvent same(std::size_t number) { return event(Unchanged{id(number)}); }
SyncEvent end_of(Phase phase, OptionalCookie cookie = {}, bool done = true) {
  return event_of(RefreshPhaseEnd{phase, std::move(cookie), done});
}
SyncEvent news(OptionalCookie cookie) { return event_of(NewCookie{std::move(cookie)}); }
SyncEvent ids(std::size_t count, bool deleted, OptionalCookie cookie = {}) {
  SyncIdSet set{std::move(cookie), deleted, {}};
  for (std::size_t i = 0; i < count; ++i) set.ids.push_back(id(i));
  return event_of(std::move(set));
}

/// What a source would hand over when all events are there at once: the last batch is whatever is left.
std::vector<Batch> batches(SyncBatches& stream, std::vector<SyncEvent> events) {
  std::vector<Batch> all;
  Batch batch = stream.start();
  for (SyncEvent& e : events) {
    stream.put(std::move(e));
    while (!stream.drained()) {
      if (!stream.fill(batch)) continue;
      all.push_back(std::move(batch));
      batch = stream.start();
    }
  }
  if (!batch.notices.empty() || batch.resume_at) all.push_back(std::move(batch));
  return all;
}

std::string text(const Batch& batch) {
  std::string s = batch.stage == Stage::refreshing ? "refreshing" : batch.stage == Stage::refreshed ? "refreshed" : "following";
  for (const Notice& n : batch.notices) {
    const std::size_t kind = n.index();
    const EntryId which = kind == 0 ? std::get<Upsert>(n).entry.id : kind == 1 ? std::get<Gone>(n).id : std::get<Unchanged>(n).id;
    s += std::string(" ") + "+-="[kind] + std::to_string(which.rep()[15]);
  }
  if (batch.absent_is_gone) s += " absent-is-gone";
  if (batch.resume_at) s += " @" + batch.resume_at->rep();
  return s;
}

std::string texts(const std::vector<Batch>& all) {
  std::string lines;
  for (const Batch& b : all) lines += (lines.empty() ? "" : " | ") + text(b);
  return lines;
}

TEST_CASE("what a directory says is put together as RFC 4533 means it") {
  struct Case {
    std::string name;
    std::optional<std::string> resume_at;
    std::vector<SyncEvent> events;
    std::string expected;
  };
  const Case cases[] = {
      {"first contact: all entries, and whoever is not among them is gone",
       {},
       {upsert(1), upsert(2), end_of(Phase::present, kBoth)},
       "refreshed +1 +2 absent-is-gone @" + kBoth},
      {"first contact with 389, which names the delete phase",
       {},
       {upsert(1), end_of(Phase::deletes, "x#1")},
       "refreshed +1 absent-is-gone @x#1"},
      {"an empty cookie is none", "", {upsert(1), end_of(Phase::deletes)}, "refreshed +1 absent-is-gone"},
      {"an empty directory", {}, {end_of(Phase::present)}, "refreshed absent-is-gone"},
      {"nothing happened while we were away", kOld, {end_of(Phase::deletes, kOld)}, "refreshed @" + kOld},
      {"the server keeps a session log",
       kOld,
       {ids(2, true), upsert(7), end_of(Phase::deletes, kBoth)},
       "refreshed -0 -1 +7 @" + kBoth},
      {"the session log was lost: a present phase",
       kOld,
       {same(3), upsert(7), ids(2, false), end_of(Phase::present, kBoth)},
       "refreshed =3 +7 =0 =1 absent-is-gone @" + kBoth},
      {"a present phase and then a delete phase",
       kOld,
       {same(3), end_of(Phase::present, {}, false), gone(4), end_of(Phase::deletes, kBoth)},
       "refreshed =3 -4 absent-is-gone @" + kBoth},
      {"a deleted entry in the delete phase", kOld, {gone(4), end_of(Phase::deletes, kBoth)}, "refreshed -4 @" + kBoth},
      {"a cookie amid the refresh counts only at its end",
       kOld,
       {ids(1, true, kLive), upsert(7), end_of(Phase::deletes)},
       "refreshed -0 +7 @" + kBoth},
      {"a refresh without any cookie keeps the old one", kOld, {upsert(7), end_of(Phase::deletes)}, "refreshed +7"},
      {"live changes, the cookie of each merged",
       kOld,
       {end_of(Phase::deletes), upsert(1), gone(2, kLive), upsert(3)},
       "refreshed | following +1 -2 +3 @" + kBoth},
      {"a live change without a cookie", kOld, {end_of(Phase::deletes), upsert(1)}, "refreshed | following +1"},
      {"news of changes outside our base: a cookie alone",
       kOld,
       {end_of(Phase::deletes), news(kLive)},
       "refreshed | following @" + kBoth},
      {"the refresh ends once",
       kOld,
       {end_of(Phase::deletes), upsert(1), end_of(Phase::present, kLive)},
       "refreshed | following +1 @" + kBoth},
      {"an entry that is as it was is no live change",
       kOld,
       {end_of(Phase::deletes), same(5), ids(3, false), upsert(1)},
       "refreshed | following +1"},
      {"many deleted at once, live", kOld, {end_of(Phase::deletes), ids(2, true, kLive)}, "refreshed | following -0 -1 @" + kBoth},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    SyncBatches stream(c.resume_at ? std::optional(Cookie(*c.resume_at)) : std::nullopt);
    CHECK(texts(batches(stream, c.events)) == c.expected);
    CHECK_FALSE(stream.refreshing());
  }
}

TEST_CASE("a batch holds at most 1000 notices, and only the last part of a message brings its cookie") {
  for (const bool live : {false, true}) {
    CAPTURE(live);
    SyncBatches stream{Cookie(kOld)};
    std::vector<SyncEvent> events;
    if (live) events.push_back(end_of(Phase::deletes));
    events.push_back(ids(2500, true, kLive));
    if (!live) events.push_back(end_of(Phase::deletes));
    auto all = batches(stream, std::move(events));
    if (live) all.erase(all.begin());
    REQUIRE(all.size() == 3);
    CHECK(all[0].notices.size() == 1000);
    CHECK(all[1].notices.size() == 1000);
    CHECK(all[2].notices.size() == 500);
    CHECK_FALSE(all[0].resume_at);
    CHECK_FALSE(all[1].resume_at);
    REQUIRE(all[2].resume_at);
    CHECK(all[2].resume_at->rep() == kBoth);
    CHECK(std::get<Gone>(all[1].notices[0]).id == id(1000));
    CHECK(all[0].stage == (live ? Stage::following : Stage::refreshing));
    CHECK(all[2].stage == (live ? Stage::following : Stage::refreshed));
  }
}

TEST_CASE("exactly 1000 changes are a full batch, and the end of a refresh after it is a batch of its own") {
  SyncBatches stream{std::nullopt};
  std::vector<SyncEvent> events;
  for (std::size_t i = 0; i < 1000; ++i) events.push_back(upsert(i));
  events.push_back(end_of(Phase::present, kBoth));
  const auto all = batches(stream, std::move(events));
  REQUIRE(all.size() == 2);
  CHECK(all[0].notices.size() == 1000);
  CHECK(all[0].stage == Stage::refreshing);
  CHECK(text(all[1]) == "refreshed absent-is-gone @" + kBoth);
}

TEST_CASE("the lag is counted from the arrival of the first notice") {
  SyncBatches stream{std::nullopt};
  const auto first = std::chrono::steady_clock::now();
  SyncEvent a = upsert(1), b = upsert(2);
  a.received = first;
  b.received = first + std::chrono::seconds(1);
  Batch batch = stream.start();
  stream.put(std::move(a));
  CHECK_FALSE(stream.fill(batch));
  stream.put(std::move(b));
  CHECK_FALSE(stream.fill(batch));
  CHECK(batch.received == first);
}

}  // namespace
}  // namespace muster::wire
