#include "agent/feed/snapshot.h"

#include <algorithm>

namespace muster {

namespace {

constexpr std::size_t kMostFaults = 100;      ///< more say nothing new
constexpr std::size_t kMostProblems = 10000;  ///< more people who cannot be read are a fault of the file

}  // namespace

Snapshot::Snapshot(const FeedSettings& settings, const RecordMaker& maker, std::string file, const Each& each, bool all_faults)
    : settings_(settings),
      maker_(maker),
      each_(each),
      most_faults_(all_faults ? kMostFaults : 1),
      effective_(settings.index_of(settings.effective)),
      ever_present_(settings.fields.size()) {
  report_.file = std::move(file);
  if (by_line()) return;
  maker_.bind_in_order();
  bound_ = true;
}

bool Snapshot::fault(FeedFault fault, std::string person, std::string field) {
  FeedProblem p;
  p.file = report_.file;
  p.line = fault.line;
  p.column = fault.column;
  p.field = std::move(field);
  p.person = std::move(person);
  p.what = std::move(fault.what);
  p.hint = std::move(fault.hint);
  faults_.push_back(std::move(p));
  return has_room();
}

bool Snapshot::bind(std::size_t line, const RecordMaker::Values& header) {
  bound_ = true;
  const auto wrong = maker_.bind(header);
  for (const Flaw& w : wrong) {
    if (!fault({line, 0, w.what, w.hint})) break;
  }
  return wrong.empty();
}

bool Snapshot::take(const FeedRecord& record) {
  ++rows_;
  note_presence(record);
  std::string key;
  if (auto wrong = maker_.read_key(record.values, record.flaws, key))
    return fault({record.line, record.column, wrong->what, wrong->hint}, "", key_field().name);
  if (const std::size_t before = keys_.put(key + day_of(record), by_line() ? record.line : rows_))
    return duplicate(record, key, before);
  return deliver(record, std::move(key));
}

bool Snapshot::take(std::size_t line, std::size_t column, const std::vector<FoundValue>& found) {
  FeedRecord record{line, column, {}, {}, {}};
  for (const FoundValue& f : found) {
    record.values.push_back(f.text);
    record.flaws.push_back(f.flaw);
    record.present.push_back(f.is_present);
  }
  return take(record);
}

bool Snapshot::duplicate(const FeedRecord& record, const std::string& key, std::size_t before) {
  const std::string where = by_line() ? " is already on line " : " is already in record ";
  return fault({record.line, record.column, shown(key_field().column) + " " + shown(key) + where + std::to_string(before),
                effective_ < 0 ? "one person, one record: let HR remove one of the two"
                               : "one person, one record for each day: let HR remove one of the two"},
               key, key_field().name);
}

/// A person may have several records, of one day each (<feed effective>).
std::string Snapshot::day_of(const FeedRecord& record) const {
  return effective_ < 0 ? "" : "\n" + std::string(maker_.raw(record.values, static_cast<std::size_t>(effective_)));
}

bool Snapshot::deliver(const FeedRecord& record, std::string key) {
  Person person;
  std::string field;
  if (auto wrong = maker_.read_fields(record.values, record.flaws, person.fields, field))
    return park(record, std::move(key), std::move(field), std::move(wrong->what));
  if (!faults_.empty()) return true;
  person.key = PersonKey(std::move(key));
  const std::string line = "line " + std::to_string(record.line);
  person.source = "feed " + settings_.name + ", " + (by_line() ? line : "record " + std::to_string(rows_) + " (" + line + ")");
  if (Status done = each_(std::move(person)); !done) {
    failed_ = std::move(done).error();
    return false;
  }
  ++report_.records;
  return true;
}

bool Snapshot::park(const FeedRecord& record, std::string key, std::string field, std::string what) {
  FeedProblem p;
  p.file = report_.file;
  p.line = record.line;
  p.column = record.column;
  p.field = std::move(field);
  p.person = std::move(key);
  p.what = std::move(what);
  report_.problems.push_back(std::move(p));
  if (report_.problems.size() <= kMostProblems) return true;
  const std::string first = report_.problems.front().str();
  (void)fault({0, 0, "more than " + std::to_string(kMostProblems) + " records cannot be read; the first: " + first, kFeedRefused});
  return false;
}

void Snapshot::note_presence(const FeedRecord& record) {
  for (std::size_t i = 0; i < record.present.size(); ++i) {
    if (record.present[i]) ever_present_[i] = true;
  }
}

void Snapshot::finish(const std::string& empty) {
  if (settings_.mode != FeedSettings::Mode::snapshot) return;
  if (rows_ == 0) return (void)fault({0, 0, empty, kFeedRefused});
  if (by_line()) return;
  for (std::size_t i = 0; i < settings_.fields.size(); ++i) {
    const FieldSettings& f = settings_.fields[i];
    if (ever_present_[i] || f.optional || f.key) continue;
    const bool more =
        fault({0, 0, "no record has the value " + shown(f.column),
               "nobody is changed for want of a value: let HR deliver it, correct its path, or, where it may happen that "
               "nobody has one, add optional=\"true\" to the field '" +
                   f.name + "'"},
              "", f.name);
    if (!more) return;
  }
}

const FieldSettings& Snapshot::key_field() const {
  return *std::find_if(settings_.fields.begin(), settings_.fields.end(), [](const FieldSettings& f) { return f.key; });
}

std::string other_kind(std::string_view bytes, std::string_view wanted) {
  if (bytes.starts_with("PK\x03\x04")) return "a spreadsheet (.xlsx) or a ZIP archive";
  if (bytes.starts_with("\xD0\xCF\x11\xE0")) return "a spreadsheet (.xls)";
  if (bytes.starts_with("\x1F\x8B")) return "compressed with gzip";
  if (bytes.starts_with("%PDF-")) return "a PDF";
  if (bytes.starts_with("-----BEGIN PGP")) return "encrypted with PGP";
  const bool braces = bytes.starts_with("{") || bytes.starts_with("[{") || bytes.starts_with("[\n");
  if (braces && !wanted.starts_with("JSON") && !wanted.starts_with("SCIM")) return "JSON";
  if (bytes.starts_with("<") && wanted != "XML") return "a web page or XML";
  return "";
}

Result<FeedText> FeedText::open(const FeedSettings& settings, NextBytes next, std::string wanted) {
  auto decoder = Decoder::make(settings.encoding);
  if (!decoder) return std::move(decoder).error();
  return FeedText(std::move(*decoder), std::move(next), std::move(wanted));
}

std::optional<std::string_view> FeedText::next() {
  text_.clear();
  while (text_.empty() && !ended_ && !fault_ && !error_) {
    auto bytes = next_();
    if (!bytes) {
      error_ = std::move(bytes).error();
      return std::nullopt;
    }
    ended_ = bytes->empty();
    if (ended_ && !begun_) return std::nullopt;
    const std::string kind = begun_ ? "" : other_kind(*bytes, wanted_);
    begun_ = true;
    if (!kind.empty()) {
      fault_ = Decoder::Fault{"the file is " + kind + ", not " + wanted_, "let HR deliver " + wanted_, true};
      return std::nullopt;
    }
    fault_ = ended_ ? decoder_->finish(text_) : decoder_->decode(*bytes, text_);
  }
  if (text_.empty()) return std::nullopt;
  return text_;
}

}  // namespace muster
