#include "agent/feed/exec_feed.h"
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

Result<std::unique_ptr<Feed>> open_feed(const FeedSettings& settings, FeedRuns runs) {
  if (settings.type == "exec") return open_exec_feed(settings, runs);
  return open_file_feed(settings);
}

}  // namespace muster
