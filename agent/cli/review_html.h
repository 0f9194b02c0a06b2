// A review as one HTML file that needs nothing else: no server, no other file, no network.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "agent/cli/spool.h"
#include "agent/review_rows.h"

namespace muster {

/// `text` between tags or in a quoted attribute: nothing in it is markup, and control characters are shown instead of obeyed.
std::string html_text(std::string_view text);

/// Besides escaping, the page's Content-Security-Policy lets no other script run than the page's own.
class HtmlReview final : public ReviewSink {
 public:
  void finding(const ReviewFinding& finding) override;
  void group(const ReviewGroup& group) override;
  void membership(const ReviewRow& row) override;
  /// Writes the page. Errc::io.
  Status write(const std::string& path, const ReviewHead& head, const ReviewTotals& totals);

  /// The page's script, and what the Content-Security-Policy calls it: base64 of its SHA-256.
  static std::string_view script();
  static std::string_view script_digest();

 private:
  void end_group();
  std::map<std::string, Spool> findings_;
  Spool groups_;
  std::size_t number_ = 0;
  std::string open_;  ///< head of a group none of whose rows has come yet
  bool is_open_ = false;
};

}  // namespace muster
