#include "mapping/loader_values.h"

#include <charconv>
#include <filesystem>
#include <sstream>

#include "schema/attribute.h"
#include "schema/calendar.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// "... at character 7" of schema's parsers, taken apart: the place is said by the column.
void wrong_syntax(const Element& element, std::string_view attribute, const Error& error) {
  static constexpr std::string_view kPlace = " at character ";
  const std::size_t place = error.what.rfind(kPlace);
  std::size_t character = 1;
  if (place != std::string::npos) {
    const char* const digits = error.what.data() + place + kPlace.size();
    std::from_chars(digits, error.what.data() + error.what.size(), character);
  }
  element.wrong_in(attribute, error.what.substr(0, place), error.hint, character > 0 ? character - 1 : 0);
}

std::optional<milliseconds> parse_wait(std::string_view text) {
  if (text.ends_with("ms")) {
    std::int64_t count = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size() - 2, count);
    if (fault != std::errc() || end != text.data() + text.size() - 2 || text.size() > 12) return std::nullopt;
    return milliseconds(count);
  }
  return parse_duration(text);
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates, std::string otherwise) {
  const std::string near = nearest_of(word, candidates);
  return near.empty() ? std::move(otherwise) : "did you mean '" + near + "'?";
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 < words.size() ? ", " : " or ";
    text += words[i];
  }
  return text;
}

std::optional<Dn> read_dn(const Element& element, std::string_view attribute) {
  const std::string text = element.text(attribute);
  if (text.empty()) return std::nullopt;
  auto dn = Dn::parse(text);
  if (dn) return std::move(*dn);
  wrong_syntax(element, attribute, dn.error());
  return std::nullopt;
}

std::optional<Filter> read_filter(const Element& element, std::string_view attribute) {
  const std::string text = element.text(attribute);
  if (text.empty()) return std::nullopt;
  auto filter = Filter::parse(text);
  if (filter) return std::move(*filter);
  wrong_syntax(element, attribute, filter.error());
  return std::nullopt;
}

milliseconds read_wait(const Element& element, std::string_view attribute, const DurationRange& range) {
  const std::string text = element.text(attribute);
  if (text.empty()) return range.fallback;
  const auto wait = parse_wait(text);
  if (wait && *wait >= range.least && *wait <= range.most) return *wait;
  const std::string name = "'" + std::string(attribute) + "'";
  const std::string bounds = "between " + human_duration(range.least) + " and " + human_duration(range.most);
  if (wait)
    element.wrong_in(attribute, name + " is " + text, "it must be " + bounds);
  else
    element.wrong_in(attribute, "'" + text + "' is no duration", "write 30s, 500ms, 2m or PT30S");
  return range.fallback;
}

std::optional<std::chrono::seconds> read_delay(const Element& element, std::string_view attribute) {
  const std::string text = element.text(attribute, "never");
  if (text.empty() || text == "never") return std::nullopt;
  const auto delay = parse_duration(text);
  if (!delay)
    element.wrong_in(attribute, "'" + text + "' is no duration", "write never, 30d, 26w or P30D; months have no fixed length");
  return delay;
}

std::optional<std::chrono::seconds> read_span(const Element& element, std::string_view attribute) {
  if (!element.has(attribute)) return std::nullopt;
  const auto span = parse_duration(element.text(attribute));
  if (!span)
    element.wrong_in(attribute, "'" + element.text(attribute) + "' is no duration",
                     "write 8h, 30d, 26w or P30D; months have no fixed length");
  return span;
}

std::optional<std::chrono::minutes> read_hour(const Element& element, std::string_view attribute) {
  const std::string text = element.text(attribute);
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto digit = [&](std::size_t i) { return text[i] - '0'; };
  return std::chrono::hours(digit(0) * 10 + digit(1)) + std::chrono::minutes(digit(3) * 10 + digit(4));
}

int find_field(const Element& element, std::string_view attribute, const std::string& name, const FeedSettings& feed) {
  const int index = feed.index_of(name);
  if (index >= 0 || name.empty() || feed.fields.empty()) return index;
  std::vector<std::string> names;
  for (const FieldSettings& field : feed.fields) names.push_back(field.name);
  element.wrong_in(attribute, "unknown field '" + name + "'", did_you_mean(name, names, "the feed has " + listed(names)));
  return -1;
}

int find_date_field(const Element& element, std::string_view attribute, const FeedSettings& feed) {
  const int index = find_field(element, attribute, element.text(attribute), feed);
  if (index < 0) return -1;
  const FieldSettings& field = feed.fields[static_cast<std::size_t>(index)];
  if (field.type == FieldSettings::Type::date) return index;
  element.wrong_in(attribute, "the field '" + field.name + "' is no date",
                   "add type=\"date\" and a format to the <field> at " + field.at.str());
  return -1;
}

std::string read_path(const Element& element, std::string_view attribute) {
  const std::string text = element.text(attribute);
  if (text.empty()) return "";
  return (fs::path(element.file().folder) / text).lexically_normal().string();
}

std::string read_existing_path(const Element& element, std::string_view attribute) {
  std::string path = read_path(element, attribute);
  std::error_code ignored;
  if (!path.empty() && !fs::is_regular_file(path, ignored)) {
    element.wrong_in(attribute, "there is no file '" + element.text(attribute) + "'", "it is looked for at " + path);
  }
  return path;
}

std::vector<std::string> read_command(const Element& element) {
  std::vector<std::string> words;
  std::istringstream text(element.text("command"));
  for (std::string word; text >> word;) words.push_back(word);
  for (const Element& arg : element.children("arg")) words.push_back(arg.text("value"));
  if (!words.empty() && element.has("command") && !std::filesystem::path(words.front()).has_root_directory())
    element.wrong_in("command", "'" + words.front() + "' is no absolute path", "write where the program lies");
  return words;
}

void must_be_under(const Element& element, std::string_view attribute, const Dn& dn, const Dn& base, const std::string& base_name) {
  if (base.empty() || dn.is_under(base)) return;
  element.wrong_in(attribute, "'" + dn.str() + "' is outside " + base_name + " (" + base.str() + ")",
                   "muster writes only below the bases that muster.xml declares");
}

}  // namespace muster
