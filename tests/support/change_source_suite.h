// What every change source must do, whichever protocol it speaks: one suite, run against each of them.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ldap/change_source.h"

namespace muster::test {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// A directory with one watched base, and somebody who changes it. Every function but open() has failed the test where it fails.
class WatchedDirectory {
 public:
  virtual ~WatchedDirectory() = default;
  /// Nobody is there: before each SUBCASE, where a server is used for all of them.
  virtual void begin_anew() {}
  /// A source that asks for uid and description of everybody below the base.
  virtual Result<std::unique_ptr<ChangeSource>> open(std::optional<Cookie> resume_at) = 0;
  virtual void add(const std::vector<std::string>& uids) = 0;
  virtual void describe(const std::string& uid, const std::string& text) = 0;
  virtual void rename(const std::string& uid, const std::string& to) = 0;
  virtual void move_away(const std::string& uid) = 0;  ///< out of the base
  virtual void remove(const std::string& uid) = 0;
  /// Everybody below the base, uid and description, read by other means than a source.
  virtual std::map<std::string, std::string> people() = 0;
  virtual void restart() = 0;  ///< of the server; all connections break
  virtual void freeze() = 0;   ///< the server stays connected and says nothing
  virtual void unfreeze() = 0;
  /// The longest silence that a source of open() bears.
  virtual milliseconds silence() = 0;
  /// How soon a change is told, at best.
  virtual milliseconds promised_latency() { return milliseconds(20); }
  /// More than two batches where people are made quickly, more than one elsewhere.
  virtual std::size_t company() { return 1100; }
};

/// Works, and takes nothing from a source meanwhile.
inline void be_busy_for(milliseconds span) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, span, [] { return false; });
}

/// The receiver at the other end of a source, as simple as it can be: knows the people and a cookie.
class Follower {
 public:
  std::optional<Cookie> cookie;
  std::vector<Batch> batches;

  void take(Batch batch) {
    for (const Notice& notice : batch.notices) {
      if (const auto* u = std::get_if<Upsert>(&notice)) see(u->entry);
      if (const auto* g = std::get_if<Gone>(&notice)) known_.erase(g->id);
      if (const auto* u = std::get_if<Unchanged>(&notice)) seen_.insert(u->id);
    }
    if (batch.absent_is_gone) std::erase_if(known_, [&](const auto& item) { return !seen_.contains(item.first); });
    if (batch.stage != Batch::Stage::refreshing) seen_.clear();
    if (batch.resume_at) cookie = batch.resume_at;
    batches.push_back(std::move(batch));
  }
  std::map<std::string, std::string> people() const {
    std::map<std::string, std::string> all;
    for (const auto& [id, entry] : known_) all[std::string(entry.attributes.first("uid"))] = entry.attributes.first("description");
    return all;
  }
  bool knows(const std::string& uid) const { return people().contains(uid); }

 private:
  void see(const Entry& entry) {
    seen_.insert(entry.id);
    known_[entry.id] = entry;
  }
  std::map<EntryId, Entry> known_;
  std::set<EntryId> seen_;
};

inline constexpr seconds kDeadline{20};

inline std::unique_ptr<ChangeSource> opened(WatchedDirectory& directory, const std::optional<Cookie>& resume_at = {}) {
  auto source = directory.open(resume_at);
  REQUIRE_MESSAGE(source, (source ? "" : source.error().text()));
  return std::move(*source);
}

/// Takes batches until `done` says so.
inline void follow(ChangeSource& source, Follower& follower, const std::function<bool()>& done) {
  const auto end = steady_clock::now() + kDeadline;
  while (!done()) {
    REQUIRE_MESSAGE(steady_clock::now() < end, "the change was not told in time");
    auto batch = source.next({}, milliseconds(200));
    REQUIRE_MESSAGE(batch, (batch ? "" : batch.error().text()));
    follower.take(std::move(*batch));
  }
}

inline void refresh(ChangeSource& source, Follower& follower) {
  bool done = false;
  const auto end = steady_clock::now() + kDeadline;
  while (!done) {
    REQUIRE_MESSAGE(steady_clock::now() < end, "the refresh did not end in time");
    auto batch = source.next({}, milliseconds(200));
    REQUIRE_MESSAGE(batch, (batch ? "" : batch.error().text()));
    CHECK(batch->stage != Batch::Stage::following);
    done = batch->stage == Batch::Stage::refreshed;
    follower.take(std::move(*batch));
  }
}

/// The error that the source gives after at most kDeadline of empty batches.
inline Error broken(ChangeSource& source) {
  const auto end = steady_clock::now() + kDeadline;
  for (;;) {
    REQUIRE_MESSAGE(steady_clock::now() < end, "the source did not notice");
    auto batch = source.next({}, milliseconds(100));
    if (!batch) return batch.error();
  }
}

