#include "agent/cli/session.h"

#include <filesystem>
#include <iostream>

#include "agent/change_json.h"
#include "agent/cli/table.h"
#include "agent/cli/text.h"
#include "agent/guarded.h"
#include "agent/store/store.h"
#include "agent/upstream/file_sink.h"

namespace muster {

using nlohmann::json;

namespace {

int exit_code_of(Errc code) {
  switch (code) {
    case Errc::config: return kUsage;
    case Errc::unreachable: return kUnreachable;
    default: return kFailed;
  }
}

std::string joined(const json& values) {
  std::string text;
  for (const json& v : values) text += (text.empty() ? "" : ", ") + v.get<std::string>();
  return text.empty() ? "-" : text;
}

Tone tone_of(const std::string& action) {
  if (action == "disable" || action == "delete") return Tone::bad;
  if (action == "remove-member" || action == "clear" || action == "move") return Tone::warning;
  if (action == "create" || action == "enable" || action == "add-member") return Tone::good;
  return Tone::plain;
}

}  // namespace

std::string object_of(const json& c) {
  if (c.contains("group")) return c["group"].get<std::string>();
  if (c.contains("attribute")) return c["attribute"].get<std::string>() + ": " + joined(c["from"]) + " -> " + joined(c["to"]);
  if (c["action"] == "create") return c["dn"].get<std::string>();
  return joined(c["from"]) + " -> " + joined(c["to"]);
}

Cell action_cell(const json& c) { return {c["action"].get<std::string>(), tone_of(c["action"].get<std::string>())}; }

int fail(const Session& session, const Error& error) {
  if (session.json()) {
    print_json({{"error", {{"what", error.what}, {"hint", error.hint}}}});
  } else {
    std::cerr << session.err.paint(Tone::bad, "muster:") << " " << error.what << "\n";
    if (!error.hint.empty()) std::cerr << "  " << session.err.paint(Tone::quiet, error.hint) << "\n";
  }
  return exit_code_of(error.code);
}

std::optional<int> load(Session& session) {
  LoadResult loaded = load_config(session.call.config);
  if (loaded.config) {
    for (const Complaint& c : loaded.config->warnings)
      std::cerr << session.err.paint(Tone::warning, "warning:") << " " << c.str() << "\n";
    session.config = std::move(loaded.config);
    return std::nullopt;
  }
  if (session.json()) {
    json errors = json::array();
    for (const Complaint& c : loaded.errors) errors.push_back({{"where", c.at.str()}, {"what", c.what}, {"hint", c.hint}});
    print_json({{"errors", std::move(errors)}});
    return kUsage;
  }
  for (const Complaint& c : loaded.errors) std::cerr << c.str() << "\n";
  const std::size_t n = loaded.errors.size();
  std::cerr << session.err.paint(Tone::bad, "muster:") << " " << n << (n == 1 ? " error" : " errors")
            << " in the configuration; nothing was done\n";
  return kUsage;
}

Result<Alone> work_alone(Session& session) {
  auto lock = ProcessLock::take(session.config->settings.state_path + ".lock");
  if (!lock) return std::move(lock).error();
  auto engine = Engine::open(std::move(session.config), {session.call.config, false, {}});
  if (!engine) return std::move(engine).error();
  MUSTER_TRY(learn_from_upstream(**engine));
  return Alone{std::move(*lock), std::move(*engine)};
}

Status see_directory(Engine& engine) {
  MUSTER_TRY(engine.connect());
  return engine.read_directory();
}

void print_json(const json& document) { std::cout << dump(document, 2) << "\n"; }

Result<Store> open_state(const Session& session) {
  const std::string& path = session.config->settings.state_path;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return Error{Errc::not_found, "there is no state file " + path + " yet", "run muster resync first"};
  return guarded([&]() -> Result<Store> { return Store::open_read_only(path); });
}

int with_state(Session& session, const std::function<int(Store&)>& work) {
  if (const auto code = load(session)) return *code;
  auto store = open_state(session);
  if (!store) return fail(session, store.error());
  const auto done = guarded([&]() -> Result<int> { return work(*store); });
  return done ? *done : fail(session, done.error());
}

void print_changes(const Session& session, const json& changes) {
  Table table({{"person"}, {"action"}, {"what"}, {"why"}, {"rule"}}, "Nothing to change.");
  for (const json& c : changes) {
    table.add({c["person"].get<std::string>().empty() ? c["dn"].get<std::string>() : c["person"].get<std::string>(), action_cell(c),
               object_of(c), c["reason"].get<std::string>(), c["rule"].get<std::string>()});
  }
  std::cout << table.render(session.out, session.out_terminal.columns);
}

void print_holds(const Session& session, const json& holds) {
  if (holds.empty()) return;
  std::cout << "\n" << session.out.paint(Tone::heading, "On hold, waiting for approval") << "\n";
  Table table({{"hold"}, {"kind"}, {"changes", Table::Column::Align::right}, {"people", Table::Column::Align::right}, {"why"}}, "");
  for (const json& h : holds) {
    table.add({{h["id"].get<std::string>(), Tone::warning},
               h["kind"].get<std::string>(),
               std::to_string(h["count"].get<std::size_t>()),
               std::to_string(h["people"].get<std::size_t>()),
               h["why"].get<std::string>()});
  }
  std::cout << table.render(session.out, session.out_terminal.columns);
}

void print_problems(const Session& session, const json& problems) {
  if (problems.empty()) return;
  std::cout << "\n" << session.out.paint(Tone::heading, "Problems") << "\n";
  Table table({{"person"}, {"problem"}, {"what"}, {"where"}}, "");
  for (const json& p : problems) {
    table.add({p["person"].get<std::string>(),
               {p["code"].get<std::string>(), Tone::warning},
               p["what"].get<std::string>(),
               p["where"].get<std::string>()});
  }
  std::cout << table.render(session.out, session.out_terminal.columns);
}

int finish_run(const Session& session, const json& report) {
  const auto failed = report.value("failed", std::size_t{0});
  if (session.json()) {
    print_json(report);
  } else {
    if (!report["changes"].empty()) print_changes(session, report["changes"]);
    print_holds(session, report["holds"]);
    print_problems(session, report["problems"]);
    std::cout << (report["changes"].empty() ? "" : "\n") << report["people"] << " people, " << report["entries"]
              << " entries: " << report["applied"] << " changes applied, " << failed << " failed, in ";
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.2f s", report.value("seconds", 0.0));
    std::cout << seconds << ".\n";
  }
  const json& problems = report["problems"];
  const auto refused = std::find_if(problems.begin(), problems.end(), [](const json& p) { return p["code"] == "feed-refused"; });
  if (refused != problems.end()) {
    if (!session.json())
      std::cerr << session.err.paint(Tone::bad, "muster:") << " " << (*refused)["what"].get<std::string>() << "\n";
    return kFailed;
  }
  if (!report["holds"].empty()) return kHeld;
  return failed > 0 ? kFailed : kDone;
}

}  // namespace muster
