// Reviews: what reviewers decided.
#include <map>
#include <nlohmann/json.hpp>

#include "agent/grants.h"
#include "agent/guarded.h"
#include "agent/planner.h"
#include "agent/review.h"

namespace muster {

using nlohmann::json;

namespace {

class Import {
 public:
  Import(Context& context, const std::string& by, const Now& now) : context_(context), store_(context.store), by_(by), now_(now) {}

  json take(const std::vector<ReviewDecision>& decisions) {
    std::map<std::string, const ReviewDecision*> open;
    for (const ReviewDecision& d : decisions) open.emplace(d.id, &d);
    for (const MembershipView& v : find(open)) decide(v, *open.extract(v.row.id).mapped());
    for (const auto& [id, d] : open)
      outcome(id, d->label, "stale", "no such membership any more, or not for the reason that was reviewed");
    return {{"revoked", revoked_}, {"kept", kept_}, {"rows", std::move(rows_)}};
  }

 private:
  /// As many as there are decisions, so that memory is bounded by the file.
  std::vector<MembershipView> find(const std::map<std::string, const ReviewDecision*>& open) {
    std::vector<MembershipView> found;
    const Store::Snapshot snapshot(store_);
    Memberships all(store_, context_.rules(), nullptr, now_);
    for (const GroupRow& g : store_.groups()) {
      all.each(g, [&](MembershipView&& v) {
        if (open.count(v.row.id)) found.push_back(std::move(v));
      });
    }
    return found;
  }

  void decide(const MembershipView& v, const ReviewDecision& d) {
    if (!d.revoke) return keep(v, d);
    if (v.row.basis == "refused") return outcome(v, "already", "was refused before");
    if (v.row.managed == "no")
      return outcome(v, "impossible", "no <managed> rule makes this group muster's to change; take it away by hand");
    if (!v.entry) return outcome(v, "impossible", "the member is no account below the declared bases; take it away by hand");
    const std::string subject = v.person ? person_subject(v.person->id) : entry_subject(v.entry);
    store_.put_refusal({subject, v.row.id, v.group, {}, by_, d.comment, now_.utc});
    end_grants(v);
    record(v, d);
    ++revoked_;
    outcome(v, "revoked", "");
  }

  void end_grants(const MembershipView& v) {
    if (!v.person) return;
    for (const AccessGrantRow& g : store_.access_grants_of(v.person->id)) {
      if (g.group == v.group) close_grant(context_, g, {"revoked", "refused in a review by " + by_, by_}, now_.utc);
    }
  }

  void keep(const MembershipView& v, const ReviewDecision& d) {
    if (v.row.basis == "refused") store_.forget_refusal(v.person ? person_subject(v.person->id) : entry_subject(v.entry), v.group);
    if (v.row.basis == "refused" && v.person) store_.forget_refusal(entry_subject(v.entry), v.group);
    record(v, d);
    ++kept_;
  }

  void record(const MembershipView& v, const ReviewDecision& d) {
    json details = {{"actor", by_},         {"verdict", d.revoke ? "revoke" : "keep"},
                    {"id", d.id},           {"person", v.row.person},
                    {"group", v.row.group}, {"reason", d.comment},
                    {"was", v.row.reason}};
    if (const auto entry = v.entry ? store_.entry_by_row(v.entry) : std::nullopt)
      details.update({{"entry", to_string(entry->entry.id)}, {"dn", entry->entry.dn.str()}});
    context_.recorder.decided("review", std::move(details), now_.utc);
    if (v.person) store_.mark_person_dirty(v.person->id);
    if (v.entry) store_.mark_owner_dirty(v.entry);
  }

  void outcome(const MembershipView& v, const char* word, const char* what) {
    rows_.push_back(
        {{"id", v.row.id}, {"person", v.row.person}, {"dn", v.row.dn}, {"group", v.row.group}, {"outcome", word}, {"what", what}});
  }
  void outcome(const std::string& id, const std::string& label, const char* word, const char* what) {
    rows_.push_back({{"id", id}, {"person", label}, {"dn", ""}, {"group", ""}, {"outcome", word}, {"what", what}});
  }

  Context& context_;
  Store& store_;
  const std::string& by_;
  const Now& now_;
  std::size_t revoked_ = 0, kept_ = 0;
  json rows_ = json::array();
};

}  // namespace

Result<json> take_review(Context& context, const std::vector<ReviewDecision>& decisions, const std::string& by, const Now& now) {
  return guarded([&]() -> Result<json> {
    Store::Transaction transaction(context.store);
    json done = Import(context, by, now).take(decisions);
    transaction.commit();
    return done;
  });
}

}  // namespace muster
