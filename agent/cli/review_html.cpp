#include "agent/cli/review_html.h"

#include "agent/cli/review_page.h"
#include "agent/cli/text.h"

namespace muster {

namespace {

/// Base64 of the SHA-256 of page::kScript; a test computes it anew.
constexpr std::string_view kScriptDigest = "aHtjLHqbuDvbzpqW00HP8/JJgt9gUwKkRg3yI9OBYC4=";
/// So many findings of a kind stand open; more are folded.
constexpr std::size_t kOpenFindings = 12;

std::string count(std::size_t n) {
  std::string digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), "\u202f");
  return digits;
}

/// "2026-11-25T07:37:53.120Z" to the minute.
std::string minute(const std::string& at) {
  return at.size() > 16 && at[10] == 'T' ? at.substr(0, 10) + " " + at.substr(11, 5) : at;
}

/// Shown to the minute, and sorted exactly.
std::string time_cell(const std::string& at) {
  const std::string text = minute(at);
  return "<td class=time data-sort=\"" + html_text(at) + "\">" + html_text(text) + "</td>";
}

std::string small(const std::string& text) { return text.empty() ? "" : "<small>" + html_text(text) + "</small>"; }

std::string tag(const char* tone, const std::string& text) {
  return text.empty() ? "" : std::string("<span class=\"tag ") + tone + "\">" + html_text(text) + "</span>";
}

std::string basis_tag(const ReviewRow& r) {
  const bool managed = r.managed != "no";
  if (r.basis == "role") return tag("good", "role");
  if (r.basis == "grant") return tag("warn", "for a time");
  if (r.basis == "grace") return tag("warn", "grace");
  if (r.basis == "granted") return tag("good", "given by muster");
  if (r.basis == "group") return tag("", "group");
  if (r.basis == "refused") return tag("bad", "refused");
  return tag(managed ? "bad" : "", r.basis == "stranger" ? "stranger" : "unexplained");
}

std::string account_tag(const std::string& state) { return tag(state == "disabled" ? "warn" : "", state); }

/// The first value of a DN, for headings; the DN stands below it.
std::string short_name(const std::string& dn) {
  const auto equals = dn.find('=');
  std::string name;
  for (std::size_t i = equals == std::string::npos ? 0 : equals + 1; i < dn.size() && dn[i] != ','; ++i) {
    if (dn[i] == '\\' && i + 1 < dn.size()) ++i;
    name += dn[i];
  }
  return name.empty() ? dn : name;
}

std::string tile(const char* tone, std::size_t n, const std::string& text, const std::string& link) {
  std::string inside = "<b>" + count(n) + "</b><span>" + html_text(text) + "</span>";
  if (!link.empty() && n) inside = "<a href=\"#" + link + "\">" + inside + "</a>";
  return std::string("<li class=\"") + (n ? tone : "") + "\">" + inside + "</li>";
}

bool is_urgent(std::string_view kind) {
  return kind == "leaver-enabled" || kind == "late-disable" || kind == "stranger" || kind == "orphan" || kind == "unexplained";
}

std::string head_of(const ReviewHead& h) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" +
      std::string(kScriptDigest) +
      "'; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>Access review of " +
      html_text(h.directory) + ", " + html_text(h.time.substr(0, 10)) + "</title>\n<style>" + page::kStyle +
      "</style>\n</head>\n<body>\n";
  out += "<a class=\"skip\" href=\"#memberships\">To the memberships</a>\n<header>\n<h1>Access review of " +
         html_text(h.directory) + "</h1>\n<p class=\"soft\">As of <time datetime=\"" + html_text(h.time) + "\">" +
         html_text(minute(h.time)) + " UTC</time>, by muster " + html_text(h.version) + " and the rules of " + html_text(h.config) +
         ".</p>\n";
  if (!h.scope.empty()) out += "<p class=\"note\">" + html_text(h.scope) + "</p>\n";
  for (const std::string& c : h.caveats) out += "<p class=\"note\">" + html_text(c) + "</p>\n";
  return out + "</header>\n<main>\n";
}

std::string summary_of(const ReviewTotals& t) {
  std::string out = "<h2 id=\"summary\">Summary</h2>\n<ul class=\"tiles\">\n";
  out += tile("", t.memberships, "memberships", "memberships") + tile("", t.groups, "groups", "") +
         tile("", t.managed_groups, "of them managed by muster", "") + tile("", t.people, "people whom HR lists", "") +
         tile("", t.accounts, "accounts", "") + "\n</ul>\n<ul class=\"tiles\">\n";
  for (const ReviewKind& k : kReviewFindings) {
    const auto found = t.findings.find(k.kind);
    const std::size_t n = found == t.findings.end() ? 0 : found->second;
    out += tile(is_urgent(k.kind) ? "bad" : "warn", n, k.title, std::string("f-") + k.kind) + "\n";
  }
  return out + "</ul>\n";
}

std::string columns(std::initializer_list<const char*> names) {
  std::string out = "<thead><tr>";
  for (const char* n : names) out += std::string("<th scope=\"col\">") + n + "</th>";
  return out + "</tr></thead>\n<tbody>\n";
}

