// muster review, muster review import.
#include <chrono>
#include <iostream>

#include "agent/change_json.h"
#include "agent/cli/review_csv.h"
#include "agent/cli/review_html.h"
#include "agent/cli/session.h"
#include "agent/cli/table.h"
#include "agent/control.h"
#include "agent/guarded.h"
#include "agent/report.h"
#include "agent/review.h"
#include "agent/upstream/file_sink.h"

namespace muster {

using nlohmann::json;

namespace {

/// Of each kind of finding, so many are printed for people.
constexpr std::size_t kShown = 20;
/// Decisions that are asked for at once: a request of the control socket is 1 MiB at most.
constexpr std::size_t kAtOnce = 1000;

/// Every kind of output that was asked for, at once.
class Outputs final : public ReviewSink {
 public:
  explicit Outputs(const Invocation& call) : json_(call.output == Invocation::Output::json) {
    if (call.has("csv")) csv_ = std::make_unique<CsvReview>(call.value("csv"));
    if (call.has("html")) html_ = std::make_unique<HtmlReview>();
  }

  void finding(const ReviewFinding& f) override {
    if (html_) html_->finding(f);
    if (json_) findings_ << (findings_.empty() ? "" : ",\n") + dump(to_json(f));
    auto& some = shown_[f.kind];
    if (!json_ && some.size() < kShown) some.push_back(f);
  }
  void group(const ReviewGroup& g) override {
    if (html_) html_->group(g);
  }
  void membership(const ReviewRow& r) override {
    if (html_) html_->membership(r);
    if (csv_) csv_->membership(r);
    if (json_) rows_ << (rows_.empty() ? "" : ",\n") + dump(to_json(r));
  }

  Status finish(const Session& session, const ReviewHead& head, const ReviewTotals& totals) {
    if (csv_) MUSTER_TRY(csv_->finish());
    if (html_) MUSTER_TRY(html_->write(session.call.value("html"), head, totals));
    if (json_) return print_document(head, totals);
    print_text(session, head, totals);
    return ok();
  }

 private:
  Status print_document(const ReviewHead& head, const ReviewTotals& t) {
    const json document = {{"time", head.time},
                           {"scope", head.scope},
                           {"caveats", head.caveats},
                           {"counts",
                            {{"groups", t.groups},
                             {"managed groups", t.managed_groups},
                             {"memberships", t.memberships},
                             {"people", t.people},
                             {"accounts", t.accounts},
                             {"by basis", t.by_basis},
                             {"findings", t.findings}}}};
    std::string text = dump(document);
    text.pop_back();
    std::cout << text << ",\n\"findings\":[" << std::flush;
    MUSTER_TRY(findings_.copy_to(stdout));
    std::fflush(stdout);
    std::cout << "],\n\"memberships\":[" << std::flush;
    MUSTER_TRY(rows_.copy_to(stdout));
    std::fflush(stdout);
    std::cout << "]}\n";
    return ok();
  }

  void print_text(const Session& session, const ReviewHead& head, const ReviewTotals& t) const {
    const Style& style = session.out;
    std::cout << style.paint(Tone::heading, "Access review of " + head.directory) << "  " << head.time << "\n";
    if (!head.scope.empty()) std::cout << "  " << head.scope << "\n";
    std::cout << "  " << t.memberships << " memberships of " << t.groups << " groups (" << t.managed_groups << " managed), "
              << t.people << " people, " << t.accounts << " accounts\n";
    for (const std::string& c : head.caveats) std::cout << "  " << style.paint(Tone::warning, c) << "\n";
    for (const ReviewKind& k : kReviewFindings) print_kind(session, k, t);
    if (t.findings.empty()) std::cout << "\nNothing stands out.\n";
    for (const char* file : {"html", "csv"}) {
      if (session.call.has(file)) std::cout << "\nWritten: " << session.call.value(file) << "\n";
    }
    if (!session.call.has("html") && !session.call.has("csv"))
      std::cout << "\nEvery membership: muster review --html FILE, or --csv FILE to decide about them.\n";
  }

  void print_kind(const Session& session, const ReviewKind& kind, const ReviewTotals& totals) const {
    const auto found = shown_.find(kind.kind);
    if (found == shown_.end()) return;
    const std::size_t n = totals.findings.at(kind.kind);
    std::cout << "\n" << session.out.paint(Tone::heading, kind.title) << "  " << n << "\n";
    Table table({{"person"}, {"account"}, {"group"}, {"what"}, {"since"}}, "");
    for (const ReviewFinding& f : found->second) table.add({f.person, f.dn, f.group, f.what, f.since});
    std::cout << table.render(session.out, session.out_terminal.columns);
    if (n > kShown) std::cout << "  and " << n - kShown << " more\n";
  }

