// What the pump promises, over random troubles of two receivers and restarts of the agent, with the real engine and state file.
#include "agent/upstream/pump.h"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <random>
#include <set>

#include "agent/context.h"
#include "agent/engine.h"
#include "agent/upstream/upstreams.h"
#include "mapping/loader.h"
#include "tests/support/folder.h"

using namespace muster;
using nlohmann::json;

namespace {

constexpr unsigned kSeeds = 25, kSteps = 30;

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  bool one_in(unsigned n) { return below(n) == 0; }
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(engine_); }

 private:
  std::mt19937 engine_;
};

std::string person_of(const OutboxRow& event) { return json::parse(event.body)["person"].dump(); }

/// The other side: it outlives the agent.
struct Receiver {
  std::string name;
  bool is_file = false;            ///< takes a beginning of what it is sent, and knows what it took last
  std::vector<OutboxRow> taken{};  ///< each once, in the order of arrival
  std::set<std::string> ids{}, refused{};
  std::set<Row> unwanted{};  ///< refused whenever they come
  bool in_trouble = true;

  void take(const OutboxRow& event) {
    if (ids.insert(event.id).second) taken.push_back(event);
  }
};

class FakeSink : public Sink {
 public:
  FakeSink(Receiver& receiver, Dice& dice) : receiver_(receiver), dice_(dice) {}
  const std::string& name() const override { return receiver_.name; }
  Result<Delivered> last_delivered() override {
    if (receiver_.in_trouble && dice_.one_in(5)) return Error{Errc::unreachable, "not now", ""};
    if (!receiver_.is_file || receiver_.taken.empty()) return Delivered{};
    return Delivered{receiver_.taken.back().id, receiver_.taken.back().seq};
  }
  Status told_after(Row, const std::function<void(const OutboxRow&)>&) override { return ok(); }
  Result<std::vector<Verdict>> deliver(std::span<const OutboxRow> events, std::stop_token) override {
    return receiver_.is_file ? append(events) : post(events);
  }

 private:
  Result<std::vector<Verdict>> append(std::span<const OutboxRow> events) {
    const std::size_t end = receiver_.in_trouble ? dice_.below(static_cast<unsigned>(events.size()) + 1) : events.size();
    for (const OutboxRow& e : events.first(end)) receiver_.take(e);
    // The last word may be lost, too.
    if (end < events.size() || (receiver_.in_trouble && dice_.one_in(4))) return Error{Errc::io, "the disk is full", ""};
    return std::vector<Verdict>(events.size());
  }
  Result<std::vector<Verdict>> post(std::span<const OutboxRow> events) {
    std::vector<Verdict> verdicts;
    std::set<std::string> waiting;
    for (const OutboxRow& e : events) {
      const std::string person = person_of(e);
      Verdict v;
      if (waiting.contains(person)) {
        v = {Verdict::Kind::later, "after another"};
      } else if (receiver_.unwanted.contains(e.seq) || (receiver_.in_trouble && dice_.one_in(12))) {
        v = {Verdict::Kind::refused, "unwanted"};
        receiver_.refused.insert(e.id);
      } else if (receiver_.in_trouble && dice_.one_in(6)) {
        if (dice_.one_in(2)) receiver_.take(e);  // and nobody hears of it
        v = {Verdict::Kind::later, "no answer"};
        waiting.insert(person);
      } else {
        receiver_.take(e);
      }
      verdicts.push_back(std::move(v));
    }
    if (receiver_.in_trouble && dice_.one_in(8)) return Error{Errc::unreachable, "cut off", ""};
    return verdicts;
  }
  Receiver& receiver_;
  Dice& dice_;
};

/// The agent's side, which is stopped and started again.
class World {
 public:
  explicit World(unsigned seed) : dice(seed), receivers_{Receiver{.name = "file"}, Receiver{.name = "events"}} {
    receivers_[0].is_file = true;
    start();
  }
  void start() {
    pump_.reset();
    engine_.reset();  // one at a time has the state file
    auto config = std::make_unique<Config>();
    config->settings.state_path = folder_ / "state.db";
    config->settings.feed.fields = {FieldSettings{}};
    config->settings.feed.fields[0].key = true;
    auto engine = Engine::open(std::move(config), {});
    REQUIRE_MESSAGE(engine, (engine ? "" : engine.error().text()));
    engine_ = std::move(*engine);
    live_ = std::make_unique<LiveStatus>();
    Upstreams upstreams;
    for (Receiver& r : receivers_) upstreams.sinks.push_back(std::make_unique<FakeSink>(r, dice));
    pump_ = std::make_unique<Pump>(engine_->state_path(), std::move(upstreams), *live_);
    is_dying_ = false;
  }
  /// From now on nothing of what is reached is kept, as when the process is killed a moment later.
  void die_soon() { is_dying_ = true; }
  void happen(unsigned events) {
    Store& store = engine_->context().store;
    Store::Transaction transaction(store);
    for (; events > 0; --events) {
      const std::string id = "event " + std::to_string(++events_);
      const json body = {{"id", id}, {"kind", "changed"}, {"person", std::to_string(dice.below(5))}};
      const Row seq = store.append_event(id, body.dump());
      all_[id] = seq;
      if (dice.one_in(15)) receivers_[1].unwanted.insert(seq);
    }
    transaction.commit();
  }
  Status drain() {
    auto reached = reached_directly(*engine_, pump_->names());
    const auto keep = reached.acknowledge;
    const auto refuse = reached.refuse;
    reached.acknowledge = [&, keep](const std::string& name, Row position) {
      if (!is_dying_) keep(name, position);
    };
    reached.refuse = [&, refuse](const std::string& name, const OutboxRow& event, const std::string& why) -> Result<bool> {
      if (is_dying_) return Error{Errc::cancelled, "the service is stopping", ""};
      return refuse(name, event, why);
    };
    return pump_->drain(reached);
  }
  void calm() {
    for (Receiver& r : receivers_) r.in_trouble = false;
  }
  void want_everything() {
    receivers_[1].unwanted.clear();
    const auto again = engine_->send_again("", {"Ann", "mended", ""});
    CHECK((again || store().set_aside().empty()));
  }
  Store& store() { return engine_->context().store; }

