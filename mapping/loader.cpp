#include "mapping/loader.h"

#include <algorithm>
#include <filesystem>

#include "mapping/loader_files.h"
#include "mapping/loader_parts.h"
#include "mapping/text_digest.h"

namespace muster {
namespace {

/// People who come by events need somebody who is believed.
void check_event_feed(const Element& muster, const Settings& settings) {
  const auto& events = settings.upstream.events;
  const bool is_fed = std::any_of(events.begin(), events.end(), [](const auto& e) { return e.trust && !e.poll.empty(); });
  if (settings.feed.type == "events" && !is_fed)
    muster.complaints().error(settings.feed.at, "the feed's people come by events, but nobody is polled and trusted for them",
                              "add <events poll=\"https://...\"> with <trust issuer=\"...\" keys=\"...\"/> to <upstream>");
}

/// The probe's entry is seen by the watch of people, and what it is written with is nobody's.
void check_probe(const Element& muster, const Config& config) {
  const auto& probe = config.settings.health.probe;
  if (!probe) return;
  if (!probe->entry.is_under(config.settings.directory.people_base))
    muster.complaints().error(probe->at,
                              "the probe's entry " + probe->entry.str() + " is not below <people base>, so no watch reports it",
                              "name an entry there that belongs to nobody");
  const char* remedy = "name an attribute that no rule names, such as description";
  for (const AttributeRule& rule : config.rules.attributes) {
    if (rule.key == to_lower(probe->attribute))
      return muster.complaints().error(probe->at,
                                       "the probe would write '" + rule.name + "', which has an owner at " + rule.at.str(), remedy);
  }
  const auto used = attributes_of_rules(config);
  if (std::find(used.begin(), used.end(), to_lower(probe->attribute)) != used.end())
    muster.complaints().error(probe->at, "the probe would write '" + probe->attribute + "', by which the rules decide", remedy);
}

void load_settings(const Element& muster, const std::string& name, Settings& settings) {
  settings.file = name;
  settings.directory_of_file = muster.file().folder;
  load_directory(muster, settings.directory);
  load_feed(muster, settings.feed);
  load_state(muster, settings);
  if (settings.feed.is_fetched()) settings.feed.path = settings.state_path + ".feed";
  load_resync(muster, settings.resync);
  load_health(muster, settings.health);
  load_metrics(muster, settings.metrics_port);
  load_safety(muster, settings.safety);
  load_upstream(muster, settings.upstream);
  check_event_feed(muster, settings);
}

/// What the rules take over from muster.xml, so that plan() needs nothing else.
void prepare(const Settings& settings, Rules& rules) {
  for (const FieldSettings& field : settings.feed.fields) rules.fields.push_back(field.name);
  rules.scope = std::make_shared<ExpressionScope>(rules.fields);
  if (const int start = settings.feed.index_of("start"); start >= 0) rules.start_index = static_cast<std::size_t>(start);
  if (const int from = settings.feed.index_of(settings.feed.effective); from >= 0)
    rules.effective_index = static_cast<std::size_t>(from);
  for (const auto& protect : settings.safety.protect_groups) rules.protected_groups.push_back(protect.group);
  const bool snapshot = settings.feed.mode == FeedSettings::Mode::snapshot;
  rules.missing_is_leaver = snapshot && settings.feed.missing == FeedSettings::Missing::leaver;
  rules.feed_at = settings.feed.at;
}

void load_rules(const Element& muster, const std::vector<Element>& mappings, const Settings& settings, Rules& rules,
                bool complete) {
  prepare(settings, rules);
  RuleContext context{settings, *rules.scope, rules, muster, complete};
  load_joins(mappings, context);
  load_attributes(mappings, context);
  load_access(mappings, context);
  load_lifecycle(mappings, context);
}

/// Lengths keep a line from wandering between files unnoticed.
std::string digest_of(const Config& config) {
  std::string all;
  for (const std::string& path : config.settings.mapping_files) {
    const std::string& text = config.sources.at(path);
    all += std::to_string(text.size()) + ":" + text;
  }
  return text_digest(all);
}

}  // namespace

LoadResult load_config(const std::string& muster_xml, const ConfigFiles& files) {
  LoadResult result;
  Complaints complaints;
  FileSet set(files, complaints);
  auto config = std::make_unique<Config>();
  if (const auto muster = set.read_main(muster_xml)) {
    load_settings(*muster, muster_xml, config->settings);
    const std::vector<Element> mappings = set.read_mappings(*muster);
    load_rules(*muster, mappings, config->settings, config->rules, set.complete());
    check_probe(*muster, *config);
    config->settings.mapping_files = set.mapping_paths();
    config->sources = set.texts();
    config->rules.digest = digest_of(*config);
  }
  result.errors = complaints.sorted_errors();
  config->warnings = complaints.sorted_warnings();
  if (result.errors.empty()) result.config = std::move(config);
  return result;
}

}  // namespace muster
