// <feed>
#include <algorithm>

#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"

namespace muster {
namespace {

using Type = FieldSettings::Type;

constexpr std::array<std::pair<std::string_view, Type>, 2> kTypes{{{"text", Type::text}, {"date", Type::date}}};
constexpr std::array<std::pair<std::string_view, FeedSettings::Mode>, 2> kModes{
    {{"snapshot", FeedSettings::Mode::snapshot}, {"delta", FeedSettings::Mode::delta}}};
constexpr std::array<std::pair<std::string_view, FeedSettings::Missing>, 2> kMissing{
    {{"leaver", FeedSettings::Missing::leaver}, {"keep", FeedSettings::Missing::keep}}};

/// What is never part of a value's words, of quoting or of a line's end.
bool can_separate(std::string_view text) {
  static constexpr std::string_view kSeparators = ",;:|\t!#$%&*+/<=>?@^_`~\\";
  return text.size() == 1 && kSeparators.find(text) != std::string_view::npos;
}

void load_delimiter(const Element& feed, FeedSettings& settings) {
  const std::string text = feed.text("delimiter", ",");
  if (text == "tab") {
    settings.delimiter = '\t';
  } else if (can_separate(text)) {
    settings.delimiter = text[0];
  } else if (!text.empty()) {
    feed.wrong_in("delimiter", "'" + text + "' cannot separate columns", "write one character such as , or ; or the word tab");
  }
}

struct Specifiers {
  bool day = false, month = false, year = false;
  std::optional<std::size_t> unknown;  ///< offset of the first that no date has
};

Specifiers specifiers_of(std::string_view format) {
  Specifiers found;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    const char c = i + 1 < format.size() ? format[i + 1] : '\0';
    if (c == 'd' || c == 'e')
      found.day = true;
    else if (c == 'm' || c == 'b' || c == 'B')
      found.month = true;
    else if (c == 'Y' || c == 'y')
      found.year = true;
    else if (c == '\0' || std::string_view("HMS%").find(c) == std::string_view::npos)
      found.unknown = found.unknown ? found.unknown : i;
    ++i;
  }
  return found;
}

void check_format(const Element& field) {
  const std::string format = field.text("format");
  if (format.empty()) return;
  const Specifiers found = specifiers_of(format);
  if (found.unknown) {
    return field.wrong_in("format", "'" + format.substr(*found.unknown, 2) + "' is no part of a date",
                          "there are %Y %y %m %b %B %d %e, for times %H %M %S, and %%", *found.unknown);
  }
  if (found.day && found.month && found.year) return;
  const char* missing = !found.year ? "no year (%Y)" : !found.month ? "no month (%m)" : "no day (%d)";
  field.wrong_in("format", "the date format '" + format + "' has " + missing);
}

void load_values(const Element& element, FieldSettings& field) {
  std::vector<Element> seen;
  for (const Element& value : element.children("value")) {
    const std::string from = value.text("from");
    if (field.values.emplace(from, value.text("to")).second) {
      seen.push_back(value);
      continue;
    }
    const auto first = std::find_if(seen.begin(), seen.end(), [&](const Element& e) { return e.text("from") == from; });
    value.wrong_in("from", "a second <value> for '" + from + "'; the first is at " + first->at().str(), "keep one of the two");
  }
}

void check_date(const Element& element, const FieldSettings& field) {
  const bool date = field.type == Type::date;
  if (date && !element.has("format")) {
    element.wrong("the date field '" + field.name + "' does not say how its dates are written",
                  "add format=\"%Y-%m-%d\" or the like");
  }
  if (!date && element.has("format") && element.text("type", "text") == "text") {
    element.wrong_at("format", "only dates have a format", "add type=\"date\"");
  }
  if (date && !field.values.empty())
    element.children("value").front().wrong("a date field has no <value>", "remove type=\"date\" or the values");
  if (date) check_format(element);
}

void check_key(const Element& element, const FieldSettings& field) {
  if (!field.key) return;
  if (field.type == Type::date) element.wrong_in("type", "the key '" + field.name + "' cannot be a date", "keys are texts");
  if (!field.required) element.wrong_at("required", "the key '" + field.name + "' is always required", "remove required=\"false\"");
}

FieldSettings load_field(const Element& element, const FeedSettings& feed) {
  FieldSettings field;
  field.at = element.at();
  field.name = element.text("name");
  field.column = read_field_place(element, feed);
  field.optional = element.truth("optional", false);
  field.type = element.choice("type", Type::text, kTypes);
  field.format = element.text("format", field.format);
  field.key = element.truth("key", false);
  field.required = element.truth("required", field.key);
  load_values(element, field);
  check_date(element, field);
  check_key(element, field);
  return field;
}

void load_fields(const Element& feed, FeedSettings& settings) {
  for (const Element& element : feed.children("field")) {
    FieldSettings field = load_field(element, settings);
    if (field.name.empty()) continue;
    if (const int first = settings.index_of(field.name); first >= 0) {
      element.wrong_in(
          "name",
          "a second field '" + field.name + "'; the first is at " + settings.fields[static_cast<std::size_t>(first)].at.str(),
          "field names are unique");
      continue;
    }
    settings.fields.push_back(std::move(field));
  }
}

void check_keys(const Element& feed, const FeedSettings& settings) {
  if (feed.children("field").empty())
    return feed.wrong("<feed> has no <field>",
                      settings.format() == "csv"
                          ? "name the columns that the rules use: <field name=\"id\" column=\"...\" key=\"true\"/>"
                          : "name the values that the rules use: <field name=\"id\" path=\"...\" key=\"true\"/>");
  const FieldSettings* key = nullptr;
  for (const FieldSettings& field : settings.fields) {
    if (!field.key) continue;
    if (key)
      feed.complaints().error(field.at, "a second key '" + field.name + "'; the first is '" + key->name + "' at " + key->at.str(),
                              "a feed has one key");
    else
      key = &field;
  }
  if (!key) feed.wrong("no field of <feed> is the key", "add key=\"true\" to the field that never changes for a person");
}

void load_effective(const Element& feed, FeedSettings& settings) {
  settings.effective = feed.text("effective");
  if (settings.effective.empty()) return;
  const int index = settings.index_of(settings.effective);
  if (index < 0)
    return feed.wrong_in("effective", "the feed has no field '" + settings.effective + "'",
                         "name the date field with the day from which a record counts");
  const FieldSettings& field = settings.fields[static_cast<std::size_t>(index)];
  if (field.type != Type::date)
    feed.wrong_in("effective", "the field '" + settings.effective + "', from which a record counts, is no date",
                  "add type=\"date\" and a format to it");
}

}  // namespace

int FeedSettings::index_of(std::string_view field) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const FieldSettings& f) { return f.name == field; });
  return found == fields.end() ? -1 : static_cast<int>(found - fields.begin());
}

void load_feed(const Element& muster, FeedSettings& settings) {
  const auto feed = required_child(muster, "feed", "add <feed name=\"...\" path=\"...\"> with its fields");
  if (!feed) return;
  settings.at = feed->at();
  settings.name = feed->text("name");
  load_feed_source(*feed, settings);
  settings.mode = feed->choice("mode", settings.mode, kModes);
  settings.missing = feed->choice("missing", settings.missing, kMissing);
  settings.encoding = feed->text("encoding", settings.encoding);
  settings.min_ratio = feed->real("min-ratio", settings.min_ratio);
  load_delimiter(*feed, settings);
  if (settings.mode == FeedSettings::Mode::delta && feed->has("missing")) {
    feed->wrong_at("missing", "a delta lists changes only, so nobody is missing from it",
                   "remove 'missing', or use mode=\"snapshot\"");
  }
  load_fields(*feed, settings);
  check_keys(*feed, settings);
  load_effective(*feed, settings);
}

}  // namespace muster
