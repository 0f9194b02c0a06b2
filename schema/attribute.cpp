#include "schema/attribute.h"

#include <algorithm>
#include <set>

#include "schema/calendar.h"
#include "schema/dn.h"

namespace muster {

namespace {

std::string without(std::string_view value, std::string_view dropped) {
  std::string out;
  for (const char c : value) {
    if (dropped.find(c) == std::string_view::npos) out.push_back(c);
  }
  return out;
}

std::string normal_dn(std::string_view value) {
  const auto dn = Dn::parse(value);
  return dn ? dn->normal() : std::string(value);
}

/// "DN#'0101'B" (RFC 4517 section 3.3.21).
std::string normal_name_and_uid(std::string_view value) {
  if (value.ends_with("'B")) {
    const auto mark = value.rfind("#'");
    if (mark != std::string_view::npos) return normal_dn(value.substr(0, mark)) + std::string(value.substr(mark));
  }
  return normal_dn(value);
}

std::string normal_integer(std::string_view value) {
  const bool minus = value.starts_with('-');
  std::string_view digits = minus ? value.substr(1) : value;
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::string(value);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return (minus && digits != "0" ? "-" : "") + std::string(digits);
}

std::string normal_time(std::string_view value) {
  const auto at = parse_generalized_time(value);
  return at ? iso_time(*at) : std::string(value);
}

std::string normal_boolean(std::string_view value) {
  std::string lower = to_lower(value);
  return lower == "true" || lower == "false" ? lower : std::string(value);
}

/// Words of a schema description: names, quoted strings, parentheses (RFC 4512 section 4.1).
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}
  /// Empty: the end. A quoted string comes without its quotes.
  std::string_view next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
    if (rest_.empty()) return {};
    if (rest_.front() == '(' || rest_.front() == ')' || rest_.front() == '$') return take(1, 0);
    if (rest_.front() == '\'') {
      const auto end = rest_.find('\'', 1);
      if (end == std::string_view::npos) return take(rest_.size(), 0);
      const std::string_view word = rest_.substr(1, end - 1);
      rest_.remove_prefix(end + 1);
      return word;
    }
    return take(std::min(rest_.find_first_of(" \t\r\n()'$"), rest_.size()), 0);
  }
  /// One word, or the words of "( a $ b )" or "( 'a' 'b' )".
  std::vector<std::string> list() {
    std::vector<std::string> words;
    const std::string_view first = next();
    if (first != "(") {
      if (!first.empty()) words.emplace_back(first);
      return words;
    }
    for (std::string_view w = next(); !w.empty() && w != ")"; w = next()) {
      if (w != "$") words.emplace_back(w);
    }
    return words;
  }

 private:
  std::string_view take(std::size_t n, std::size_t more) {
    const std::string_view word = rest_.substr(0, n);
    rest_.remove_prefix(n + more);
    return word;
  }
  std::string_view rest_;
};

Matching matching_of_rule(std::string_view rule) {
  static const std::map<std::string, Matching, std::less<>> kRules{{"caseignorematch", Matching::case_ignore},
                                                                   {"caseignoreia5match", Matching::case_ignore},
                                                                   {"caseignorelistmatch", Matching::case_ignore},
                                                                   {"caseexactmatch", Matching::case_exact},
                                                                   {"caseexactia5match", Matching::case_exact},
                                                                   {"numericstringmatch", Matching::numeric_string},
                                                                   {"telephonenumbermatch", Matching::telephone_number},
                                                                   {"distinguishednamematch", Matching::dn},
                                                                   {"uniquemembermatch", Matching::name_and_uid},
                                                                   {"integermatch", Matching::integer},
                                                                   {"booleanmatch", Matching::boolean},
                                                                   {"generalizedtimematch", Matching::generalized_time},
                                                                   {"objectidentifiermatch", Matching::case_ignore},
                                                                   {"uuidmatch", Matching::case_ignore}};
  const auto found = kRules.find(to_lower(rule));
  return found == kRules.end() ? Matching::octets : found->second;
}

