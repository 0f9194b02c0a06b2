// SCIM: what is sent to an inbound provisioning API (BulkRequest, RFC 7644 section 3.7), or what a query answers (ListResponse,
// section 3.4.2).
#include <charconv>

#include "agent/feed/file_feed.h"
#include "agent/feed/json_record.h"
#include "agent/feed/json_stream.h"
#include "agent/json_text.h"
#include "schema/ascii.h"
#include "schema/calendar.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr std::size_t kOperations = 0;

/// One reading of a document.
class Resources {
 public:
  Resources(const std::vector<ScimPath>& paths, Snapshot& snapshot) : paths_(paths), values_(paths.size()), snapshot_(snapshot) {}

  bool take(const JsonRecord& record, std::size_t array) {
    ++count_;
    const json* resource = array == kOperations ? data_of(record) : &record.value;
    if (!resource) {
      snapshot_.count();
      return snapshot_.has_room();
    }
    note_modified(*resource);
    for (std::size_t i = 0; i < paths_.size(); ++i) values_[i] = find_by_scim_path(*resource, paths_[i]);
    return snapshot_.take(record.line, record.column, values_);
  }

  void finish(const JsonFound& found) {
    if (!found.array) {
      return (void)snapshot_.fault({0, 0, "the document has neither 'Operations' nor 'Resources'",
                                    "it must be a BulkRequest or a ListResponse of SCIM (RFC 7644)"});
    }
    std::size_t total = count_;
    if (*found.array != kOperations) (void)std::from_chars(found.number.data(), found.number.data() + found.number.size(), total);
    if (total != count_) {
      return (void)snapshot_.fault({0, 0,
                                    "totalResults is " + found.number + ", but there are " + std::to_string(count_) +
                                        " resources: it is one page of several",
                                    "let HR deliver all pages in one document"});
    }
    snapshot_.finish(*found.array == kOperations ? "there are no operations" : "there are no resources");
  }

 private:
  void note_modified(const json& resource) {
    const auto meta = resource.find("meta");
    const std::string text = meta == resource.end() || !meta->is_object() ? "" : text_in(*meta, "lastModified");
    const auto at = parse_iso_time(text);
    if (!at || (latest_ && *at <= *latest_)) return;
    latest_ = at;
    snapshot_.report().position = text;
  }

  /// Null after a fault.
  const json* data_of(const JsonRecord& record) {
    const auto wrong = [&](std::string what, std::string hint) -> const json* {
      (void)snapshot_.fault({record.line, record.column, std::move(what), std::move(hint)});
      return nullptr;
    };
    const std::string method = text_in(record.value, "method"), path = text_in(record.value, "path");
    const std::string kind = to_lower(method);
    if (kind != "post" && kind != "put")
      return wrong(method.empty() ? "the operation has no method" : "the method " + shown(method) + " is not for a feed",
                   "a feed lists people as they are: POST or PUT with all of their data");
    const std::string where = to_lower(path);
    if (where != "/users" && !where.starts_with("/users/"))
      return wrong(path.empty() ? "the operation has no path" : "the path " + shown(path) + " leads to no person",
                   "a feed lists people: let HR send only /Users");
    const auto data = record.value.find("data");
    if (data == record.value.end() || !data->is_object())
      return wrong("the operation has no data", "let HR send the person's data as an object");
    return &*data;
  }

  const std::vector<ScimPath>& paths_;
  std::vector<FoundValue> values_;
  Snapshot& snapshot_;
  std::size_t count_ = 0;
  std::optional<Instant> latest_;
};

Status read_scim(const FeedSettings& settings, const std::vector<ScimPath>& paths, const NextBytes& next, Snapshot& snapshot) {
  auto text = FeedText::open(settings, next, "SCIM");
  if (!text) return std::move(text).error();
  const JsonPlace place{false, {{"Operations"}, {"Resources"}}, "totalResults"};
  Resources resources(paths, snapshot);
  auto found =
      read_json_records(*text, place, snapshot, [&](const JsonRecord& r, std::size_t array) { return resources.take(r, array); });
  if (!found) return std::move(found).error();
  if (*found) resources.finish(**found);
  return ok();
}

}  // namespace

Result<ReadFormat> scim_format(const FeedSettings& settings) {
  std::vector<ScimPath> paths;
  for (const FieldSettings& f : settings.fields) {
    auto path = ScimPath::parse(f.column);
    if (!path) return std::move(path).error().within(f.at.str());
    paths.push_back(std::move(*path));
  }
  if (auto decoder = Decoder::make(settings.encoding); !decoder) return std::move(decoder).error().within(settings.at.str());
  return ReadFormat([settings, fields = std::move(paths)](const NextBytes& next, Snapshot& snapshot) {
    return read_scim(settings, fields, next, snapshot);
  });
}

}  // namespace muster
