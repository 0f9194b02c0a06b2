#include "agent/feed_intake.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/effective_records.h"
#include "agent/feed/scim_user.h"
#include "agent/planner.h"
#include "agent/sha256.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr const char* kRecordsOf = "feed.effective";  ///< the field that made the records in the store; empty: none did

/// What decides how bytes become people.
std::string shape_of(const FeedSettings& feed) {
  Sha256 sum;
  for (const FieldSettings& f : feed.fields)
    sum.add(f.name)
        .add(f.column)
        .add(f.format)
        .add(f.key ? "key" : "")
        .add(f.required ? "required" : "")
        .add(f.optional ? "optional" : "");
  for (const FieldSettings& f : feed.fields) {
    for (const auto& [from, to] : f.values) sum.add(f.name).add(from).add(to);
  }
  sum.add(feed.type).add(feed.output).add(feed.records);
  if (feed.server) sum.add(feed.server->http.url).add(feed.mode == FeedSettings::Mode::delta ? "delta" : "snapshot");
  return sum.add(feed.encoding).add({&feed.delimiter, 1}).add(feed.path).add(feed.effective).hex();
}

std::string names_of(const FeedSettings& feed) {
  Sha256 sum;
  for (const FieldSettings& f : feed.fields) sum.add(f.name);
  return sum.hex();
}

/// One snapshot on its way into the store.
class Intake {
 public:
  Intake(Context& context, Instant at)
      : context_(context),
        at_(at),
        known_(context.store.count_people(true)),
        effective_(feed().index_of(feed().effective)),
        fits_(known_ == 0 || people_fit(context)),
        is_first_(context.store.meta(kRecordsOf) != feed().effective || !fits_) {
    if (!fits_) context_.store.forget_records();  // of other fields
    if (effective_ < 0)
      context.store.forget_records();
    else
      context.store.forget_staged();
  }

  Status take(Person&& person) {
    ++counts_.records;
    if (context_.alive) context_.alive();
    if (effective_ < 0)
      accept(std::move(person));
    else
      context_.store.stage_record(person, person.fields[static_cast<std::size_t>(effective_)]);
    return ok();
  }

  Result<FeedCounts> finish(const FeedReport& report) {
    for (const FeedProblem& p : report.problems) {
      if (p.person.empty()) continue;
      // One record that cannot be read leaves all of this person's as they were.
      context_.store.forget_staged(PersonKey(p.person));
      if (const auto known = context_.store.person(PersonKey(p.person))) {
        see(known->id);
        kept_.insert(known->id);
      }
    }
    MUSTER_TRY(check_fields());
    if (effective_ >= 0) {
      accept_staged();
      bring_into_force(context_, now_at(at_));
    }
    if (is_first_) context_.store.set_meta(kRecordsOf, feed().effective);
    counts_.changed = true;
    counts_.parked = report.problems.size();
    if (feed().mode == FeedSettings::Mode::snapshot) {
      MUSTER_TRY(check_ratio(report));
      unlist();
    }
    set_problems(context_, "feed", {}, at_);
    park(report);
    return counts_;
  }

 private:
  const FeedSettings& feed() const { return context_.config->settings.feed; }

  /// True: it is news.
  bool accept(Person&& person) {
    Store& store = context_.store;
    ++people_;
    const auto known = store.person(person.key);
    if (known && known->person.fields == person.fields && known->person.listed) {
      if (known->person.source != person.source) store.set_source(known->id, person.source);
      see(known->id);
      return false;
    }
    person.listed = true;
    see(store.put_person(person, at_));
    ++counts_.differing;
    return true;
  }

  void accept_staged() {
    constexpr std::size_t kPage = 512;
    Store& store = context_.store;
    const Now now = now_at(at_);
    std::string after;
    for (auto keys = store.staged_keys(after, kPage); !keys.empty(); keys = store.staged_keys(after, kPage)) {
      if (context_.alive) context_.alive();
      for (const std::string& key : keys) {
        auto records = merged_records(context_, PersonKey(key), is_first_, now);
        InForce counts = in_force(records, context_.rules(), now);
        store.set_records(PersonKey(key), records);
        const json told = {{"person", key}, {"reason", "HR told late: " + counts.record.source}, {"cause", counts.record.source}};
        if (accept(std::move(counts.record)) && counts.is_retroactive) context_.recorder.event("retroactive", told, at_);
      }
      after = keys.back();
    }
    store.forget_staged();
  }

  void see(Row row) {
    const auto i = static_cast<std::size_t>(row);
    if (i >= seen_.size()) seen_.resize(i * 2 + 64);
    seen_[i] = true;
  }

