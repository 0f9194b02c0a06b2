#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "agent/cli/review_csv.h"
#include "agent/cli/review_html.h"
#include "agent/sha256.h"
#include "tests/support/folder.h"

using namespace muster;
using muster::test::Folder;

namespace {

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string base64(const std::string& hex) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0, count = 0;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bits = bits << 8 | static_cast<unsigned>(std::stoi(hex.substr(i, 2), nullptr, 16));
    for (count += 8; count >= 6; count -= 6) out += kDigits[bits >> (count - 6) & 63];
  }
  if (count) out += kDigits[bits << (6 - count) & 63];
  while (out.size() % 4) out += '=';
  return out;
}

const std::string kAttack = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

ReviewRow attack() {
  ReviewRow r;
  r.id = "r1";
  for (std::string* text : {&r.person, &r.name, &r.dn, &r.group, &r.reason, &r.rule, &r.cause, &r.since, &r.approver, &r.last_used,
                            &r.account, &r.finding, &r.basis, &r.managed})
    *text = kAttack;
  return r;
}

std::string page_of(const ReviewRow& row, const std::string& path) {
  HtmlReview html;
  html.group({kAttack, kAttack, kAttack, {kAttack}, 1});
  html.membership(row);
  html.finding({"stranger", kAttack, kAttack, kAttack, kAttack, kAttack, kAttack, kAttack});
  ReviewTotals totals;
  totals.memberships = 1;
  totals.findings["stranger"] = 1;
  REQUIRE(html.write(path, {kAttack, kAttack, kAttack, kAttack, kAttack, {kAttack}, kAttack}, totals));
  return text_of(path);
}

}  // namespace

TEST_CASE("review: nothing that HR or the directory says is markup") {
  const Folder folder;
  const std::string page = page_of(attack(), folder / "r.html");
  CHECK(page.find("alert(1)</") == std::string::npos);
  CHECK(page.find("<img") == std::string::npos);
  // The only script is the page's own, and the browser is told to run no other.
  const auto script = page.find("<script>");
  REQUIRE(script != std::string::npos);
  CHECK(page.find("<script", script + 1) == std::string::npos);
  CHECK(page.substr(script + 8, HtmlReview::script().size()) == HtmlReview::script());
  CHECK(page.find("script-src 'sha256-" + std::string(HtmlReview::script_digest()) + "'") != std::string::npos);
  CHECK(HtmlReview::script_digest() == base64(sha256_hex(HtmlReview::script())));
  CHECK(html_text("a&b\x01\n\xff\xe2\x80\xae") == "a&amp;b\\x01\\n\\xff\\xe2\\x80\\xae");
}

TEST_CASE("review: the page refers to nothing outside of itself") {
  const Folder folder;
  ReviewRow row;
  row.name = "Ann";
  const std::string page = page_of(row, folder / "r.html");
  for (const char* outside : {"http://", "https://", "<link", "<img", "@import", "url(", "fetch("})
    CHECK_MESSAGE(page.find(outside) == std::string::npos, outside);
}

TEST_CASE("review: no spreadsheet takes a cell for a formula") {
  const std::pair<const char*, const char*> rows[] = {{"Ann", "\"Ann\""},
                                                      {"", "\"\""},
                                                      {"say \"hi\"", "\"say \"\"hi\"\"\""},
                                                      {"=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""},
                                                      {"+49 30", "\"'+49 30\""},
                                                      {"-1", "\"'-1\""},
                                                      {"@SUM(A1)", "\"'@SUM(A1)\""},
                                                      {"\t=1", "\"'\t=1\""},
                                                      {"\r\n=1", "\"'\r\n=1\""},
                                                      {"a,b;c", "\"a,b;c\""},
                                                      {"a=b", "\"a=b\""}};
  for (const auto& [text, cell] : rows) CHECK(csv_cell(text) == cell);
}

TEST_CASE("review: the decisions of a file that a spreadsheet has saved are read") {
  const Folder folder;
  const std::string path = folder / "d.csv";
  const char* files[] = {"\xEF\xBB\xBFid,decision,comment\r\nr1,revoke,\"left, long ago\"\r\nr2,,\r\nr3,KEEP ,\r\n",
                         "id;decision;comment\nr1;revoke;left, long ago\nr2;;\nr3;Keep;\n",
                         "comment\tid\tdecision\nleft, long ago\tr1\trevoke\n\tr3\tkeep\n"};
  for (const char* text : files) {
    CAPTURE(text);
    std::ofstream(path, std::ios::binary) << text;
    const auto read = read_decisions(path);
    REQUIRE(read);
    REQUIRE(read->size() == 2);
    CHECK((*read)[0].id == "r1");
    CHECK((*read)[0].revoke);
    CHECK((*read)[0].comment == "left, long ago");
    CHECK(!(*read)[1].revoke);
  }
  std::ofstream(path, std::ios::binary) << "id,decision,comment\nr1,revoke,f\xFCr nichts\n";  // Windows-1252
  const auto read = read_decisions(path);
  REQUIRE(read);
  CHECK((*read)[0].comment == "für nichts");
}

TEST_CASE("review: a file with a fault is refused as a whole, with its line") {
  const Folder folder;
  const std::string path = folder / "d.csv";
  const std::pair<const char*, const char*> rows[] = {
      {"", ":1: an empty file"},
      {"person,decision\n", ":1: no column 'id'"},
      {"id,verdict\nr1,keep\n", ":1: no column 'decision'"},
      {"id,decision\nr1,keep\nr2,yes\n", ":3: the decision 'yes' is neither keep nor revoke"},
      {"id,decision\n,revoke\n", ":2: a decision without an id"},
      {"id,decision\nr1,keep\nr1,revoke\n", ":3: the id r1 is decided about twice"},
      {"id,decision\n\"r1,keep\n", ":2: "}};
  for (const auto& [text, what] : rows) {
    std::ofstream(path, std::ios::binary) << text;
    const auto read = read_decisions(path);
    REQUIRE(!read);
    CHECK(read.error().code == Errc::config);
    CHECK_MESSAGE(read.error().what.find(path + what) == 0, read.error().what);
  }
  CHECK(read_decisions(folder / "nothing").error().code == Errc::config);
}

TEST_CASE("review: a file that cannot be written is told, and nothing is left of it") {
  const Folder folder;
  HtmlReview html;
  CHECK(html.write(folder / "no/such/folder.html", {}, {}).error().code == Errc::io);
  CsvReview csv(folder / "no/such/folder.csv");
  csv.membership({});
  CHECK(csv.finish().error().code == Errc::io);
}
