#include "agent/metrics.h"

#include <vector>

#include "agent/change_json.h"
#include "agent/guarded.h"
#include "agent/live_status.h"
#include "agent/report.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr const char* kText = "text/plain; version=0.0.4; charset=utf-8";

/// A backslash, a quote and a line feed are written as \\, \" and \n.
std::string label(const std::string& name, const std::string& value) {
  std::string text = name + "=\"";
  for (const char c : value) {
    if (c == '\n')
      text += "\\n";
    else
      text += c == '\\' || c == '"' ? std::string("\\") + c : std::string(1, c);
  }
  return text + "\"";
}

struct Sample {
  std::string labels;
  json value;                    ///< what is no number is left out
  const char* suffix = nullptr;  ///< of a summary's count and sum
};

class Exposition {
 public:
  void add(const std::string& name, const char* type, const char* help, const std::vector<Sample>& samples) {
    text_ += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
    for (const Sample& s : samples) {
      if (!s.value.is_number()) continue;
      text_ += name + (s.suffix ? s.suffix : "") + (s.labels.empty() ? "" : "{" + s.labels + "}") + " " + s.value.dump() + "\n";
    }
  }
  void gauge(const std::string& name, const char* help, json value) { add(name, "gauge", help, {{"", std::move(value)}}); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_lag(std::vector<Sample>& samples, const std::string& upstream, const json& seconds) {
  samples.push_back({upstream + ",quantile=\"0.5\"", seconds["median"]});
  samples.push_back({upstream + ",quantile=\"0.99\"", seconds["p99"]});
  samples.push_back({upstream, seconds["sum"], "_sum"});
  samples.push_back({upstream, seconds["count"], "_count"});
}

json epoch_seconds(const json& time) {
  const auto at = time.is_string() ? parse_iso_time(time.get<std::string>()) : std::nullopt;
  return at ? json(std::chrono::duration<double>(at->time_since_epoch()).count()) : json();
}

void add_upstreams(Exposition& out, const json& lag) {
  std::vector<Sample> seconds, oldest, waiting, aside;
  const json lanes = lag.value("upstreams", json::object());
  for (const auto& [name, lane] : lanes.items()) {
    const std::string upstream = label("upstream", name);
    add_lag(seconds, upstream, lane["seconds"]);
    oldest.push_back({upstream, lane["oldest unsent"].is_object() ? lane["oldest unsent"]["seconds"] : json(0)});
    waiting.push_back({upstream, lane["waiting"]});
    aside.push_back({upstream, lane["set aside"]});
  }
  out.add("muster_lag_seconds", "summary", "From a change's arrival to the acknowledgement upstream, of the last 1000.", seconds);
  out.add("muster_oldest_unsent_seconds", "gauge", "Age of the oldest change that waits for an upstream.", oldest);
  out.add("muster_outbox_events", "gauge", "What waits for an upstream.", waiting);
  out.add("muster_set_aside_events", "gauge", "What an upstream refused for good.", aside);
}

}  // namespace

std::string metrics_text(const json& status, const ActionCounts& changes, const std::string& server, const std::string& version) {
  Exposition out;
  const json lag = status.value("lag", json::object());
  add_upstreams(out, lag);
  out.gauge("muster_last_probe_timestamp_seconds", "When every upstream had acknowledged an end-to-end probe.",
            epoch_seconds(lag.value("last probe", json())));
  out.gauge("muster_holds", "Holds that wait for a decision.", status["holds"].size());
  out.gauge("muster_parked", "Objects about which something could not be done.", status["parked"]);
  out.gauge("muster_problems", "All that could not be done.", status["problems"]);
  out.gauge("muster_people", "People whom HR lists.", status["people"]["listed"]);
  out.gauge("muster_entries", "Entries in the watched bases.", status["entries"]);
  std::vector<Sample> counts;
  for (const Action action : kActions)
    counts.push_back({label("action", std::string(to_string(action))), changes.at(static_cast<std::size_t>(action))});
  out.add("muster_changes_total", "counter", "Changes that were applied since the service began.", counts);
  out.gauge("muster_healthy", "1 or 0.", status["healthy"] == true ? 1 : 0);
  if (status.contains("last resync"))
    out.gauge("muster_last_resync_timestamp_seconds", "When the last comparison of everything began.",
              epoch_seconds(status["last resync"]["began"]));
  const json live = status.value("live", json::object());
  const bool is_connected = live.value("directory", json::object()).value("connected", false);
  out.add("muster_directory_connected", "gauge", "1 or 0.", {{label("server", server), is_connected ? 1 : 0}});
  out.add("muster_build_info", "gauge", "Always 1.", {{label("version", version), 1}});
  return out.take();
}

Result<std::unique_ptr<LoopbackHttp>> serve_metrics(std::uint16_t port, const std::string& state_path, const LiveStatus& live) {
  return LoopbackHttp::open(port, [state_path, &live, server = std::string()](const std::string& path) mutable {
    using Page = LoopbackHttp::Page;
    if (path != "/metrics" && path != "/healthz") return Page{404, kText, "there are /metrics and /healthz\n"};
    const auto page = guarded([&]() -> Result<Page> {
      Store store = Store::open_read_only(state_path);
      const json status = status_report(store, &live);
      const json directory = status["live"].value("directory", json::object());
      server = directory.value("url", server);
      if (path == "/metrics") return Page{200, kText, metrics_text(status, live.changes(), server, MUSTER_VERSION)};
      const json health = {{"healthy", status["healthy"]}, {"unhealthy", status["unhealthy"]}};
      return Page{status["healthy"] == true ? 200U : 503U, "application/json", dump(health) + "\n"};
    });
    return page ? *page : Page{500, kText, page.error().text() + "\n"};
  });
}

}  // namespace muster