/// Run within a TEST_CASE that makes the directory, for every SUBCASE or once.
inline void conforms(WatchedDirectory& directory) {
  directory.begin_anew();
  directory.add({"ann", "ben", "cem"});
  directory.describe("ann", "first");
  Follower follower;

  SUBCASE("a first look shows everybody, and says that nobody else exists") {
    const auto source = opened(directory);
    refresh(*source, follower);
    CHECK(follower.people() == directory.people());
    CHECK(follower.batches.back().absent_is_gone);
    CHECK(follower.cookie);
  }

  SUBCASE("what happens is told as it happens") {
    const auto source = opened(directory);
    refresh(*source, follower);
    directory.add({"dan"});
    follow(*source, follower, [&] { return follower.knows("dan"); });
    directory.describe("dan", "new");
    follow(*source, follower, [&] { return follower.people()["dan"] == "new"; });
    directory.rename("dan", "dave");
    follow(*source, follower, [&] { return follower.knows("dave"); });
    CHECK_FALSE(follower.knows("dan"));
    directory.remove("ben");
    follow(*source, follower, [&] { return !follower.knows("ben"); });
    directory.move_away("cem");
    follow(*source, follower, [&] { return !follower.knows("cem"); });
    CHECK(follower.people() == directory.people());
    CHECK(follower.batches.back().stage == Batch::Stage::following);
  }

  SUBCASE("a change is not kept waiting for another") {
    const auto source = opened(directory);
    refresh(*source, follower);
    auto fastest = steady_clock::duration::max();
    for (int i = 0; i < 20; ++i) {
      const std::string text = std::to_string(i);
      directory.describe("ann", text);
      const auto begun = steady_clock::now();
      follow(*source, follower, [&] { return follower.people()["ann"] == text; });
      fastest = std::min(fastest, steady_clock::now() - begun);
    }
    CHECK(fastest < directory.promised_latency());
  }

  SUBCASE("what happened while nobody watched is told on return") {
    refresh(*opened(directory), follower);
    directory.add({"dan"});
    directory.describe("ann", "second");
    directory.remove("ben");
    directory.move_away("cem");
    refresh(*opened(directory, follower.cookie), follower);
    CHECK(follower.people() == directory.people());
  }

  SUBCASE("what happened while the server was restarted is told, too") {
    refresh(*opened(directory), follower);
    directory.remove("ben");
    directory.describe("ann", "second");
    directory.restart();
    directory.add({"dan"});
    refresh(*opened(directory, follower.cookie), follower);
    CHECK(follower.people() == directory.people());
  }

  SUBCASE("every cookie covers what came with it, and nothing that came later") {
    auto source = opened(directory);
    refresh(*source, follower);
    std::vector<Follower> stages{follower};
    for (int i = 0; i < 6; ++i) {
      const std::string uid = "n" + std::to_string(i);
      directory.add({uid});
      if (i % 2) directory.remove("n" + std::to_string(i - 1));
      follow(*source, follower, [&] { return follower.people() == directory.people(); });
      stages.push_back(follower);
    }
    source.reset();
    for (Follower& stage : stages) {
      REQUIRE(stage.cookie);
      const auto again = opened(directory, stage.cookie);
      refresh(*again, stage);
      CHECK(stage.people() == directory.people());
    }
  }

  SUBCASE("when nothing happens, patience ends with an empty batch") {
    const auto source = opened(directory);
    refresh(*source, follower);
    const auto begun = steady_clock::now();
    const auto batch = source->next({}, milliseconds(60));
    const auto waited = steady_clock::now() - begun;
    REQUIRE(batch);
    CHECK(batch->notices.empty());
    CHECK(batch->stage == Batch::Stage::following);
    CHECK(waited >= milliseconds(59));
    CHECK(waited < seconds(5));
  }

  SUBCASE("a request to stop ends the waiting") {
    const auto source = opened(directory);
    refresh(*source, follower);
    std::stop_source stop;
    Result<Batch> result = Batch{};
    steady_clock::time_point asked;
    {
      const std::jthread other([&] {
        asked = steady_clock::now();
        stop.request_stop();
      });
      result = source->next(stop.get_token(), seconds(60));
    }
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::cancelled);
    CHECK(steady_clock::now() - asked < seconds(1));
  }

  SUBCASE("a broken connection is told once and for all, and a new source goes on") {
    const auto source = opened(directory);
    refresh(*source, follower);
    directory.restart();
    CHECK(broken(*source).code == Errc::unreachable);
    const auto again = source->next({}, milliseconds(10));
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Errc::unreachable);
    directory.add({"dan"});
    refresh(*opened(directory, follower.cookie), follower);
    CHECK(follower.people() == directory.people());
  }

  SUBCASE("a server that says nothing any more is noticed") {
    const auto source = opened(directory);
    refresh(*source, follower);
    directory.freeze();
    const Error error = broken(*source);
    directory.unfreeze();
    CHECK(error.code == Errc::unreachable);
  }

  SUBCASE("a receiver that was busy for long is not cut off for it") {
    const auto source = opened(directory);
    refresh(*source, follower);
    be_busy_for(directory.silence() * 3 / 2);
    CHECK(source->next({}, milliseconds(10)));
    be_busy_for(directory.silence() * 3 / 2);
    directory.describe("ann", "later");
    follow(*source, follower, [&] { return follower.people()["ann"] == "later"; });
    CHECK(follower.people() == directory.people());
  }

  SUBCASE("a company comes in batches of at most 1000") {
    std::vector<std::string> uids;
    const std::size_t people = directory.company();
    for (std::size_t i = 0; i < people; ++i) uids.push_back("p" + std::to_string(i));
    directory.add(uids);
    refresh(*opened(directory), follower);
    CHECK(follower.people().size() == people + 3);
    for (const Batch& b : follower.batches) CHECK(b.notices.size() <= 1000);
    REQUIRE(follower.batches.size() > people / 1000);
    for (std::size_t i = 0; i + 1 < follower.batches.size(); ++i) {
      CHECK(follower.batches[i].stage == Batch::Stage::refreshing);
      CHECK_FALSE(follower.batches[i].resume_at);
    }
  }
}

}  // namespace muster::test
