#include "agent/feed/records.h"

#include <algorithm>

#include "agent/feed/encoding.h"

namespace muster {

namespace {

constexpr std::size_t kShown = 60;                         ///< characters of a value in a sentence
constexpr std::size_t kLongestKey = 256;                   ///< bytes
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  ///< U+FFFD

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// None: the value is text that a directory can hold. Line ends and tabs inside it are.
std::optional<std::string> damage(std::string_view value) {
  bool suspicious = false;
  for (const char c : value) suspicious |= is_control(c) || c == kReplacement[0];
  if (!suspicious) return std::nullopt;
  for (const char c : value) {
    if (!is_control(c) || c == '\t' || c == '\n' || c == '\r') continue;
    const std::string_view digits = "0123456789ABCDEF";
    return shown(value) + " contains the control character 0x" + digits[static_cast<unsigned char>(c) >> 4] + digits[c & 15];
  }
  if (value.find(kReplacement) == std::string_view::npos) return std::nullopt;
  return shown(value) + " contains U+FFFD: a character was lost before the file got here";
}

/// A number as spreadsheets write it when it does not fit the cell.
bool rounded_by_spreadsheet(std::string_view key) {
  const auto e = key.find_first_of("eE");
  if (e == std::string_view::npos || e == 0 || e + 2 >= key.size() || key[e + 1] != '+') return false;
  const auto digits = [](std::string_view s) { return s.find_first_not_of("0123456789.,") == std::string_view::npos; };
  return digits(key.substr(0, e)) && digits(key.substr(e + 2));
}

bool all_digits(std::string_view s) { return !s.empty() && s.find_first_not_of("0123456789") == std::string_view::npos; }

/// Letters and digits, lower case: "Employee_ID " and "employee id" are one.
std::string squashed(std::string_view name) {
  std::string s;
  for (const char c : name) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) s.push_back(c);
    if (c >= 'A' && c <= 'Z') s.push_back(static_cast<char>(c + 32));
  }
  return s;
}

/// compact_date() without printf: a feed has two dates a record.
void write_compact(Day day, std::string& out) {
  const std::chrono::year_month_day d(day);
  unsigned number = static_cast<unsigned>(static_cast<int>(d.year())) * 10000 + static_cast<unsigned>(d.month()) * 100 +
                    static_cast<unsigned>(d.day());
  out.assign(8, '0');
  for (std::size_t i = 8; i-- > 0; number /= 10) out[i] = static_cast<char>('0' + number % 10);
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + shown(names[i]);
  return text;
}

std::string listed(const std::map<std::string, std::string>& values) {
  std::string text;
  std::size_t n = 0;
  for (const auto& [from, to] : values) {
    if (++n > 8) return text + ", ...";
    text += (text.empty() ? "" : ", ") + shown(from);
  }
  return text;
}

}  // namespace

std::string delimiter_name(char c) { return c == '\t' ? "a tab" : std::string("'") + c + "'"; }

std::string_view trimmed(std::string_view value) {
  const auto from = value.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return value.substr(from, value.find_last_not_of(" \t") - from + 1);
}

std::string shown(std::string_view value) {
  std::string text = "'";
  std::size_t n = 0;
  for (std::string_view rest = value; !rest.empty(); ++n) {
    if (n == kShown) return text + "...'";
    const auto size = static_cast<std::size_t>(std::max(1, utf8_length(rest)));
    const char c = rest.front();
    if (c == '\n' || c == '\r')
      text += "\\n";
    else if (is_control(c))
      text += '?';
    else
      text += rest.substr(0, size);
    rest.remove_prefix(std::min(size, rest.size()));
  }
  return text + "'";
}

Result<RecordMaker> RecordMaker::make(const FeedSettings& settings) {
  RecordMaker maker(settings);
  const auto key = std::find_if(settings.fields.begin(), settings.fields.end(), [](const FieldSettings& f) { return f.key; });
  if (key == settings.fields.end()) {
    return Error{Errc::config, settings.at.str() + ": no field of the feed '" + settings.name + "' is the key",
                 "add key=\"true\" to one"};
  }
  maker.key_ = static_cast<std::size_t>(key - settings.fields.begin());
  for (std::size_t i = 0; i < settings.fields.size(); ++i) {
    const FieldSettings& f = settings.fields[i];
    if (f.type != FieldSettings::Type::date) continue;
    maker.bound_[i].date = DateFormat::compile(f.format);
    if (!maker.bound_[i].date) {
      return Error{Errc::config, f.at.str() + ": '" + f.format + "' is no form of a date",
                   "there are %Y %y %m %b %B %d %e %H %M %S"};
    }
  }
  return maker;
}

