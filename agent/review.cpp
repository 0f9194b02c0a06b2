#include "agent/review.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/gatekeeper.h"
#include "mapping/peers.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr std::size_t kReviewPage = 256;
/// From HR's record to the disabled account; what takes longer is listed.
constexpr double kLate = 3600;

bool names(const std::string& wanted, const Dn& dn) {
  if (const auto as_dn = Dn::parse(wanted); as_dn && *as_dn == dn) return true;
  const auto avas = dn.rdn_avas();
  return !avas.empty() && fold_case(avas.front().value) == fold_case(wanted);
}

class Reviewer {
 public:
  Reviewer(Store& store, const Config& config, const DirectoryView& directory, const ReviewOptions& options, ReviewSink& sink)
      : store_(store),
        rules_(config.rules),
        directory_(directory),
        options_(options),
        sink_(sink),
        now_(system_now()),
        memberships_(store, config.rules, directory.accounts ? &*directory.accounts : nullptr, now_) {}

  Result<ReviewTotals> run() {
    MUSTER_TRY(check_scope());
    note_approvals(store_, [&](const json& record) { late(record); });
    people();
    if (!limited()) strangers();
    for (const GroupRow& g : store_.groups()) {
      if (options_.groups.empty() || wanted(g.dn)) group(g);
    }
    if (!limited()) troubles();
    return totals_;
  }

 private:
  bool limited() const { return !options_.groups.empty() || !options_.role.empty(); }
  bool wanted(const Dn& group) const {
    return std::any_of(options_.groups.begin(), options_.groups.end(), [&](const std::string& w) { return names(w, group); });
  }

  Status check_scope() {
    const auto all = store_.groups();
    for (const std::string& w : options_.groups) {
      if (std::none_of(all.begin(), all.end(), [&](const GroupRow& g) { return names(w, g.dn); }))
        return Error{Errc::not_found, "no group '" + w + "' is known", "give its DN, or the first value of its DN"};
    }
    const auto is_it = [&](const RoleRule& r) { return r.name == options_.role; };
    if (!options_.role.empty() && std::none_of(rules_.roles.begin(), rules_.roles.end(), is_it))
      return Error{Errc::not_found, "no rule declares a role '" + options_.role + "'", "the names are those of <role name>"};
    return ok();
  }

  void find(ReviewFinding finding) {
    ++totals_.findings[finding.kind];
    sink_.finding(finding);
  }

  /// A leaver's disable that took long, by what the audit trail says of its waiting.
  void late(const json& record) {
    if (limited() || record.value("action", "") != "disable" || record.value("decision", "") != "leaver") return;
    const double waited = record.contains("waited") && record["waited"].is_number() ? record["waited"].get<double>() : 0;
    if (waited <= kLate) return;
    const auto span = std::chrono::milliseconds(static_cast<std::int64_t>(waited * 1000));
    find({"late-disable", record.value("person", ""), "", record.value("dn", ""), "",
          "disabled " + human_duration(span) + " after HR's record: " + record.value("reason", ""), record.value("time", ""),
          record.value("rule", "")});
  }

  void people() {
    for (Row after = 0;;) {
      const auto page = store_.people(after, kReviewPage);
      if (page.empty()) return;
      for (const PersonRow& p : page) person(p);
      after = page.back().id;
    }
  }

  void person(const PersonRow& p) {
    if (p.person.listed) ++totals_.people;
    const auto entry = p.entry ? store_.entry_by_row(*p.entry) : std::nullopt;
    if (!entry || entry->gone) return;
    ++totals_.accounts;
    std::vector<std::int64_t> groups;
    for (const MembershipRow& m : store_.memberships(entry->id, member_values(entry->entry))) groups.push_back(m.group);
    peers_.add(applied_roles(p.person, rules_, now_), groups);
    if (limited()) return;
    const std::string key = p.person.key.rep();
    if (is_leaving(p.person, rules_, now_) && memberships_.state_of(*entry) == "enabled") {
      find({"leaver-enabled", key, name_of(entry->entry), entry->entry.dn.str(), "",
            "HR says that this person has left, and the account works", "", p.person.source});
    }
    dormant(*entry, key);
  }

  void strangers() {
    for (Row after = 0;;) {
      const auto page = store_.strangers(after, kReviewPage);
      if (page.empty()) return;
      for (const EntryRow& e : page) {
        ++totals_.accounts;
        const std::string state = memberships_.state_of(e);
        find({"orphan", "", name_of(e.entry), e.entry.dn.str(), "",
              std::string("an account of nobody HR knows") + (state.empty() ? "" : ", " + state), "", ""});
        dormant(e, "");
      }
      after = page.back().id;
    }
  }

