// muster check: will all of it work, before anything is done.
#include <iostream>

#include "agent/cli/session.h"
#include "agent/cli/table.h"
#include "agent/feed/feed.h"
#include "agent/probe.h"
#include "agent/upstream/file_sink.h"

namespace muster {

using nlohmann::json;

namespace {

const char* word_of(Finding::Level level) {
  switch (level) {
    case Finding::Level::good: return "ok";
    case Finding::Level::warning: return "warning";
    case Finding::Level::bad: break;
  }
  return "FAILED";
}

Tone tone_of(Finding::Level level) {
  switch (level) {
    case Finding::Level::good: return Tone::good;
    case Finding::Level::warning: return Tone::warning;
    case Finding::Level::bad: break;
  }
  return Tone::bad;
}

void check_feed(const Settings& settings, std::vector<Finding>& findings) {
  auto feed = open_feed(settings.feed);
  if (!feed) return findings.push_back({Finding::Level::bad, "feed", feed.error().what, feed.error().hint, Errc::config});
  auto report = (*feed)->read([](Person&&) { return ok(); });
  if (!report)
    return findings.push_back({Finding::Level::bad, "feed", report.error().what, report.error().hint, report.error().code});
  const std::size_t bad = report->problems.size();
  findings.push_back(
      {bad ? Finding::Level::warning : Finding::Level::good,
       "feed",
       report->file + ": " + std::to_string(report->records) + " people" +
           (bad ? ", " + std::to_string(bad) + " records cannot be used; the first: " + report->problems.front().str() : ""),
       "",
       {}});
}

void check_upstream(const Settings& settings, std::vector<Finding>& findings) {
  if (settings.upstream.files.empty())
    findings.push_back({Finding::Level::warning, "upstream", "none is declared: events are told to nobody", "", {}});
  auto sinks = open_sinks(settings.upstream);
  if (!sinks)
    return findings.push_back({Finding::Level::bad, "upstream", sinks.error().what, sinks.error().hint, sinks.error().code});
  for (const auto& sink : *sinks) {
    const auto last = sink->last_delivered();
    findings.push_back(last ? Finding{Finding::Level::good, "upstream", sink->name() + " can be written", "", {}}
                            : Finding{Finding::Level::bad, "upstream", last.error().what, last.error().hint, last.error().code});
  }
}

int exit_code(const std::vector<Finding>& findings) {
  int code = kDone;
  for (const Finding& f : findings) {
    if (f.level != Finding::Level::bad) continue;
    if (f.code == Errc::unreachable) return kUnreachable;
    code = f.code == Errc::config ? kUsage : code == kUsage ? kUsage : kFailed;
  }
  return code;
}

void print(const Session& session, const std::vector<Finding>& findings) {
  if (session.json()) {
    json all = json::array();
    for (const Finding& f : findings)
      all.push_back({{"check", f.subject}, {"result", word_of(f.level)}, {"what", f.what}, {"hint", f.hint}});
    return print_json({{"checks", std::move(all)}});
  }
  Table table({{""}, {"check"}, {"finding"}}, "");
  for (const Finding& f : findings) table.add({{word_of(f.level), tone_of(f.level)}, f.subject, f.what});
  std::cout << table.render(session.out, session.out_terminal.columns);
  for (const Finding& f : findings) {
    if (f.level != Finding::Level::good && !f.hint.empty())
      std::cout << "\n" << session.out.paint(tone_of(f.level), f.subject + ":") << " " << f.hint << "\n";
  }
}

}  // namespace

int run_check(Session& session) {
  if (const auto code = load(session)) return *code;
  std::vector<Finding> findings;
  const Config& config = *session.config;
  findings.push_back({Finding::Level::good,
                      "configuration",
                      config.settings.file + " and " + std::to_string(config.settings.mapping_files.size()) + " mapping files",
                      "",
                      {}});
  if (!session.call.has("offline")) {
    check_feed(config.settings, findings);
    check_upstream(config.settings, findings);
    probe_directory(*session.config, findings);
  }
  print(session, findings);
  return exit_code(findings);
}

}  // namespace muster
