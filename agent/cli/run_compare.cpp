// muster plan --config NEW.xml, --feed FILE: what is in force, and what would be, on two private copies of the state.
#include <filesystem>
#include <iostream>

#include "agent/cli/progress.h"
#include "agent/cli/session.h"
#include "agent/cli/table.h"
#include "agent/guarded.h"
#include "agent/plan_difference.h"
#include "agent/report.h"

namespace muster {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

void print_difference(const Session& session, const json& difference) {
  Table table({{"person"}, {""}, {"action"}, {"what"}, {"why"}, {"rule"}}, "No difference.");
  for (const json& p : difference["people"]) {
    for (const char* part : {"more", "less"}) {
      for (const json& c : p[part]) {
        const bool more = part == std::string("more");
        table.add({p["person"].get<std::string>().empty() ? p["dn"].get<std::string>() : p["person"].get<std::string>(),
                   {more ? "+" : "-", more ? Tone::good : Tone::bad},
                   action_cell(c),
                   object_of(c),
                   c["reason"].get<std::string>(),
                   c["rule"].get<std::string>()});
      }
    }
  }
  std::cout << table.render(session.out, session.out_terminal.columns);
}

void print_rules(const Session& session, const json& rules) {
  if (rules.empty()) return;
  using Align = Table::Column::Align;
  std::cout << "\n" << session.out.paint(Tone::heading, "By rule") << "\n";
  Table table({{"rule"}, {"more", Align::right}, {"less", Align::right}, {"people", Align::right}}, "");
  for (const json& r : rules) table.add({r["rule"].get<std::string>(), r["more"].dump(), r["less"].dump(), r["people"].dump()});
  std::cout << table.render(session.out, session.out_terminal.columns);
}

json new_problems_of(const json& difference) {
  json all = json::array();
  for (const json& p : difference["people"]) {
    for (const json& problem : p["problems"]) all.push_back(problem);
  }
  return all;
}

int print_comparison(const Session& session, const json& report) {
  const int code = print_plan(session, report);
  if (session.json()) return code;
  const json& difference = report["difference"];
  std::cout << "\n" << session.out.paint(Tone::heading, "Compared with what is in force") << "\n";
  print_difference(session, difference);
  print_rules(session, difference["rules"]);
  print_problems(session, new_problems_of(difference));
  std::cout << "\n"
            << difference["more"] << " more, " << difference["less"] << " less, for " << difference["people"].size() << " of "
            << report["people"] << " people.\n";
  return code;
}

/// Everybody, with the directory as it is now. A feed that cannot be believed leaves what HR said last: `feed_matters` says that
/// it is what was asked about.
Status read_all(Engine& engine, const Session& session, bool feed_matters) {
  MUSTER_TRY(engine.connect());
  if (Status fed = engine.read_feed(false); !fed && feed_matters) return fed;
  if (!engine.ready()) MUSTER_TRY(engine.read_directory());
  MUSTER_TRY(engine.retry_now());
  MUSTER_TRY(engine.everybody());
  for (const std::string& person : session.call.values("person")) MUSTER_TRY(engine.only(person));
  return ok();
}

Result<json> planned_by(Engine& engine, const Session& session) {
  auto run = engine.settle();
  if (!run) return std::move(run).error();
  auto report = guarded([&]() -> Result<json> { return plan_report(engine.context()); });
  if (!report) return report;
  return only_people(std::move(*report), session.call.values("person"));
}

/// `live`: read from `live_file`; the session's configuration is the other one.
Result<json> compare(Session& session, std::unique_ptr<Config> live, const std::string& live_file, const Progress& progress) {
  const auto on = day_of(session.call);
  if (!on) return on.error();
  auto old_engine = Engine::open(std::move(live), {live_file, true, progress, "", *on});
  if (!old_engine) return std::move(old_engine).error();
  MUSTER_TRY((*old_engine)->connect());
  MUSTER_TRY((*old_engine)->read_directory());
  MUSTER_TRY(read_all(**old_engine, session, false));
  auto new_engine = Engine::open(std::move(session.config), {session.call.config, true, progress, (*old_engine)->copy_path(), *on});
  if (!new_engine) return std::move(new_engine).error();
  MUSTER_TRY(read_all(**new_engine, session, true));
  const auto before = planned_by(**old_engine, session);
  if (!before) return before.error();
  auto after = planned_by(**new_engine, session);
  if (!after) return std::move(after).error();
  (*after)["difference"] = plan_difference(*before, *after);
  if (*on) (*after)["on"] = iso_date(**on);
  return after;
}

/// Secrets stay where the configuration in force has them, unless the new one brings its own.
void lend_secrets(Settings& settings, const Settings& live) {
  std::error_code ignored;
  const std::string& name = settings.directory.secret;
  if (!name.empty() && !fs::exists(settings.directory_of_file + "/secrets/" + name, ignored))
    settings.directory_of_file = live.directory_of_file;
}

std::string same_file(const std::string& path) {
  std::error_code ignored;
  return fs::weakly_canonical(path, ignored).string();
}

/// The configuration whose state counts; none: there is nothing in force that could be compared with.
struct InForce {
  std::string file;
  std::unique_ptr<Config> config;
};
Result<std::optional<InForce>> in_force(Session& session) {
  const std::string against = session.call.value("against");
  std::string state = session.config->settings.state_path;
  if (!against.empty()) {
    const LoadResult named = load_config(against);
    if (!named.config) return Error{Errc::config, named.errors.front().str(), "this is the configuration that --against names"};
    state = named.config->settings.state_path;
  }
  std::error_code ignored;
  const bool must_be_there = !against.empty() || session.call.has("feed");
  if (!fs::exists(state, ignored)) {
    if (!must_be_there) return std::optional<InForce>();
    return Error{Errc::not_found, "there is no state file " + state + " yet, so nothing is in force that could be compared with",
                 "run muster resync first"};
  }
  return guarded([&]() -> Result<std::optional<InForce>> {
    Store store = Store::open_read_only(state);
    const std::string known = store.meta("config.file");
    InForce live{!against.empty() ? against : known.empty() ? session.call.config : known, nullptr};
    const bool is_same = store.meta("rules.digest") == session.config->rules.digest && !session.call.has("feed") &&
                         same_file(live.file) == same_file(session.call.config);
    if (is_same || store.meta("rules.texts").empty()) return std::optional<InForce>();
    auto config = config_in_force(store, live.file);
    if (!config && !must_be_there) {
      std::cerr << session.err.paint(Tone::warning, "warning:") << " not compared: " << config.error().text() << "\n";
      return std::optional<InForce>();
    }
    if (!config) return std::move(config).error();
    live.config = std::move(*config);
    return std::optional<InForce>(std::move(live));
  });
}

}  // namespace

std::optional<int> compare_plans(Session& session) {
  auto live = in_force(session);
  if (!live) return fail(session, live.error());
  if (!*live) return std::nullopt;
  lend_secrets(session.config->settings, (*live)->config->settings);
  if (const std::string file = session.call.value("feed"); !file.empty()) {
    FeedSettings& feed = session.config->settings.feed;
    feed.type = feed.format();
    feed.path = fs::absolute(file).string();
  }
  ProgressBar bar(std::cerr, session.err_terminal, session.err);
  const auto progress = [&](const std::string& what, std::size_t done, std::size_t total) { bar.update(what, done, total); };
  auto report = compare(session, std::move((*live)->config), (*live)->file, progress);
  bar.hide();
  if (!report) return fail(session, report.error());
  return print_comparison(session, *report);
}

}  // namespace muster