/// What a syntax suggests where no EQUALITY is named, as Active Directory never does (MS-ADTS section 3.1.1.2.2.2).
Matching matching_of_syntax(std::string_view syntax) {
  static const std::map<std::string, Matching, std::less<>> kSyntaxes{{"1.3.6.1.4.1.1466.115.121.1.7", Matching::boolean},
                                                                      {"1.3.6.1.4.1.1466.115.121.1.12", Matching::dn},
                                                                      {"1.3.6.1.4.1.1466.115.121.1.15", Matching::case_ignore},
                                                                      {"1.3.6.1.4.1.1466.115.121.1.24", Matching::generalized_time},
                                                                      {"1.3.6.1.4.1.1466.115.121.1.26", Matching::case_ignore},
                                                                      {"1.3.6.1.4.1.1466.115.121.1.27", Matching::integer},
                                                                      {"1.3.6.1.4.1.1466.115.121.1.34", Matching::name_and_uid},
                                                                      {"1.3.6.1.4.1.1466.115.121.1.36", Matching::numeric_string},
                                                                      {"1.3.6.1.4.1.1466.115.121.1.44", Matching::case_ignore},
                                                                      {"1.3.6.1.4.1.1466.115.121.1.50", Matching::telephone_number},
                                                                      {"1.2.840.113556.1.4.906", Matching::integer}};
  const auto found = kSyntaxes.find(syntax);
  return found == kSyntaxes.end() ? Matching::octets : found->second;
}

struct Description {
  AttributeType type;
  std::string sup, equality;
};

bool read_type(std::string_view text, Description& d) {
  Words words(text);
  if (words.next() != "(") return false;
  d.type.oid = words.next();
  bool closed = d.type.oid == ")";
  for (std::string_view w = words.next(); !w.empty() && !closed; w = words.next()) {
    if (w == ")") {
      closed = true;
    } else if (w == "NAME") {
      const auto names = words.list();
      if (!names.empty()) d.type.name = names.front();
      for (const std::string& n : names) d.type.names.push_back(to_lower(n));
    } else if (w == "SUP") {
      d.sup = to_lower(words.next());
    } else if (w == "EQUALITY") {
      d.equality = words.next();
    } else if (w == "SYNTAX") {
      const std::string_view syntax = words.next();
      d.type.syntax = syntax.substr(0, syntax.find('{'));
    } else if (w == "SINGLE-VALUE") {
      d.type.single_valued = true;
    } else if (w == "NO-USER-MODIFICATION") {
      d.type.read_only = true;
    } else if (w == "USAGE") {
      d.type.operational = words.next() != "userApplications";
    } else if (w == "DESC" || w == "ORDERING" || w == "SUBSTR" || w.starts_with("X-")) {
      words.list();
    }
  }
  if (d.type.name.empty()) d.type.name = d.type.oid;
  return closed && d.type.oid != ")";
}

std::string_view base_name(std::string_view name) { return name.substr(0, name.find(';')); }

}  // namespace

std::string normalise(Matching rule, std::string_view value) {
  switch (rule) {
    case Matching::case_ignore: return squeeze(fold_case(value));
    case Matching::case_exact: return squeeze(value);
    case Matching::numeric_string: return without(value, " ");
    case Matching::telephone_number: return to_lower(without(value, " -"));
    case Matching::dn: return normal_dn(value);
    case Matching::name_and_uid: return normal_name_and_uid(value);
    case Matching::integer: return normal_integer(value);
    case Matching::boolean: return normal_boolean(value);
    case Matching::generalized_time: return normal_time(value);
    case Matching::octets: break;
  }
  return std::string(value);
}

bool equal(Matching rule, std::string_view a, std::string_view b) { return a == b || normalise(rule, a) == normalise(rule, b); }

bool equal_sets(Matching rule, const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a == b) return true;
  if (a.size() == 1 && b.size() == 1) return equal(rule, a.front(), b.front());
  std::set<std::string> left, right;
  for (const std::string& v : a) left.insert(normalise(rule, v));
  for (const std::string& v : b) right.insert(normalise(rule, v));
  return left == right;
}

void AttributeTypes::add(AttributeType type) {
  const std::size_t at = types_.size();
  for (const std::string& n : type.names) index_[n] = at;
  index_[to_lower(type.oid)] = at;
  types_.push_back(std::move(type));
}

