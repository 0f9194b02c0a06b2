#include "agent/feed/fetched_feed.h"
#include "agent/feed/file_feed.h"

namespace muster {

Result<ReadFormat> format_of(const FeedSettings& settings) {
  if (settings.format() == "csv") return csv_format(settings);
  if (settings.format() == "json") return json_format(settings);
  if (settings.format() == "jsonl") return json_lines_format(settings);
  if (settings.format() == "scim") return scim_format(settings);
  if (settings.format() == "xml") return xml_format(settings);
  return Error{Errc::config, settings.at.str() + ": this muster reads no feed of type '" + settings.format() + "'",
               "it reads csv, json, jsonl, scim and xml"};
}

namespace {

Result<Fetch> fetch_of(const FeedSettings& settings, FeedPosition position) {
  return settings.server ? fetch_from_scim_server(settings, std::move(position)) : fetch_from_command(settings);
}

}  // namespace

Result<std::unique_ptr<Feed>> open_feed(const FeedSettings& settings, FeedRuns runs, FeedPosition position) {
  if (!settings.is_fetched()) return open_file_feed(settings);
  auto fetch = fetch_of(settings, std::move(position));
  if (!fetch) return std::move(fetch).error();
  return open_fetched_feed(settings, std::move(*fetch), runs);
}

Result<std::unique_ptr<FeedWatch>> FeedWatch::open(const FeedSettings& settings, FeedPosition position) {
  if (!settings.is_fetched()) return open_file_watch(settings);
  auto fetch = fetch_of(settings, std::move(position));
  if (!fetch) return std::move(fetch).error();
  return open_fetching_watch(settings, std::move(*fetch));
}

}  // namespace muster
