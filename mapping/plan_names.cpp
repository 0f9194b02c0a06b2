// Names that nobody else has: numbered until one is free, and kept.
#include <algorithm>
#include <functional>

#include "mapping/plan_parts.h"
#include "schema/ascii.h"
#include "schema/transliterate.h"

namespace muster {

namespace {

constexpr std::size_t kLongestAccountName = 20;

bool in_account_name(char c) { return is_alpha(c) || is_digit(c) || c == '.' || c == '-' || c == '_'; }

std::string account_name_within(std::string_view wish, std::size_t longest) {
  std::string name = to_lower(to_ascii(wish));
  std::erase_if(name, [](char c) { return !in_account_name(c); });
  name.resize(std::min(name.size(), longest));
  while (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace

std::string account_name(std::string_view wish) { return account_name_within(wish, kLongestAccountName); }

std::string account_name(std::string_view wish, unsigned number) {
  const std::string digits = std::to_string(number);
  return account_name_within(wish, kLongestAccountName - digits.size()) + digits;
}

namespace planning {

namespace {

constexpr unsigned kMostNumbers = 10000;
constexpr const char* kMark = "\x01";  ///< where $number would be; no HR value that is written has control characters
constexpr std::string_view kLoose = " .-_";

/// The text for the n-th try; none: there is no such text.
using Candidates = std::function<std::optional<std::string>(unsigned n)>;

std::string number_text(unsigned n) { return n < 2 ? std::string() : std::to_string(n); }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }
std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

/// The first `most` characters, without what looks torn off at the end.
std::string shortened(std::string text, std::size_t most) {
  std::size_t end = 0;
  for (std::size_t count = 0; end < text.size(); ++end) {
    if (!is_continuation(text[end]) && count++ == most) break;
  }
  if (end == text.size()) return text;
  text.resize(end);
  while (!text.empty() && kLoose.find(text.back()) != std::string_view::npos) text.pop_back();
  return text;
}

/// A text around the place of its number.
struct Template {
  std::string head, tail;

  std::optional<std::string> with(unsigned n, std::size_t most) const {
    const std::string fixed = number_text(n) + tail;
    if (most == 0 || characters_in(head) + characters_in(fixed) <= most) return head + fixed;
    if (characters_in(fixed) >= most) return std::nullopt;
    std::string cut = shortened(head, most - characters_in(fixed));
    return cut.empty() ? std::nullopt : std::optional(cut + fixed);
  }
};

/// Without $number it goes to the end, before an '@' where there is one.
Template at_end(const std::string& text) {
  const std::size_t at = std::min(text.find('@'), text.size());
  return {text.substr(0, at), text.substr(at)};
}

std::string text_with(Draft& d, const Expression& expression, const std::string& number) {
  d.rules.scope->set_number(number);
  std::string text = expression.text();
  d.rules.scope->set_number("");
  return text;
}

/// The n-th text of an expression that places $number itself.
std::optional<std::string> placed(Draft& d, const Expression& expression, unsigned n, std::size_t most) {
  std::string text = text_with(d, expression, number_text(n));
  if (most == 0 || characters_in(text) <= most) return text;
  const std::string marked = text_with(d, expression, kMark);
  const std::size_t mark = marked.find(*kMark);
  if (mark == std::string::npos || marked.find(*kMark, mark + 1) != std::string::npos) return std::nullopt;
  return Template{marked.substr(0, mark), marked.substr(mark + 1)}.with(n, most);
}

/// What a text would have to be free as; the first of them is what a promise is about.
using Wishes = std::function<std::vector<NameWish>(const std::string& text)>;

bool any_taken(const Names& names, const std::vector<NameWish>& wishes) {
  return std::any_of(wishes.begin(), wishes.end(), [&](const NameWish& w) { return names.is_taken(w); });
}

/// The first of the candidates that is free, or the one that an earlier plan promised; from now on the subject's.
std::optional<std::string> take_free(Draft& d, const Candidates& candidate, const Wishes& wishes) {
  const Names* names = d.subject.names;
  const auto first = candidate(1);
  if (!first || !names) return first;
  const std::string promised = names->promised(wishes(*first).front().attribute);
  std::optional<std::string> free;
  std::vector<NameWish> given;
  for (unsigned n = 1; n < kMostNumbers; ++n) {
    const auto text = candidate(n);
    if (!text || (n > 1 && *text == *first)) break;
    std::vector<NameWish> tried = wishes(*text);
    const bool is_promised = tried.front().normal == promised;
    if ((free && !is_promised) || any_taken(*names, tried)) continue;
    free = text;
    given = std::move(tried);
    if (promised.empty() || is_promised) break;
  }
  d.plan.names.insert(d.plan.names.end(), given.begin(), given.end());
  return free;
}

NameWish value_wish(const AttributeRule& rule, std::string value) {
  NameWish wish;
  wish.attribute = rule.key;
  wish.normal = normalise(rule.equality, value);
  wish.value = std::move(value);
  wish.reuse_after = rule.reuse_after;
  return wish;
}

NameWish rdn_wish(const Ava& rdn, const Dn& parent) {
  NameWish wish;
  wish.attribute = NameWish::kRdn;
  wish.dn = Dn::child(rdn, parent);
  wish.normal = Dn::child(rdn, Dn{}).normal();
  wish.value = rdn.value;
  return wish;
}

bool is_account_name_rule(const Draft& d, const AttributeRule& rule) {
  return d.rules.logon_suffix && rule.key == "samaccountname";
}

/// MS-SAMR section 3.1.1.6: what no sAMAccountName may hold.
std::string without_forbidden(std::string text) {
  std::erase_if(text, [](char c) { return std::string_view("\"/\\[]:;|=,+*?<>@").find(c) != std::string_view::npos; });
  return text;
}

std::optional<Values> new_value(Draft& d, const AttributeRule& rule) {
  auto wanted = wanted_values(d, rule);
  if (!wanted || wanted->empty()) return wanted;
  const bool is_account = is_account_name_rule(d, rule);
  const std::size_t most =
      is_account && (rule.max_length == 0 || rule.max_length > kLongestAccountName) ? kLongestAccountName : rule.max_length;
  const auto free = take_free(
      d,
      [&](unsigned n) -> std::optional<std::string> {
        if (rule.value->places_number() && !is_account) return placed(d, *rule.value, n, most);
        if (!is_account) return at_end(wanted->front()).with(n, most);
        const std::string marked = rule.value->places_number() ? text_with(d, *rule.value, kMark) : wanted->front() + kMark;
        const std::size_t mark = std::min(marked.find(*kMark), marked.size() - 1);
        return Template{without_forbidden(marked.substr(0, mark)), without_forbidden(marked.substr(mark + 1))}.with(n, most);
      },
      [&](const std::string& text) { return std::vector{value_wish(rule, text)}; });
  if (!free || is_blank(*free) || free->starts_with('@')) {
    d.problem("bad-name", "no " + rule.name + " that nobody else has can be made of '" + wanted->front() + "'", rule.at.rule(),
              rule.name);
    return std::nullopt;
  }
  return Values{*free};
}

/// "Ann Lee2" of "Ann Lee".
bool is_numbered(const AttributeRule& rule, const std::string& base, const std::string& text) {
  if (equal(rule.equality, base, text)) return true;
  const std::size_t end = text.find_last_not_of("0123456789");
  const std::size_t digits = end == std::string::npos ? text.size() : text.size() - end - 1;
  for (std::size_t n = 1; n <= std::min<std::size_t>(digits, 4); ++n) {
    const std::string number = text.substr(text.size() - n);
    if (number.front() != '0' && number != "1" && equal(rule.equality, base + number, text)) return true;
  }
  return false;
}

bool numbers_entries(const Rules& rules) { return rules.joiner && rules.joiner->rdn && rules.joiner->rdn->places_number(); }

bool is_attribute_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

/// "CN=Ann Lee": the type up to the first '=', the rest is the value as it is, without the blanks around it.
std::optional<Ava> read_rdn(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || !is_attribute_name(std::string_view(text).substr(0, equals))) return std::nullopt;
  const std::string value = text.substr(equals + 1);
  if (is_blank(value) || has_control_characters(value)) return std::nullopt;
  const auto first = value.find_first_not_of(' ');
  return Ava{text.substr(0, equals), value.substr(first, value.find_last_not_of(' ') - first + 1)};
}

std::string rdn_source(Draft& d, unsigned n) {
  const JoinerRule& rule = *d.rules.joiner;
  if (rule.rdn) return text_with(d, *rule.rdn, number_text(n));
  return d.rules.joins.empty() ? "" : d.rules.joins.front().attribute + "=" + d.rules.joins.front().value.text();
}

/// "ann.lee", or the entry's name where HR owns neither.
std::string wished_logon_name(const Attributes& initial, const Ava& rdn) {
  const std::string_view first = initial.first("givenname"), last = initial.first("sn");
  if (!account_name(first).empty() && !account_name(last).empty()) return std::string(first) + "." + std::string(last);
  return rdn.value;
}

NameWish logon_wish(const char* attribute, const std::string& value) {
  NameWish wish;
  wish.attribute = attribute;
  wish.value = value;
  wish.normal = normalise(Matching::case_ignore, value);
  return wish;
}

/// Where a rule of <joiner> names an entry that HR's values name, too, both get the number.
std::optional<Ava> numbered_rdn(Draft& d, Attributes& initial, const Ava& first) {
  const AttributeRule* owner = d.rules.attribute(first.type);
  if (!numbers_entries(d.rules) || (owner && owner->unique)) return first;
  const Values* found = initial.find(first.type);
  const std::optional<std::string> owned = found ? std::optional(found->front()) : std::nullopt;
  const auto free = take_free(
      d,
      [&](unsigned n) -> std::optional<std::string> {
        if (owned) return *owned + number_text(n);
        const auto rdn = read_rdn(rdn_source(d, n));
        return rdn ? std::optional(rdn->value) : std::nullopt;
      },
      [&](const std::string& text) {
        return std::vector{rdn_wish({first.type, text}, *home_of(d).base)};
      });
  if (!free) return std::nullopt;
  if (owned) initial.set(first.type, {*free});
  return Ava{first.type, *free};
}

}  // namespace

std::optional<Values> unique_values(Draft& d, const AttributeRule& rule) {
  if (!d.subject.entry) return new_value(d, rule);
  const Values* found = d.subject.entry->attributes.find(rule.key);
  const Values* kept = d.settled(rule.key);
  if (!kept) return found ? std::optional(*found) : new_value(d, rule);
  if (found && equal_sets(rule.equality, *found, *kept)) return *kept;
  // Somebody took it away: meanwhile it may have become another's.
  for (const std::string& value : *kept) {
    NameWish wish = value_wish(rule, value);
    if (!d.subject.names || !d.subject.names->is_taken(wish)) continue;
    d.problem("name-taken", rule.name + " was '" + value + "', which somebody else has now", rule.at.rule(), rule.name);
    return std::nullopt;
  }
  return *kept;
}

Values numbered_name(Draft& d, const AttributeRule& rule, const Ava& part, Values wanted) {
  if (wanted.empty() || !numbers_entries(d.rules)) return wanted;
  const std::string base = wanted.front();
  if (is_numbered(rule, base, part.value)) return {part.value};
  const Values* kept = d.settled(rule.key);
  if (kept && is_numbered(rule, base, kept->front())) return {kept->front()};
  const auto free = take_free(
      d, [&](unsigned n) { return std::optional(base + number_text(n)); },
      [&](const std::string& text) {
        return std::vector{rdn_wish({part.type, text}, d.subject.entry->dn.parent())};
      });
  return free ? Values{*free} : wanted;
}

std::optional<Ava> wished_rdn(Draft& d) {
  const std::string text = rdn_source(d, 1);
  auto rdn = read_rdn(text);
  if (!rdn) d.problem("bad-name", "'" + text + "' is no name for a new entry", d.rules.joiner->at.rule());
  return rdn;
}

bool settle_rdn(Draft& d, Attributes& initial, Ava& rdn) {
  // An attribute that HR owns names the entry as it will stay: else the next plan would rename it.
  if (const Values* owned = initial.find(rdn.type)) rdn.value = owned->front();
  auto numbered = numbered_rdn(d, initial, rdn);
  if (numbered) {
    rdn = std::move(*numbered);
    return true;
  }
  d.problem("bad-name", "no number makes '" + rdn.value + "' a name that no other entry has", d.rules.joiner->at.rule());
  return false;
}

bool give_logon_names(Draft& d, Attributes& initial, const Ava& rdn) {
  if (!d.rules.logon_suffix) return true;
  const std::string& suffix = *d.rules.logon_suffix;
  const bool needs_name = !initial.find("samaccountname"), needs_principal = !initial.find("userprincipalname") && !suffix.empty();
  if (!needs_name && !needs_principal) return true;
  const std::string wish = needs_name ? wished_logon_name(initial, rdn) : std::string(initial.first("samaccountname"));
  const auto free = take_free(
      d,
      [&](unsigned n) -> std::optional<std::string> {
        if (!needs_name) return wish + number_text(n);
        if (account_name(wish).empty()) return std::nullopt;
        return n < 2 ? account_name(wish) : account_name(wish, n);
      },
      [&](const std::string& name) {
        std::vector<NameWish> wishes;
        if (needs_name) wishes.push_back(logon_wish("samaccountname", name));
        if (needs_principal) wishes.push_back(logon_wish("userprincipalname", name + suffix));
        return wishes;
      });
  if (!free) {
    d.problem("bad-name", "no logon name can be made of '" + wish + "'; let a rule own sAMAccountName", d.rules.joiner->at.rule());
    return false;
  }
  if (needs_name) initial.set("sAMAccountName", {*free});
  if (needs_principal) initial.set("userPrincipalName", {*free + suffix});
  return true;
}

}  // namespace planning

}  // namespace muster