  /// What must hold at every moment.
  void check() {
    for (const Receiver& r : receivers_) {
      const Row position = store().upstream_position(r.name);
      CHECK_MESSAGE(position >= positions_[r.name], r.name);
      positions_[r.name] = position;
      for (const auto& event : all_) {
        const std::string& id = event.first;
        const Row seq = event.second;
        if (r.ids.contains(id) || is_aside(r, seq)) continue;
        CHECK_MESSAGE(seq > position, r.name << ": " << id << " was passed over");
        CHECK_MESSAGE(store().outbox_row_of(id) == seq, r.name << ": " << id << " is lost");
      }
      check_order(r);
    }
  }
  /// Everything that was to be told, by whoever told it, arrived everywhere.
  void check_complete(bool with_refused) {
    std::set<std::string> told;
    for (const auto& [id, seq] : all_) told.insert(id);
    for (const Receiver& r : receivers_) told.insert(r.ids.begin(), r.ids.end());
    std::set<std::string> aside;
    for (const SetAsideRow& row : store().set_aside()) aside.insert(row.upstream + row.event.id);
    for (const Receiver& r : receivers_) {
      for (const std::string& id : told) {
        const bool is_settled = r.ids.contains(id) || (!with_refused && aside.contains(r.name + id));
        CHECK_MESSAGE(is_settled, r.name << " does not have " << id);
      }
    }
    CHECK(store().outbox_length(0) == 0);
  }
  std::size_t set_aside() { return store().set_aside().size(); }

  Dice dice;

 private:
  bool is_aside(const Receiver& r, Row seq) {
    const auto row = store().set_aside(r.name, seq);
    return row && row->state != SetAsideRow::State::counting;
  }
  /// Of one person in order; what was refused comes when it can.
  static void check_order(const Receiver& r) {
    std::map<std::string, Row> last;
    for (const OutboxRow& e : r.taken) {
      if (r.refused.contains(e.id)) continue;
      Row& before = last[r.is_file ? "" : person_of(e)];
      CHECK_MESSAGE(before < e.seq, r.name << ": " << e.id << " came after a later one");
      before = e.seq;
    }
  }
  test::Folder folder_;
  std::array<Receiver, 2> receivers_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<LiveStatus> live_;
  std::unique_ptr<Pump> pump_;
  std::map<std::string, Row> all_, positions_;
  unsigned events_ = 0;
  bool is_dying_ = false;
};

/// Until nothing waits; a receiver without trouble refuses only what it does not want.
void settle(World& world) {
  Status drained = world.drain();
  // What is set aside for one is told to the other.
  for (int i = 0; i < 4 * Engine::kMostRefusals && (!drained || world.store().outbox_length(0) > 0); ++i) drained = world.drain();
  CHECK_MESSAGE(drained, (drained ? "" : drained.error().text()));
  world.check();
}

}  // namespace

TEST_CASE("pump: whatever fails and whenever it is killed, every event arrives or is set aside, of each person in order") {
  std::size_t set_aside = 0;
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    World world(seed);
    for (unsigned step = 0; step < kSteps; ++step) {
      CAPTURE(step);
      if (world.dice.one_in(2)) world.happen(1 + world.dice.below(8));
      const bool is_killed = world.dice.one_in(5);
      if (is_killed) world.die_soon();
      (void)world.drain();
      if (is_killed || world.dice.one_in(10)) world.start();
      world.check();
    }
    world.calm();
    settle(world);
    world.check_complete(false);
    set_aside += world.set_aside();
    world.want_everything();
    settle(world);
    CHECK(world.set_aside() == 0);
    world.check_complete(true);
  }
  CHECK(set_aside > kSeeds);  // else the troubles were too small to tell
}
