// A review as CSV (RFC 4180), for spreadsheets: what reviewers fill in and `muster review import` reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/spool.h"
#include "agent/review_rows.h"

namespace muster {

/// One cell, always quoted. What a spreadsheet would take for a formula ("=", "+", "-", "@", tab or line end first) gets an
/// apostrophe in front (OWASP, "CSV Injection").
std::string csv_cell(std::string_view text);

/// Begins with a byte order mark, so that spreadsheets take it for UTF-8.
class CsvReview final : public ReviewSink {
 public:
  explicit CsvReview(std::string path);
  void finding(const ReviewFinding&) override {}
  void group(const ReviewGroup&) override {}
  void membership(const ReviewRow& row) override;
  Status finish() { return file_.finish(); }

 private:
  NewFile file_;
};

/// A row of the file that came back, and where it stands.
struct CsvDecision {
  std::string id, comment, label;
  bool revoke = false;
};
/// The rows in which somebody decided. Other columns than id, decision and comment are not looked at, in any order, separated by
/// comma, semicolon or tab. Errc::config with the line: no such column, another decision than keep or revoke, an id twice, no CSV.
Result<std::vector<CsvDecision>> read_decisions(const std::string& path);

}  // namespace muster
