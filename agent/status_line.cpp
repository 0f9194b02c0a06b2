#include "agent/status_line.h"

namespace muster {

using nlohmann::json;

namespace {

std::string counted(std::size_t n, const std::string& one, const std::string& many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// What follows "directory", "watch" and "ready" of the live status.
std::string work_of(const json& live, std::size_t people) {
  const json directory = live.value("directory", json::object());
  if (!directory.value("connected", false)) {
    const std::string why = directory.value("error", "");
    return why.empty() ? "connecting to the directory" : "no connection to the directory: " + first_line(why);
  }
  const std::string url = directory.value("url", "");
  if (const json feed = live.value("feed", json::object()); !feed.value("ok", true))
    return "connected to " + url + "; the feed is not believed: " + first_line(feed.value("error", ""));
  if (!live.value("ready", false)) return "reading " + url;
  const json watches = live.value("watch", json::object());
  for (const auto& [name, watch] : watches.items()) {
    if (watch.value("stage", "") != "following") return "reading " + name + " of " + url;
  }
  return "following " + url + ", " + counted(people, "person", "people");
}

}  // namespace

std::string status_line(const json& live, std::size_t people, std::size_t holds, const std::string& reload) {
  std::string line;
  if (!reload.empty()) line += "the new configuration is not used: " + first_line(reload) + "; ";
  if (holds) line += counted(holds, "hold waits", "holds wait") + " for approval; ";
  line += work_of(live, people);
  const json upstreams = live.value("upstream", json::object());
  for (const auto& [name, upstream] : upstreams.items()) {
    if (!upstream.value("ok", true)) line += "; " + name + " does not answer";
  }
  return line;
}

}  // namespace muster