std::vector<Flaw> RecordMaker::bind(const Values& header) {
  std::vector<Flaw> wrong;
  std::vector<std::string> absent;
  columns_ = header.size();
  const auto is = [](const FieldSettings& f) { return [&f](std::string_view name) { return trimmed(name) == f.column; }; };
  for (std::size_t i = 0; i < settings_.fields.size(); ++i) {
    const FieldSettings& f = settings_.fields[i];
    const auto first = std::find_if(header.begin(), header.end(), is(f));
    if (first == header.end()) {
      if (std::find(absent.begin(), absent.end(), f.column) == absent.end()) absent.push_back(f.column);
      continue;
    }
    bound_[i].index = static_cast<std::size_t>(first - header.begin());
    const auto second = std::find_if(first + 1, header.end(), is(f));
    if (second == header.end()) continue;
    wrong.push_back({"the header has " + place_of(f) + " twice, as columns " + std::to_string(bound_[i].index + 1) + " and " +
                         std::to_string(second - header.begin() + 1),
                     "nobody can tell which of them counts: let HR rename one"});
  }
  if (!absent.empty()) {
    wrong.insert(wrong.begin(), {std::string("the header lacks the column") + (absent.size() > 1 ? "s " : " ") + joined(absent),
                                 hint_for(absent, header)});
  }
  return wrong;
}

std::string RecordMaker::hint_for(const std::vector<std::string>& absent, const Values& header) const {
  std::string whole;
  for (const std::string_view name : header)
    whole += (whole.empty() ? "" : std::string(1, settings_.delimiter)) + std::string(name);
  if (whole.starts_with("sep=")) return "remove the line 'sep=', which only spreadsheets know";
  for (const char other : {';', '\t', '|', ','}) {
    if (other == settings_.delimiter || whole.find(other) == std::string::npos) continue;
    if (header.size() > 1 && whole.find(other) > whole.find(settings_.delimiter)) continue;
    return "it looks like it is separated by " + delimiter_name(other) + ": set delimiter=\"" +
           (other == '\t' ? "tab" : std::string(1, other)) + "\"";
  }
  for (const std::string& column : absent) {
    const auto near =
        std::find_if(header.begin(), header.end(), [&](std::string_view h) { return squashed(h) == squashed(column); });
    if (near != header.end()) return "there is a column " + shown(trimmed(*near)) + ": columns are found by their exact names";
  }
  if (absent.size() == settings_.fields.size()) return "the first line must hold the names of the columns: is it missing?";
  return "nobody is changed for want of a column: let HR deliver it, or remove the field from the configuration";
}

void RecordMaker::bind_in_order() {
  columns_ = bound_.size();
  for (std::size_t i = 0; i < bound_.size(); ++i) bound_[i].index = i;
}

std::string RecordMaker::place_of(const FieldSettings& field) const {
  return (settings_.format() == "csv" ? "column " : "value ") + shown(field.column);
}

RecordMaker::Wrong RecordMaker::read_key(const Values& row, const Flaws& flaws, std::string& key) const {
  const std::string_view value = trimmed(row[bound_[key_].index]);
  const auto wrong = [&](const std::string& what, const char* hint) { return Flaw{place_of(key_field()) + what, hint}; };
  if (!flaws.empty() && !flaws[key_].empty()) return wrong(" " + flaws[key_], "every person needs one key");
  if (value.empty()) return wrong(" is empty, so nobody can tell who this is", "every person needs a key");
  if (value.size() > kLongestKey) return wrong(": " + shown(value) + " is too long for a key", "at most 256 bytes");
  if (rounded_by_spreadsheet(value)) {
    return wrong(": " + shown(value) + " is a number that a spreadsheet has rounded", "let HR write the column as text");
  }
  const bool broken = std::any_of(value.begin(), value.end(), is_control) || value.find(kReplacement) != std::string_view::npos;
  if (broken)
    return wrong(": " + shown(value) + " cannot be a key: it contains a line end, a control character or U+FFFD", "let HR mend it");
  key.assign(value);
  return std::nullopt;
}

std::optional<std::string> RecordMaker::convert(std::size_t i, std::string_view value, std::string& out) const {
  const FieldSettings& f = settings_.fields[i];
  if (value.empty() && f.required) return "is empty, but required";
  if (auto wrong = damage(value)) return ": " + *wrong;
  if (!f.values.empty()) {
    const auto found = f.values.find(std::string(value));
    if (found == f.values.end() && value.empty()) return "is empty, which no <value> lists";
    if (found == f.values.end()) return ": " + shown(value) + " is none of " + listed(f.values);
    out = found->second;
    return std::nullopt;
  }
  if (!bound_[i].date || value.empty()) {
    out.assign(value);
    return std::nullopt;
  }
  const auto day = bound_[i].date->parse(value);
  if (!day) {
    const char* serial = all_digits(value) && value.size() == 5 ? "; it looks like a spreadsheet's number of a day" : "";
    return ": " + shown(value) + " is no date of the form " + f.format + serial;
  }
  write_compact(*day, out);
  return std::nullopt;
}

RecordMaker::Wrong RecordMaker::read_fields(const Values& row, const Flaws& flaws, std::vector<std::string>& fields,
                                            std::string& field) const {
  std::string sentence;
  fields.resize(bound_.size());
  for (std::size_t i = 0; i < bound_.size(); ++i) {
    const bool flawed = !flaws.empty() && !flaws[i].empty();
    const auto wrong = flawed ? flaws[i] : convert(i, trimmed(row[bound_[i].index]), fields[i]);
    if (!wrong) continue;
    if (sentence.empty()) field = settings_.fields[i].name;
    sentence += (sentence.empty() ? "" : "; ") + place_of(settings_.fields[i]) + (wrong->starts_with(':') ? "" : " ") + *wrong;
  }
  if (sentence.empty()) return std::nullopt;
  return Flaw{sentence, ""};
}

}  // namespace muster
