#include "agent/feed/csv_feed.h"

#include <algorithm>
#include <optional>

#include "agent/feed/csv.h"
#include "agent/feed/encoding.h"
#include "agent/feed/feed_file.h"
#include "agent/feed/key_lines.h"
#include "agent/feed/records.h"

namespace muster {

namespace {

constexpr std::size_t kMostFaults = 100;      ///< more say nothing new
constexpr std::size_t kMostProblems = 10000;  ///< more people who cannot be read are a fault of the file
constexpr const char* kRefused = "it was refused as a whole and nobody was changed";

Error error_of(const FeedProblem& fault) { return {Errc::untrusted, fault.str(), fault.hint}; }

std::string count_of(std::size_t n, const char* noun) { return std::to_string(n) + " " + noun + (n == 1 ? "" : "s"); }

/// What else than text the file is, by its first bytes; empty: nothing known.
std::string other_kind(std::string_view bytes) {
  if (bytes.starts_with("PK\x03\x04")) return "a spreadsheet (.xlsx) or a ZIP archive";
  if (bytes.starts_with("\xD0\xCF\x11\xE0")) return "a spreadsheet (.xls)";
  if (bytes.starts_with("\x1F\x8B")) return "compressed with gzip";
  if (bytes.starts_with("%PDF-")) return "a PDF";
  if (bytes.starts_with("-----BEGIN PGP")) return "encrypted with PGP";
  if (bytes.starts_with("{") || bytes.starts_with("[{") || bytes.starts_with("[\n")) return "JSON";
  if (bytes.starts_with("<")) return "a web page or XML";
  return "";
}

/// One snapshot, from its first byte to its last.
class Reading {
 public:
  using Each = std::function<Status(Person&&)>;
  Reading(const FeedSettings& settings, const RecordMaker& maker, std::string file, const Each& each, bool all_faults)
      : settings_(settings),
        maker_(maker),
        each_(each),
        most_faults_(all_faults ? kMostFaults : 1),
        csv_(settings.delimiter, [this](const CsvRecord& r) { return take(r); }) {
    report_.file = std::move(file);
    source_ = "feed " + settings.name + ", line ";
  }

  /// False: no need to read on.
  bool add(Decoder& decoder, std::string_view bytes) {
    const std::string kind = begun_ ? "" : other_kind(bytes);
    begun_ = true;
    if (!kind.empty()) return note({0, 0, "the file is " + kind + ", not CSV", "let HR deliver CSV"}) && false;
    return parse(decoder.decode(bytes, text_));
  }

  void finish(Decoder& decoder) {
    if (!begun_) return (void)note({0, 0, "the file is empty", kRefused});
    if (!parse(decoder.finish(text_))) return;
    if (const auto fault = csv_.finish())
      (void)note(*fault);
    else if (!bound_)
      (void)note({0, 0, "the file is empty", kRefused});
    else if (rows_ == 0 && settings_.mode == FeedSettings::Mode::snapshot)
      (void)note({0, 0, "the file has a header but no records", kRefused});
  }

  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  const std::vector<FeedProblem>& faults() const { return faults_; }
  const std::optional<Error>& failed() const { return failed_; }
  FeedReport& report() { return report_; }

 private:
  bool parse(const std::optional<Decoder::Fault>& unreadable) {
    const auto fault = csv_.read(text_);
    text_.clear();
    if (fault)
      (void)note(*fault);
    else if (unreadable && unreadable->whole)
      (void)note({0, 0, unreadable->what, unreadable->hint});
    else if (unreadable && !csv_.stopped())
      (void)note({csv_.line(), csv_.column(), unreadable->what, unreadable->hint});
    return !fault && !unreadable && !csv_.stopped();
  }

  /// A fault of the file. False once there are enough.
  bool note(CsvReader::Fault fault, std::string person = "", std::string field = "") {
    FeedProblem p;
    p.file = report_.file;
    p.line = fault.line;
    p.column = fault.column;
    p.field = std::move(field);
    p.person = std::move(person);
    p.what = std::move(fault.what);
    p.hint = std::move(fault.hint);
    faults_.push_back(std::move(p));
    return faults_.size() < most_faults_;
  }

  bool take(const CsvRecord& record) {
    if (std::all_of(record.values.begin(), record.values.end(), is_blank)) return true;
    if (!bound_) return bind(record);
    ++rows_;
    if (record.values.size() != maker_.columns()) return note(ragged(record));
    std::string key;
    if (auto wrong = maker_.read_key(record.values, key))
      return note({record.line, 0, wrong->what, wrong->hint}, "", key_field().name);
    if (const std::size_t before = keys_.put(key + day_of(record), record.line)) {
      return note({record.line, 0, "'" + key_field().column + "' " + shown(key) + " is already on line " + std::to_string(before),
                   effective_ < 0 ? "one person, one record: let HR remove one of the two"
                                  : "one person, one record for each day: let HR remove one of the two"},
                  key, key_field().name);
    }
    return deliver(record, std::move(key));
  }

  /// A person may have several records, of one day each (<feed effective>).
  std::string day_of(const CsvRecord& record) const {
    return effective_ < 0 ? "" : "\n" + std::string(maker_.raw(record.values, static_cast<std::size_t>(effective_)));
  }

  bool bind(const CsvRecord& header) {
    bound_ = true;
    const auto wrong = maker_.bind(header.values);
    for (const Flaw& w : wrong) {
      if (!note({header.line, 0, w.what, w.hint})) break;
    }
    return wrong.empty();
  }

  static bool is_blank(std::string_view value) { return trimmed(value).empty(); }

