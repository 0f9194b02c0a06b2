// JSON: an array of objects, in a document that may hold more.
#include "agent/feed/file_feed.h"
#include "agent/feed/json_record.h"
#include "agent/feed/json_stream.h"

namespace muster {

namespace {

using Names = std::vector<std::string>;

FeedFault no_records(const FeedSettings& settings, const JsonFound& found) {
  const std::string at = settings.records.empty() ? "the document is no array of records"
                                                  : "there is no array of records at " + shown(settings.records);
  return {0, 0, at,
          found.other_array.empty()
              ? "let HR deliver one object for each person, in an array"
              : "there is an array at " + shown(found.other_array) + ": set records=\"" + found.other_array + "\""};
}

Status read_json(const FeedSettings& settings, const std::vector<Names>& pointers, const NextBytes& next, Snapshot& snapshot) {
  auto text = FeedText::open(settings, next, "JSON");
  if (!text) return std::move(text).error();
  const JsonPlace place{false, {*json_pointer_names(settings.records)}, ""};
  std::vector<FoundValue> values(pointers.size());
  const auto take = [&](const JsonRecord& record, std::size_t) {
    for (std::size_t i = 0; i < pointers.size(); ++i) values[i] = find_by_pointer(record.value, pointers[i]);
    return snapshot.take(record.line, record.column, values);
  };
  auto found = read_json_records(*text, place, snapshot, take);
  if (!found) return std::move(found).error();
  if (!*found) return ok();
  if (!(*found)->array)
    (void)snapshot.fault(no_records(settings, **found));
  else
    snapshot.finish("the array of records is empty");
  return ok();
}

}  // namespace

Result<std::vector<Names>> json_pointers_of(const FeedSettings& settings) {
  std::vector<Names> all;
  for (const FieldSettings& f : settings.fields) {
    auto names = json_pointer_names(f.column);
    if (!names || names->empty())
      return Error{Errc::config, f.at.str() + ": '" + f.column + "' is no JSON Pointer to a value",
                   "write /name or /name/first (RFC 6901)"};
    all.push_back(std::move(*names));
  }
  return all;
}

Result<ReadFormat> json_format(const FeedSettings& settings) {
  auto pointers = json_pointers_of(settings);
  if (!pointers) return std::move(pointers).error();
  if (!json_pointer_names(settings.records))
    return Error{Errc::config, settings.at.str() + ": '" + settings.records + "' is no JSON Pointer", "write /workers (RFC 6901)"};
  if (auto decoder = Decoder::make(settings.encoding); !decoder) return std::move(decoder).error().within(settings.at.str());
  return ReadFormat([settings, fields = std::move(*pointers)](const NextBytes& next, Snapshot& snapshot) {
    return read_json(settings, fields, next, snapshot);
  });
}

}  // namespace muster
