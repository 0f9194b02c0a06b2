// Engine: what followers need of its thread.
#include "agent/engine.h"
#include "agent/guarded.h"
#include "agent/planner.h"
#include "agent/upstream/scim_pass.h"

namespace muster {

namespace {

ProblemRow problem_of(Store& store, const FollowerProgress::Trouble& t, const std::string& follower) {
  ProblemRow p;
  const auto person = t.kind == Store::Touched::entry ? store.person_of_entry(t.row) : std::nullopt;
  if (person) p.person = person->person.key.rep();
  p.dn = t.dn;
  p.code = "upstream";
  p.what = follower + " refuses it: " + t.what;
  return p;
}

}  // namespace

Result<std::optional<Bearings>> Engine::bearings() {
  const Context& c = *context_;
  if (!c.accounts || c.streams.empty()) return std::optional<Bearings>();
  Bearings bearings{{}, *c.accounts, c.server.family == Family::active_directory};
  for (const AttributeRule& rule : c.rules().attributes) {
    if (rule.owner != Owner::directory || rule.upstream.empty()) continue;
    auto path = ScimPath::parse(rule.upstream);
    if (!path) return std::move(path).error().within(rule.at.str());
    bearings.sent.push_back({rule.key, std::move(*path), rule.equality == Matching::dn});
  }
  return std::optional(std::move(bearings));
}

Status Engine::keep(const FollowerProgress& progress) {
  return guarded([&]() -> Status {
    Store& store = context_->store;
    Store::Transaction transaction(store);
    for (const Store::ToldObject& object : progress.told) {
      if (object.id.empty())
        store.forget_told_object(progress.follower, object.kind, object.row);
      else
        store.put_told_object(progress.follower, object);
    }
    for (const auto& t : progress.troubles) {
      std::vector<ProblemRow> problems;
      if (!t.what.empty()) problems.push_back(problem_of(store, t, progress.follower));
      set_problems(*context_, trouble_subject(progress.follower, t.kind, t.row), problems, system_now().utc);
    }
    if (progress.position) store.set_follower_position(progress.follower, *progress.position);
    if (progress.compared) store.set_follower_compared(progress.follower, *progress.compared);
    transaction.commit();
    return ok();
  });
}

}  // namespace muster