  bool json_;
  std::unique_ptr<CsvReview> csv_;
  std::unique_ptr<HtmlReview> html_;
  Spool findings_, rows_;
  std::map<std::string, std::vector<ReviewFinding>> shown_;
};

std::string scope_of(const ReviewOptions& o) {
  if (o.groups.empty() && o.role.empty()) return {};
  std::string text = "Limited to ";
  for (const std::string& g : o.groups) text += (text.back() == ' ' ? "the group " : ", ") + g;
  if (!o.role.empty()) text += std::string(o.groups.empty() ? "" : " and ") + "people of the role " + o.role;
  return text + ": only findings about memberships are listed.";
}

ReviewHead head_of(const Session& session, const ReviewOptions& options, DirectoryView& view) {
  const Settings& s = session.config->settings;
  return {iso_time(system_now().utc),
          s.directory.name,
          session.call.config,
          MUSTER_VERSION,
          scope_of(options),
          std::move(view.caveats),
          human_duration(options.dormant)};
}

int review_now(Session& session, Store& store, const ReviewOptions& options) {
  const Store::Snapshot snapshot(store);
  DirectoryView view = look_at_directory(store, *session.config);
  Outputs outputs(session.call);
  const auto totals = review(store, *session.config, view, options, outputs);
  if (!totals) return fail(session, totals.error());
  const Status finished = outputs.finish(session, head_of(session, options, view), *totals);
  return finished ? kDone : fail(session, finished.error());
}

/// Without a service: the directory is read first, so that decisions are held against memberships as they are now.
Result<json> import_alone(Session& session, const std::vector<ReviewDecision>& decisions, const std::string& by) {
  auto alone = work_alone(session);
  if (!alone) return std::move(alone).error();
  Engine& engine = *alone->engine;
  MUSTER_TRY(see_directory(engine));
  auto taken = take_review(engine.context(), decisions, by, system_now());
  auto run = engine.settle();
  const Status delivered = deliver_now(engine);
  if (!taken) return std::move(taken).error();
  if (!run) return std::move(run).error();
  if (!delivered) return delivered.error();
  return guarded([&]() -> Result<json> {
    json report = resync_report(engine.context().store, *run);
    report["review"] = std::move(*taken);
    return report;
  });
}

/// Adds what a further part of the decisions led to.
void add_report(json& all, json part) {
  if (all.is_null()) {
    all = std::move(part);
    return;
  }
  for (const char* number : {"applied", "failed", "seconds"}) all[number] = all[number].get<double>() + part[number].get<double>();
  for (json& c : part["changes"]) all["changes"].push_back(std::move(c));
  for (const char* last : {"holds", "problems", "people", "entries"}) all[last] = std::move(part[last]);
  json& review = all["review"];
  for (const char* number : {"revoked", "kept"})
    review[number] = review[number].get<std::size_t>() + part["review"][number].get<std::size_t>();
  for (json& row : part["review"]["rows"]) review["rows"].push_back(std::move(row));
}

Result<json> import_asking(Session& session, const std::vector<ReviewDecision>& decisions, const std::string& by) {
  json all;
  for (std::size_t at = 0; at < decisions.size() || all.is_null(); at += kAtOnce) {
    json request = {{"command", "review"}, {"by", by}, {"decisions", json::array()}};
    for (std::size_t i = at; i < std::min(decisions.size(), at + kAtOnce); ++i) {
      const ReviewDecision& d = decisions[i];
      request["decisions"].push_back({d.id, d.revoke, d.comment, d.label});
    }
    auto answer = ask_service(session.config->settings.state_path, request);
    if (!answer) return std::move(answer).error();
    add_report(all, std::move(*answer));
  }
  return all;
}

int print_outcome(const Session& session, const json& report) {
  std::size_t undone = 0;
  Table table({{"person"}, {"account"}, {"group"}, {"outcome"}, {"why"}}, "");
  for (const json& row : report["review"]["rows"]) {
    const std::string outcome = row["outcome"];
    undone += outcome == "impossible";
    if (outcome == "revoked") continue;
    table.add({row["person"].get<std::string>(),
               row["dn"].get<std::string>(),
               row["group"].get<std::string>(),
               {outcome, outcome == "impossible" ? Tone::bad : Tone::warning},
               row["what"].get<std::string>()});
  }
  if (!session.json()) {
    std::cout << report["review"]["revoked"] << " refused, " << report["review"]["kept"] << " kept, " << table.size()
              << " decisions without effect\n";
    if (!table.empty()) std::cout << table.render(session.out, session.out_terminal.columns) << "\n";
  }
  const int code = finish_run(session, report);
  return code == kDone && undone > 0 ? static_cast<int>(kFailed) : code;
}

}  // namespace

int run_review(Session& session) {
  ReviewOptions options;
  options.groups = session.call.values("group");
  options.role = session.call.value("role");
  if (session.call.has("dormant")) {
    const auto span = parse_duration(session.call.value("dormant"));
    if (!span)
      return fail(session, {Errc::config, "--dormant is a duration, not \"" + session.call.value("dormant") + "\"", "90d, P90D"});
    options.dormant = *span;
  }
  return with_state(session, [&](Store& store) { return review_now(session, store, options); });
}

int run_review_import(Session& session) {
  auto read = read_decisions(session.call.argument(0));
  if (!read) return fail(session, read.error());
  if (const auto code = load(session)) return *code;
  std::vector<ReviewDecision> decisions;
  for (CsvDecision& d : *read) decisions.push_back({std::move(d.id), d.revoke, std::move(d.comment), std::move(d.label)});
  const std::string by = session.call.value("by");
  auto report = import_asking(session, decisions, by);
  if (!report && report.error().what.find("no service listens") != std::string::npos) report = import_alone(session, decisions, by);
  return report ? print_outcome(session, *report) : fail(session, report.error());
}

}  // namespace muster
