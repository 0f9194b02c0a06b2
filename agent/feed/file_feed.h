// A feed of files, whatever their format.
#pragma once

#include <memory>
#include <string>

#include "agent/feed/feed.h"
#include "agent/feed/snapshot.h"

namespace muster {

/// Reads one file of its format into the snapshot. An Error: reading itself failed; faults of the file are the snapshot's.
using ReadFormat = std::function<Status(const NextBytes&, Snapshot&)>;

/// By settings.format(): csv, json, jsonl, scim or xml. Errc::config: an unknown format or encoding, a path or date format that
/// nobody can read, a delimiter that cannot be one.
Result<ReadFormat> format_of(const FeedSettings& settings);

Result<ReadFormat> csv_format(const FeedSettings& settings);
Result<ReadFormat> json_format(const FeedSettings& settings);
Result<ReadFormat> json_lines_format(const FeedSettings& settings);
/// A BulkRequest or a ListResponse of SCIM (RFC 7644 sections 3.7 and 3.4.2).
Result<ReadFormat> scim_format(const FeedSettings& settings);
Result<ReadFormat> xml_format(const FeedSettings& settings);

/// Waits for the file, or for the newest file of the folder.
Result<std::unique_ptr<FeedWatch>> open_file_watch(const FeedSettings& settings);

/// The newest file of settings.path. `called`: how sentences name it; empty: by its path.
Result<std::unique_ptr<Feed>> open_file_feed(const FeedSettings& settings, std::string called = "");

}  // namespace muster
