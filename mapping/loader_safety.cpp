// <safety>, <state>, <resync>, <health>, <metrics> and <upstream>
#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"

namespace muster {
namespace {

void load_protect(const Element& protect, SafetySettings& safety) {
  int ways = 0;
  for (const char* way : {"filter", "member-of", "person"}) ways += protect.has(way);
  const char* const remedy = "write one of filter, member-of and person; repeat <protect> for more";
  if (ways == 0) return protect.lacks("<protect> does not say whom", remedy);
  if (ways > 1) return protect.wrong("<protect> says more than one thing", remedy);
  if (auto filter = read_filter(protect, "filter")) {
    if (filter->asks_for_nesting())
      return protect.wrong_in("filter", "a protection cannot ask the server for nested groups",
                              "use member-of, which follows them");
    safety.protect_filters.push_back({std::move(*filter), protect.at()});
  }
  if (auto group = read_dn(protect, "member-of")) safety.protect_groups.push_back({std::move(*group), protect.at()});
  if (const std::string key = protect.text("person"); !key.empty())
    safety.protect_persons.push_back({PersonKey(key), protect.at()});
}

}  // namespace

void load_safety(const Element& muster, SafetySettings& s) {
  const auto safety = only_child(muster, "safety");
  if (!safety) return;
  s.at = safety->at();
  s.max_disables = safety->count("max-disables", s.max_disables);
  s.max_disables_percent = safety->real("max-disables-percent", s.max_disables_percent);
  s.max_membership_removals = safety->count("max-membership-removals", s.max_membership_removals);
  s.max_clears = safety->count("max-clears", s.max_clears);
  s.max_creates = safety->count("max-creates", s.max_creates);
  s.max_moves = safety->count("max-moves", s.max_moves);
  s.max_deletes = safety->count("max-deletes", s.max_deletes);
  s.min_entries_ratio = safety->real("min-entries-ratio", s.min_entries_ratio);
  for (const Element& protect : safety->children("protect")) load_protect(protect, s);
}

void load_state(const Element& muster, Settings& settings) {
  if (const auto state = required_child(muster, "state", "add <state path=\"state.db\"/>"))
    settings.state_path = read_path(*state, "path");
}

void load_resync(const Element& muster, ResyncSettings& settings) {
  using std::chrono::hours;
  using std::chrono::seconds;
  const auto resync = only_child(muster, "resync");
  if (!resync) return;
  settings.where = resync->at();
  const bool both = resync->has("at") && resync->has("every");
  if (both || (!resync->has("at") && !resync->has("every"))) {
    const char* const hint = "write one of at=\"02:00\" and every=\"6h\"";
    return both ? resync->wrong("<resync> says twice when", hint) : resync->lacks("<resync> does not say when", hint);
  }
  settings.at = read_hour(*resync, "at");
  settings.every = read_delay(*resync, "every");
  if (resync->has("every") && !settings.every && resync->text("every") == "never")
    resync->wrong_in("every", "'never' is no duration", "remove <resync>: without it nothing is compared by itself");
  if (settings.every && (*settings.every < seconds(10) || *settings.every > hours(24 * 31)))
    resync->wrong_in("every", "'every' is " + resync->text("every"), "it must be between 10s and 31d");
}

void load_metrics(const Element& muster, std::optional<std::uint16_t>& port) {
  if (const auto metrics = only_child(muster, "metrics")) port = static_cast<std::uint16_t>(metrics->count("port", 0));
}

namespace {

std::optional<ProbeSettings> read_probe(const Element& health) {
  using std::chrono::seconds;
  const auto element = only_child(health, "probe");
  const auto entry = element ? read_dn(*element, "entry") : std::nullopt;
  if (!entry) return std::nullopt;
  ProbeSettings probe{*entry, element->has("attribute") ? element->text("attribute") : "description", seconds(300), element->at()};
  probe.every = read_span(*element, "every").value_or(probe.every);
  if (probe.every < seconds(1)) element->wrong_in("every", "'every' is " + element->text("every"), "it must be at least 1s");
  return probe;
}

}  // namespace

void load_health(const Element& muster, HealthSettings& settings) {
  const auto health = only_child(muster, "health");
  if (!health) return;
  const auto limit = [&](const char* name) {
    auto span = read_span(*health, name);
    if (span && *span < std::chrono::seconds(1))
      health->wrong_in(name, "'" + std::string(name) + "' is " + health->text(name), "it must be at least 1s");
    return span;
  };
  settings.feed_silent = limit("feed-silent");
  settings.directory_silent = limit("directory-silent").value_or(settings.directory_silent);
  settings.upstream_stuck = limit("upstream-stuck").value_or(settings.upstream_stuck);
  settings.hold_waiting = limit("hold-waiting").value_or(settings.hold_waiting);
  settings.probe = read_probe(*health);
}

namespace {

void load_scim(const Element& element, UpstreamSettings& settings) {
  UpstreamSettings::Scim scim;
  scim.at = element.at();
  scim.http = read_http(element, "url");
  scim.user_name = element.text("user-name");
  scim.deactivates = element.text("on-delete") == "deactivate";
  for (const UpstreamSettings::Scim& other : settings.scims) {
    if (other.http.url == scim.http.url)
      element.wrong_in("url", "'" + scim.http.url + "' is served already by the <scim> at " + other.at.str(),
                       "keep one of the two");
  }
  settings.scims.push_back(std::move(scim));
}

}  // namespace

void load_upstream(const Element& muster, UpstreamSettings& settings) {
  const auto upstream = only_child(muster, "upstream");
  if (!upstream) return;
  settings.most_bytes = upstream->count("max-bytes", settings.most_bytes);
  for (const Element& file : upstream->children("file")) {
    const std::string path = read_path(file, "path");
    for (const UpstreamSettings::File& other : settings.files) {
      if (other.path == path)
        file.wrong_in("path", "'" + file.text("path") + "' is written already by the <file> at " + other.at.str(),
                      "keep one of the two");
    }
    settings.files.push_back({path, file.at()});
  }
  for (const Element& scim : upstream->children("scim")) load_scim(scim, settings);
  for (const Element& events : upstream->children("events")) load_events(events, settings);
}

}  // namespace muster
