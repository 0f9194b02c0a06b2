#include "agent/feed/csv.h"

#include <csv.h>

#include <algorithm>

#include "agent/feed/encoding.h"

namespace muster {

namespace {

constexpr std::size_t kLongestRecord = 1 << 20;
constexpr unsigned char kStrict = CSV_STRICT | CSV_STRICT_FINI;

/// The length of the first physical line of `text`, its end included; all of `text` where it has no end.
std::size_t line_length(std::string_view text) {
  const std::size_t lf = std::min(text.find('\n'), text.size());
  const std::size_t cr = text.substr(0, lf).find('\r');
  if (cr == std::string_view::npos || cr + 1 == lf) return std::min(lf + 1, text.size());
  return cr + 1;
}

bool ends_line(std::string_view piece) { return piece.ends_with('\n') || piece.ends_with('\r'); }

}  // namespace

struct CsvReader::State {
  State(char delimiter, OnRecord f) : on_record(std::move(f)) {
    csv_init(&parser, kStrict);
    csv_set_delim(&parser, static_cast<unsigned char>(delimiter));
  }
  ~State() { csv_free(&parser); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static void on_value(void* bytes, std::size_t size, void* self) {
    auto& s = *static_cast<State*>(self);
    if (size > 0) s.values.append(static_cast<const char*>(bytes), size);
    s.ends.push_back(s.values.size());
  }
  static void on_row(int, void* self) { static_cast<State*>(self)->row = true; }

  /// One physical line, or the beginning or end of one.
  std::optional<Fault> piece(std::string_view p) {
    if (fresh) start = line;
    const std::size_t n = csv_parse(&parser, p.data(), p.size(), on_value, on_row, this);
    if (n < p.size()) return stray(p.substr(0, n));
    fresh = row || parser.pstate == 0;  // 0: between rows
    size = fresh ? 0 : size + p.size();
    if (size > kLongestRecord) return too_long();
    if (ends_line(p)) {
      ++line;
      column = 0;
    } else {
      column += utf8_count(p);
    }
    if (row) deliver(false);
    return std::nullopt;
  }

  void deliver(bool last) {
    record.line = start;
    record.last = last;
    record.values.clear();
    std::size_t from = 0;
    for (const std::size_t end : ends) {
      record.values.push_back(std::string_view(values).substr(from, end - from));
      from = end;
    }
    stop = !on_record(record);
    values.clear();
    ends.clear();
    row = false;
  }

  std::string value_number() const { return "value " + std::to_string(ends.size() + 1); }
  std::string since() const { return start == line ? "" : " (the record starts on line " + std::to_string(start) + ")"; }

  Fault stray(std::string_view before) const {
    const std::size_t at = column + utf8_count(before) + 1;
    if (parser.quoted) {
      return {line, at, "text follows the closing quote of " + value_number() + since(),
              "write a quote inside a quoted value twice: \"\""};
    }
    return {line, at, "a quote inside " + value_number() + ", which does not start with one" + since(),
            "put the whole value in quotes and write the quote inside it twice: \"\""};
  }

  Fault too_long() const {
    const std::string why =
        parser.quoted ? "the quote that opens " + value_number() + " is probably never closed" : "it has no line ends";
    return {start, 0, "the record is longer than 1 MiB: " + why, "the file is damaged: let HR write it again"};
  }

  csv_parser parser{};
  OnRecord on_record;
  CsvRecord record;
  std::string values;
  std::vector<std::size_t> ends;
  bool row = false, fresh = true, stop = false;
  bool carriage_return = false;  ///< the text so far ended with CR: an LF that follows belongs to it
  std::size_t line = 1, column = 0, start = 1, size = 0;
};

CsvReader::CsvReader(char delimiter, OnRecord on_record) : state_(std::make_unique<State>(delimiter, std::move(on_record))) {}
CsvReader::~CsvReader() = default;

std::optional<CsvReader::Fault> CsvReader::read(std::string_view text) {
  State& s = *state_;
  // The CR of a CRLF that falls between two pieces has ended the line already; inside quotes both belong to the value.
  if (s.carriage_return && text.starts_with('\n')) { --s.line; }
  if (!text.empty()) s.carriage_return = text.ends_with('\r');
  while (!text.empty() && !s.stop) {
    const std::size_t n = line_length(text);
    if (auto fault = s.piece(text.substr(0, n))) return fault;
    text.remove_prefix(n);
  }
  return std::nullopt;
}

std::optional<CsvReader::Fault> CsvReader::finish() {
  State& s = *state_;
  if (s.stop) return std::nullopt;
  if (csv_fini(&s.parser, State::on_value, State::on_row, &s) != 0) {
    return Fault{s.start, 0, "the quote that opens " + s.value_number() + " is never closed",
                 "the quote is wrong, or the file is cut off: let HR write it again"};
  }
  if (s.row) s.deliver(true);
  return std::nullopt;
}

bool CsvReader::stopped() const { return state_->stop; }
std::size_t CsvReader::line() const { return state_->line; }
std::size_t CsvReader::column() const { return state_->column + 1; }

}  // namespace muster