  /// Somebody may have several records that cannot be read (<feed effective>).
  static std::size_t parked_people(const FeedReport& report) {
    std::set<std::string_view> keys;
    std::size_t unknown = 0;
    for (const FeedProblem& p : report.problems) {
      if (p.person.empty())
        ++unknown;
      else
        keys.insert(p.person);
    }
    return keys.size() + unknown;
  }

  Status check_ratio(const FeedReport& report) const {
    const std::size_t now = people_ + parked_people(report);
    const double ratio = feed().min_ratio;
    if (static_cast<double>(now) + 1e-9 >= static_cast<double>(known_) * ratio) return ok();
    const auto need = static_cast<std::size_t>(std::ceil(static_cast<double>(known_) * ratio - 1e-9));
    return Error{Errc::untrusted,
                 report.file + ": the snapshot has " + std::to_string(now) + " people where " + std::to_string(known_) +
                     " are known; min-ratio asks for at least " + std::to_string(need),
                 "it was refused as a whole and nobody was changed; if it is meant, lower min-ratio for this one"};
  }

  /// Where the fields are others than before, what is kept of somebody would be read as what it is not.
  Status check_fields() const {
    if (fits_) return ok();
    std::size_t count = 0;
    std::string first;
    context_.store.each_person_id([&](Row id, std::string_view key, bool listed) {
      const auto i = static_cast<std::size_t>(id);
      const bool is_untold = feed().mode == FeedSettings::Mode::delta && (i >= seen_.size() || !seen_[i]);
      if (listed && (is_untold || kept_.contains(id)) && count++ == 0) first = key;
    });
    if (count == 0) return ok();
    return Error{Errc::untrusted,
                 "feed " + feed().name + ": its fields are not those of before, and of " + std::to_string(count) +
                     " people there is no record that can be read with them (the first is " + first + ")",
                 "let HR deliver everybody once, and mend what cannot be read; nobody is planned before"};
  }

  void unlist() {
    std::vector<std::pair<Row, std::string>> absent;
    context_.store.each_person_id([&](Row id, std::string_view key, bool listed) {
      const auto i = static_cast<std::size_t>(id);
      if (listed && (i >= seen_.size() || !seen_[i])) absent.emplace_back(id, key);
    });
    for (const auto& [id, key] : absent) {
      context_.store.set_unlisted(id, at_);
      context_.store.forget_records(key);
    }
    counts_.unlisted = absent.size();
  }

  void park(const FeedReport& report) {
    std::vector<ProblemRow> parked;
    std::size_t unknown = 0;
    for (const FeedProblem& p : report.problems) {
      unknown += p.person.empty() || !context_.store.person(PersonKey(p.person));
      parked.push_back({p.person,
                        "",
                        "bad-record",
                        p.str() + "; this person keeps what HR said before",
                        p.file + ":" + std::to_string(p.line),
                        p.field,
                        false,
                        {}});
    }
    if (unknown > 0) {
      parked.push_back(
          {"",
           "",
           "strangers-wait",
           "accounts that HR does not know keep their groups until " + std::to_string(unknown) + " unreadable records are mended",
           "",
           "",
           false,
           {}});
    }
    const std::string before = context_.store.meta("feed.unreadable");
    const std::string now = unknown ? std::to_string(unknown) : "";
    if (before != now) context_.store.set_meta("feed.unreadable", now);
    if (!before.empty() && now.empty()) context_.store.mark_all_dirty();
    keep_older(parked);
    set_problems(context_, "feed records", parked, at_);
  }

  /// A delta says nothing of people who are not in it, good or bad.
  void keep_older(std::vector<ProblemRow>& parked) const {
    if (feed().mode != FeedSettings::Mode::delta) return;
    for (ProblemRow& old : context_.store.problems("feed records")) {
      const auto known = old.person.empty() ? std::nullopt : context_.store.person(PersonKey(old.person));
      const auto row = known ? static_cast<std::size_t>(known->id) : seen_.size();
      const bool is_read = row < seen_.size() && seen_[row];
      const bool is_told = std::any_of(parked.begin(), parked.end(), [&](const ProblemRow& p) { return p.person == old.person; });
      if (!old.person.empty() && !is_read && !is_told) parked.push_back(std::move(old));
    }
  }

  Context& context_;
  Instant at_;
  std::size_t known_;
  int effective_;       ///< index of the field; -1: every record counts at once
  bool fits_;           ///< what is known of people has the fields of this feed
  std::set<Row> kept_;  ///< people whose record cannot be read
  bool is_first_;       ///< nobody knows how long HR has told what it tells
  std::size_t people_ = 0;
  std::vector<bool> seen_;
  FeedCounts counts_;
};

Error refuse(Context& context, Error error, Instant at) {
  Store::Transaction transaction(context.store);
  set_problems(context, "feed",
               {{"", "", "feed-refused", error.text(), error.what.substr(0, error.what.find(": ")), "", false, {}}}, at);
  transaction.commit();
  return error;
}

}  // namespace