constexpr const char* kSearch =
    "<form class=\"search\" id=\"search\" role=\"search\" hidden>\n<input type=\"search\" id=\"q\" autocomplete=\"off\" "
    "aria-label=\"Search person, name, group, rule\" placeholder=\"Search person, name, group, reason, rule\">\n"
    "<label><input type=\"checkbox\" id=\"only\"> only what stands out</label>\n<span id=\"said\" class=\"soft\" "
    "role=\"status\"></span>\n</form>\n";

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  const std::string shown = printable(text);
  out.reserve(shown.size() + shown.size() / 16);
  for (const char c : shown) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string_view HtmlReview::script() { return page::kScript; }
std::string_view HtmlReview::script_digest() { return kScriptDigest; }

void HtmlReview::finding(const ReviewFinding& f) {
  const std::string who = !f.name.empty() ? f.name : !f.person.empty() ? f.person : f.dn.empty() ? "" : short_name(f.dn);
  const std::string key = f.person.empty() || who == f.person ? "" : " <span class=soft>" + html_text(f.person) + "</span>";
  findings_[f.kind] << "<tr><th scope=\"row\">" + html_text(who) + key + small(f.dn) + "</th><td>" +
                           (f.group.empty() ? "" : html_text(short_name(f.group)) + small(f.group)) + "</td><td>" +
                           html_text(f.what) + small(f.rule) + "</td>" + time_cell(f.since) + "</tr>\n";
}

void HtmlReview::end_group() {
  if (is_open_) groups_ << "</tbody></table></div></section>\n";
  is_open_ = false;
}

void HtmlReview::group(const ReviewGroup& g) {
  end_group();
  std::string roles;
  for (const std::string& r : g.roles) roles += (roles.empty() ? "" : ", ") + r;
  const std::string how = g.managed == "no" ? "not managed by muster" : "managed by muster, " + g.managed;
  const std::string number = std::to_string(++number_);
  open_ = "<section class=\"group\" aria-labelledby=\"g" + number + "\"><h3 id=\"g" + number + "\">" + html_text(short_name(g.dn)) +
          " " + tag("", how) + " <span class=count>" + count(g.members) + (g.members == 1 ? " member" : " members") +
          "</span></h3>\n<div class=\"scroll\"><table class=rows><caption>" + html_text(g.dn) +
          (roles.empty() ? "" : " &middot; given by " + html_text(roles)) +
          (g.rule.empty() ? "" : " &middot; " + html_text(g.rule)) + "</caption>\n" +
          columns({"Person", "Why", "Since", "Approved by", "Last used", "Account"});
}

void HtmlReview::membership(const ReviewRow& r) {
  if (!is_open_) groups_ << open_;
  is_open_ = true;
  const std::string name = r.name.empty() ? r.person.empty() ? r.dn : r.person : r.name;
  const bool stands_out = !r.finding.empty() || r.basis == "refused";
  groups_ << std::string("<tr") + (stands_out ? " data-finding" : "") + "><th scope=\"row\">" + html_text(name) +
                 (r.person.empty() ? "" : " <span class=soft>" + html_text(r.person) + "</span>") + small(r.dn) + "</th><td>" +
                 basis_tag(r) + (r.finding.find("outlier") == std::string::npos ? "" : " " + tag("warn", "unusual")) + " " +
                 html_text(r.reason) + small(r.rule + (r.cause.empty() || r.rule.empty() ? "" : ", ") + r.cause) + "</td>" +
                 time_cell(r.since) + "<td>" + html_text(r.approver) + "</td>" + time_cell(r.last_used) + "<td>" +
                 account_tag(r.account) + "</td></tr>\n";
}

Status HtmlReview::write(const std::string& path, const ReviewHead& head, const ReviewTotals& totals) {
  end_group();
  NewFile out(path);
  out << head_of(head) << summary_of(totals) << "<h2 id=\"findings\">Findings</h2>\n";
  if (findings_.empty()) out << "<p>Nothing stands out.</p>\n";
  for (const ReviewKind& k : kReviewFindings) {
    const auto found = findings_.find(k.kind);
    if (found == findings_.end()) continue;
    const std::size_t n = totals.findings.at(k.kind);
    out << "<details id=\"f-" + std::string(k.kind) + "\"" + (n <= kOpenFindings ? " open" : "") + "><summary>" + k.title +
               " <span class=\"count\">" + count(n) + "</span></summary>\n<div class=\"scroll\"><table class=found><caption>" +
               html_text(k.meaning) + "</caption>\n" + columns({"Who", "Group", "What", "Since"})
        << found->second << "</tbody></table></div></details>\n";
  }
  out << "<h2 id=\"memberships\">Memberships by group</h2>\n" << kSearch;
  if (groups_.empty()) out << "<p>There is none.</p>\n";
  out << groups_;
  out << "</main>\n<footer><p>Times are UTC. An empty \"since\" means that the membership is older than muster's first look. To "
         "decide: "
         "muster review --csv FILE, fill in the column \"decision\" (keep or revoke), muster review import FILE --by "
         "NAME.</p></footer>\n"
         "<script>" +
             std::string(page::kScript) + "</script>\n</body>\n</html>\n";
  return out.finish();
}

}  // namespace muster