  void dormant(const EntryRow& entry, const std::string& person) {
    if (!directory_.knows_use || memberships_.state_of(entry) != "enabled") return;
    const std::string id = to_string(entry.entry.id);
    const std::string used = store_.noted("used", id).value_or("");
    const std::string since = used == "never" ? store_.noted("created", id).value_or("") : used;
    const auto at = parse_iso_time(since);
    if (!at || now_.utc - *at < options_.dormant) return;
    const std::string span = human_duration(now_.utc - *at);
    find({"dormant", person, name_of(entry.entry), entry.entry.dn.str(), "",
          used == "never" ? "never used since it was made, " + span + " ago" : "not used for " + span, since, ""});
  }

  void group(const GroupRow& g) {
    const ManagedRule* rule = rules_.managed_group(g.dn);
    ReviewGroup head{g.dn.str(), managed_how(rule), rule ? rule->at.rule() : "", {}, store_.count_members(g.id)};
    for (const RoleRule& role : rules_.roles) {
      const auto gives = [&](const RoleRule::Group& rg) { return rg.dn == g.dn; };
      if (std::any_of(role.groups.begin(), role.groups.end(), gives)) head.roles.push_back(role.name);
    }
    ++totals_.groups;
    totals_.managed_groups += rule != nullptr;
    sink_.group(head);
    memberships_.each(g, [&](MembershipView&& v) { membership(std::move(v)); });
  }

  void membership(MembershipView&& v) {
    std::vector<std::string> roles;
    if (v.person) roles = applied_roles(v.person->person, rules_, now_);
    if (!options_.role.empty() && std::find(roles.begin(), roles.end(), options_.role) == roles.end()) return;
    const Peers::Share share = peers_.share(roles, v.group);
    ReviewRow& row = v.row;
    if (row.is_member && row.basis != "role" && row.basis != "grace" && is_outlier(share)) {
      row.finding = "outlier";
      find({"outlier", row.person, row.name, row.dn, row.group,
            std::to_string(share.members) + " of the " + std::to_string(share.peers) + " people with the same roles", row.since,
            row.rule});
    }
    if (row.basis == "refused") {
      find({"refused", row.person, row.name, row.dn, row.group, row.reason, row.since, ""});
    } else if (row.managed != "no" && (row.basis == "stranger" || row.basis == "unknown")) {
      const bool is_stranger = row.basis == "stranger";
      row.finding = is_stranger ? "stranger" : row.finding.empty() ? "unexplained" : row.finding + ", unexplained";
      find({is_stranger ? "stranger" : "unexplained", row.person, row.name, row.dn, row.group, row.reason, "", row.rule});
    }
    totals_.memberships += row.is_member;
    if (row.managed != "no") ++totals_.by_basis[row.basis];
    sink_.membership(row);
  }

  void troubles() {
    for (const ProblemRow& p : store_.problems())
      find({p.drift ? "drift" : "problem", p.person, "", p.dn, "", p.code + ": " + p.what, iso_time(p.since), p.where});
    for (const AccessGrantRow& g : store_.access_grants(true)) {
      if (g.state == "running")
        find({"grant", g.key.rep(), "", "", g.dn.str(),
              "by " + g.by + (g.until ? " until " + iso_time(*g.until) : "") + ": " + g.reason, iso_time(g.created), ""});
    }
    for (const HoldRow& h : store_.holds(true))
      find({"hold", "", "", "", "", short_id(h.id) + " (" + h.kind + "): " + h.sentence, iso_time(h.created), ""});
  }

  Store& store_;
  const Rules& rules_;
  const DirectoryView& directory_;
  const ReviewOptions& options_;
  ReviewSink& sink_;
  const Now now_;
  Memberships memberships_;
  Peers peers_;
  ReviewTotals totals_;
};

}  // namespace

Result<ReviewTotals> review(Store& store, const Config& config, const DirectoryView& directory, const ReviewOptions& options,
                            ReviewSink& sink) {
  return Reviewer(store, config, directory, options, sink).run();
}

json to_json(const ReviewRow& r) {
  return {{"id", r.id},           {"person", r.person},       {"name", r.name},       {"dn", r.dn},
          {"group", r.group},     {"managed", r.managed},     {"basis", r.basis},     {"reason", r.reason},
          {"rule", r.rule},       {"cause", r.cause},         {"since", r.since},     {"approver", r.approver},
          {"account", r.account}, {"last_used", r.last_used}, {"finding", r.finding}, {"member", r.is_member}};
}

json to_json(const ReviewFinding& f) {
  return {{"kind", f.kind},   {"person", f.person}, {"name", f.name},   {"dn", f.dn},
          {"group", f.group}, {"what", f.what},     {"since", f.since}, {"rule", f.rule}};
}

}  // namespace muster
