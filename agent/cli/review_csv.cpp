#include "agent/cli/review_csv.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "agent/feed/csv.h"
#include "agent/feed/encoding.h"
#include "schema/dn.h"

namespace muster {

namespace {

constexpr const char* kColumns[] = {"id",   "person", "name",     "dn",        "group",   "managed", "basis",    "reason",
                                    "rule", "since",  "approver", "last_used", "account", "finding", "decision", "comment"};

std::string line_of(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& c : cells) line += (line.empty() ? "" : ",") + csv_cell(c);
  return line + "\r\n";
}

std::string trimmed_lower(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return to_lower(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

/// Spreadsheets save in the system's old encoding as happily as in UTF-8; of what counts here, only a comment could suffer.
std::string utf8_of(const std::string& bytes) {
  for (const char* encoding : {"utf-8", "windows-1252"}) {
    auto decoder = Decoder::make(encoding);
    std::string text;
    if (decoder && !(*decoder)->decode(bytes, text) && !(*decoder)->finish(text)) return text;
  }
  return bytes;
}

char delimiter_of(const std::string& text) {
  const std::string_view head = std::string_view(text).substr(0, text.find_first_of("\r\n"));
  const auto count = [&](char c) { return std::count(head.begin(), head.end(), c); };
  return count(';') > count(',') ? ';' : count('\t') > count(',') ? '\t' : ',';
}

class DecisionReader {
 public:
  explicit DecisionReader(std::string path) : path_(std::move(path)) {}

  bool record(const CsvRecord& r) {
    if (!id_) return header(r);
    const auto cell = [&](const std::optional<std::size_t>& at) {
      return at && *at < r.values.size() ? std::string(r.values[*at]) : std::string();
    };
    const std::string word = trimmed_lower(cell(decision_));
    if (word.empty()) return true;
    if (word != "keep" && word != "revoke") return fault(r.line, "the decision '" + word + "' is neither keep nor revoke");
    CsvDecision d{trimmed_lower(cell(id_)), cell(comment_), cell(person_) + " in " + cell(group_), word == "revoke"};
    if (d.id.empty()) return fault(r.line, "a decision without an id");
    if (!seen_.insert(d.id).second) return fault(r.line, "the id " + d.id + " is decided about twice");
    decisions.push_back(std::move(d));
    return true;
  }

  bool fault(std::size_t line, const std::string& what) {
    error = Error{Errc::config, path_ + ":" + std::to_string(line) + ": " + what,
                  "nothing was done; mend the file and import it again (decisions are keep, revoke or empty)"};
    return false;
  }

  bool has_header() const { return id_.has_value(); }
  std::vector<CsvDecision> decisions;
  std::optional<Error> error;

 private:
  bool header(const CsvRecord& r) {
    for (std::size_t i = 0; i < r.values.size(); ++i) {
      const std::string name = trimmed_lower(r.values[i]);
      if (name == "id") id_ = i;
      if (name == "decision") decision_ = i;
      if (name == "comment") comment_ = i;
      if (name == "person") person_ = i;
      if (name == "group") group_ = i;
    }
    if (!id_ || !decision_) return fault(r.line, std::string("no column '") + (id_ ? "decision" : "id") + "'");
    return true;
  }

  std::string path_;
  std::optional<std::size_t> id_, decision_, comment_, person_, group_;
  std::set<std::string> seen_;
};

}  // namespace

std::string csv_cell(std::string_view text) {
  std::string out = "\"";
  if (!text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos) out += '\'';
  for (const char c : text) {
    if (c == '\0') continue;
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

CsvReview::CsvReview(std::string path) : file_(std::move(path)) {
  file_ << "\xEF\xBB\xBF" << line_of({std::begin(kColumns), std::end(kColumns)});
}

void CsvReview::membership(const ReviewRow& r) {
  file_ << line_of({r.id, r.person, r.name, r.dn, r.group, r.managed, r.basis, r.reason, r.rule, r.since, r.approver, r.last_used,
                    r.account, r.finding, "", ""});
}

Result<std::vector<CsvDecision>> read_decisions(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{Errc::config, "cannot read " + path, "give the CSV file of muster review that came back"};
  std::ostringstream bytes;
  bytes << in.rdbuf();
  const std::string text = utf8_of(bytes.str());
  DecisionReader reader(path);
  CsvReader csv(delimiter_of(text), [&](const CsvRecord& r) { return reader.record(r); });
  auto fault = csv.read(text);
  if (!fault && !csv.stopped()) fault = csv.finish();
  if (fault) reader.fault(fault->line, fault->what);
  if (!reader.error && !reader.has_header()) reader.fault(1, "an empty file");
  if (reader.error) return std::move(*reader.error);
  return std::move(reader.decisions);
}

}  // namespace muster
