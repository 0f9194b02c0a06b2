// CSV: rows below a header.
#include <algorithm>

#include "agent/feed/csv.h"
#include "agent/feed/file_feed.h"

namespace muster {

namespace {

std::string count_of(std::size_t n, const char* noun) { return std::to_string(n) + " " + noun + (n == 1 ? "" : "s"); }
bool is_blank(std::string_view value) { return trimmed(value).empty(); }

FeedFault fault_of(CsvReader::Fault fault) { return {fault.line, fault.column, std::move(fault.what), std::move(fault.hint)}; }

FeedFault ragged(const CsvRecord& record, std::size_t need, char separator) {
  const std::size_t has = record.values.size();
  std::string what = count_of(has, "value") + " where the header has " + count_of(need, "column");
  if (record.last && has < need) return {record.line, 0, what + ", and no line end: the file is cut off", "let HR write it again"};
  if (has < need) return {record.line, 0, std::move(what), "let HR write the record in full"};
  const bool trailing = std::all_of(record.values.begin() + static_cast<std::ptrdiff_t>(need), record.values.end(), is_blank);
  const std::string delimiter = delimiter_name(separator);
  return {record.line, 0, std::move(what),
          trailing ? "it ends with " + delimiter + ": let HR end the header and the records alike"
                   : "a value that contains " + delimiter + " must be in quotes"};
}

bool take(const CsvRecord& record, char delimiter, Snapshot& snapshot) {
  if (std::all_of(record.values.begin(), record.values.end(), is_blank)) return true;
  if (!snapshot.is_bound()) return snapshot.bind(record.line, record.values);
  if (record.values.size() == snapshot.columns()) return snapshot.take({record.line, 0, record.values, {}, {}});
  snapshot.count();
  return snapshot.fault(ragged(record, snapshot.columns(), delimiter));
}

/// After the last piece of text that could be read.
void finish(CsvReader& csv, const FeedText& text, Snapshot& snapshot) {
  if (const auto& wrong = text.fault()) {
    if (csv.stopped()) return;
    const bool whole = wrong->whole;
    return (void)snapshot.fault({whole ? 0 : csv.line(), whole ? 0 : csv.column(), wrong->what, wrong->hint});
  }
  if (text.is_empty()) return (void)snapshot.fault({0, 0, "the file is empty", kFeedRefused});
  if (auto fault = csv.finish()) return (void)snapshot.fault(fault_of(std::move(*fault)));
  if (csv.stopped()) return;
  if (!snapshot.is_bound()) return (void)snapshot.fault({0, 0, "the file is empty", kFeedRefused});
  snapshot.finish("the file has a header but no records");
}

Status read_csv(const FeedSettings& settings, const NextBytes& next, Snapshot& snapshot) {
  auto text = FeedText::open(settings, next, "CSV");
  if (!text) return std::move(text).error();
  CsvReader csv(settings.delimiter, [&](const CsvRecord& record) { return take(record, settings.delimiter, snapshot); });
  while (const auto piece = text->next()) {
    if (auto fault = csv.read(*piece)) {
      (void)snapshot.fault(fault_of(std::move(*fault)));
      return ok();
    }
    if (csv.stopped()) return ok();
  }
  MUSTER_TRY(text->failed());
  finish(csv, *text, snapshot);
  return ok();
}

}  // namespace

Result<ReadFormat> csv_format(const FeedSettings& settings) {
  const char d = settings.delimiter;
  if (d == '"' || d == ' ' || (static_cast<unsigned char>(d) < 0x20 && d != '\t') || static_cast<unsigned char>(d) >= 0x7F) {
    return Error{Errc::config, settings.at.str() + ": this delimiter cannot separate columns",
                 "write one character such as , or ; or the word tab"};
  }
  if (auto decoder = Decoder::make(settings.encoding); !decoder) return std::move(decoder).error().within(settings.at.str());
  return ReadFormat([settings](const NextBytes& next, Snapshot& snapshot) { return read_csv(settings, next, snapshot); });
}

}  // namespace muster