  CsvReader::Fault ragged(const CsvRecord& record) const {
    const std::size_t has = record.values.size(), need = maker_.columns();
    std::string what = count_of(has, "value") + " where the header has " + count_of(need, "column");
    if (record.last && has < need)
      return {record.line, 0, what + ", and no line end: the file is cut off", "let HR write it again"};
    if (has < need) return {record.line, 0, std::move(what), "let HR write the record in full"};
    const bool trailing = std::all_of(record.values.begin() + static_cast<std::ptrdiff_t>(need), record.values.end(), is_blank);
    const std::string delimiter = delimiter_name(settings_.delimiter);
    return {record.line, 0, std::move(what),
            trailing ? "it ends with " + delimiter + ": let HR end the header and the records alike"
                     : "a value that contains " + delimiter + " must be in quotes"};
  }

  bool deliver(const CsvRecord& record, std::string key) {
    Person person;
    std::string field;
    if (auto wrong = maker_.read_fields(record.values, person.fields, field))
      return park(record.line, std::move(key), std::move(field), std::move(wrong->what));
    if (!faults_.empty()) return true;
    person.key = PersonKey(std::move(key));
    person.source = source_ + std::to_string(record.line);
    if (Status done = each_(std::move(person)); !done) {
      failed_ = std::move(done).error();
      return false;
    }
    ++report_.records;
    return true;
  }

  bool park(std::size_t line, std::string key, std::string field, std::string what) {
    FeedProblem p;
    p.file = report_.file;
    p.line = line;
    p.field = std::move(field);
    p.person = std::move(key);
    p.what = std::move(what);
    report_.problems.push_back(std::move(p));
    if (report_.problems.size() <= kMostProblems) return true;
    (void)note(
        {0, 0,
         "more than " + std::to_string(kMostProblems) + " records cannot be read; the first: " + report_.problems.front().str(),
         kRefused});
    return false;
  }

  const FieldSettings& key_field() const {
    return *std::find_if(settings_.fields.begin(), settings_.fields.end(), [](const FieldSettings& f) { return f.key; });
  }

  const FeedSettings& settings_;
  RecordMaker maker_;
  const Each& each_;
  std::size_t most_faults_;
  CsvReader csv_;
  FeedReport report_;
  std::string source_, text_;
  bool begun_ = false, bound_ = false;
  std::size_t rows_ = 0;
  int effective_ = settings_.index_of(settings_.effective);
  KeyLines keys_;
  std::vector<FeedProblem> faults_;
  std::optional<Error> failed_;
};

class CsvFeed final : public Feed {
 public:
  CsvFeed(FeedSettings settings, RecordMaker maker) : settings_(std::move(settings)), maker_(std::move(maker)) {}

  Result<std::string> digest() override {
    auto path = newest_file(settings_.path);
    if (!path) return path;
    return file_digest(*path);
  }

  Result<FeedReport> read(const std::function<Status(Person&&)>& each, std::vector<FeedProblem>* faults) override {
    auto path = newest_file(settings_.path);
    if (!path) return refused(std::move(path).error(), faults);
    auto file = FeedFile::open(*path);
    if (!file) return refused(std::move(file).error(), faults);
    Reading reading(settings_, maker_, *path, each, faults != nullptr);
    MUSTER_TRY(run(**file, reading));
    if (reading.failed()) return *reading.failed();
    if (!reading.faults().empty()) return doubtful(**file, reading, faults);
    auto digest = (*file)->confirm();
    if (!digest) return refused(std::move(digest).error(), faults);
    reading.report().digest = std::move(*digest);
    reading.report().bytes = (*file)->bytes();
    return std::move(reading.report());
  }

 private:
  Status run(FeedFile& file, Reading& reading) const {
    auto decoder = Decoder::make(settings_.encoding);
    if (!decoder) return std::move(decoder).error();
    for (;;) {
      auto piece = file.next();
      if (!piece) return std::move(piece).error();
      if (piece->empty()) break;
      if (!reading.add(**decoder, *piece)) return ok();
    }
    reading.finish(**decoder);
    return ok();
  }

  /// What is wrong with a file that is not complete is only that.
  static Error doubtful(const FeedFile& file, const Reading& reading, std::vector<FeedProblem>* faults) {
    if (Status same = file.same(); !same) return refused(std::move(same).error(), faults);
    if (faults) *faults = reading.faults();
    return error_of(reading.faults().front());
  }

  static Error refused(Error error, std::vector<FeedProblem>* faults) {
    if (!faults) return error;
    FeedProblem p;
    const auto colon = error.what.find(": ");
    p.file = error.what.substr(0, colon);
    p.what = colon == std::string::npos ? "" : error.what.substr(colon + 2);
    p.hint = error.hint;
    faults->push_back(std::move(p));
    return error;
  }

  FeedSettings settings_;
  RecordMaker maker_;
};

}  // namespace

Result<std::unique_ptr<Feed>> open_csv_feed(const FeedSettings& settings) {
  const char d = settings.delimiter;
  if (d == '"' || d == ' ' || (static_cast<unsigned char>(d) < 0x20 && d != '\t') || static_cast<unsigned char>(d) >= 0x7F) {
    return Error{Errc::config, settings.at.str() + ": this delimiter cannot separate columns",
                 "write one character such as , or ; or the word tab"};
  }
  if (auto decoder = Decoder::make(settings.encoding); !decoder) return std::move(decoder).error().within(settings.at.str());
  auto maker = RecordMaker::make(settings);
  if (!maker) return std::move(maker).error();
  return std::unique_ptr<Feed>(std::make_unique<CsvFeed>(settings, std::move(*maker)));
}

std::string FeedProblem::str() const {
  std::string place = file;
  if (line > 0) place += ":" + std::to_string(line);
  if (line > 0 && column > 0) place += ":" + std::to_string(column);
  return place + ": " + what;
}

}  // namespace muster