std::string feed_position(Store& store, const FeedSettings& settings) {
  return store.meta("feed.shape") == shape_of(settings) ? store.meta("feed.position") : "";
}

bool people_fit(Context& context) { return context.store.meta("feed.names") == names_of(context.config->settings.feed); }

Result<FeedCounts> take_feed(Context& context, Feed& feed, bool force, Instant at) {
  Store& store = context.store;
  const std::string shape = shape_of(context.config->settings.feed);
  auto digest = feed.digest();
  if (!digest) return refuse(context, std::move(digest).error(), at);
  const bool same = store.meta("feed.digest") == *digest && store.meta("feed.shape") == shape;
  if (same && !force && store.problems("feed").empty()) return FeedCounts{};
  std::optional<Error> error;
  FeedCounts counts;
  {
    Store::Transaction transaction(store);
    Intake intake(context, at);
    auto report = feed.read([&](Person&& p) { return intake.take(std::move(p)); });
    auto done = report ? intake.finish(*report) : Result<FeedCounts>(report.error());
    if (done) {
      counts = *done;
      store.set_meta("feed.digest", report->digest);
      if (!report->position.empty() || store.meta("feed.shape") != shape) store.set_meta("feed.position", report->position);
      store.set_meta("feed.shape", shape);
      if (!people_fit(context)) store.mark_all_dirty();
      store.set_meta("feed.names", names_of(context.config->settings.feed));
      store.set_meta("feed.taken", iso_time(at));
      if (counts.differing + counts.unlisted + counts.parked > 0) {
        context.recorder.event("feed",
                               {{"reason", "snapshot " + report->file},
                                {"records", counts.records},
                                {"differing", counts.differing},
                                {"unlisted", counts.unlisted},
                                {"parked", counts.parked}},
                               at);
      }
      transaction.commit();
    } else {
      error = std::move(done).error();
    }
  }
  if (error) return refuse(context, std::move(*error), at);
  return counts;
}

namespace {

/// Reads what commands left of everybody.
class Resources {
 public:
  Resources(Context& context, Instant at) : context_(context), at_(at) {}

  FeedCounts read() {
    constexpr std::size_t kPage = 512;
    std::string after;
    for (auto page = context_.store.resources(after, kPage); !page.empty(); page = context_.store.resources(after, kPage)) {
      for (const ResourceRow& row : page) {
        if (!row.body.empty()) take(row);
      }
      after = page.back().key;
    }
    set_problems(context_, "feed records", problems_, at_);
    return counts_;
  }

 private:
  void take(const ResourceRow& row) {
    Store& store = context_.store;
    ++counts_.records;
    auto person = read_scim_user(context_.config->settings.feed, json::parse(row.body));
    if (!person) {
      ++counts_.parked;
      problems_.push_back(
          {row.key, "", "bad-record", person.error().what + "; this person keeps what HR said before", row.source, "", false, {}});
      return;
    }
    const auto known = store.person(person->key);
    if (known && known->person.fields == person->fields && known->person.listed) return;
    person->source = row.source;
    store.put_person(*person, at_);
    ++counts_.differing;
  }

  Context& context_;
  Instant at_;
  FeedCounts counts_;
  std::vector<ProblemRow> problems_;
};

/// Listed people of another feed, whose fields nobody can tell in those of this one.
std::size_t people_without_resource(Store& store) {
  std::size_t count = 0;
  store.each_person_id([&](Row, std::string_view key, bool listed) {
    if (!listed) return;
    const auto resource = store.resource(std::string(key));
    count += !resource || resource->body.empty();
  });
  return count;
}

}  // namespace

Result<FeedCounts> take_resources(Context& context, bool force, Instant at) {
  Store& store = context.store;
  const FeedSettings& feed = context.config->settings.feed;
  const std::string shape = shape_of(feed);
  if (store.meta("feed.shape") == shape && !force) return FeedCounts{};
  if (const std::size_t others = people_fit(context) ? 0 : people_without_resource(store)) {
    return refuse(context,
                  {Errc::untrusted,
                   "feed " + feed.name + ": " + std::to_string(others) +
                       " people are known by another feed, and no command has delivered them",
                   "nothing is planned until upstream has delivered everybody (prov:create:full, or prov:delete for who left)"},
                  at);
  }
  Store::Transaction transaction(store);
  FeedCounts counts = Resources(context, at).read();
  counts.changed = true;
  store.set_meta("feed.shape", shape);
  store.set_meta("feed.digest", "");
  set_problems(context, "feed", {}, at);
  if (!people_fit(context)) {
    store.mark_all_dirty();
    store.set_meta("feed.names", names_of(feed));
  }
  transaction.commit();
  return counts;
}

}  // namespace muster
