// muster check: will all of it work, before anything is done.
#include <iostream>

#include "agent/cli/checks.h"
#include "agent/cli/session.h"
#include "agent/cli/table.h"
#include "agent/feed/feed.h"
#include "agent/upstream/poller.h"
#include "agent/upstream/upstreams.h"

namespace muster {

using nlohmann::json;

const char* word_of(Finding::Level level) {
  switch (level) {
    case Finding::Level::good: return "ok";
    case Finding::Level::warning: return "warning";
    case Finding::Level::bad: break;
  }
  return "FAILED";
}

namespace {

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
  if (settings.feed.type == "events")
    return findings.push_back({Finding::Level::good, "feed", "people come by the commands of <events>", "", {}});
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

void check_follower(Follower& follower, const Config& config, std::vector<Finding>& findings) {
  std::vector<std::string> paths;
  for (const AttributeRule& rule : config.rules.attributes) {
    if (rule.owner == Owner::directory && !rule.upstream.empty()) paths.push_back(rule.upstream);
  }
  const auto found = follower.probe(paths, {});
  if (!found)
    return findings.push_back({Finding::Level::bad, "upstream", found.error().what, found.error().hint, found.error().code});
  findings.push_back({Finding::Level::good, "upstream", found->what, "", {}});
  for (const std::string& path : found->lacking)
    findings.push_back(
        {Finding::Level::warning, "upstream", follower.name() + " has no attribute " + path, "it is not sent there", {}});
}

void check_upstream(const Config& config, std::vector<Finding>& findings) {
  const auto upstreams = open_upstreams(config.settings);
  if (!upstreams)
    return findings.push_back(
        {Finding::Level::bad, "upstream", upstreams.error().what, upstreams.error().hint, upstreams.error().code});
  if (upstreams->empty())
    findings.push_back({Finding::Level::warning, "upstream", "none is declared: events are told to nobody", "", {}});
  for (const auto& follower : upstreams->followers) check_follower(*follower, config, findings);
  const auto tell = [&](const Result<std::string>& found) {
    findings.push_back(found
                           ? Finding{Finding::Level::good, "upstream", *found, "", {}}
                           : Finding{Finding::Level::bad, "upstream", found.error().what, found.error().hint, found.error().code});
  };
  for (const auto& sink : upstreams->sinks) tell(sink->probe({}));
  for (const auto& poller : open_pollers(config.settings)) tell(poller->probe({}));
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

const char* word_of(const RightFound& f) {
  if (f.allowed == Allowed::unknown) return "untested";
  return f.allowed == Allowed::yes ? "ok" : f.right.optional() ? "off" : "MISSING";
}

Tone tone_of(const RightFound& f) {
  if (f.allowed == Allowed::unknown) return Tone::plain;
  return f.allowed == Allowed::yes ? Tone::good : f.right.optional() ? Tone::warning : Tone::bad;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& w : words) text += (text.empty() ? "" : ", ") + w;
  return text;
}

json to_json(const std::vector<RightFound>& rights) {
  json all = json::array();
  for (const RightFound& f : rights)
    all.push_back({{"feature", f.right.feature},
                   {"where", f.right.where},
                   {"attributes", f.right.attributes},
                   {"result", word_of(f)},
                   {"missing", f.missing},
                   {"tested_on", f.tested_on}});
  return all;
}

void print(const Session& session, const RightsReport& report) {
  std::cout << "\nWhat the rules need of " << report.account
            << " (untested: the server shows it only when it is done, or nobody is there yet):\n\n";
  Table table({{""}, {"right"}, {"tested on"}}, "No rights are needed.");
  for (const RightFound& f : report.rights)
    table.add({{word_of(f), tone_of(f)}, f.right.feature + (f.missing.empty() ? "" : ": not " + joined(f.missing)), f.tested_on});
  std::cout << table.render(session.out, session.out_terminal.columns) << "\nWhat grants them:\n\n" << report.delegation;
}

void print(const Session& session, const std::vector<Finding>& findings, const RightsReport* report) {
  if (session.json()) {
    json all = json::array();
    for (const Finding& f : findings)
      all.push_back({{"check", f.subject}, {"result", word_of(f.level)}, {"what", f.what}, {"hint", f.hint}});
    json document = {{"checks", std::move(all)}};
    if (report) document.update({{"rights", to_json(report->rights)}, {"delegation", report->delegation}});
    return print_json(document);
  }
  Table table({{""}, {"check"}, {"finding"}}, "");
  for (const Finding& f : findings) table.add({{word_of(f.level), tone_of(f.level)}, f.subject, f.what});
  std::cout << table.render(session.out, session.out_terminal.columns);
  for (const Finding& f : findings) {
    if (f.level != Finding::Level::good && !f.hint.empty())
      std::cout << "\n" << session.out.paint(tone_of(f.level), f.subject + ":") << " " << f.hint << "\n";
  }
  if (report && !report->account.empty()) print(session, *report);
}

}  // namespace

std::vector<Finding> find_all(Config& config, RightsReport* rights) {
  std::vector<Finding> findings;
  check_feed(config.settings, findings);
  check_upstream(config, findings);
  probe_directory(config, findings, rights);
  return findings;
}

int run_check(Session& session) {
  if (const auto code = load(session)) return *code;
  if (session.call.has("rights") && session.call.has("offline"))
    return fail(session, {Errc::config, "--rights asks the server, and --offline does not", "leave one of them out"});
  std::vector<Finding> findings;
  RightsReport rights;
  const Config& config = *session.config;
  findings.push_back({Finding::Level::good,
                      "configuration",
                      config.settings.file + " and " + std::to_string(config.settings.mapping_files.size()) + " mapping files",
                      "",
                      {}});
  if (!session.call.has("offline")) {
    auto found = find_all(*session.config, &rights);
    findings.insert(findings.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }
  print(session, findings, session.call.has("rights") ? &rights : nullptr);
  return exit_code(findings);
}

}  // namespace muster