AttributeTypes AttributeTypes::parse(const std::vector<std::string>& descriptions) {
  AttributeTypes all;
  std::vector<Description> read;
  for (const std::string& text : descriptions) {
    Description d;
    if (!read_type(text, d)) {
      ++all.skipped_;
      continue;
    }
    AttributeType copy = d.type;
    all.add(std::move(copy));
    read.push_back(std::move(d));
  }
  for (std::size_t i = 0; i < read.size(); ++i) {
    AttributeType& type = all.types_[i];
    const Description* d = &read[i];
    std::string equality = d->equality;
    // A chain longer than the table is a loop.
    for (std::size_t hops = 0; (equality.empty() || type.syntax.empty()) && !d->sup.empty() && hops < read.size(); ++hops) {
      const auto sup = all.index_.find(d->sup);
      if (sup == all.index_.end()) break;
      d = &read[sup->second];
      if (equality.empty()) equality = d->equality;
      if (type.syntax.empty()) type.syntax = d->type.syntax;
    }
    type.equality = equality.empty() ? matching_of_syntax(type.syntax) : matching_of_rule(equality);
    if (type.names.size() && type.names.front() == "memberof") type.read_only = true;
  }
  return all;
}

const AttributeType* AttributeTypes::find(std::string_view name) const {
  const auto found = index_.find(to_lower(base_name(name)));
  return found == index_.end() ? nullptr : &types_[found->second];
}

Matching AttributeTypes::equality_of(std::string_view name) const {
  const AttributeType* type = find(name);
  return type ? type->equality : Matching::case_ignore;
}

std::string AttributeTypes::nearest(std::string_view name) const {
  std::vector<std::string> names;
  for (const AttributeType& t : types_) names.push_back(t.name);
  return nearest_of(name, names);
}

namespace {

bool read_class(std::string_view text, ObjectClass& c) {
  Words words(text);
  if (words.next() != "(") return false;
  c.oid = words.next();
  const auto lower = [&] {
    std::vector<std::string> all = words.list();
    for (std::string& s : all) s = to_lower(s);
    return all;
  };
  for (std::string_view w = words.next(); !w.empty() && w != ")"; w = words.next()) {
    if (w == "NAME") {
      const auto names = words.list();
      if (!names.empty()) c.name = names.front();
      for (const std::string& n : names) c.names.push_back(to_lower(n));
    } else if (w == "SUP") {
      c.sup = lower();
    } else if (w == "MUST") {
      c.must = lower();
    } else if (w == "MAY") {
      c.may = lower();
    } else if (w == "AUXILIARY") {
      c.kind = ObjectClass::Kind::auxiliary;
    } else if (w == "ABSTRACT") {
      c.kind = ObjectClass::Kind::abstract;
    } else if (w == "DESC" || w.starts_with("X-")) {
      words.list();
    }
  }
  return !c.oid.empty();
}

std::vector<std::string> collect(const ObjectClasses& all, std::vector<std::string> todo, bool may) {
  std::set<std::string> seen, found;
  while (!todo.empty()) {
    const std::string name = to_lower(todo.back());
    todo.pop_back();
    const ObjectClass* c = all.find(name);
    if (!c || !seen.insert(name).second) continue;
    found.insert(c->must.begin(), c->must.end());
    if (may) found.insert(c->may.begin(), c->may.end());
    todo.insert(todo.end(), c->sup.begin(), c->sup.end());
  }
  return {found.begin(), found.end()};
}

std::size_t distance(std::string_view a, std::string_view b) {
  // Damerau-Levenshtein with adjacent transpositions (optimal string alignment).
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

ObjectClasses ObjectClasses::parse(const std::vector<std::string>& descriptions) {
  ObjectClasses all;
  for (const std::string& text : descriptions) {
    ObjectClass c;
    if (read_class(text, c)) all.classes_.push_back(std::move(c));
  }
  return all;
}

const ObjectClass* ObjectClasses::find(std::string_view name) const {
  const std::string wanted = to_lower(name);
  for (const ObjectClass& c : classes_) {
    if (c.oid == wanted || std::find(c.names.begin(), c.names.end(), wanted) != c.names.end()) return &c;
  }
  return nullptr;
}

std::vector<std::string> ObjectClasses::must_of(const std::vector<std::string>& classes) const {
  return collect(*this, classes, false);
}
std::vector<std::string> ObjectClasses::allowed_of(const std::vector<std::string>& classes) const {
  return collect(*this, classes, true);
}

std::string nearest_of(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string wanted = to_lower(word);
  const std::size_t most = std::max<std::size_t>(1, wanted.size() / 3);
  std::size_t best = most + 1;
  std::string nearest;
  for (const std::string& c : candidates) {
    const std::size_t longer = std::max(c.size(), wanted.size()), shorter = std::min(c.size(), wanted.size());
    if (longer - shorter >= best) continue;
    const std::size_t d = distance(wanted, to_lower(c));
    if (d < best) {
      best = d;
      nearest = c;
    }
  }
  return nearest;
}

}  // namespace muster
